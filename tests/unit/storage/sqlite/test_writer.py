"""The single writer: what one failure may and may not do to others."""

import queue
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from agentmonitor.errors import StorageError
from agentmonitor.model.event import Event
from agentmonitor.model.signal import Signal
from agentmonitor.model.usage import Channel
from agentmonitor.storage.engine import WriteResult
from agentmonitor.storage.sqlite import write_queue
from agentmonitor.storage.sqlite.apply import Applier
from agentmonitor.storage.sqlite.engine import SqliteEngine
from agentmonitor.storage.sqlite.write_queue import Batch
from tests.unit.builders import NOW, event, report
from tests.unit.storage.sqlite.audit import assert_sound, rows
from tests.unit.storage.store import PATIENCE_S, Store

BROKEN = "\ud800"
"""Text that SQLite cannot take."""

POISON: dict[str, dict[str, object]] = {
    "as a name, while it is taken in": {"branch": BROKEN},
    "in its row": {"metadata_json": BROKEN},
    "in its session, after its row was written": {"signal": Signal(kind="busy", title=BROKEN)},
}


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[SqliteEngine]:
    engine = SqliteEngine(tmp_path / "a.db")
    engine.open()
    yield engine
    engine.close()


def in_one_group(
    engine: SqliteEngine, batches: list[list[Event]]
) -> list[WriteResult | StorageError]:
    """What becomes of batches that wait together for the writer."""
    reached, release = threading.Event(), threading.Event()

    def hold(_: object) -> None:
        reached.set()
        release.wait(PATIENCE_S)

    engine.submit([], [report("none", session_id="held")], hold)
    assert reached.wait(PATIENCE_S)
    answers: queue.SimpleQueue[WriteResult | StorageError] = queue.SimpleQueue()
    for batch in batches:
        engine.submit(batch, [], answers.put)
    release.set()
    return [answers.get(timeout=PATIENCE_S) for _ in batches]


@pytest.mark.parametrize("where", POISON)
def test_one_bad_batch_in_a_group_fails_alone(engine: SqliteEngine, where: str) -> None:
    bad = event(
        event_id="bad", session_id="s1", project="bad project", tokens_in=7, **POISON[where]
    )
    first, second, third, fourth = in_one_group(
        engine,
        [
            [event(event_id="a", session_id="s1"), event(event_id="b", session_id="s2")],
            [event(event_id="c", session_id="new", tool_name="New"), bad],
            [event(event_id="c", session_id="new"), event(event_id="a")],
            [event(event_id="d", session_id="s1", project="p")],
        ],
    )
    assert isinstance(first, WriteResult)
    assert isinstance(second, StorageError)
    assert isinstance(third, WriteResult)
    assert isinstance(fourth, WriteResult)
    assert (first.ids, third.ids, fourth.ids) == ([1, 2], [3, None], [4])
    assert_sound(engine.path)


@pytest.mark.parametrize("where", POISON)
def test_memory_is_not_ahead_of_the_file_after_a_failure(engine: SqliteEngine, where: str) -> None:
    store = Store(engine)
    store.write(event(session_id="s1", tokens_in=1))
    bad = event(session_id="s1", project="bad project", tokens_in=7, **POISON[where])
    for _ in range(2):
        with pytest.raises(StorageError):
            store.write(event(session_id="new", tool_name="New", model="M"), bad)
        assert_sound(engine.path)
    # The same names and sessions again, now soundly: numbers must be those of the file.
    store.write(event(session_id="new", tool_name="New", model="M"), event(project="good"))
    assert_sound(engine.path)
    assert [r["id"] for r in rows(engine.path, "SELECT id FROM events")] == [1, 2, 3]
    by_id = {r.id: r for r in engine.sessions_by_id(["s1", "new"])}
    assert (by_id["s1"].project, by_id["s1"].tokens_in, by_id["s1"].event_count) == ("good", 1, 2)
    assert by_id["new"].model == "M"
    assert engine.filter_options().projects == ["good"]
    assert engine.filter_options().tool_names == ["New"]


def test_a_failed_write_changes_no_state(engine: SqliteEngine) -> None:
    store = Store(engine)
    store.write(signals=[report("permission_asked", tool="Bash", detail="rm -r build")])
    bad = event(signal=Signal(kind="tool_finished", tool="Bash"), metadata_json=BROKEN)
    with pytest.raises(StorageError):
        store.write(bad)
    store.write(signals=[report("none", project="p")])
    (row,) = engine.sessions_by_id(["s1"])
    assert (row.state, row.state_detail) == ("permission", "rm -r build")


def test_answers_come_in_the_order_of_the_queue(engine: SqliteEngine) -> None:
    answers = in_one_group(engine, [[event()] for _ in range(20)])
    ids = [answer.ids for answer in answers if isinstance(answer, WriteResult)]
    assert ids == [[n] for n in range(1, 21)]


