"""What holds for a session's state after any signals in any order."""

import copy
from typing import Any, get_args

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from agentmonitor.model.activity import MAX_CALLS, MAX_THREADS, Activity, State
from agentmonitor.model.event import EventType
from agentmonitor.model.signal import BUSY, IMPLIED, MAX_TITLE, Signal, SignalKind, first_line

KINDS: tuple[Any, ...] = get_args(SignalKind)


def signals() -> st.SearchStrategy[Signal]:
    return st.builds(
        Signal,
        kind=st.sampled_from(KINDS),
        thread=st.sampled_from(("", "", "x", "y")),
        thread_type=st.sampled_from((None, "Explore")),
        call_id=st.sampled_from((None, "c1", "c2", "c3")),
        tool=st.sampled_from((None, "Bash", "Edit")),
        detail=st.sampled_from((None, "a", "b")),
        reason=st.sampled_from((None, "permission_reminder", "question")),
        implied=st.booleans(),
    )


Step = tuple[Signal | bool, int]
"""A signal or an expiry (ended or not), and how much later it comes (at times: earlier)."""


def steps() -> st.SearchStrategy[list[Step]]:
    step = st.one_of(signals(), signals(), signals(), st.booleans())
    later = st.sampled_from((0, 1, 5000, -3000, 13 * 3_600_000))
    return st.lists(st.tuples(step, later), max_size=40)


@settings(max_examples=150)
@given(steps())
def test_any_story_has_a_state_and_can_be_stored_at_any_point(story: list[Step]) -> None:
    activity, at = Activity(since=0), 10**12
    for step, later in story:
        at += later
        stored = msgspec.json.decode(msgspec.json.encode(activity), type=Activity)
        assert stored == activity
        for each in (activity, stored):
            if isinstance(step, bool):
                each.expire(at, ended=step)
            else:
                each.apply(step, at)
        # What was stored and loaded again behaves as what stayed in memory.
        assert stored == activity
        assert activity.state in get_args(State)
        assert (activity.ask is not None) == (activity.state in ("permission", "input")) or (
            activity.turn == "ended"
        )


@settings(max_examples=100)
@given(steps(), signals())
def test_apply_tells_when_something_changed(story: list[Step], last: Signal) -> None:
    activity = Activity(since=0)
    for step, _ in story:
        if isinstance(step, Signal):
            activity.apply(step, 1000)
    before = msgspec.json.encode(activity)
    if not activity.apply(last, 2000):
        assert msgspec.json.encode(activity) == before


@settings(max_examples=100)
@given(steps())
def test_a_session_is_busy_when_a_sign_of_work_tells_nothing_new(story: list[Step]) -> None:
    activity = Activity(since=0)
    for step, _ in story:
        if isinstance(step, Signal):
            activity.apply(step, 1000)
        assert activity.is_busy == (copy.deepcopy(activity).apply(BUSY, 2000) is False)


@given(steps())
def test_a_session_that_ends_waits_for_nothing(story: list[Step]) -> None:
    activity = Activity()
    for number, (step, _) in enumerate(story):
        if isinstance(step, Signal):
            activity.apply(step, number)
    activity.apply(Signal(kind="session_ended"), 100)
    assert (activity.state, activity.ask, activity.call, activity.threads) == (
        "ended", None, None, {},
    )  # fmt: skip


def test_neither_threads_nor_calls_grow_without_bound() -> None:
    activity = Activity()
    for n in range(10_000):
        thread = f"t{n % 500}" if n % 2 else ""
        fields: dict[str, Any] = {"thread": thread, "call_id": f"c{n}", "tool": "Bash"}
        activity.apply(Signal(kind="tool_started", **fields), n)
        activity.apply(Signal(kind="permission_asked", **fields), n)
    assert len(activity.threads) <= MAX_THREADS
    assert all(len(thread.calls) <= MAX_CALLS for thread in activity.threads.values())
    assert "" in activity.threads


def test_every_implied_signal_belongs_to_a_type_and_is_marked() -> None:
    assert set(IMPLIED) <= set(get_args(EventType))
    assert all(signal.implied for signal in IMPLIED.values())


@given(st.text())
def test_a_title_is_one_line_that_fits(text: str) -> None:
    title = first_line(text)
    assert (title is None) == (not text.strip())
    if title is not None:
        assert 0 < len(title) <= MAX_TITLE
        assert title == title.strip()
        assert len(title.splitlines()) == 1
        assert title.removesuffix("…") in text
