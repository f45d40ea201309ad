"""Claude Code's telemetry: what each log record becomes."""

import pytest

from agentmonitor.agents.claude_code import AGENT, keys
from agentmonitor.model.event import LIKENESS
from agentmonitor.model.usage import Report
from agentmonitor.otlp.records import LogRecord
from tests.fixtures.claude_code.files.build import OPUS
from tests.unit.agents.claude_telemetry import (
    AT,
    NOW,
    RECORDS,
    RESOURCE,
    SESSION,
    log,
    one,
    record,
)

NOISE = {
    "api_request_body", "api_response_body", "plugin_loaded", "at_mention", "hook_registered",
    "hook_execution_start", "hook_execution_complete", "hook_plugin_metrics", "feedback_survey",
    "retention_sweep",
}  # fmt: skip
NOTES = {
    "permission_mode_changed", "mcp_server_connection", "auth", "internal_error",
    "plugin_installed", "skill_activated",
}  # fmt: skip


def test_the_agent_declares_its_services() -> None:
    assert AGENT.telemetry is not None
    assert AGENT.telemetry.services == {"claude-code", "claude-code-desktop"}


def test_a_request_is_known_by_its_id_and_has_the_clients_cost() -> None:
    event = one("api_request")
    assert (event.event_type, event.model) == ("llm_response", OPUS)
    assert event.keys == (
        "claude_code:request:req_1", "~claude_code:used:5a3e2c11:12:345:15000:800",
    )  # fmt: skip
    counts = (event.tokens_in, event.tokens_out, event.cache_read_tokens, event.cache_write_tokens)
    assert counts == (12, 345, 15_000, 800)
    assert (event.cost_usd, event.duration_ms) == (0.0421, 3250)
    assert (event.occurred_at, event.event_id) == (AT, None)
    assert event.report == Report()
    assert event.metadata == {
        "prompt_id": "p-1", "query_source": "repl_main_thread", "effort": "high",
    }  # fmt: skip


def test_numbers_may_be_text() -> None:
    numbers = {k: str(v) for k, v in RECORDS["api_request"].items() if isinstance(v, int | float)}
    assert one("api_request", sequence="7", **numbers) == one("api_request")


def test_the_cost_may_be_in_millionths_alone() -> None:
    assert one("api_request", cost_usd=None).cost_usd == 0.0421
    assert one("api_request", cost_usd=None, cost_usd_micros=None).cost_usd is None


def test_a_request_without_an_id_speaks_for_its_session() -> None:
    event = one("api_request", request_id=None, speed="fast")
    assert event.keys == ()
    assert event.report == Report(session_wide=True, fast=True)
    assert event.event_id == one("api_request", request_id=None).event_id
    others = (
        one("api_request", request_id=None, sequence=8),
        one("api_request", request_id=None, session__id="other"),
        one("api_request", request_id=None, at=AT + 1),
    )
    assert len({event.event_id, *(other.event_id for other in others)}) == 4


def test_the_name_may_stand_in_the_attribute_the_body_or_the_field() -> None:
    full = record("api_request")
    bare = {k: v for k, v in full.attributes.items() if k != "event.name"}
    body = LogRecord(resource={}, attributes=bare, body="claude_code.api_request", time=AT)
    field = LogRecord(resource={}, attributes=bare, event_name="claude_code.api_request", time=AT)
    assert log(full) == log(body) == log(field)


def test_identity_is_on_the_record() -> None:
    moved = {k: v for k, v in record("api_request").attributes.items() if k != "session.id"}
    assert log(LogRecord(resource=RESOURCE, attributes=moved)) == []
    (event,) = log(LogRecord(resource=RESOURCE | {"session.id": "r"}, attributes=moved))
    assert event.session_id == "r"


def test_a_time_is_the_clients_own_or_the_records() -> None:
    assert one("api_request").occurred_at == AT
    assert one("api_request", event__timestamp="soon").occurred_at == AT + 1
    attributes = record("api_request", event__timestamp=None).attributes
    (event,) = log(LogRecord(resource={}, attributes=attributes))
    assert event.occurred_at == NOW


def test_an_answers_text_is_added_to_its_request_and_counts_nothing() -> None:
    event = one("assistant_response")
    assert event.keys == one("api_request").keys[:1]
    assert event.metadata["text"] == "Done."
    assert (event.tokens_in, event.tokens_out) == (0, 0)
    assert event.report == Report(approximate=True)
    assert log(record("assistant_response", request_id=None)) == []
    assert log(record("assistant_response", response="<REDACTED>")) == []


