"""What every engine promises of sessions: their sums, their order and their life."""

import pytest

from agentmonitor.model.activity import ABANDONED_MS
from agentmonitor.model.clock import to_iso
from agentmonitor.model.filters import SessionFilter
from agentmonitor.model.session import SessionRow
from agentmonitor.model.signal import Signal
from tests.unit.builders import DAY, LINGERING, NOW, event, report
from tests.unit.storage.store import Store

TIMEOUT = 300_000


def row(store: Store, session_id: str = "s1") -> SessionRow:
    (found,) = store.engine.sessions_by_id([session_id])
    return found


def test_a_row_adds_up_its_events(store: Store) -> None:
    edit = {"tool_name": "Edit", "file_path": "/a.py", "lines_added": 3, "lines_removed": 1}
    store.write(
        event(occurred_at=DAY + 5, tokens_in=10, tokens_out=4, cost_usd=0.5, model="m", **edit),
        event(occurred_at=DAY, status="error", cache_read_tokens=7, cache_write_tokens=2),
        event(occurred_at=DAY + 9, status="timeout", branch="b", project="p", **edit),
        event(occurred_at=DAY + 2, file_path="/b.py"),
    )
    found = row(store)
    assert (found.event_count, found.error_count, found.unpriced_events) == (4, 2, 1)
    assert (found.tokens_in, found.tokens_out) == (10, 4)
    assert (found.cache_read_tokens, found.cache_write_tokens) == (7, 2)
    assert (found.files_edited, found.lines_added, found.lines_removed) == (2, 6, 2)
    assert (found.total_cost_usd, found.model) == (0.5, "m")
    assert (found.project, found.branch) == ("p", "b")
    assert (found.started_at, found.last_event_at) == (to_iso(DAY), to_iso(DAY + 9))
    assert (found.agent_id, found.metadata, found.ended_at) == ("alpha-default", "{}", None)


def test_rows_come_active_then_idle_then_ended_each_newest_first(store: Store) -> None:
    for name, status, at in (
        ("ended-old", "ended", 1), ("active-old", "active", 2), ("idle-new", "idle", 9),
        ("ended-new", "ended", 8), ("active-new", "active", 7), ("idle-old", "idle", 3),
    ):  # fmt: skip
        agent = LINGERING if status == "idle" else "alpha"
        kind = "tool_use" if status == "active" else "session_end"
        last = event(session_id=name, agent_type=agent, event_type=kind, occurred_at=DAY + at)
        store.write(last)
    rows, total = store.engine.sessions(SessionFilter(), 0)
    assert [r.id for r in rows] == [
        "active-new", "active-old", "idle-new", "idle-old", "ended-new", "ended-old",
    ]  # fmt: skip
    assert (total, [r.status for r in rows][::2]) == (6, ["active", "idle", "ended"])
    few, total = store.engine.sessions(SessionFilter(exclude_status="idle"), 3)
    assert ([r.id for r in few], total) == (["active-new", "active-old", "ended-new"], 4)
    for status in ("active", "idle", "ended"):
        found, total = store.engine.sessions(SessionFilter(status=status), 0)
        assert ({r.status for r in found}, total) == ({status}, 2)
    assert store.engine.sessions(SessionFilter(status="no such"), 0) == ([], 0)
    since, _ = store.engine.sessions(SessionFilter(since=DAY + 8), 0)
    assert [r.id for r in since] == ["idle-new", "ended-new"]


def test_silence_makes_a_session_idle_then_ended(store: Store) -> None:
    store.write(event(created_at=NOW, occurred_at=DAY))
    assert store.engine.sweep(NOW + TIMEOUT - 1, TIMEOUT) == []
    assert store.engine.sweep(NOW + TIMEOUT, TIMEOUT) == ["s1"]
    assert (row(store).status, row(store).state) == ("idle", "idle")
    assert store.engine.sweep(NOW + 2 * TIMEOUT - 1, TIMEOUT) == []
    assert store.engine.sweep(NOW + 2 * TIMEOUT, TIMEOUT) == ["s1"]
    ended = row(store)
    assert (ended.status, ended.state, ended.ended_at) == ("ended", "ended", to_iso(NOW))
    assert store.engine.sweep(NOW + 9 * TIMEOUT, TIMEOUT) == []


