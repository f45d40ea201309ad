"""Claude Code's metrics and spans; anything odd; and what all its channels have in common."""

from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from agentmonitor.agents.claude_code.files import open_file
from agentmonitor.agents.claude_code.hooks import parse_hook
from agentmonitor.model.event import LIKENESS, MAX_INT, MAX_NAME, Event
from agentmonitor.model.usage import Channel, Report
from agentmonitor.otlp.records import LogRecord
from tests.fixtures.claude_code.files.build import BEGAN, OPUS, File, call, text, usage
from tests.unit.agents.claude_telemetry import (
    AT,
    NOW,
    RECORDS,
    RESOURCE,
    SESSION,
    log,
    one,
    point,
    points,
    record,
    spans,
)
from tests.unit.agents.test_claude_code_hooks import payload
from tests.unit.model.strategies import json_values


@settings(max_examples=200)
@given(st.sampled_from(sorted(RECORDS)), st.data())
def test_any_record_is_ignored_or_can_be_stored(name: str, data: st.DataObject) -> None:
    odd = st.one_of(json_values(), st.sampled_from(("", "x" * 9_000, "a\0b", -1, 1e300, "nan")))
    attributes = dict(record(name).attributes)
    for key in data.draw(st.lists(st.sampled_from(sorted(attributes)), max_size=4)):
        attributes[key] = data.draw(odd)
    for event in log(LogRecord(resource=RESOURCE, attributes=attributes, body=data.draw(odd))):
        sound(event)
    for event in spans("llm_request", **attributes) + spans("tool", **attributes):
        sound(event)
    for event in points(point("token.usage", data.draw(st.floats()), type="input")):
        sound(event)


def sound(event: Event) -> None:
    for name in (event.session_id, event.event_id, event.tool_name, event.model):
        assert name is None or 0 < len(name) <= MAX_NAME
    assert event.keys or event.event_id
    for count in (event.tokens_in, event.tokens_out, event.duration_ms or 0):
        assert type(count) is int
        assert 0 <= count <= MAX_INT


def test_points_of_one_moment_are_one_report() -> None:
    tokens = {"input": 12, "output": 345, "cacheRead": 15_000, "cacheCreation": 800}
    given_ = [point("token.usage", value, type=kind) for kind, value in tokens.items()]
    given_ += [point("token.usage", 5, type="output", query_source="subagent")]
    given_ += [point("cost.usage", 0.25), point("cost.usage", 0.5, query_source="subagent")]
    (event,) = points(*given_)
    assert (event.event_type, event.channel, event.keys) == ("llm_response", Channel.METRIC, ())
    counts = (event.tokens_in, event.tokens_out, event.cache_read_tokens, event.cache_write_tokens)
    assert (counts, event.cost_usd) == ((12, 350, 15_000, 800), 0.75)
    assert event.report == Report(session_wide=True)
    assert (event.model, event.occurred_at) == (OPUS, AT)
    assert points(*given_)[0].event_id == event.event_id


def test_sessions_models_moments_and_modes_are_kept_apart() -> None:
    events = points(
        point("token.usage", 1, type="input"),
        point("token.usage", 2, type="input", session__id="other"),
        point("token.usage", 3, type="input", model="other"),
        point("token.usage", 4, type="input", time=AT + 60_000),
        point("token.usage", 5, type="input", speed="fast"),
    )
    assert [event.tokens_in for event in events] == [1, 2, 3, 4, 5]
    assert len({event.event_id for event in events}) == 5
    assert [e.report.fast for e in events if e.report] == [False] * 4 + [True]


def test_pieces_of_one_export_are_no_repetition() -> None:
    (tokens,) = points(point("token.usage", 1, type="input"))
    (cost,) = points(point("cost.usage", 0.5))
    assert tokens.event_id != cost.event_id


def test_points_that_cannot_be_attributed_or_counted_are_ignored() -> None:
    assert points(
        point("token.usage", 1, type="input", session__id=None),
        point("token.usage", -1, type="input"),
        point("token.usage", float("nan"), type="input"),
        point("token.usage", 0, type="input"),
        point("lines_of_code.count", 9, type="added"),
        point("session.count", 1),
        point("active_time.total", 60),
        point("code_edit_tool.decision", 1),
    ) == []  # fmt: skip


