"""What the writer puts off until it has answered."""

import sqlite3
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agentmonitor.storage.sqlite import chores, event_ids, folds, writer
from agentmonitor.storage.sqlite.chores import Chores
from agentmonitor.storage.sqlite.engine import SqliteEngine
from tests.unit.builders import event
from tests.unit.storage.sqlite.audit import assert_sound, rows
from tests.unit.storage.store import PATIENCE_S, Store, rest

PAGE = 4096
FULL = "CREATE TRIGGER full BEFORE {0} BEGIN SELECT RAISE(ABORT, 'full'); END"
"""Makes a chore fail."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.db"


@pytest.fixture
def engine(path: Path) -> Iterator[SqliteEngine]:
    engine = SqliteEngine(path)
    engine.open()
    yield engine
    engine.close()


def run(path: Path, statement: str) -> None:
    connection = sqlite3.connect(path)
    connection.execute(statement)
    connection.commit()
    connection.close()


def upto(path: Path) -> int:
    return int(rows(path, "SELECT event FROM folded_upto")[0]["event"])


def test_callers_are_answered_before_the_chores_are_done(
    engine: SqliteEngine, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folds, "STEP", 1)
    seen: list[int] = []
    answered = threading.Event()

    def done(_: object) -> None:
        seen.append(upto(path))
        answered.set()

    engine.submit([event(tool_name="Bash")], [], done)
    assert answered.wait(PATIENCE_S)
    rest(engine)
    assert (seen, upto(path)) == ([0], 1)


def test_other_threads_have_their_usual_turns_when_the_chores_are_done(
    engine: SqliteEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folds, "STEP", 1)
    turns: list[float] = []
    chores_of = engine._open_writer()._chores
    does = chores_of.run

    def note(*told: Any) -> None:
        turns.append(sys.getswitchinterval())
        does(*told)

    monkeypatch.setattr(chores_of, "run", note)
    Store(engine).write(event(tool_name="Bash"))
    engine._open_writer().stop()
    assert turns[0] == pytest.approx(0.0001, rel=0.1)
    assert sys.getswitchinterval() == writer._INTERVAL_S > 0.001


def test_chores_that_fail_lose_nothing_and_are_done_next_time(
    engine: SqliteEngine, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folds, "STEP", 1)
    run(path, FULL.format("UPDATE ON folded_upto"))
    Store(engine).write(event(event_id="a", tool_name="Bash"))
    assert upto(path) == 0
    assert_sound(path)
    run(path, "DROP TRIGGER full")
    Store(engine).write(event(event_id="b", tool_name="Bash"))
    assert upto(path) == 2
    assert_sound(path)


def test_the_log_is_copied_into_the_database_before_it_grows_large(
    engine: SqliteEngine, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chores, "LOG_PAGES", 50)
    log = path.with_name("a.db-wal")
    sizes = set[int]()
    for number in range(100):
        Store(engine).write(*[event(metadata_json="x" * 900) for _ in range(20)])
        sizes.add(log.stat().st_size)
        if number == 50:
            sizes.clear()
    assert len(sizes) == 1  # it is written anew from its beginning
    assert max(sizes) < 500 * PAGE
    assert path.stat().st_size > 300 * PAGE


def test_the_log_is_not_copied_for_a_few_pages_whatever_was_guessed(
    engine: SqliteEngine, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chores, "LOG_PAGES", 200)
    copies: list[object] = []
    copy = Chores._copy_log
    monkeypatch.setattr(Chores, "_copy_log", lambda self: copies.append(copy(self)))
    for _ in range(60):  # events without ids or much to say share their pages
        Store(engine).write(*[event() for _ in range(300)])
    assert 2 < len(copies) < 20


def test_a_reader_that_stays_keeps_the_log_but_stops_nobody(
    engine: SqliteEngine, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chores, "LOG_PAGES", 50)
    Store(engine).write(event())
    reader = sqlite3.connect(path)
    reader.execute("BEGIN")
    assert reader.execute("SELECT count(*) FROM events").fetchone() == (1,)
    for _ in range(20):
        assert len(Store(engine).write(*[event() for _ in range(20)]).stored) == 20
    assert reader.execute("SELECT count(*) FROM events").fetchone() == (1,)
    reader.close()
    assert_sound(path)


def test_ids_that_could_not_be_written_are_known_all_the_same_also_after_a_crash(
    engine: SqliteEngine, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_ids, "MANY", 2)
    run(path, FULL.format("INSERT ON event_keys_recent"))
    some = [event(event_id=f"e{n}") for n in range(5)]
    assert len(Store(engine).write(*some).stored) == 5
    assert rows(path, "SELECT * FROM event_keys_all") == []
    assert Store(engine).write(*[event(event_id=f"e{n}") for n in range(5)]).stored == []
    again = engine_at(path.with_name("copy.db"), path)
    try:
        told = Store(again).write(*[event(event_id=f"e{n}") for n in range(4, 8)])
        assert [each.event_id for each in told.stored] == ["e5", "e6", "e7"]
    finally:
        again.close()
    run(path, "DROP TRIGGER full")
    assert len(Store(engine).write(event(event_id="e4"), event(event_id="e9")).stored) == 1
    assert len(rows(path, "SELECT * FROM event_keys_all")) == 6
    assert_sound(path)


def engine_at(path: Path, source: Path) -> SqliteEngine:
    """An engine on a copy of the database ``source``, as a crash would leave it."""
    with sqlite3.connect(source) as before, sqlite3.connect(path) as after:
        before.backup(after)
        after.execute("DROP TRIGGER full")
    engine = SqliteEngine(path)
    engine.open()
    return engine
