"""Gemini CLI's telemetry and hooks, alone and beside its session files: each thing counts once."""

import json
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agentmonitor.agents.base import HookReport, Reading
from agentmonitor.agents.gemini_cli import AGENT
from agentmonitor.agents.gemini_cli.hooks import HOOK_EVENTS, parse_hook
from agentmonitor.errors import InvalidInput
from agentmonitor.model.clock import from_iso, to_iso
from agentmonitor.model.event import Event
from agentmonitor.model.usage import Channel
from agentmonitor.otlp.records import LogRecord, Point
from tests.fixtures.genai.build import AT, CLASSES, check, log, point, stored, together
from tests.unit.agents.test_gemini_cli_files import MAIN, SESSION, SUB, read
from tests.unit.model.strategies import json_values

assert AGENT.telemetry is not None
assert AGENT.telemetry.log is not None
assert AGENT.telemetry.points is not None
LOG, POINTS = AGENT.telemetry.log, AGENT.telemetry.points


def record(name: str, at: int = AT, **attributes: Any) -> LogRecord:
    known = {
        "session.id": SESSION, "event.name": f"gemini_cli.{name}", "event.timestamp": to_iso(at),
        "installation.id": "i", "prompt_id": f"{SESSION}########0",
    }  # fmt: skip
    return log(known | attributes, "gemini-cli", time=at + 3, body="A sentence.")


def response(given: Any, out: Any, cached: Any = 0, thoughts: Any = 0, tool: Any = 0, **more: Any) -> LogRecord:  # fmt: skip  # noqa: E501
    return record(
        "api_response", model="gemini-2.5-pro", duration_ms=900, status_code=200,
        input_token_count=given, output_token_count=out, cached_content_token_count=cached,
        thoughts_token_count=thoughts, tool_token_count=tool, **more,
    )  # fmt: skip


def one(given: LogRecord) -> Event:
    (event,) = LOG(given, AT + 60_000).events
    check(event)
    assert event.signal is not None
    assert event.signal.kind == "none"
    assert (event.source, event.channel) == ("otel", Channel.LOG)
    return event


@pytest.mark.parametrize("kind", [int, str])
def test_a_response_has_its_cached_tokens_once(kind: Any) -> None:
    event = one(response(kind(1000), kind(40), kind(600), kind(25), kind(30)))
    assert (event.tokens_in, event.cache_read_tokens, event.tokens_out) == (430, 600, 65)
    assert (event.session_id, event.model, event.duration_ms) == (SESSION, "gemini-2.5-pro", 900)
    assert (event.occurred_at, event.cost_usd) == (AT, None)
    assert event.report is not None
    assert event.report.session_wide
    impossible = one(response(10, 1, 600))
    assert (impossible.tokens_in, impossible.cache_read_tokens) == (0, 10)


def test_what_the_client_asks_for_itself_stands_in_no_file() -> None:
    event = one(response(1000, 40, role="utility_router"))
    assert event.report is not None
    assert not event.report.session_wide
    assert event.keys == ()


def test_a_repeated_record_is_known_and_another_is_not() -> None:
    first = one(response(10, 1)).keys
    assert first[0].startswith("gemini_cli:otel:")
    assert first == one(response(10, 1)).keys
    assert first[0] not in one(response(10, 2)).keys
    assert first[0] not in one(response(10, 1, at=AT + 1)).keys
    own = one(response(10, 1, role="utility_router"))
    assert own.event_id == one(response(10, 1, role="utility_router")).event_id


def test_other_records_say_nothing() -> None:
    for name in ("config", "api_request", "hook_call", "next_speaker_check", "file_operation"):
        assert LOG(record(name), AT) == Reading()
    details: dict[str, Any] = {"event.name": "gen_ai.client.inference.operation.details"}
    assert LOG(record("x", **details), AT) == Reading()
    nameless: dict[str, Any] = {"session.id": ""}
    assert LOG(record("api_response", **nameless), AT) == Reading()


def test_a_call_a_prompt_an_error_and_the_rest() -> None:
    call = one(
        record(
            "tool_call", function_name="replace", duration_ms=7, success=True, decision="accept",
            function_args=json.dumps({"file_path": "/a.py"}, indent=2), tool_type="native",
            metadata={"model_added_lines": 3, "model_removed_lines": 1},
        )
    )  # fmt: skip
    assert (call.tool_name, call.status, call.duration_ms) == ("replace", "success", 7)
    assert call.metadata["file_path"] == "/a.py"
    assert (call.metadata["lines_added"], call.metadata["lines_removed"]) == (3, 1)
    failed = one(record("tool_call", function_name="glob", success="false", error="no"))
    assert (failed.status, failed.metadata["error"]) == ("error", "no")
    prompt = one(record("user_prompt", prompt="Do it\nnow", prompt_length=9))
    assert prompt.keys[0] == f"gemini_cli:prompt:{SESSION}########0"
    assert prompt.signal is not None
    assert prompt.signal.title == "Do it"
    hidden = one(record("user_prompt", prompt_length=9))
    assert hidden.metadata["prompt_length"] == 9
    error = one(record("api_error", error="quota", status_code=429, model="m", duration_ms=3))
    assert (error.event_type, error.status) == ("error", "error")
    assert (error.metadata["error"], error.metadata["message"]) == ("429", "quota")
    squeezed = one(record("chat_compression", tokens_before=9000, tokens_after=100))
    assert squeezed.metadata["pre_tokens"] == 9000
    agent = one(record("agent.finish", agent_id="a", agent_name="explore", duration_ms=5))
    assert (agent.event_type, agent.metadata["subagent_type"]) == ("subagent_end", "explore")


