"""Claude Code's session files: what a model's answers become."""

from typing import Any

import pytest

from agentmonitor.model.usage import Report
from tests.fixtures.claude_code.files.build import (
    BEGAN,
    FOLDER,
    HAIKU,
    OPUS,
    SONNET,
    File,
    main_session,
    old_session,
    text,
    thinking,
    usage,
)
from tests.unit.agents.claude_tell import one, tell


def test_each_line_of_an_answer_is_the_same_request() -> None:
    file = File("s")
    used = [usage(4, 3, 50, 20), usage(4, 90, 50, 20)]
    file.answer("msg_1", OPUS, used, thinking(), text("Done."), stop="end_turn", effort="high")
    first, last = tell(file)[0]
    assert first.keys == last.keys == ("claude_code:request:req_msg_1", "claude_code:message:msg_1")
    assert (first.tokens_out, last.tokens_out) == (3, 90)
    assert first.metadata == {"thinking": True, "effort": "high"}
    assert last.metadata == {"text": "Done.", "stop_reason": "end_turn", "effort": "high"}
    counts = (last.tokens_in, last.cache_read_tokens, last.cache_write_tokens)
    assert (last.event_type, last.model, counts) == ("llm_response", OPUS, (4, 50, 20))
    assert (last.session_id, last.branch, last.project) == ("s", "main", None)
    assert last.occurred_at == BEGAN + 2000
    assert last.signal is not None
    assert (last.signal.kind, last.signal.detail) == ("turn_ended", "Done.")
    assert last.signal.cwd == FOLDER


def test_without_a_request_id_the_message_names_the_request() -> None:
    file = File("s")
    file.answer("not-msg", OPUS, usage(), text("x"), request=None)
    name, figures = one(file).keys
    assert name == "claude_code:message:not-msg"
    # Telemetry knows the request by its id alone: then it is recognised by what it used.
    assert figures.startswith("~claude_code:used:s:")


def test_without_any_id_the_line_names_the_request() -> None:
    file = File("s")
    file.answer("", OPUS, usage(), text("x"), request=None)
    assert one(file).keys[0] == "claude_code:line:s--0001"
    file.lines = []
    file.answer("", OPUS, usage(), text("x"), request=None, uuid=None)
    first, again = one(file), one(file)
    assert first.keys == again.keys
    assert first.keys[0].startswith("claude_code:line:")


@pytest.mark.parametrize(
    ("told", "written", "hour"),
    [
        (usage(wrote=100), 100, 0),
        (usage(wrote=100, cache_creation=None), 100, 0),
        (usage(wrote=100, cache_creation={"ephemeral_5m_input_tokens": 0,
                                          "ephemeral_1h_input_tokens": 0}), 100, 0),
        (usage(wrote=100, cache_creation={"ephemeral_5m_input_tokens": 30,
                                          "ephemeral_1h_input_tokens": 60}), 100, 60),
        (usage(wrote=0, cache_creation={"ephemeral_5m_input_tokens": 30,
                                        "ephemeral_1h_input_tokens": 60}), 90, 60),
        (usage(wrote=100, cache_creation={"ephemeral_1h_input_tokens": 100}), 100, 100),
        (usage(wrote=100, cache_creation="odd"), 100, 0),
    ],
)  # fmt: skip
def test_what_the_breakdown_does_not_explain_stays_five_minutes(
    told: dict[str, Any], written: int, hour: int
) -> None:
    file = File("s")
    file.answer("m", OPUS, told, text("x"))
    event = one(file)
    assert event.report is not None
    assert (event.cache_write_tokens, event.report.cache_write_1h) == (written, hour)


def test_searches_and_fast_mode_are_reported() -> None:
    file = File("s")
    told = usage(speed="fast", server_tool_use={"web_search_requests": 3}, service_tier="batch")
    file.answer("m", OPUS, told, text("x"))
    assert one(file).report == Report(web_searches=3, fast=True, batch=True)


def test_what_other_models_used_for_an_answer_counts_for_them() -> None:
    parts = [
        {"type": "message", "model": f"{OPUS}-20260101", "input_tokens": 4, "output_tokens": 10},
        {"type": "advisor_message", "model": SONNET, "input_tokens": 7, "output_tokens": 8},
        {"type": "compaction", "input_tokens": 70, "output_tokens": 80},
        {"type": "advisor_message", "model": SONNET, "input_tokens": 0},
        "odd",
    ]
    file = File("s")
    file.answer("m", OPUS, usage(iterations=parts), text("x"))
    own, advisor, compaction = tell(file)[0]
    assert (own.model, own.tokens_in) == (OPUS, 4)
    assert (advisor.model, advisor.tokens_in, advisor.tokens_out) == (SONNET, 7, 8)
    assert advisor.keys == ("claude_code:message:m:iteration:1",)
    assert (compaction.model, compaction.tokens_in) == (OPUS, 70)
    assert compaction.keys == ("claude_code:message:m:iteration:2",)


def test_a_cost_of_old_is_that_of_its_line() -> None:
    _, answer, *_ = tell(old_session("dddd"), "dddd.jsonl")[0]
    assert (answer.event_type, answer.cost_usd) == ("llm_response", 0.0125)


def test_costs_of_old_that_grow_or_fall_are_each_that_of_their_line() -> None:
    file = File("s", version="1.0.17")
    for number, cost in enumerate((0.02, 0.05, 0.01)):
        file.answer(f"m{number}", SONNET, usage(10, 20), text("So."), request=None, costUSD=cost)
    assert [event.cost_usd for event in tell(file)[0]] == [0.02, 0.05, 0.01]


def test_copies_are_known_as_such() -> None:
    def is_copy(name: str, **envelope: Any) -> bool:
        file = File("s", **envelope)
        file.answer("m", OPUS, usage(), text("x"))
        report = one(file, name).report
        assert report is not None
        return report.is_copy

    assert not is_copy("s.jsonl")
    assert is_copy("s.jsonl", isSidechain=True)
    assert is_copy("s.jsonl", forkedFrom={"sessionId": "x"})
    assert is_copy("other.jsonl")
    assert not is_copy("s/subagents/agent-a.jsonl", isSidechain=True, agentId="a")
    assert is_copy("other/subagents/agent-a.jsonl", isSidechain=True, agentId="a")
    assert not is_copy("agent-a.jsonl", isSidechain=True, agentId="a")


def test_an_early_snapshot_is_approximate_and_no_call() -> None:
    events = [e for e in tell(main_session(), "aaaa.jsonl")[0] if e.model == HAIKU]
    assert len(events) == 3
    for event in events:
        assert event.report is not None
        assert event.report.approximate
        assert event.keys[1].startswith("claude_code:message:msg_")
        assert event.metadata["subagent_id"] in ("a1", "lost")


def test_errors_of_the_api_are_no_usage() -> None:
    file = File("s")
    file.answer("x", "<synthetic>", usage(9, 9), text("API Error: Overloaded"),
                isApiErrorMessage=True, error="overloaded")  # fmt: skip
    event = one(file)
    assert (event.event_type, event.status, event.tokens_in, event.model) == (
        "error", "error", 0, None,
    )  # fmt: skip
    assert event.metadata == {"error": "overloaded", "message": "API Error: Overloaded"}
    assert event.keys[:2] == ("claude_code:line:s--0001", "claude_code:error:req_x")
    assert event.signal is not None
    assert (event.signal.kind, event.signal.reason) == ("turn_failed", "overloaded")


def test_a_resumed_session_did_not_fail() -> None:
    file = File("s")
    file.answer("x", "<synthetic>", usage(0, 0), text("No response requested."))
    assert tell(file) == ([], [])
