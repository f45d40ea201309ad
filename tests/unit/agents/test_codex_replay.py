"""A fork's or a sub-agent's file begins with a copy: nothing in it counts a second time."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentmonitor.model.event import Event
from tests.fixtures.codex.build import BEGAN, PARENT, Rollout, plus, stamp, usage, uuid7
from tests.unit.agents.test_codex_rollouts import of, read, spent

SPAWN = {"subagent": {"thread_spawn": {"parent_thread_id": PARENT, "depth": 1}}}


def parent(turns: int = 2, *, ids: bool = True) -> Rollout:
    rollout = Rollout(PARENT, BEGAN).meta()
    for number in range(turns):
        turn = uuid7(rollout.at + 10, number) if ids else ""
        rollout.turn(f"prompt {number}", "gpt-p", turn or str(number))
        rollout.call("exec_command", {"cmd": str(number)}, "Process exited with code 0\nOutput:\n")
        rollout.tokens(usage(1000, 500, 100 + number), after=5000)
        rollout.event("agent_message", message=f"answer {number}")
        rollout.done(turn_id=turn)
    return rollout


def copied(
    lines: list[bytes], child: Rollout, *, kept: bool = False, apart: int = 1, to: bool = True
) -> None:
    """Put the parent's lines into the child's file: all at the child's time, or ``kept``."""
    for line in lines:
        document = json.loads(line)
        if not to and document["type"] == "session_meta":
            continue
        child.at += apart
        if not kept:
            document["timestamp"] = stamp(child.at)
        if child.ordinals:
            document["ordinal"] = len(child.lines)
        child.raw(json.dumps(document, separators=(",", ":")).encode())


def fork(origin: Rollout, *, ordinals: bool = False, thread: str = "", **meta: Any) -> Rollout:
    at = origin.at + 60_000
    child = Rollout(thread or uuid7(at, 99), at, ordinals=ordinals)
    child.meta(**meta)
    child.total = origin.total
    return child


def own(child: Rollout, *, wait: int = 3000, ids: bool = True) -> None:
    """The child's own turn."""
    child.at += wait
    child.turn("own prompt", "gpt-c", uuid7(child.at + 5, 50) if ids else "7")
    child.call("exec_command", {"cmd": "own"}, "Process exited with code 0\nOutput:\n")
    child.tokens(usage(2000, 1500, 77), after=4000)
    child.done()


OWN = {"gpt-c": (500, 1500, 0, 77)}


def check(child: Rollout) -> list[Event]:
    reading = read(child.lines)
    assert spent(reading.events) == OWN
    assert [c.metadata["command"] for c in of(reading, "tool_use")] == ["own"]
    assert len(of(reading, "turn_end") + of(reading, "subagent_end")) == 1
    assert of(reading, "response") == []
    return reading.events


@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize("to", [True, False])
@pytest.mark.parametrize("wait", [0, 3000])
def test_a_fork_counts_from_its_own_first_turn(kept: bool, to: bool, wait: int) -> None:
    origin = parent()
    child = fork(origin, forked_from_id=PARENT)
    copied(origin.lines, child, kept=kept, to=to)
    own(child, wait=wait)
    events = check(child)
    assert {event.session_id for event in events} == {child.thread}
    assert [e.metadata["prompt"] for e in events if e.event_type == "user_prompt"] == ["own prompt"]
    assert events[0].metadata["forked_from"] == PARENT


@pytest.mark.parametrize("kept", [False, True])
def test_turns_without_a_telling_id_begin_after_the_copy(kept: bool) -> None:
    """Old versions number their turns: the first pause, or the first own time, ends the copy."""
    origin = parent(ids=False)
    child = fork(origin, forked_from_id=PARENT)
    copied(origin.lines, child, kept=kept)
    own(child, ids=False)
    check(child)


def test_an_old_fork_is_known_by_its_parents_meta_line() -> None:
    origin = parent(ids=False)
    child = fork(origin, thread="8b1f6c8e-27c8-4c70-b6e4-46b99fdf0236")
    copied(origin.lines, child)
    own(child, ids=False)
    check(child)