def test_a_tool_result_is_one_call() -> None:
    event = one("tool_result")
    assert (event.event_type, event.tool_name, event.status) == ("tool_use", "Bash", "error")
    assert (event.keys, event.duration_ms) == (("claude_code:tool:toolu_1",), 120)
    assert event.metadata["command"] == "npm test"
    assert event.metadata["description"] == "Test"
    assert event.metadata["error"] == "Exit code 1"
    assert one("tool_result", success="true").status == "success"
    assert one("tool_result", success=True).status == "success"
    assert "error" not in one("tool_result", success="true").metadata
    assert one("tool_result", error=None).metadata["error"] == "ShellError"
    assert one("tool_result", tool_input=None).metadata["command"] == "npm test"


def test_a_tool_result_without_an_id_is_known_by_its_place() -> None:
    event = one("tool_result", tool_use_id=None)
    likely = keys.likely_call(SESSION, "Bash", AT)
    assert event.keys == ("claude_code:tool:p-1:7", likely)
    event = one("tool_result", tool_use_id=None, prompt__id=None)
    assert event.keys == (likely,)
    assert event.event_id is not None


def test_a_refused_call_is_one_call() -> None:
    event = one("tool_decision")
    assert (event.event_type, event.tool_name, event.status) == ("tool_use", "Bash", "error")
    assert event.keys == ("claude_code:tool:toolu_2",)
    assert event.metadata["command"] == "rm -rf x"
    assert event.metadata["source"] == "user_reject"
    assert log(record("tool_decision", decision="accept")) == []
    assert log(record("tool_decision", tool_use_id=None)) == []


def test_a_prompt_has_its_id_its_line_and_its_text() -> None:
    event = one("user_prompt")
    assert event.keys[:2] == ("claude_code:prompt:p-1", "claude_code:line:u-1")
    assert event.metadata["prompt"] == "Round the totals please"
    assert event.signal is not None
    assert event.signal.title == "Round the totals please"
    hidden = one("user_prompt", prompt="<REDACTED>")
    assert "prompt" not in hidden.metadata
    assert hidden.keys == event.keys[:2]
    assert hidden.metadata["prompt_length"] == "24"


def test_a_failed_request_is_one_error() -> None:
    error, refusal = one("api_error"), one("api_refusal", sequence=9)
    assert (error.event_type, error.status, error.duration_ms) == ("error", "error", 91_000)
    assert error.metadata["error"] == error.metadata["message"] == "Overloaded"
    assert error.metadata["status_code"] == 529
    assert refusal.metadata["error"] == "cyber"
    assert not set(error.keys) & set(refusal.keys)
    # On the way to another model it is no failure.
    assert log(record("api_refusal", server_fallback_hop="true")) == []
    # What follows at once repeats it.
    repeated = one("api_retries_exhausted", sequence=8)
    assert not repeated.keys[0].startswith(LIKENESS)
    assert repeated.keys[0] in error.keys
    assert repeated.keys[0] not in one("api_error", sequence=6).keys


def test_a_compaction_and_the_end_of_a_subagent_are_told() -> None:
    event = one("compaction")
    assert (event.event_type, event.duration_ms) == ("compaction", 9000)
    assert (event.metadata["pre_tokens"], event.metadata["post_tokens"]) == (150_000, 9_000)
    event = one("subagent_completed")
    assert (event.event_type, event.tokens_in, event.model) == ("subagent_end", 0, None)
    assert event.metadata["subagent_type"] == "Explore"
    assert event.event_id is not None


@pytest.mark.parametrize("name", sorted(NOTES))
def test_other_news_is_a_quiet_line(name: str) -> None:
    event = one(name)
    assert (event.event_type, event.metadata["hook_event"]) == ("hook", name)
    assert event.event_id == one(name).event_id != one(name, sequence=9).event_id


@pytest.mark.parametrize("name", [*sorted(NOISE), "never_heard_of", ""])
def test_bookkeeping_is_ignored(name: str) -> None:
    assert log(record(name)) == []


def test_what_each_start_says_is_ignored() -> None:
    assert log(record("mcp_server_connection", status="connected")) == []
    assert log(record("auth", success="true")) == []