def test_a_long_silence_ends_a_session_at_once(store: Store) -> None:
    store.write(event())
    assert store.engine.sweep(NOW + 5 * TIMEOUT, TIMEOUT) == ["s1"]
    assert row(store).status == "ended"


@pytest.mark.parametrize("by_signal", [False, True])
def test_whatever_comes_later_makes_it_active_again(store: Store, by_signal: bool) -> None:
    store.write(event())
    store.engine.sweep(NOW + 2 * TIMEOUT, TIMEOUT)
    later = NOW + 3 * TIMEOUT
    if by_signal:
        store.write(signals=[report("turn_started", at=later)])
    else:
        store.write(event(created_at=later))
    found = row(store)
    assert (found.status, found.ended_at, found.state) == ("active", None, "working")
    assert store.engine.sweep(later + TIMEOUT - 1, TIMEOUT) == []
    assert store.engine.sweep(later + TIMEOUT, TIMEOUT) == ["s1"]


def test_a_late_report_does_not_make_a_session_look_older(store: Store) -> None:
    store.write(event(created_at=NOW))
    store.write(event(created_at=NOW - 3 * TIMEOUT))
    assert store.engine.sweep(NOW + TIMEOUT - 1, TIMEOUT) == []


def test_session_end_ends_a_session(store: Store) -> None:
    store.write(event(), event(event_type="session_end", occurred_at=NOW - 7))
    found = row(store)
    assert (found.status, found.state, found.ended_at) == ("ended", "ended", to_iso(NOW - 7))


def test_a_lingering_agents_session_end_makes_idle_first(store: Store) -> None:
    store.write(event(agent_type=LINGERING), event(agent_type=LINGERING, event_type="session_end"))
    assert (row(store).status, row(store).ended_at) == ("idle", to_iso(NOW))
    assert store.engine.sweep(NOW + 2 * TIMEOUT - 1, TIMEOUT) == []
    assert store.engine.sweep(NOW + 2 * TIMEOUT, TIMEOUT) == ["s1"]
    assert (row(store).status, row(store).ended_at) == ("ended", to_iso(NOW))


def test_imported_history_never_looks_live(store: Store) -> None:
    store.write(event(source="import", occurred_at=DAY))
    store.write(event(source="import", occurred_at=DAY + 5, event_type="user_prompt"))
    store.write(event(source="import", occurred_at=DAY + 2))
    found = row(store)
    assert (found.status, found.state, found.ended_at) == ("ended", "idle", to_iso(DAY + 5))
    assert store.engine.sessions(SessionFilter(live=True), 0) == ([], 0)
    assert store.engine.sweep(NOW, TIMEOUT) == []
    assert store.engine.stats(None, None).live_sessions == 0


def test_a_session_is_active_from_the_first_that_is_heard_of_it(store: Store) -> None:
    """Even when that says nothing of its state; but news of where it was are no sign of life."""
    store.write(signals=[report("none")])
    assert (row(store).status, row(store).state) == ("active", "idle")
    store.write(event(session_id="old", source="import"))
    store.write(signals=[report("none", "old", project="p")])
    assert (row(store, "old").status, row(store, "old").project) == ("ended", "p")


def test_imported_history_neither_ends_nor_prolongs_a_live_session(store: Store) -> None:
    store.write(event())
    end = {"source": "import", "created_at": NOW + TIMEOUT, "event_type": "session_end"}
    store.write(event(**end))
    assert (row(store).status, row(store).ended_at) == ("active", None)
    assert store.engine.sweep(NOW + TIMEOUT, TIMEOUT) == ["s1"]


