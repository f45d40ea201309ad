"""The search index: a file of its own beside the database, which can be made anew at any time.

It holds words without their texts (FTS5, contentless), in parts of PART event numbers each. A
search goes through the parts from the newest on and stops when it has enough, so that a common
word costs one part and a rare one a look-up in each.

A contentless table cannot take a row out again without its text. So a document is an event in a
version: what changed is indexed anew under its next version, and the old one is struck out. A part
with many of those is filled anew.
"""

import os
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path

from agentmonitor.storage.sqlite.bulk import Insert
from agentmonitor.storage.sqlite.search_words import COLUMNS

FORMAT = 1
"""Another number in the file: it is made anew."""
APPLICATION_ID = 0x414D4F53
"""``PRAGMA application_id`` of an index ("AMOS"): no other file is ever removed."""
PART = 1 << 16
"""Event numbers in one part."""
VERSIONS = 8
"""A document's number is its event's times this, plus the version."""

_TOKENIZE = "unicode61 remove_diacritics 2"
_FIELDS = ", ".join(("facets", *COLUMNS))
_HASH_BYTES = 262_144
"""What FTS5 gathers in memory before it writes."""
_WORTH_REFILLING = 1000
_MAGIC = b"SQLite format 3\0"
_TABLES = (
    "CREATE TABLE state (format INTEGER NOT NULL, source BLOB NOT NULL,"
    " indexed_to INTEGER NOT NULL, mark)",
    "CREATE TABLE parts (part INTEGER PRIMARY KEY, docs INTEGER NOT NULL, struck INTEGER NOT NULL,"
    " first_day INTEGER NOT NULL, last_day INTEGER NOT NULL, packed INTEGER NOT NULL)",
    "CREATE TABLE struck (doc INTEGER PRIMARY KEY)",
    "CREATE TABLE versions (event INTEGER PRIMARY KEY, version INTEGER NOT NULL)",
)

Document = tuple[int, int, str, list[str]]
"""An event's number, its day, its facets and its words by column."""


def index_path(database: Path) -> Path:
    """Where the index of a database lies."""
    return database.with_name(f"{database.name}-search.db")


def has_fts5() -> bool:
    """Whether this SQLite can index words."""
    connection = sqlite3.connect(":memory:")
    try:
        connection.execute("CREATE VIRTUAL TABLE probe USING fts5 (words)")
    except sqlite3.OperationalError:
        return False
    finally:
        connection.close()
    return True


def words_table(options: str = "content = '', ") -> str:
    """The arguments of a table that takes words apart as the index does."""
    return f"fts5 ({_FIELDS}, {options}tokenize = '{_TOKENIZE}')"


def discard(path: Path) -> None:
    """Remove an index that is of no use. Raises OSError; a file that is no index of ours stays."""
    if path.exists() and not _is_ours(path):
        raise OSError(f"{path} is no search index; move it away")
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _is_ours(path: Path) -> bool:
    """Whether the file is an index, or too damaged to be of any other program."""
    with path.open("rb") as file:
        head = file.read(100)
    if not head.startswith(_MAGIC):
        return True
    return int.from_bytes(head[68:72], "big") in (0, APPLICATION_ID)


