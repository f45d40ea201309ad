"""Codex's log records: what each becomes, and that the files' events are alike."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentmonitor.agents.base import Reading
from agentmonitor.agents.codex import AGENT
from agentmonitor.agents.codex.otlp import log
from agentmonitor.model.event import LIKENESS, Event
from agentmonitor.model.usage import Channel
from agentmonitor.otlp.records import LogRecord
from tests.fixtures.codex.build import BEGAN, Rollout, stamp, usage
from tests.unit.agents.test_codex_rollouts import of, read
from tests.unit.builders import NOW
from tests.unit.model.strategies import json_values

THREAD = "019f5c5a-eb02-7ff0-90af-653b66eba9f4"
CALL = "call_0123456789abcdefghijklmn"


def record(name: str, *, at: int | None = BEGAN, observed: int | None = None, **attributes: Any) -> LogRecord:  # fmt: skip  # noqa: E501
    known = {
        "event.name": f"codex.{name}", "event.timestamp": stamp(BEGAN + 5),
        "conversation.id": THREAD, "app.version": "0.144.3", "originator": "codex_cli_rs",
        "model": "gpt-5.3-codex", "slug": "gpt-5.3-codex", "terminal.type": "xterm",
    }  # fmt: skip
    named = {key.replace("__", "."): value for key, value in attributes.items()}
    resource = {"service.name": "codex_cli_rs"}
    return LogRecord(resource=resource, attributes=known | named, time=at, observed=observed)


def one(given: LogRecord) -> Event:
    (event,) = log(given, NOW).events
    return event


def completed(given: Any, cached: Any, out: Any, reasoning: Any = 0, **more: Any) -> LogRecord:
    return record(
        "sse_event", event__kind="response.completed", input_token_count=given,
        cached_token_count=cached, output_token_count=out, reasoning_token_count=reasoning,
        tool_token_count=0, **more,
    )  # fmt: skip


@pytest.mark.parametrize("kind", [str, int])
def test_a_completed_response_has_the_tokens(kind: Any) -> None:
    event = one(completed(kind(1000), kind(600), kind(50), kind(20)))
    assert (event.event_type, event.channel, event.source) == ("llm_response", Channel.LOG, "otel")
    assert (event.tokens_in, event.cache_read_tokens, event.tokens_out) == (400, 600, 50)
    assert (event.session_id, event.model, event.cost_usd) == (THREAD, "gpt-5.3-codex", None)
    assert event.report is not None
    assert event.report.session_wide
    assert event.metadata == {"reasoning_tokens": 20}


def test_other_pieces_of_a_response_have_none() -> None:
    for kind in ("response.created", "response.output_item.done"):
        assert log(record("sse_event", event__kind=kind, duration_ms="3"), NOW) == Reading()
    assert log(record("sse_event", event__kind="response.completed"), NOW) == Reading()
    assert log(completed(0, 0, 0), NOW) == Reading()


def test_a_repeated_record_is_known_and_another_is_not() -> None:
    first = one(completed(10, 0, 1)).event_id
    assert first is not None
    assert one(completed(10, 0, 1)).event_id == first
    assert one(completed(10, 0, 2)).event_id != first
    assert one(completed(10, 0, 1, at=BEGAN + 1)).event_id != first
    assert one(completed(10, 0, 1, conversation__id="other")).event_id != first


def test_the_time_is_the_records_or_the_events_or_the_collectors() -> None:
    assert one(completed(1, 0, 1)).occurred_at == BEGAN
    assert one(completed(1, 0, 1, at=None)).occurred_at == BEGAN + 5
    assert one(completed(1, 0, 1, at=0)).occurred_at == BEGAN + 5
    none = {"event__timestamp": "never", "at": None}
    assert one(completed(1, 0, 1, observed=BEGAN + 9, **none)).occurred_at == BEGAN + 9
    assert one(completed(1, 0, 1, **none)).occurred_at == NOW


def test_a_tool_is_one_call_by_its_id() -> None:
    result = record(
        "tool_result", tool_name="exec_command", call_id=CALL, arguments='{"cmd":"ls"}',
        duration_ms="250", success="true", output="x", mcp_server="",
    )  # fmt: skip
    event = one(result)
    assert (event.tool_name, event.status, event.duration_ms) == ("exec_command", "success", 250)
    assert event.metadata == {"command": "ls"}
    assert event.keys == (f"codex:tool:{CALL}",)
    decided: dict[str, Any] = {"tool_name": "exec_command", "call_id": CALL, "source": "User"}
    assert log(record("tool_decision", decision="approved", **decided), NOW) == Reading()
    denied = one(record("tool_decision", decision="denied", **decided))
    assert (denied.status, denied.keys) == ("error", event.keys)
    failed = one(record("tool_result", tool_name="x", success="false", output="failed to parse"))
    assert (failed.status, failed.metadata) == ("error", {"error": "failed to parse"})
    assert failed.event_id is not None


def test_a_patch_tells_its_lines() -> None:
    patch = "*** Begin Patch\n*** Add File: /a\n+x\n+y\n*** End Patch"
    event = one(record("tool_result", tool_name="apply_patch", call_id=CALL, arguments=patch, success="true"))  # fmt: skip  # noqa: E501
    assert event.metadata == {
        "lines_added": 2, "lines_removed": 0, "file_path": "/a",
        "diff": patch.removesuffix("\n*** End Patch"),
    }  # fmt: skip


def test_a_prompt_is_shown_unless_it_is_hidden() -> None:
    shown = one(record("user_prompt", prompt="Fix it", prompt_length="6"))
    assert shown.metadata == {"prompt": "Fix it"}
    assert shown.signal is not None
    assert (shown.signal.kind, shown.signal.title) == ("none", "Fix it")
    hidden = one(record("user_prompt", prompt="[REDACTED]", prompt_length="6"))
    assert hidden.metadata == {"prompt_length": 6}
    assert hidden.keys == shown.keys


def test_failures_are_errors_and_successes_are_silent() -> None:
    assert log(record("api_request", http__response__status_code=200), NOW) == Reading()
    assert log(record("websocket_request", success="true"), NOW) == Reading()
    limited = one(
        record("api_request", http__response__status_code="429", error__message="slow", attempt=2)
    )
    assert limited.metadata == {"message": "slow", "error": "429", "attempt": 2}
    assert one(record("websocket_connect", success="false")).status == "error"
    stalled = one(record("sse_event", error__message="idle timeout waiting for SSE"))
    assert (stalled.event_type, stalled.metadata["error"]) == ("error", "sse_event")


def test_a_conversation_starts_once() -> None:
    event = one(record("conversation_starts", provider_name="OpenAI", approval_policy="never"))
    assert (event.event_type, event.keys) == ("session_start", (f"codex:session:{THREAD}:start",))
    assert event.metadata["version"] == "0.144.3"


def test_what_is_not_understood_says_nothing() -> None:
    for name in ("turn_ttft", "startup_phase", "sandbox_outcome", "brand_new"):
        assert log(record(name), NOW) == Reading()
    assert log(completed(1, 0, 1, conversation__id=""), NOW) == Reading()
    assert log(completed(1, 0, 1, event__name="sse_event"), NOW) == Reading()
    assert AGENT.telemetry is not None
    assert AGENT.telemetry.points is None
    assert {"codex_cli_rs", "codex_exec", "codex-tui", "codex_vscode"} <= AGENT.telemetry.services


def test_no_record_moves_the_state() -> None:
    for name in ("user_prompt", "conversation_starts", "api_request"):
        event = one(record(name, success="false"))
        assert event.signal is not None
        assert event.signal.kind == "none"


@pytest.mark.parametrize("late", [0, 40, 2900])
def test_the_files_request_and_prompt_are_alike(late: int) -> None:
    rollout = Rollout(THREAD).meta().turn("Fix it")
    prompted = rollout.at
    rollout.tokens(usage(1000, 600, 50, 20))
    reading = read(rollout.lines)

    def alike(file: Event, told: Event) -> set[str]:
        return {key for key in {*file.keys} & {*told.keys} if key.startswith(LIKENESS)}

    (used,), (asked,) = of(reading, "llm_response"), of(reading, "user_prompt")
    assert alike(used, one(completed(1000, 600, 50, 20, at=rollout.at - late)))
    assert not alike(used, one(completed(1000, 600, 51, 20, at=rollout.at - late)))
    assert not alike(used, one(completed(1000, 600, 50, 20, at=rollout.at - 20_000)))
    prompt = record("user_prompt", prompt="[REDACTED]", prompt_length=6, at=prompted - late)
    assert alike(asked, one(prompt))


@given(
    st.sampled_from(
        ("user_prompt", "sse_event", "tool_result", "tool_decision", "api_request",
         "conversation_starts", "websocket_event")
    ),
    st.dictionaries(
        st.sampled_from(
            ("event.name", "event.timestamp", "conversation.id", "model", "event.kind", "call_id",
             "input_token_count", "output_token_count", "cached_token_count", "tool_name",
             "arguments", "success", "output", "prompt", "prompt_length", "error.message",
             "duration_ms", "decision", "http.response.status_code", "attempt")
        ),
        st.one_of(json_values(), st.sampled_from(("response.completed", "-5", "1e400", "denied"))),
    ),
)  # fmt: skip
def test_any_record_is_understood_or_left_out(name: str, spoilt: dict[str, Any]) -> None:
    given_record = record(name)
    attributes = dict(given_record.attributes) | spoilt
    for event in log(LogRecord(resource={}, attributes=attributes), NOW).events:
        assert event.tokens_in >= 0
        assert event.tool_name is None or 0 < len(event.tool_name) <= 1024
        assert 0 < len(event.session_id) <= 1024
