"""A backup is one consistent state, whole or not there; a restore loses nothing by failing."""

import os
import sqlite3
import stat
import threading
from pathlib import Path

import pytest

from agentmonitor.errors import ConfigError, DatabaseInUse, DatabaseUnusable, StorageError
from agentmonitor.storage.sqlite import backup as module
from agentmonitor.storage.sqlite.backup import back_up, restore
from agentmonitor.storage.sqlite.check import check
from tests.unit.builders import event
from tests.unit.storage.sqlite.audit import dump, rows
from tests.unit.storage.sqlite.test_rollups_agree import engine_at
from tests.unit.storage.store import Store


def database(path: Path, *sessions: str) -> Path:
    engine = engine_at(path)
    for session in sessions:
        Store(engine).write(event(session_id=session, tokens_in=3, cost_usd=0.1))
    engine.close()
    return path


def sessions_of(path: Path) -> list[str]:
    return [row["id"] for row in rows(path, "SELECT id FROM sessions ORDER BY id")]


def beside(path: Path) -> set[str]:
    return {file.name for file in path.parent.iterdir()}


def test_a_backup_holds_all_in_one_file_for_its_owner_alone(tmp_path: Path) -> None:
    path = database(tmp_path / "a.db", "one", "two")
    told: list[tuple[int, int]] = []
    size = back_up(path, tmp_path / "b.db", progress=lambda *step: told.append(step))
    copy = tmp_path / "b.db"
    assert copy.stat().st_size == size
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert told[-1][0] == told[-1][1] > 0
    assert dump(copy) == dump(path)
    assert check(copy).sound
    assert not {name for name in beside(copy) if "part" in name or name.startswith("b.db-")}


def test_a_backup_while_events_pour_in_is_of_one_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PAGES", 3)  # many steps, and a change between any two
    path = tmp_path / "a.db"
    engine = engine_at(path)
    store = Store(engine)
    for number in range(30):
        store.write(*[event(session_id=f"s{number}", tokens_in=1) for _ in range(40)])
    stop, written = threading.Event(), threading.Event()

    def pour() -> None:
        while not stop.is_set():
            store.write(*[event(session_id="more", file_path="/a") for _ in range(20)])
            written.set()

    thread = threading.Thread(target=pour)
    thread.start()
    try:

        def wait_for_a_write(done: int, total: int) -> None:
            if done < total / 2:
                written.clear()
                written.wait(10)

        back_up(path, tmp_path / "b.db", progress=wait_for_a_write)
    finally:
        stop.set()
        thread.join()
        engine.close()
    outcome = check(tmp_path / "b.db", full=True)
    assert outcome.sound, outcome
    copied = rows(tmp_path / "b.db", "SELECT count(*) AS n FROM events")[0]["n"]
    assert 1200 <= copied < rows(path, "SELECT count(*) AS n FROM events")[0]["n"]


def test_a_backup_overwrites_nothing_unless_told_to(tmp_path: Path) -> None:
    path = database(tmp_path / "a.db", "one")
    target = tmp_path / "b.db"
    target.write_text("dear to me")
    with pytest.raises(ConfigError, match="--force"):
        back_up(path, target)
    assert target.read_text() == "dear to me"
    back_up(path, target, force=True)
    assert sessions_of(target) == ["one"]
    with pytest.raises(ConfigError, match="the database itself"):
        back_up(path, path, force=True)
    with pytest.raises(ConfigError, match="no folder"):
        back_up(path, tmp_path / "none" / "b.db")


def test_a_file_that_appears_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    path = database(tmp_path / "a.db", "one")
    target = tmp_path / "b.db"

    def appear(done: int, total: int) -> None:
        target.write_text("dear to me")

    with pytest.raises(ConfigError, match="in the meantime"):
        back_up(path, target, progress=appear)
    assert target.read_text() == "dear to me"
    assert beside(path) == {"a.db", "a.db.lock", "b.db"} | (beside(path) & {"a.db-wal", "a.db-shm"})