def test_a_slow_copy_is_still_a_copy() -> None:
    origin = parent(30)
    child = fork(origin, forked_from_id=PARENT)
    copied(origin.lines, child, apart=400)
    own(child)
    check(child)


def test_a_sub_agent_begins_at_the_ordinal_it_names() -> None:
    origin = parent()
    start = len(origin.lines) + 1
    child = fork(
        origin, ordinals=True, source=SPAWN, session_id=PARENT,
        subagent_history_start_ordinal=str(start), thread="not-a-uuid",
    )  # fmt: skip
    copied(origin.lines, child)
    own(child, wait=0, ids=False)
    events = check(child)
    assert {event.session_id for event in events} == {PARENT}
    assert all(event.event_type != "user_prompt" for event in events)


def test_a_sub_agent_that_begins_empty_counts_from_zero() -> None:
    child = fork(parent(), source=SPAWN, forked_from_id=PARENT)
    child.total = usage(0)
    own(child, wait=0)
    check(child)


def test_a_sub_agent_that_inherits_only_the_total_counts_its_own() -> None:
    child = fork(parent(), source=SPAWN, forked_from_id=PARENT)
    child.total = usage(3_000_000, 2_000_000, 50_000)
    own(child, wait=0)
    check(child)


def test_a_sub_agent_with_a_copy_may_begin_again_from_zero() -> None:
    origin = parent()
    child = fork(origin, source=SPAWN, forked_from_id=PARENT)
    copied(origin.lines, child)
    child.total = usage(0)
    own(child)
    check(child)


def test_a_fork_of_a_fork_skips_both() -> None:
    first = parent()
    second = fork(first, forked_from_id=PARENT)
    copied(first.lines, second)
    own(second)
    third = fork(second, forked_from_id=second.thread)
    copied(second.lines, third)
    own(third)
    check(third)


def test_a_fork_that_does_nothing_counts_nothing() -> None:
    origin = parent()
    child = fork(origin, forked_from_id=PARENT)
    settings = {"type": "thread_settings_applied", "thread_settings": {"model": "gpt-x"}}
    origin.lines.insert(12, Rollout(PARENT, BEGAN + 9000).line("event_msg", settings).lines[0])
    copied(origin.lines, child)
    assert [event.event_type for event in read(child.lines).events] == ["session_start"]


def test_a_meta_line_that_comes_again_changes_nothing() -> None:
    rollout = Rollout().meta().turn("go")
    again = Rollout(rollout.thread, rollout.at).meta(git={"branch": "other"}).lines
    rollout.lines += again
    rollout.tokens(usage(10, 0, 1)).done()
    events = read(rollout.lines).events
    assert [e.event_type for e in events] == [
        "session_start", "user_prompt", "llm_response", "turn_end",
    ]  # fmt: skip


@given(
    st.lists(st.integers(1, 500), min_size=1, max_size=6),
    st.lists(st.integers(1, 500), max_size=6),
    st.lists(st.integers(1, 500), min_size=1, max_size=6),
    st.booleans(),
    st.booleans(),
)
def test_parent_and_fork_together_are_the_truth(
    before: list[int], after: list[int], forked: list[int], kept: bool, sub: bool
) -> None:
    """The parent goes on after the fork; the fork goes on from the parent's total."""
    origin = Rollout(PARENT, BEGAN).meta()

    def spend(rollout: Rollout, outs: list[int]) -> dict[str, int]:
        total = usage(0)
        for out in outs:
            rollout.turn("x", "m", uuid7(rollout.at + 3, out))
            rollout.tokens(usage(out * 3, out, out), after=2500).done()
            total = plus(total, usage(out * 3, out, out))
        return total

    truth = spend(origin, before)
    child = fork(origin, **({"source": SPAWN} if sub else {"forked_from_id": PARENT}))
    copied(origin.lines, child, kept=kept)
    truth = plus(truth, plus(spend(origin, after), spend(child, forked)))
    events = read(origin.lines).events + read(child.lines).events
    assert spent(events)["m"] == (
        truth["input_tokens"] - truth["cached_input_tokens"], truth["cached_input_tokens"], 0,
        truth["output_tokens"],
    )  # fmt: skip
    keys = [key for event in events for key in event.keys if key.startswith("codex:usage:")]
    assert len(keys) == len(set(keys))