def usage_point(kind: str, value: float, at: int = AT, **more: Any) -> Point:
    attributes = {"session.id": SESSION, "model": "gemini-2.5-pro", "type": kind} | more
    return point("gemini_cli.token.usage", value, attributes, "gemini-cli", kind="sum", time=at)


def test_one_of_the_two_token_metrics_counts() -> None:
    other = {"session.id": SESSION, "gen_ai.token.type": "input"}
    nameless: dict[str, Any] = {"session.id": ""}
    found = [
        usage_point("input", 1000), usage_point("output", 40), usage_point("cache", 600),
        usage_point("thought", 25), usage_point("tool", 30), usage_point("new", 5),
        point("gen_ai.client.token.usage", 1000, other, "gemini-cli"),
        usage_point("input", 7, AT + 60_000), usage_point("output", 0, AT + 60_000),
        usage_point("input", 7, **nameless),
    ]  # fmt: skip
    first, second = POINTS(found, AT).events
    for event in (first, second):
        check(event)
        assert event.report is not None
        assert event.report.session_wide
        assert event.channel == Channel.METRIC
    assert (first.tokens_in, first.cache_read_tokens, first.tokens_out) == (430, 600, 65)
    assert (second.tokens_in, second.occurred_at) == (7, AT + 60_000)
    assert POINTS(list(reversed(found)), AT).events[1].event_id == first.event_id


def telemetry() -> Reading:
    """What the client exports of the session that is in the file and in the sub-agent's."""
    start = from_iso("2026-09-22T08:00:00Z")

    def at(minute: int, second: float) -> int:
        return start + minute * 60_000 + int(second * 1000)

    edit = {"file_path": "/w/storefront/cart.ts", "old_string": "2", "new_string": "3"}
    found = [
        record("user_prompt", at(0, 5), prompt_length=len("Fix the failing test\nin cart")),
        response(1000, 40, 0, 25, at=at(0, 8.9), role="main"),
        record("tool_call", at(0, 10), function_name="read_file", success=True, duration_ms=12,
               function_args=json.dumps({"file_path": "/w/storefront/cart.test.ts"}, indent=2)),
        response(1500, 60, 900, at=at(0, 19.5)),
        record("tool_call", at(0, 21), function_name="replace", success=True, duration_ms=5,
               function_args=json.dumps(edit, indent=2)),
        response(70, 3, at=at(0, 40), role="utility_next_speaker"),
        response(2000, 80, 1500, 10, 30, at=at(2, 3.9), role="main"),
        response(300, 20, at=at(3, 3.5), role="subagent"),
    ]  # fmt: skip
    return together([LOG(each, AT) for each in found])


def metrics() -> Reading:
    return POINTS([usage_point("input", 4870), usage_point("output", 203)], AT)


FILES = together([read(MAIN), read(SUB)])
OWN = (70, 0, 0, 3)
IN_FILES = (1000 + 600 + 530 + 300, 900 + 1500, 0, 65 + 60 + 90 + 20)


@pytest.mark.parametrize("order", list(permutations(("file", "logs", "sums"))), ids="-".join)
def test_the_order_of_the_channels_does_not_matter(tmp_path: Path, order: tuple[str, ...]) -> None:
    parts = {"file": FILES, "logs": telemetry(), "sums": metrics()}
    again = {"file": together([read(MAIN), read(SUB)]), "logs": telemetry(), "sums": metrics()}
    engine = stored(tmp_path / "a.db", *(parts[n] for n in order), *(again[n] for n in order))
    (row,) = engine.sessions_by_id([SESSION])
    engine.close()
    expected = tuple(a + b for a, b in zip(IN_FILES, OWN, strict=True))
    assert tuple(getattr(row, name) for name in CLASSES) == expected
    # Prompts, answers, calls, an error; the router's request; and the sum, which counts nothing.
    assert row.event_count == 3 + 4 + 5 + 1 + 1 + 1


def test_telemetry_alone_counts_all(tmp_path: Path) -> None:
    for name, parts in {"a": [telemetry()], "b": [metrics(), telemetry()]}.items():
        engine = stored(tmp_path / f"{name}.db", *parts)
        (row,) = engine.sessions_by_id([SESSION])
        engine.close()
        expected = tuple(a + b for a, b in zip(IN_FILES, OWN, strict=True))
        assert tuple(getattr(row, each) for each in CLASSES) == expected


