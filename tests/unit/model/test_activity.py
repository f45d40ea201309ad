"""Stories of sessions, told as signals: what the session's card says after each."""

from typing import Any

import pytest

from agentmonitor.model.activity import ABANDONED_MS, REMINDER, Activity
from agentmonitor.model.signal import BUSY, IMPLIED, Signal, SignalKind

Step = tuple[SignalKind, dict[str, Any], str]
"""A signal and the state after it."""


def told(*steps: Step, start: int = 1000) -> Activity:
    """Apply ``steps``, a second apart, and look at the state after each."""
    activity = Activity(since=0)
    for number, (kind, fields, state) in enumerate(steps):
        activity.apply(Signal(kind=kind, **fields), start + 1000 * number)
        assert activity.state == state, (number, kind)
    return activity


BASH = {"tool": "Bash", "detail": "rm -r build", "call_id": "c1"}
GREP = {"tool": "Grep", "detail": "foo", "call_id": "c2"}
ASK_BASH = {"tool": "Bash", "detail": "rm -r build"}
SUB = {"thread": "x", "thread_type": "Explore"}

STORIES: dict[str, list[Step]] = {
    "a turn": [
        ("session_started", {"reason": "startup"}, "idle"),
        ("turn_started", {}, "working"),
        ("tool_started", BASH, "working"),
        ("tool_finished", BASH, "working"),
        ("turn_ended", {"detail": "Done."}, "idle"),
        ("session_ended", {}, "ended"),
    ],
    "a permission that is given: the call that was asked about ends": [
        ("turn_started", {}, "working"),
        ("tool_started", BASH, "working"),
        ("permission_asked", ASK_BASH, "permission"),
        ("tool_finished", BASH, "working"),
    ],
    "calls beside it end, and the permission stays open": [
        ("turn_started", {}, "working"),
        ("tool_started", BASH, "working"),
        ("tool_started", GREP, "working"),
        ("permission_asked", ASK_BASH, "permission"),
        ("tool_finished", GREP, "permission"),
        ("busy", {}, "permission"),
        ("tool_finished", BASH, "working"),
    ],
    "a call of the same tool ends, and the permission stays open": [
        ("turn_started", {}, "working"),
        ("tool_started", BASH, "working"),
        ("tool_started", {"tool": "Bash", "detail": "ls", "call_id": "c3"}, "working"),
        ("permission_asked", ASK_BASH, "permission"),
        ("tool_finished", {"tool": "Bash", "detail": "ls", "call_id": "c3"}, "permission"),
    ],
    "a refused permission: a later call shows that nobody waits": [
        ("turn_started", {}, "working"),
        ("tool_started", BASH, "working"),
        ("permission_asked", ASK_BASH, "permission"),
        ("tool_started", GREP, "permission"),
        ("tool_finished", GREP, "working"),
    ],
    "a refused permission and the end of the turn": [
        ("permission_asked", ASK_BASH, "permission"),
        ("turn_ended", {}, "idle"),
    ],
    "a prompt settles what was asked before": [
        ("permission_asked", ASK_BASH, "permission"),
        ("turn_started", {}, "working"),
    ],
    "a reminder does not replace the question, nor does a wish for input": [
        ("permission_asked", ASK_BASH, "permission"),
        ("permission_asked", {"reason": REMINDER, "detail": "Claude needs you"}, "permission"),
        ("input_asked", {"reason": "idle_prompt"}, "permission"),
        ("permission_settled", ASK_BASH, "working"),
    ],
    "a reminder alone is a question": [
        ("turn_started", {}, "working"),
        ("permission_asked", {"reason": REMINDER, "detail": "Claude needs you"}, "permission"),
    ],
    "a sub-agent's permission is the session's, and other threads do not settle it": [
        ("turn_started", {}, "working"),
        ("subagent_started", SUB, "working"),
        ("tool_started", BASH | SUB, "working"),
        ("permission_asked", ASK_BASH | SUB, "permission"),
        ("tool_started", GREP, "permission"),
        ("tool_finished", GREP, "permission"),
        ("tool_finished", BASH | SUB, "working"),
    ],
    "a sub-agent that ends waits for nobody": [
        ("turn_started", {}, "working"),
        ("permission_asked", ASK_BASH | SUB, "permission"),
        ("subagent_ended", SUB, "working"),
        ("turn_ended", {}, "idle"),
    ],
    "a sub-agent may outlive the turn, and then work is over": [
        ("turn_started", {}, "working"),
        ("subagent_started", SUB, "working"),
        ("turn_ended", {}, "working"),
        ("tool_started", GREP | SUB, "working"),
        ("tool_finished", GREP | SUB, "working"),
        ("subagent_ended", SUB, "idle"),
    ],
    "permissions are shown before other questions": [
        ("input_asked", {"reason": "question", "detail": "Which?"}, "input"),
        ("permission_asked", ASK_BASH | SUB, "permission"),
        ("subagent_ended", SUB, "input"),
        ("input_settled", {}, "working"),
    ],
    "a question asked by a tool is answered when the tool ends": [
        ("turn_started", {}, "working"),
        ("input_asked", {"tool": "AskUserQuestion", "call_id": "c9"}, "input"),
        ("tool_finished", {"tool": "AskUserQuestion", "call_id": "c9"}, "working"),
    ],
    "idle until the next prompt": [
        ("turn_ended", {}, "idle"),
        ("input_asked", {"reason": "idle_prompt"}, "input"),
        ("turn_started", {}, "working"),
    ],
    "a failed turn stays failed until there is work": [
        ("turn_started", {}, "working"),
        ("turn_failed", {"reason": "rate_limit", "detail": "Limit"}, "failed"),
        ("none", {}, "failed"),
        ("turn_started", {}, "working"),
    ],
    "whatever comes after the end shows that it was none": [
        ("session_ended", {}, "ended"),
        ("input_asked", {"reason": "question"}, "input"),
        ("session_ended", {}, "ended"),
        ("permission_asked", ASK_BASH | SUB, "permission"),
        ("session_ended", {}, "ended"),
        ("busy", {}, "working"),
    ],
    "an implied question goes away with the next sign of work": [
        ("permission_asked", {"implied": True}, "permission"),
        ("busy", {"implied": True}, "working"),
    ],
    "a new start forgets what went on": [
        ("turn_started", {}, "working"),
        ("permission_asked", ASK_BASH | SUB, "permission"),
        ("session_started", {"reason": "resume"}, "idle"),
    ],
}