def test_live_sessions_are_those_that_run_or_wait(store: Store) -> None:
    store.write(signals=[report("turn_started"), report("permission_asked", tool="Bash")])
    store.write(event(session_id="works"), event(session_id="done", event_type="session_end"))
    live = SessionFilter(live=True)
    assert {r.id for r in store.engine.sessions(live, 0)[0]} == {"s1", "works"}
    store.engine.sweep(NOW + 3 * TIMEOUT, TIMEOUT)
    (waiting,), total = store.engine.sessions(live, 0)
    assert (waiting.id, waiting.status, waiting.state, total) == ("s1", "ended", "permission", 1)
    assert store.engine.sweep(NOW + ABANDONED_MS, TIMEOUT) == ["s1"]
    assert store.engine.sessions(live, 0) == ([], 0)
    assert row(store).state == "ended"


def test_the_title_is_the_first_one_and_the_folder_the_last(store: Store) -> None:
    store.write(signals=[report("turn_started", title="First", cwd="/a")])
    store.write(signals=[report("turn_started", title="Second", cwd="/b")])
    assert (row(store).title, row(store).cwd) == ("First", "/b")


def test_a_row_shows_the_running_tool_the_question_and_the_subagents(store: Store) -> None:
    store.write(
        signals=[
            report("tool_started", tool="Bash", detail="make", call_id="c1", at=NOW + 1),
            report("subagent_started", thread="x", thread_type="Explore", at=NOW + 2),
            report("tool_started", thread="x", tool="Grep", detail="foo", call_id="c2", at=NOW + 3),
        ]
    )
    found = row(store)
    assert found.tool is not None
    assert (found.tool.name, found.tool.detail, found.tool.since) == (
        "Bash",
        "make",
        to_iso(NOW + 1),
    )
    (sub,) = found.subagents
    assert (sub.id, sub.type, sub.state, sub.since) == ("x", "Explore", "working", to_iso(NOW + 2))
    assert sub.tool is not None
    assert (sub.tool.name, sub.tool.detail) == ("Grep", "foo")
    ask = report("permission_asked", thread="x", tool="Grep", detail="foo", at=NOW + 4)
    store.write(signals=[ask])
    found = row(store)
    assert (found.state, found.state_reason, found.state_detail) == (
        "permission",
        "permission",
        "foo",
    )
    assert (found.state_since, found.subagents[0].state) == (to_iso(NOW + 4), "permission")
    store.write(signals=[report("subagent_ended", thread="x", at=NOW + 5)])
    found = row(store)
    assert (found.state, found.subagents[0].state) == ("working", "ended")


def test_a_session_belongs_to_the_agent_that_began_it(store: Store) -> None:
    store.write(event(agent_type="alpha"), event(agent_type="beta"))
    assert row(store).agent_type == "alpha"
    assert store.engine.sessions(SessionFilter(agent_type="beta"), 0) == ([], 0)
    assert store.engine.stats(None, None).agent_breakdown == {"alpha": 1, "beta": 1}


def test_unknown_sessions_are_left_out(store: Store) -> None:
    store.write(event())
    assert [r.id for r in store.engine.sessions_by_id(["nobody", "s1", "s1"])] == ["s1"]


def test_signals_and_events_of_one_batch_count_in_the_order_of_their_times(store: Store) -> None:
    """A finished turn that is read from a file in one piece."""
    store.write(
        event(occurred_at=NOW - 50, event_type="user_prompt"),
        event(occurred_at=NOW - 30, signal=Signal(kind="tool_finished", call_id="c")),
        event(occurred_at=NOW - 10, event_type="turn_end"),
        signals=[report("tool_started", at=NOW - 40, call_id="c", tool="Bash")],
    )
    shown = row(store)
    assert (shown.state, shown.tool) == ("input", None) or shown.state == "idle"


def test_a_name_takes_the_place_of_the_first_prompt(store: Store) -> None:
    store.write(signals=[report("turn_started", title="Please mend it")])
    store.write(signals=[report(title="Mend the cart", is_name=True)])
    store.write(signals=[report("turn_started", title="And now this")])
    assert row(store).title == "Mend the cart"