def test_a_task_that_fails_changes_nothing_and_tells_its_caller(engine: SqliteEngine) -> None:
    store = Store(engine)
    store.write(event())

    def fail(_: int, __: int) -> None:
        raise ValueError("the listener is gone")

    with pytest.raises(StorageError):
        engine.rebuild(fail)
    assert_sound(engine.path)
    assert engine.sweep(NOW + 10**9, 1000) == ["s1"]
    assert store.write(event()).ids == [2]


def test_a_roll_back_that_fails_is_made_up_for_before_the_next_transaction(
    engine: SqliteEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a failed batch left in memory must not be counted with the next one."""
    forget, failing = Applier.forget, [True]

    def fail_once(applier: Applier) -> None:
        if failing:
            failing.pop()
            raise sqlite3.OperationalError("disk I/O error")
        forget(applier)

    monkeypatch.setattr(Applier, "forget", fail_once)
    good = event(event_id="a", session_id="s1", tokens_in=5)
    bad = event(event_id="bad", session_id="s1", tokens_in=7, metadata_json=BROKEN)
    (failed,) = in_one_group(engine, [[good, bad]])
    assert isinstance(failed, StorageError)
    answers: queue.SimpleQueue[WriteResult | StorageError] = queue.SimpleQueue()
    engine.submit([event(event_id="a", session_id="s1", tokens_in=5)], [], answers.put)
    stored = answers.get(timeout=PATIENCE_S)
    assert isinstance(stored, WriteResult)
    assert stored.ids == [1]
    assert_sound(engine.path)


def test_what_is_looked_up_before_the_transaction_counts_once_and_one_fault_is_one_callers(
    engine: SqliteEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write_queue, "EARLY", 1)
    monkeypatch.setattr(write_queue, "GATHER_S", 0.02)
    writer = engine._open_writer()
    early: list[int] = []

    def look_up(group: Sequence[Batch]) -> None:
        if not writer.writing:
            early.append(len(group))
            if len(early) % 3 == 0:
                raise sqlite3.OperationalError("disk I/O error")
        really_look_up(group)

    really_look_up = writer._look_up
    monkeypatch.setattr(writer, "_look_up", look_up)
    callers = 4
    in_one_group(engine, [[event(event_id="e0")]] * callers)  # who are waited for from now on
    barrier = threading.Barrier(callers)
    answers: queue.SimpleQueue[tuple[bool, WriteResult | StorageError]] = queue.SimpleQueue()

    def call(caller: int) -> None:
        for number in range(12):
            barrier.wait(PATIENCE_S)
            time.sleep(0.01 * caller)  # so that some wait while others come
            bad = number % 5 == 4 and caller == 0
            some = [event(event_id=f"e{max(0, number - n)}", session_id="s") for n in range(3)]
            told = event(
                keys=(f"bad:{number}" if bad else f"request:{number}",),
                channel=(Channel.FILE, Channel.LOG)[caller % 2],
                tokens_in=1, branch=BROKEN if bad else None,
            )  # fmt: skip
            done = threading.Event()

            def take(
                result: WriteResult | StorageError, bad: bool = bad, done: threading.Event = done
            ) -> None:
                answers.put((bad, result))
                done.set()

            engine.submit([*some, told], [], take)
            assert done.wait(PATIENCE_S)

    threads = [threading.Thread(target=call, args=(n,)) for n in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    results = [answers.get_nowait() for _ in range(12 * callers)]
    assert [isinstance(result, StorageError) for _, result in results] == [b for b, _ in results]
    assert len(early) > 6
    assert len(rows(engine.path, "SELECT id FROM events WHERE event_id IS NOT NULL")) == 12
    assert len(rows(engine.path, "SELECT id FROM events WHERE event_id IS NULL")) == 12
    assert_sound(engine.path)


def test_an_agent_is_answered_before_an_import_that_came_earlier(engine: SqliteEngine) -> None:
    reached, release = threading.Event(), threading.Event()
    answered: queue.SimpleQueue[str] = queue.SimpleQueue()

    def hold(_: object) -> None:
        reached.set()
        release.wait(PATIENCE_S)

    engine.submit([], [report("none", session_id="held")], hold)
    assert reached.wait(PATIENCE_S)
    for number in range(3):
        some = [event(event_id=f"{number}-{n}") for n in range(50)]
        engine.submit(some, [], lambda _: answered.put("import"), patient=True)
    engine.submit([event(event_id="hook")], [], lambda _: answered.put("hook"))
    release.set()
    order = [answered.get(timeout=PATIENCE_S) for _ in range(4)]
    assert order.index("hook") <= 1