@pytest.mark.parametrize("name", STORIES)
def test_the_state_is_what_the_story_says(name: str) -> None:
    told(*STORIES[name])


def test_the_card_shows_what_is_asked() -> None:
    activity = told(("tool_started", BASH, "working"), ("permission_asked", ASK_BASH, "permission"))
    assert activity.ask is not None
    assert (activity.ask.tool, activity.ask.detail, activity.ask.since) == (
        "Bash",
        "rm -r build",
        2000,
    )
    assert (activity.ask.reason, activity.ask.call_id) == ("permission", "c1")


def test_a_reminder_says_less_than_the_question_and_does_not_replace_it() -> None:
    activity = told(
        ("permission_asked", ASK_BASH | SUB, "permission"),
        ("permission_asked", {"reason": REMINDER, "detail": "Claude needs you"}, "permission"),
        ("input_asked", {"reason": "idle_prompt", "detail": "Claude waits"} | SUB, "permission"),
    )
    assert activity.ask is not None
    assert (activity.ask.detail, activity.ask.since) == ("rm -r build", 1000)
    assert len([thread for thread in activity.threads.values() if thread.ask]) == 1


def test_the_oldest_of_several_permissions_is_shown() -> None:
    activity = told(
        ("permission_asked", ASK_BASH | SUB, "permission"),
        ("permission_asked", {"tool": "Edit"}, "permission"),
    )
    assert activity.ask is not None
    assert activity.ask.tool == "Bash"


def test_the_newest_call_of_the_main_thread_is_shown() -> None:
    activity = told(
        ("tool_started", GREP, "working"),
        ("tool_started", BASH, "working"),
        ("tool_started", {"tool": "Read", "call_id": "c5"} | SUB, "working"),
    )
    assert activity.call is not None
    assert (activity.call.name, activity.call.since) == ("Bash", 2000)
    activity.apply(Signal(kind="tool_finished", call_id="c1", tool="Bash"), 9000)
    assert activity.call.name == "Grep"


def test_compaction_is_shown_until_it_is_over() -> None:
    activity = told(("turn_started", {}, "working"), ("compacting", {}, "working"))
    assert activity.reason == "compacting"
    activity.apply(Signal(kind="busy"), 9000)
    assert [activity.state, activity.reason, activity.since] == ["working", None, 1000]


def test_since_is_when_the_state_began() -> None:
    activity = told(
        ("turn_started", {}, "working"),
        ("tool_started", BASH, "working"),
        ("turn_ended", {}, "idle"),
        ("none", {}, "idle"),
    )
    assert (activity.since, activity.reason) == (3000, "turn_end")
    activity.apply(Signal(kind="turn_failed", reason="overloaded"), 9000)
    activity.apply(Signal(kind="turn_failed", reason="overloaded"), 9500)
    assert activity.since == 9500


def test_what_tells_nothing_new_changes_nothing() -> None:
    activity = told(("turn_started", {}, "working"))
    assert activity.apply(Signal(kind="none"), 9000) is False
    assert activity.apply(BUSY, 9000) is False
    assert activity.apply(IMPLIED["notification"], 9000) is False
    assert activity.apply(Signal(kind="turn_ended"), 9000) is True


@pytest.mark.parametrize("ended", [True, False])
def test_silence_ends_work_but_not_a_wait_for_a_human(ended: bool) -> None:
    working = told(("turn_started", {}, "working"))
    working.expire(9000, ended=ended)
    assert [working.state, working.reason] == ["ended" if ended else "idle", "timeout"]
    for step in (("permission_asked", ASK_BASH), ("input_asked", {}), ("tool_started", BASH)):
        activity = Activity()
        activity.apply(Signal(kind=step[0], **step[1]), 1000)  # type: ignore[arg-type]  # a kind
        before = activity.state
        activity.expire(1000 + ABANDONED_MS - 1, ended=ended)
        assert activity.state == before
        activity.expire(1000 + ABANDONED_MS, ended=ended)
        assert activity.state == ("ended" if ended else "idle")


def test_a_sub_agent_at_work_is_not_forgotten_for_a_new_one_while_ended_ones_are_known() -> None:
    activity = Activity()
    activity.apply(Signal(kind="subagent_started", thread="at work"), 0)
    for number in range(200):
        thread = f"agent {number}"
        activity.apply(Signal(kind="subagent_started", thread=thread), number)
        activity.apply(Signal(kind="subagent_ended", thread=thread), number)
    assert "at work" in activity.threads
    assert activity.state == "working"
