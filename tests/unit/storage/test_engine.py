"""What every engine promises of writing. The suite knows only the ``Engine`` protocol."""

import queue
import threading
from pathlib import Path

import pytest

from agentmonitor.errors import Closed, Overloaded, StorageError
from agentmonitor.model.filters import EventFilter
from agentmonitor.storage.engine import WriteResult
from tests.unit.builders import NOW, event, report
from tests.unit.storage.store import PATIENCE_S, Factory, Store, opened

Answers = queue.SimpleQueue[WriteResult | StorageError]
EVERYTHING = EventFilter()


def count(store: Store) -> int:
    return store.engine.events(EVERYTHING, 1, 0)[1]


class Gate:
    """Holds the engine's writer in its first ``done`` until it is opened."""

    def __init__(self, store: Store) -> None:
        self._reached, self._open = threading.Event(), threading.Event()
        store.engine.submit([event()], [], self._hold)
        assert self._reached.wait(PATIENCE_S)

    def _hold(self, _: object) -> None:
        self._reached.set()
        self._open.wait(PATIENCE_S)

    def open(self) -> None:
        self._open.set()


def test_ids_increase_in_the_order_of_the_commits(store: Store) -> None:
    answers: Answers = queue.SimpleQueue()

    def submit_some() -> None:
        for size in (1, 3, 2, 5):
            store.engine.submit([event() for _ in range(size)], [], answers.put)

    threads = [threading.Thread(target=submit_some) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ids: list[int | None] = []
    for _ in range(24):
        answer = answers.get(timeout=PATIENCE_S)
        assert isinstance(answer, WriteResult)
        assert answer.ids == [e.id for e in answer.stored]
        ids += answer.ids
    assert ids == list(range(1, 67))
    assert store.engine.last_event_id() == 66
    rows = store.engine.events_after(0, 66, None, None, 100)
    assert [row.id for row in rows] == ids


def test_ids_go_on_after_the_store_was_closed(engine: Factory, tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with opened(engine, path) as store:
        store.write(event(event_id="x"), event())
    with opened(engine, path) as store:
        assert store.write(event(event_id="x"), event(event_id="y")).ids == [None, 3]


def test_a_repeat_is_dropped_inside_a_batch_and_across_batches(store: Store) -> None:
    first = store.write(event(event_id="x"), event(event_id="y"), event(event_id="x"))
    assert first.ids == [1, 2, None]
    second = store.write(event(event_id="y"), event(event_id="z"))
    assert second.ids == [None, 3]
    assert [e.event_id for e in second.stored] == ["z"]
    (row,) = store.engine.sessions_by_id(["s1"])
    assert (count(store), row.event_count) == (3, 3)


def test_of_the_same_events_from_many_threads_at_once_exactly_one_is_stored(store: Store) -> None:
    answers: Answers = queue.SimpleQueue()
    start = threading.Barrier(8)

    def submit_all(shift: int) -> None:
        start.wait()
        for n in range(30):
            same = event(event_id=f"x{(n + shift) % 30}", session_id=f"s{shift}")
            store.engine.submit([same], [], answers.put)

    threads = [threading.Thread(target=submit_all, args=(shift,)) for shift in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stored = []
    for _ in range(240):
        answer = answers.get(timeout=PATIENCE_S)
        assert isinstance(answer, WriteResult)
        stored += [e.event_id or "" for e in answer.stored]
    assert sorted(stored) == sorted(f"x{n}" for n in range(30))
    assert count(store) == 30
    assert (
        sum(r.event_count for r in store.engine.sessions_by_id([f"s{n}" for n in range(8)])) == 30
    )


def test_events_without_an_id_are_never_taken_for_repeats(store: Store) -> None:
    assert store.write(event(), event()).ids == [1, 2]
    assert store.write(event()).ids == [3]


def test_a_batch_that_cannot_be_stored_leaves_nothing_behind(store: Store) -> None:
    store.write(event(event_id="kept"))
    before = (store.engine.stats(None, None), store.engine.filter_options())
    poison = event(event_id="b", session_id="s2", metadata_json="\ud800")
    with pytest.raises(StorageError):
        store.write(event(event_id="a", session_id="s2", project="p", tool_name="T"), poison)
    assert (store.engine.stats(None, None), store.engine.filter_options()) == before
    assert store.engine.sessions_by_id(["s2"]) == []
    assert store.write(event(event_id="a", session_id="s2")).ids == [2]


def test_the_result_comes_after_the_commit(store: Store) -> None:
    seen: queue.SimpleQueue[tuple[list[int], int, int]] = queue.SimpleQueue()

    def done(result: WriteResult | StorageError) -> None:
        assert isinstance(result, WriteResult)
        rows = store.engine.events_after(0, 10, None, None, 10)
        (session,) = store.engine.sessions_by_id(["s1"])
        total = store.engine.stats(None, None).total_events
        seen.put(([row.id for row in rows], session.event_count, total))

    store.engine.submit([event(), event()], [], done)
    assert seen.get(timeout=PATIENCE_S) == ([1, 2], 2, 2)


def test_a_listener_that_fails_stops_nobody_else(store: Store) -> None:
    """E.g. a caller whose event loop is closed by now."""

    def fail(_: object) -> None:
        raise RuntimeError("the event loop is closed")

    store.engine.submit([event()], [], fail)
    assert store.write(event()).ids == [2]


def test_a_batch_of_signals_alone_makes_and_changes_sessions(store: Store) -> None:
    result = store.write(signals=[report("turn_started", project="p", model="m", cwd="/w")])
    assert (result.ids, result.stored) == ([], [])
    (row,) = store.engine.sessions_by_id(["s1"])
    assert (row.status, row.state, row.event_count) == ("active", "working", 0)
    assert (row.project, row.model, row.cwd) == ("p", "m", "/w")


def test_an_event_takes_the_project_and_branch_of_its_session(store: Store) -> None:
    store.write(event(project="p", branch="b"))
    result = store.write(event(), event(project="q"), event())
    assert [(e.project, e.branch) for e in result.stored] == [("p", "b"), ("q", "b"), ("q", "b")]
    rows = store.engine.events_after(0, 9, None, None, 9)
    assert [(r.project, r.branch) for r in rows] == [("p", "b"), ("p", "b"), ("q", "b"), ("q", "b")]


@pytest.mark.parametrize("by_signal", [False, True])
def test_a_project_that_becomes_known_later_takes_the_sessions_earlier_events(
    store: Store, by_signal: bool
) -> None:
    store.write(event(cost_usd=1.0), event(branch="b", cost_usd=2.0), event(session_id="other"))
    if by_signal:
        store.write(signals=[report("none", project="p")])
    else:
        store.write(event(project="p"))
    rows = store.engine.events_after(0, 9, None, None, 9)
    places = [(r.project, r.branch) for r in rows]
    assert places[:3] == [("p", "b"), ("p", "b"), (None, None)]
    costs = {p.project: p.cost_usd for p in store.engine.cost(None, None, 10).by_project}
    assert costs == {"p": 3.0, "unknown": 0.0}
    (option,) = store.engine.filter_options().branches
    assert (option.value, option.label) == ("b", "p / b")


def test_close_stores_what_is_queued_and_answers_it(engine: Factory, tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    answers: Answers = queue.SimpleQueue()
    with opened(engine, path) as store:
        gate = Gate(store)
        for _ in range(50):
            store.engine.submit([event(), event()], [], answers.put)
        closing = threading.Thread(target=store.engine.close)
        closing.start()
        gate.open()
        closing.join(PATIENCE_S)
        assert not closing.is_alive()
    assert answers.qsize() == 50
    with opened(engine, path) as store:
        assert count(store) == 101


def test_a_closed_engine_says_so(engine: Factory) -> None:
    with opened(engine) as store:
        store.engine.close()
        store.engine.close()
        with pytest.raises(Closed):
            store.engine.submit([event()], [], lambda _: None)


def test_a_full_queue_refuses_and_loses_nothing_that_it_accepted(store: Store) -> None:
    answers: Answers = queue.SimpleQueue()
    gate = Gate(store)
    # Repeats, so that not much has to be written in the end.
    batch = [event(event_id=f"x{n}") for n in range(1000)]
    accepted = 0

    def fill() -> None:
        nonlocal accepted
        for _ in range(2000):
            store.engine.submit(batch, [], answers.put)
            accepted += 1

    with pytest.raises(Overloaded):
        fill()
    assert accepted > 0
    gate.open()
    results = [answers.get(timeout=PATIENCE_S) for _ in range(accepted)]
    assert all(isinstance(result, WriteResult) for result in results)
    assert count(store) == 1001
    assert store.write(event()).ids == [1002]


def test_signals_without_events_fill_the_queue_too(store: Store) -> None:
    gate = Gate(store)
    signals = [report("busy") for _ in range(1000)]

    def fill() -> None:
        for _ in range(2000):
            store.engine.submit([], signals, lambda _: None)

    with pytest.raises(Overloaded):
        fill()
    gate.open()


def test_a_batch_larger_than_the_queue_is_taken_when_nothing_waits(store: Store) -> None:
    assert len(store.write(*[event(event_id="x")] * 50_000).stored) == 1


def test_an_events_own_time_may_lie_far_from_its_arrival(store: Store) -> None:
    store.write(event(occurred_at=0), event(occurred_at=253_402_300_799_999), event())
    rows = store.engine.events_after(0, 9, None, None, 9)
    assert [r.client_timestamp for r in rows] == [
        "1970-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z", None,
    ]  # fmt: skip
    assert {r.created_at for r in rows} == {"2026-11-30T00:00:00.000Z"}
    newest_first, _ = store.engine.events(EVERYTHING, 9, 0)
    assert [r.id for r in newest_first] == [2, 3, 1]
    assert store.engine.used_between("alpha", NOW, NOW + 1).tokens == 0


def test_the_size_on_disk_grows(store: Store) -> None:
    before = store.engine.size_bytes()
    store.write(*[event(metadata_json='"' + "x" * 1000 + '"') for _ in range(500)])
    assert store.engine.size_bytes() >= before + 400_000
