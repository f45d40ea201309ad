"""The tables of marks: how far files and series have been read."""

import sqlite3
from collections.abc import Sequence
from typing import TypeVar

import msgspec

from agentmonitor.model.mark import FileMark, FileRead, Mark, SeriesMark

_TABLES: dict[type[Mark], str] = {FileMark: "file_marks", SeriesMark: "series_marks"}
M = TypeVar("M", FileMark, SeriesMark)
MAX_SERIES = 50_000
"""Series kept at most; the oldest go first."""


def save_marks(connection: sqlite3.Connection, marks: Sequence[Mark]) -> None:
    """Replace the marks of the same files and series. Belongs into a transaction."""
    for kind, table in _TABLES.items():
        rows = [msgspec.structs.astuple(mark) for mark in marks if isinstance(mark, kind)]
        if rows:
            places = ",".join("?" * len(kind.__struct_fields__))
            connection.executemany(f"INSERT OR REPLACE INTO {table} VALUES ({places})", rows)


def file_marks(connection: sqlite3.Connection) -> list[FileMark]:
    """Every file that was ever read."""
    return [_made(FileMark, row) for row in connection.execute("SELECT * FROM file_marks")]


def files_read(connection: sqlite3.Connection) -> dict[str, FileRead]:
    """By path: every file that was ever read. Cheaper than the marks, which hold states."""
    rows = connection.execute("SELECT path, size, mtime_ns, inode, offset FROM file_marks")
    return {path: FileRead(*read) for path, *read in rows}


def file_mark(connection: sqlite3.Connection, path: str) -> FileMark | None:
    """The mark of one file."""
    row = connection.execute("SELECT * FROM file_marks WHERE path = ?", (path,)).fetchone()
    return None if row is None else _made(FileMark, row)


def series_marks(connection: sqlite3.Connection) -> list[SeriesMark]:
    """The newest series."""
    query = "SELECT * FROM series_marks ORDER BY time DESC LIMIT ?"
    return [_made(SeriesMark, row) for row in connection.execute(query, (MAX_SERIES,))]


def _made(kind: type[M], row: tuple[object, ...]) -> M:
    return msgspec.convert(dict(zip(kind.__struct_fields__, row, strict=True)), kind)