class SearchIndex:
    """The connection that writes the index. Used by one thread alone."""

    def __init__(self, path: Path, source: bytes) -> None:
        """Open the index, or make it; ``source``: whose words it holds.

        Raises OSError, sqlite3.Error, and StaleIndex when it is another database's.
        """
        # Made here and not by SQLite, so that no moment exists in which others may read it.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        path.chmod(0o600)
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            self._prepare(source)
        except BaseException:
            self._connection.close()
            raise

    def _prepare(self, source: bytes) -> None:
        run = self._connection.execute
        run("PRAGMA busy_timeout = 5000")
        run("PRAGMA cache_size = -768")
        (application,) = run("PRAGMA application_id").fetchone()
        (tables,) = run("SELECT count(*) FROM sqlite_master").fetchone()
        if application != APPLICATION_ID and (tables or application):
            raise StaleIndex("it is none")
        run("PRAGMA journal_mode = WAL")
        run("PRAGMA synchronous = NORMAL")
        run("PRAGMA wal_autocheckpoint = 250")
        run("PRAGMA journal_size_limit = 1048576")
        if not tables:
            run(f"PRAGMA application_id = {APPLICATION_ID}")
            run("BEGIN IMMEDIATE")
            for table in _TABLES:
                run(table)
            run("INSERT INTO state VALUES (?, ?, 0, NULL)", (FORMAT, source))
            run("COMMIT")
        if run("SELECT format, source FROM state").fetchall() != [(FORMAT, source)]:
            raise StaleIndex("it is of another database or version")
        self.parts = {part for (part,) in run("SELECT part FROM parts")}
        row = run("SELECT indexed_to, mark FROM state").fetchone()
        self.indexed_to: int = row[0]
        self.mark: str | bytes | None = row[1]
        """The id of the event ``indexed_to``, by which a restored database is told."""

    def close(self) -> None:
        """Let the file go."""
        self._connection.close()

    def begin(self) -> None:
        """Begin a transaction. Raises MovedIndex when it would repeat what another one did."""
        self._connection.execute("BEGIN IMMEDIATE")
        (upto,) = self._connection.execute("SELECT indexed_to FROM state").fetchone()
        if upto != self.indexed_to:
            raise MovedIndex

    def commit(self) -> None:
        """End it; what it did counts from now on."""
        self._connection.execute("COMMIT")

    def roll_back(self) -> None:
        """Undo what the transaction did."""
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")
        self.parts = {part for (part,) in self._connection.execute("SELECT part FROM parts")}

    def add(self, documents: Sequence[Document]) -> None:
        """Index events, in the order of their numbers, each in its version."""
        versions = self._versions([document[0] for document in documents])
        by_part: dict[int, list[Document]] = {}
        for document in documents:
            by_part.setdefault(document[0] // PART, []).append(document)
        for part, mine in by_part.items():
            days = [day for _, day, _, _ in mine]
            self._grow(part, len(mine), min(days), max(days))
            rows = [
                (event * VERSIONS + versions.get(event, 0), facets, *words)
                for event, _, facets, words in mine
            ]
            insert = Insert(f"words_{part} (rowid, {_FIELDS})", 2 + len(COLUMNS))
            insert.run(self._connection, rows)

    def reached(self, event: int, mark: str | bytes | None) -> None:
        """All events up to ``event`` are indexed."""
        self._connection.execute("UPDATE state SET indexed_to = ?, mark = ?", (event, mark))

    def strike(self, events: Iterable[int]) -> list[int]:
        """The documents of these events no longer hold; those that can be indexed anew."""
        free = []
        for event in events:
            (version,) = self._versions([event]).values() or (0,)
            self._connection.execute(
                "INSERT OR IGNORE INTO struck VALUES (?)", (event * VERSIONS + version,)
            )
            weight = 1
            if version + 1 < VERSIONS:
                self._connection.execute(
                    "INSERT OR REPLACE INTO versions VALUES (?, ?)", (event, version + 1)
                )
                free.append(event)
            else:
                weight = _WORTH_REFILLING  # it can only come back when its part is filled anew
            self._connection.execute(
                "UPDATE parts SET struck = struck + ? WHERE part = ?", (weight, event // PART)
            )
        return free

    def unpacked(self) -> int | None:
        """A part that is complete, but in many pieces."""
        row = self._connection.execute(
            "SELECT min(part) FROM parts WHERE packed = 0"
            " AND (part + 1) * ? <= (SELECT indexed_to FROM state)",
            (PART,),
        ).fetchone()
        return None if row is None else row[0]

    def pack(self, part: int) -> None:
        """Bring the pieces of a part together: it becomes smaller and faster."""
        self._connection.execute(f"INSERT INTO words_{part} (words_{part}) VALUES ('optimize')")
        self._connection.execute("UPDATE parts SET packed = 1 WHERE part = ?", (part,))

    def worn(self) -> int | None:
        """A part of which so much is struck out that it should be filled anew."""
        row = self._connection.execute(
            "SELECT min(part) FROM parts WHERE struck >= ? AND struck * 4 >= docs",
            (_WORTH_REFILLING,),
        ).fetchone()
        return None if row is None else row[0]

    def clear(self, part: int) -> None:
        """Take out all that a part holds."""
        self._connection.execute(f"DROP TABLE IF EXISTS words_{part}")
        for table, column, factor in (("struck", "doc", VERSIONS), ("versions", "event", 1)):
            self._connection.execute(
                f"DELETE FROM {table} WHERE {column} >= ? AND {column} < ?",
                (part * PART * factor, (part + 1) * PART * factor),
            )
        self._connection.execute("DELETE FROM parts WHERE part = ?", (part,))
        self.parts.discard(part)

    def _grow(self, part: int, docs: int, first_day: int, last_day: int) -> None:
        run = self._connection.execute
        if part not in self.parts:
            run(f"CREATE VIRTUAL TABLE words_{part} USING {words_table()}")
            run(
                f"INSERT INTO words_{part} (words_{part}, rank) VALUES ('hashsize', ?)",
                (_HASH_BYTES,),
            )
            run("INSERT INTO parts VALUES (?, 0, 0, ?, ?, 0)", (part, first_day, last_day))
            self.parts.add(part)
        run(
            "UPDATE parts SET docs = docs + ?, first_day = min(first_day, ?),"
            " last_day = max(last_day, ?), packed = 0 WHERE part = ?",
            (docs, first_day, last_day, part),
        )

    def _versions(self, events: Sequence[int]) -> dict[int, int]:
        if not events:
            return {}
        query = "SELECT event, version FROM versions WHERE event BETWEEN ? AND ?"
        found = dict(self._connection.execute(query, (min(events), max(events))))
        return {event: found[event] for event in events if event in found}


class MovedIndex(Exception):
    """Another process has indexed more since this one opened the index."""


class StaleIndex(Exception):
    """The file cannot be used as the index of this database; the text says why."""
