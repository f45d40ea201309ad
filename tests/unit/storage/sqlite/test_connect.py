"""Opening database files: private, and only our own."""

import os
import sqlite3
from pathlib import Path

import pytest

from agentmonitor.errors import DatabaseUnusable, StorageError, StorageFull
from agentmonitor.storage.sqlite.connect import APPLICATION_ID, open_reader, open_writer
from agentmonitor.storage.sqlite.engine import SqliteEngine
from tests.unit.builders import event
from tests.unit.storage.store import Store


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_the_file_is_its_owners_alone_and_so_is_a_new_folder(tmp_path: Path) -> None:
    path = tmp_path / "new" / "deep" / "a.db"
    engine = SqliteEngine(path)
    engine.open()
    Store(engine).write(event())
    assert {mode(file) for file in path.parent.iterdir()} == {0o600}
    assert mode(path.parent) == 0o700
    engine.close()


def test_a_folder_that_exists_keeps_its_mode(tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o755)
    engine = SqliteEngine(folder / "a.db")
    engine.open()
    engine.close()
    assert mode(folder) == 0o755


def test_our_own_file_is_made_private_again(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    open_writer(path).close()
    path.chmod(0o644)
    open_writer(path).close()
    assert mode(path) == 0o600


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("Remember the milk. " * 500)
    path.chmod(0o644)
    with pytest.raises(DatabaseUnusable, match="not a usable SQLite database"):
        SqliteEngine(path).open()
    assert path.read_text() == "Remember the milk. " * 500
    assert mode(path) == 0o644


@pytest.mark.parametrize("marked", [False, True])
def test_another_programs_database_stays_as_it_is_byte_for_byte(
    tmp_path: Path, marked: bool
) -> None:
    path = tmp_path / "theirs.db"
    connection = sqlite3.connect(path)
    if marked:
        connection.execute("PRAGMA application_id = 1234")
    else:
        connection.execute("CREATE TABLE theirs (x)")
    connection.commit()
    connection.close()
    path.chmod(0o644)
    before = path.read_bytes()
    with pytest.raises(DatabaseUnusable, match="another program"):
        SqliteEngine(path).open()
    assert (path.read_bytes(), mode(path)) == (before, 0o644)
    assert not list(tmp_path.glob("theirs.db-*"))


def test_a_refused_open_leaves_no_lock_held(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("no database")
    engine = SqliteEngine(path)
    with pytest.raises(DatabaseUnusable):
        engine.open()
    path.unlink()
    engine.open()
    engine.close()


def test_an_empty_file_becomes_ours(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    path.touch()
    connection = open_writer(path)
    assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def test_a_reader_cannot_write(tmp_path: Path) -> None:
    path = tmp_path / "odd name?#%41.db"
    writer = open_writer(path)
    writer.execute("CREATE TABLE t (x)")
    reader = open_reader(path)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader.execute("INSERT INTO t VALUES (1)")
    assert reader.execute("SELECT * FROM t").fetchall() == []
    reader.close()
    writer.close()


def test_a_database_that_goes_away_is_told(tmp_path: Path) -> None:
    engine = SqliteEngine(tmp_path / "a.db")
    engine.open()
    engine.close()
    for file in tmp_path.iterdir():
        file.unlink()
    with pytest.raises(StorageError, match="gone"):
        engine.last_event_id()


def test_a_path_that_cannot_be_made_is_told_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageFull, match="AGENTMONITOR_DB_PATH"):
        SqliteEngine(tmp_path / "file" / "a.db").open()
    (tmp_path / "folder.db").mkdir()
    with pytest.raises(StorageFull, match="--db"):
        SqliteEngine(tmp_path / "folder.db").open()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "fixed"
    folder.mkdir(mode=0o500)
    with pytest.raises(StorageFull, match="Check the rights"):
        SqliteEngine(folder / "a.db").open()