def test_a_backup_that_fails_leaves_nothing(tmp_path: Path) -> None:
    path = database(tmp_path / "a.db", "one")

    def fail(done: int, total: int) -> None:
        raise StorageError("no more")

    with pytest.raises(StorageError, match="no more"):
        back_up(path, tmp_path / "b.db", progress=fail)
    assert not {name for name in beside(path) if name.startswith("b.db")}


def test_a_restored_database_is_the_backup_and_the_one_so_far_is_kept(tmp_path: Path) -> None:
    path = database(tmp_path / "a.db", "one")
    back_up(path, tmp_path / "b.db")
    database(path, "two")
    kept = restore(tmp_path / "b.db", path)
    assert sessions_of(path) == ["one"]
    assert kept is not None
    assert sessions_of(kept) == ["one", "two"]
    database(path, "three")  # it serves
    assert sessions_of(path) == ["one", "three"]
    assert sessions_of(tmp_path / "b.db") == ["one"]
    assert restore(tmp_path / "b.db", path, keep=False) is None
    assert sessions_of(path) == ["one"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_log_that_a_crash_left_is_not_read_as_the_restored_ones(tmp_path: Path) -> None:
    path = database(tmp_path / "a.db", "one")
    back_up(path, tmp_path / "b.db")
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    connection.execute("UPDATE sessions SET id = 'by the log'")
    log = (tmp_path / "a.db-wal").read_bytes()
    connection.close()
    (tmp_path / "a.db-wal").write_bytes(log)
    with path.open("r+b") as file:  # the database so far is damaged as well
        file.write(b"\0" * 100)
    kept = restore(tmp_path / "b.db", path)
    assert sessions_of(path) == ["one"]
    assert kept is not None
    assert kept.read_bytes()[:100] == b"\0" * 100


def test_a_restored_database_gets_a_search_index_of_its_own(tmp_path: Path) -> None:
    path = database(tmp_path / "a.db", "one")
    back_up(path, tmp_path / "b.db")
    restore(tmp_path / "b.db", path)
    query = "SELECT id FROM search_source"
    assert rows(path, query) != rows(tmp_path / "b.db", query)


@pytest.mark.parametrize("fault", ["other program", "damaged", "newer", "missing", "itself"])
def test_a_bad_backup_is_refused_and_the_database_stays(tmp_path: Path, fault: str) -> None:
    path = database(tmp_path / "a.db", "one")
    bad = tmp_path / "bad.db"
    if fault == "other program":
        sqlite3.connect(bad).execute("CREATE TABLE t (a)")
    elif fault == "itself":
        os.link(path, bad)
    elif fault != "missing":
        back_up(path, bad)
        if fault == "damaged":
            with bad.open("r+b") as file:
                file.seek(4096 * 2)
                file.write(b"\xff" * 4096 * 6)
        else:
            connection = sqlite3.connect(bad)
            connection.execute("INSERT INTO migrations VALUES (999, '0999_future.sql', '')")
            connection.commit()
            connection.close()
    with pytest.raises((DatabaseUnusable, ConfigError)):
        restore(bad, path)
    assert sessions_of(path) == ["one"]
    assert not {name for name in beside(path) if "before" in name or "part" in name}


def test_a_database_in_use_is_not_replaced(tmp_path: Path) -> None:
    path = database(tmp_path / "a.db", "one")
    back_up(path, tmp_path / "b.db")
    engine = engine_at(path)
    try:
        with pytest.raises(DatabaseInUse, match="in use by process"):
            restore(tmp_path / "b.db", path)
    finally:
        engine.close()


def test_a_restore_makes_a_database_where_there_is_none(tmp_path: Path) -> None:
    path = database(tmp_path / "a.db", "one")
    back_up(path, tmp_path / "b.db")
    assert restore(tmp_path / "b.db", tmp_path / "new.db") is None
    assert sessions_of(tmp_path / "new.db") == ["one"]