def test_a_commit_is_told() -> None:
    (event,) = points(point("commit.count", 1, time=None))
    assert (event.event_type, event.occurred_at) == ("git_commit", NOW)
    assert event.metadata == {"commits": 1}


def test_spans_with_an_id_enrich() -> None:
    (event,) = spans(
        "llm_request", request_id="req_1", ttft_ms=310, model=OPUS, input_tokens="12",
        output_tokens=345, agent_id="a1",
    )  # fmt: skip
    assert event.channel == Channel.SPAN
    assert event.keys == one("api_request").keys[:1]
    assert event.metadata == {"ttft_ms": 310, "subagent_id": "a1"}
    assert (event.tokens_in, event.tokens_out, event.duration_ms) == (12, 345, 900)
    (event,) = spans("tool", tool_use_id="toolu_1", tool_name="Bash", duration_ms=9)
    assert (event.keys, event.tool_name) == (("claude_code:tool:toolu_1",), "Bash")
    # It holds the wait for a permission.
    assert event.duration_ms is None


def test_other_spans_say_nothing() -> None:
    assert spans("interaction") == spans("llm_request") == spans("tool") == []
    assert spans("tool.execution", tool_use_id="t") == []
    assert spans("tool.blocked_on_user", tool_use_id="t") == []
    assert spans("llm_request", request_id="req_1", success="false") == []
    assert spans("llm_request", request_id="req_1", **{"session.id": ""}) == []


def test_hooks_files_and_telemetry_know_an_activity_by_the_same_key() -> None:
    file = File(SESSION)
    file.prompt("Round the totals please", promptId="p-1")
    file.answer("msg_1", OPUS, usage(), text("Done."), call("toolu_1", "Bash"), request="req_1")
    file.result("toolu_1")
    reader = open_file(Path(f"{SESSION}.jsonl"), None)
    told = [event for line in file.lines for event in reader.read(line).events]
    prompt, request, _, tool = (set(event.keys) for event in told)
    assert prompt & set(one("user_prompt").keys)
    assert request & set(one("api_request").keys)
    assert tool & set(one("tool_result").keys)
    for name, own in (("PostToolUse", tool), ("PostToolUseFailure", tool),
                      ("PermissionDenied", tool)):  # fmt: skip
        given_ = payload(name) | {"tool_use_id": "toolu_1"}
        hooked = parse_hook(given_, NOW).events[0]
        assert {key for key in hooked.keys if not key.startswith(LIKENESS)} == own
    hooked = parse_hook(payload("UserPromptSubmit") | {"prompt_id": "p-1"}, NOW).events[0]
    assert prompt & set(hooked.keys)
    assert hooked.channel == Channel.HOOK


def test_what_has_no_common_id_is_known_by_its_likeness() -> None:
    file = File(SESSION)
    file.prompt("Round the  totals")
    file.answer("x", "<synthetic>", usage(), text("API Error"), isApiErrorMessage=True)
    file.line("system", subtype="compact_boundary")
    reader = open_file(Path(f"{SESSION}.jsonl"), None)
    told = [event for line in file.lines for event in reader.read(line).events]
    hook: dict[str, Any] = {"session_id": SESSION}
    hooks = (
        hook | {"hook_event_name": "UserPromptSubmit", "prompt": "Round the totals"},
        hook | {"hook_event_name": "StopFailure", "error": "overloaded"},
        hook | {"hook_event_name": "PostCompact"},
    )
    for event, given_ in zip(told, hooks, strict=True):
        for late in (-20_000, 0, 25_000):
            (other,) = parse_hook(given_, BEGAN + late).events
            assert set(event.keys) & set(other.keys)
        (other,) = parse_hook(given_, BEGAN + 200_000).events
        assert not set(event.keys) & set(other.keys)
    before = parse_hook(hook | {"hook_event_name": "PreCompact"}, BEGAN).events[0]
    assert before.keys == ()
