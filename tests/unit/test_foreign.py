"""Other programs' databases: read as they are, left as they are."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agentmonitor.errors import UnreadableLine
from agentmonitor.foreign import PIECE, open_foreign


@pytest.fixture(params=["delete", "wal"])
def owner(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """The program that writes the database, in either way."""
    connection = sqlite3.connect(tmp_path / "foreign.db", isolation_level=None)
    connection.execute(f"PRAGMA journal_mode = {request.param}")
    connection.execute('CREATE TABLE "odd "" name" (id TEXT PRIMARY KEY, "or""der" INTEGER)')
    connection.execute("CREATE TABLE notes (id TEXT PRIMARY KEY, word TEXT, kind INTEGER)")
    connection.execute("CREATE VIEW seen AS SELECT * FROM notes")
    for number in range(5):
        values = (f"n{number}", f"word {number}", number % 2)
        connection.execute("INSERT INTO notes VALUES (?, ?, ?)", values)
    yield connection
    connection.close()


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_tables_columns_and_rows_are_read(owner: sqlite3.Connection, tmp_path: Path) -> None:
    owner.execute('INSERT INTO "odd "" name" VALUES (?, ?)', ("x", 7))
    with open_foreign(tmp_path / "foreign.db") as database:
        assert database.tables() == {"notes", 'odd " name'}
        assert database.columns("notes") == ("id", "word", "kind")
        assert (database.columns("nowhere"), database.columns("seen")) == ((), ())
        assert (database.count("notes"), database.count("nowhere")) == (5, 0)
        assert (database.last("notes"), database.last("nowhere")) == (5, 0)
        assert next(database.rows("notes", ("word", "absent"))) == {
            "rowid": 1, "word": "word 0", "absent": None,
        }  # fmt: skip
        assert next(database.rows('odd " name', ('or"der',)))['or"der'] == 7


def test_rows_can_be_chosen(owner: sqlite3.Connection, tmp_path: Path) -> None:
    with open_foreign(tmp_path / "foreign.db") as database:

        def ids(**chosen: object) -> list[str]:
            return [row["id"] for row in database.rows("notes", ("id",), **chosen)]  # type: ignore[arg-type]

        assert ids() == ["n0", "n1", "n2", "n3", "n4"]
        assert ids(after=3) == ["n3", "n4"]
        assert ids(match={"kind": 1}) == ["n1", "n3"]
        assert ids(match={"kind": 1}, after=2) == ["n3"]
        assert ids(match={"rowid": 2}) == ["n1"]
        assert ids(limit=2) == ["n0", "n1"]
        assert ids(limit=0) == ids(match={"absent": 1}) == ids(match={"kind": "'; --"}) == []
        assert list(database.rows("nowhere", ("id",))) == []


def test_many_rows_come_in_pieces_and_no_query_stays_open(
    owner: sqlite3.Connection, tmp_path: Path
) -> None:
    owner.execute("DELETE FROM notes")
    owner.executemany("INSERT INTO notes VALUES (?, '', 0)", [(f"n{n}",) for n in range(2 * PIECE)])
    owner.execute("PRAGMA busy_timeout = 0")
    with open_foreign(tmp_path / "foreign.db") as database:
        rows = database.rows("notes", ("id",))
        next(rows)
        owner.execute("INSERT INTO notes VALUES ('late', '', 0)")  # nothing holds it up
        assert [row["id"] for row in rows][-1] == "late"


def test_nothing_beside_the_database_is_written(owner: sqlite3.Connection, tmp_path: Path) -> None:
    owner.close()
    before = files(tmp_path)
    with open_foreign(tmp_path / "foreign.db") as database:
        assert len(list(database.rows("notes", ("id",)))) == 5
        assert files(tmp_path).keys() == before.keys()
    assert files(tmp_path) == before


def test_a_file_that_may_not_be_written_is_read(owner: sqlite3.Connection, tmp_path: Path) -> None:
    owner.close()
    path = tmp_path / "foreign.db"
    path.chmod(0o400)
    with open_foreign(path) as database:
        assert database.count("notes") == 5


def test_what_is_committed_to_the_log_is_seen(owner: sqlite3.Connection, tmp_path: Path) -> None:
    with open_foreign(tmp_path / "foreign.db") as database:
        owner.execute("INSERT INTO notes VALUES ('new', '', 0)")
        owner.execute("BEGIN")
        owner.execute("INSERT INTO notes VALUES ('not yet', '', 0)")
        assert database.count("notes") == 6
        owner.execute("ROLLBACK")


def test_a_file_that_somebody_begins_to_write_is_read_later(tmp_path: Path) -> None:
    path = tmp_path / "foreign.db"
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = wal")
    connection.execute("CREATE TABLE notes (id)")
    connection.close()
    with open_foreign(path) as database:
        assert database.count("notes") == 0
        writer = sqlite3.connect(path, isolation_level=None)
        writer.execute("INSERT INTO notes VALUES (1)")
        with pytest.raises(OSError, match="being written"):
            database.count("notes")
        writer.close()
        os.utime(path)
        with pytest.raises(OSError, match="being written"):
            database.count("notes")
    with open_foreign(path) as database:
        assert database.count("notes") == 1


def test_a_database_that_is_locked_cannot_be_read_now(tmp_path: Path) -> None:
    path = tmp_path / "foreign.db"
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("CREATE TABLE notes (id)")
    connection.execute("BEGIN EXCLUSIVE")
    with pytest.raises(OSError, match="locked"):
        open_foreign(path)
    connection.close()


@pytest.mark.parametrize("content", [b"", b"SQLite", b"{}", b"SQLite format 3\0" + b"\xff" * 4096])
def test_what_is_no_database_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "foreign.db"
    path.write_bytes(content)
    with pytest.raises(UnreadableLine, match=r"foreign\.db"):
        open_foreign(path)


def test_a_file_that_is_not_there_is_an_error_of_the_disk(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        open_foreign(tmp_path / "foreign.db")
    with pytest.raises(OSError, match=r"\w"):
        open_foreign(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_text_that_is_not_utf_8_is_read_as_far_as_it_is(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "foreign.db", isolation_level=None)
    connection.execute("CREATE TABLE notes (word TEXT)")
    connection.execute("INSERT INTO notes VALUES (CAST(x'61ff62' AS TEXT))")
    connection.close()
    with open_foreign(tmp_path / "foreign.db") as database:
        assert next(database.rows("notes", ("word",)))["word"] == "a�b"


def test_a_table_without_row_numbers_is_refused(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "foreign.db", isolation_level=None)
    connection.execute("CREATE TABLE notes (id TEXT PRIMARY KEY) WITHOUT ROWID")
    connection.close()
    with open_foreign(tmp_path / "foreign.db") as database, pytest.raises(UnreadableLine):
        list(database.rows("notes", ("id",)))


@example(damage=[(3983, 0x80)])  # what SQLite says of it is no UTF-8
@given(damage=st.lists(st.tuples(st.integers(0, 8191), st.integers(0, 255)), max_size=8))
def test_a_damaged_file_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, damage: list[tuple[int, int]]
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    path = folder / "foreign.db"
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("CREATE TABLE notes (id TEXT PRIMARY KEY, word TEXT)")
    connection.executemany("INSERT INTO notes VALUES (?, 'w')", [(f"n{n}",) for n in range(50)])
    connection.close()
    content = bytearray(path.read_bytes())
    for place, value in damage:
        content[place % len(content)] = value
    path.write_bytes(content)
    try:
        with open_foreign(path) as database:
            for table in database.tables():
                list(database.rows(table, database.columns(table)))
    except (UnreadableLine, OSError) as error:
        assert str(error)  # noqa: PT017
    finally:
        shutil.rmtree(folder)