def hook(name: str, **fields: Any) -> HookReport:
    known = {
        "session_id": SESSION, "transcript_path": "/t.json", "cwd": "/w/storefront",
        "hook_event_name": name, "timestamp": to_iso(AT + 10_000),
    }  # fmt: skip
    report = parse_hook(known | fields, AT + 10_500)
    assert report.cwd == "/w/storefront"
    return report


def kinds(report: HookReport) -> list[str]:
    signals = [event.signal for event in report.events if event.signal]
    return [str(s.kind) for s in (*signals, *(each.signal for each in report.signals))]


def test_hooks_tell_the_state() -> None:
    told: dict[str, tuple[list[str], dict[str, Any]]] = {
        "SessionStart": (["session_started"], {"source": "startup"}),
        "BeforeAgent": (["turn_started"], {"prompt": "Do it"}),
        "BeforeTool": (["permission_settled", "tool_started"], {"tool_name": "glob"}),
        "AfterTool": (["tool_finished"], {"tool_name": "glob", "tool_response": {}}),
        "AfterAgent": (["turn_ended"], {"prompt_response": "Done."}),
        "PreCompress": (["compacting"], {"trigger": "auto"}),
        "SessionEnd": (["session_ended"], {"reason": "exit"}),
        "AfterModel": (["busy"], {"llm_response": {}}),
        "Tomorrow": (["none"], {"news": 1}),
    }
    for name, (expected, fields) in told.items():
        assert kinds(hook(name, **fields)) == expected, name
    assert set(HOOK_EVENTS) - set(told) == {"Notification"}


def test_a_permission_is_asked_and_a_question_too() -> None:
    details = {"type": "exec", "title": "Confirm", "command": "rm x", "rootCommand": "rm"}
    report = hook(
        "Notification", notification_type="ToolPermission", message="Tool x", details=details
    )
    (event,) = report.events
    assert event.event_type == "permission_request"
    assert event.signal is not None
    assert (event.signal.kind, event.signal.detail) == ("permission_asked", "rm x")
    asked = hook("BeforeTool", tool_name="ask_user", tool_input={"questions": [{"question": "A?"}]})
    assert asked.signals[0].signal.detail == "A?"
    assert kinds(asked) == ["input_asked"]
    assert kinds(hook("Notification", notification_type="Other", message="m")) == ["none"]


def test_a_failed_call_says_why() -> None:
    response = {"llmContent": "x", "returnDisplay": "y", "error": {"message": "no such file"}}
    (event,) = hook("AfterTool", tool_name="glob", tool_input={}, tool_response=response).events
    assert (event.status, event.metadata["error"]) == ("error", "no such file")


def test_a_repeated_hook_is_known() -> None:
    first, second = (hook("AfterAgent", prompt_response="x").events[0] for _ in range(2))
    assert first.event_id == second.event_id
    assert hook("AfterAgent", prompt_response="y").events[0].event_id != first.event_id


def test_a_hook_needs_a_session() -> None:
    with pytest.raises(InvalidInput):
        parse_hook({"hook_event_name": "BeforeTool"}, AT)


def test_a_call_is_one_through_hook_file_and_telemetry(tmp_path: Path) -> None:
    given = {"file_path": "/w/storefront/cart.test.ts"}
    after = hook("AfterTool", tool_name="read_file", tool_input=given, tool_response={})
    before = hook("BeforeAgent", prompt="Fix the failing test\nin cart")
    engine = stored(tmp_path / "a.db", before, after, telemetry(), FILES)
    (row,) = engine.sessions_by_id([SESSION])
    engine.close()
    assert row.event_count == 3 + 4 + 5 + 1 + 1


@given(st.dictionaries(st.sampled_from([
    "session_id", "hook_event_name", "timestamp", "tool_name", "tool_input", "tool_response",
    "prompt", "details", "cwd", "message"]), json_values()),
    st.sampled_from([*HOOK_EVENTS, "AfterModel", "x"]))  # fmt: skip
def test_no_payload_is_too_odd(fields: dict[str, Any], name: str) -> None:
    try:
        report = parse_hook({"session_id": "s", "hook_event_name": name} | fields, AT)
    except InvalidInput:
        return
    for event in report.events:
        assert event.session_id
        assert event.event_id is None or len(event.event_id) < 1024


NAMES = ["api_response", "api_error", "tool_call", "user_prompt", "chat_compression", "agent.start"]
PLACES = ["input_token_count", "cached_content_token_count", "model", "duration_ms", "metadata",
          "function_args", "function_name", "prompt", "prompt_length", "success", "event.timestamp",
          "error", "prompt_id", "session.id", "response_id"]  # fmt: skip


@given(st.sampled_from(NAMES), st.dictionaries(st.sampled_from(PLACES), json_values()))
def test_no_record_is_too_odd(name: str, fields: dict[str, Any]) -> None:
    for event in LOG(record(name, **fields), AT).events:
        check(event)


@example([8.988465674311579e307] * 2, "input")
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False)), st.sampled_from(["input", "x"]))
def test_no_point_is_too_odd(values: list[float], kind: str) -> None:
    for event in POINTS([usage_point(kind, value) for value in values], AT).events:
        check(event)
