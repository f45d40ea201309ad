"""Other programs' SQLite files, read without SQL and without getting in the way of their owners.

- Nothing is copied, and nothing is written beside the file. A connection that only reads makes
  ``-wal`` and ``-shm`` files where a database in WAL mode has none, and leaves them behind. Such a
  file is opened as immutable: without its log, all that was committed is in the file itself. That
  holds only as long as nobody writes, so every piece that was read is thrown away unless the file
  and the absence of its log stayed the same; whoever reads tries again later. Where a log lies
  beside the file its owner's shared memory is used, as SQLite has it.
- A query that runs keeps the owner from writing, or its log from being emptied. So rows are
  fetched in pieces, and no query is open while somebody works with what it brought.
- What the file holds is not trusted: a schema's functions are not run, a value has its limit.
"""

import errno
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from agentmonitor.errors import UnreadableLine

PIECE = 100
"""Rows fetched by one query; some hold whole files."""
MAX_VALUE = 64 << 20
"""Bytes of one value; a longer one makes its table unreadable."""
_BUSY_S = 0.25
"""How long to wait for a program that writes just now."""
_MAGIC = b"SQLite format 3\0"
_FORMAT = 18
"""Where the file's header says how it is written: 2 is with a log (WAL)."""
_PASSING = frozenset(
    {"SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_CANTOPEN", "SQLITE_IOERR", "SQLITE_PERM",
     "SQLITE_READONLY", "SQLITE_PROTOCOL", "SQLITE_SCHEMA", "SQLITE_INTERRUPT", "SQLITE_NOMEM"}
)  # fmt: skip
"""Errors that say nothing about what the file holds; extended codes begin with these."""

Row = dict[str, Any]

_FAULTS = (sqlite3.Error, sqlite3.Warning, UnicodeDecodeError)
"""What a damaged file can raise. The last: its own words are in the message, and are no UTF-8."""


class ForeignDatabase:
    """An open file. Its methods raise OSError when it cannot be read now, and UnreadableLine when
    it is not what it should be."""

    def __init__(self, path: Path, connection: sqlite3.Connection, still: "_Still | None") -> None:
        self.path = path
        self._connection = connection
        self._still = still
        self._tables: frozenset[str] | None = None
        self._columns: dict[str, tuple[str, ...]] = {}

    def __enter__(self) -> "ForeignDatabase":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def tables(self) -> frozenset[str]:
        """The names of its tables."""
        if self._tables is None:
            query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name IS NOT NULL"
            self._tables = frozenset(str(name) for (name,) in self._fetch(query, ()))
        return self._tables

    def columns(self, table: str) -> tuple[str, ...]:
        """The names of a table's columns; none when there is no such table."""
        if table not in self._columns:
            found = self._fetch("SELECT name FROM pragma_table_info(?)", (table,))
            known = table in self.tables()
            self._columns[table] = tuple(str(name) for (name,) in found) if known else ()
        return self._columns[table]

    def count(self, table: str) -> int:
        """How many rows a table has; 0 when there is none."""
        if not self.columns(table):
            return 0
        ((number,),) = self._fetch(f"SELECT count(*) FROM {_quoted(table)}", ())
        return int(number)

    def last(self, table: str) -> int:
        """The largest rowid of a table; 0 when it is empty or missing."""
        if not self.columns(table):
            return 0
        ((number,),) = self._fetch(f"SELECT max(rowid) FROM {_quoted(table)}", ())
        return number if isinstance(number, int) else 0

    def rows(
        self,
        table: str,
        columns: Sequence[str],
        *,
        after: int = 0,
        match: Mapping[str, object] | None = None,
        limit: int | None = None,
    ) -> Iterator[Row]:
        """Rows in the order in which they were inserted, each with its ``rowid``.

        ``after``: only rows with a larger rowid. ``match``: only rows with these values in these
        columns. A column that the table does not have is None in every row; without the table,
        or one of the columns to match, there are no rows.
        """
        there = self.columns(table)
        match = match or {}
        if not there or not set(match) <= {*there, "rowid"}:
            return
        known = [column for column in columns if column in there]
        query = f"SELECT {', '.join(['rowid', *map(_quoted, known)])} FROM {_quoted(table)}"
        wanted = ["rowid > ?", *(f"{_name(column)} = ?" for column in match)]
        query += f" WHERE {' AND '.join(wanted)} ORDER BY rowid LIMIT ?"
        left = limit
        while left is None or left > 0:
            size = PIECE if left is None else min(PIECE, left)
            piece = self._fetch(query, (after, *match.values(), size))
            for number, *values in piece:
                row: Row = dict.fromkeys(columns) | dict(zip(known, values, strict=True))
                row["rowid"] = number
                yield row
            if len(piece) < size:
                return
            after = piece[-1][0]
            left = None if left is None else left - size

    def _fetch(self, query: str, values: Sequence[object]) -> list[tuple[Any, ...]]:
        try:
            found = self._connection.execute(query, values).fetchall()
        except (*_FAULTS, OverflowError) as error:
            raise _translated(error, self.path) from error
        if self._still is not None and not self._still.holds():
            raise BlockingIOError(errno.EAGAIN, "is being written", str(self.path))
        return found


def open_foreign(path: Path) -> ForeignDatabase:
    """Open a database of another program for reading.

    Raises OSError when it cannot be read now, and UnreadableLine when it is no database.
    """
    still = _Still(path)
    with path.open("rb") as file:
        header = file.read(100)
    if not header.startswith(_MAGIC):
        raise UnreadableLine(f"{path} is no SQLite database")
    immutable = header[_FORMAT : _FORMAT + 1] == b"\x02" and not still.has_log
    address = f"{path.absolute().as_uri()}?mode=ro{'&immutable=1' if immutable else ''}"
    try:
        connection = sqlite3.connect(address, uri=True, isolation_level=None, timeout=_BUSY_S)
    except _FAULTS as error:
        raise _translated(error, path) from error
    try:
        connection.text_factory = _text
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_VALUE)
        connection.execute("PRAGMA query_only = 1")
        connection.execute("PRAGMA trusted_schema = 0")
        connection.execute("PRAGMA cell_size_check = 1")
        connection.execute("PRAGMA cache_size = -2000")
        database = ForeignDatabase(path, connection, still if immutable else None)
        database.tables()
    except BaseException as error:
        connection.close()
        if isinstance(error, _FAULTS):
            raise _translated(error, path) from error
        raise
    return database


class _Still:
    """Whether a file without a log has not been touched since it was first looked at."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen = self._look()
        self.has_log = self._logged()

    def holds(self) -> bool:
        """Whether it is still as it was."""
        return not self._logged() and self._look() == self._seen

    def _look(self) -> tuple[int, int, int]:
        stat = os.stat(self._path)
        return stat.st_size, stat.st_mtime_ns, stat.st_ino

    def _logged(self) -> bool:
        return os.path.exists(f"{self._path}-wal")


def _translated(error: Exception, path: Path) -> Exception:
    """What to raise instead of an error of SQLite's."""
    name: str = getattr(error, "sqlite_errorname", "") or ""
    if "_".join(name.split("_")[:2]) in _PASSING:
        return OSError(errno.EIO, f"cannot be read now ({error})", str(path))
    return UnreadableLine(f"{path} cannot be read as a database ({error})")


def _text(value: bytes) -> str:
    """Text that is not UTF-8 is read as far as it is."""
    return value.decode("utf-8", "replace")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _name(column: str) -> str:
    return column if column == "rowid" else _quoted(column)
