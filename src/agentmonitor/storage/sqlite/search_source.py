"""What the indexer reads of the database: whose it is, what is new, what changed."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import msgspec

from agentmonitor.storage.sqlite.connect import open_reader
from agentmonitor.storage.sqlite.event_rows import highest_id
from agentmonitor.storage.sqlite.names import NameReader
from agentmonitor.storage.sqlite.search import Document
from agentmonitor.storage.sqlite.search_words import (
    day_of,
    facets_of,
    whole_metadata,
    words_of,
)

PAGE_BYTES = 262_144
"""Of metadata at most in a page: the indexer has to stay small."""
_PAGE_ROWS = 1000
_COLUMNS = (
    "e.id, e.agent, e.type, e.tool, e.model, e.project, e.branch, e.session, e.time, e.metadata,"
    " CASE e.truncated WHEN 0 THEN NULL ELSE (SELECT body FROM contents c WHERE c.event = e.id) END"
)


class Page(msgspec.Struct):
    """What of a stretch of events can be searched."""

    documents: list[Document]
    upto: int
    """All events up to here are in it."""


class SearchSource:
    """A reading connection. Used by one thread alone."""

    def __init__(self, path: Path) -> None:
        self._connection = open_reader(path)
        self._connection.execute("PRAGMA cache_size = -512")
        self._names = NameReader()

    def close(self) -> None:
        """Let the file go."""
        self._connection.close()

    def identity(self) -> bytes:
        """The number that the database bears."""
        return bytes(self._connection.execute("SELECT id FROM search_source").fetchone()[0])

    def last(self) -> int:
        """The newest event's number; 0 when there is none."""
        row = self._connection.execute("SELECT coalesce(max(id), 0) FROM events").fetchone()
        return int(row[0])

    def highest(self) -> int:
        """The highest number that was ever given, as far as the database tells."""
        return highest_id(self._connection)

    def mark(self, event: int) -> str | bytes | None:
        """The id of an event; None when it has none, or is gone."""
        query = "SELECT event_id FROM events WHERE id = ?"
        row = self._connection.execute(query, (event,)).fetchone()
        return None if row is None else row[0]

    def page(self, after: int, below: int, most: int = PAGE_BYTES) -> Page:
        """The next events with ``after < id < below``, of about ``most`` bytes; ``upto`` is
        ``after`` when there are none.

        One statement, so one state: what changes afterwards is marked as changed.
        """
        rows = self._connection.execute(
            f"SELECT {_COLUMNS} FROM events e WHERE e.id > ? AND e.id < ? ORDER BY e.id LIMIT ?",
            (after, below, _PAGE_ROWS * most // PAGE_BYTES),
        )
        return self._read(rows, after, most)

    def changed(self, after: int = 0) -> tuple[int, list[int]]:
        """The last of the oldest marks behind the mark ``after``, and the events that they name,
        ascending."""
        query = "SELECT seq, event FROM search_dirty WHERE seq > ? ORDER BY seq LIMIT ?"
        rows = self._connection.execute(query, (after, _PAGE_ROWS)).fetchall()
        return (rows[-1][0] if rows else 0), sorted({event for _, event in rows})

    def documents(self, events: Sequence[int]) -> list[Document]:
        """Those of the ascending ``events`` that are there still."""
        found: list[Document] = []
        for event in events:
            query = f"SELECT {_COLUMNS} FROM events e WHERE e.id = ?"
            found += self._read(self._connection.execute(query, (event,)), 0, 0).documents
        return found

    def _read(self, rows: sqlite3.Cursor, after: int, most: int) -> Page:
        documents: list[Document] = []
        upto, size = after, 0
        for (
            number,
            agent,
            kind,
            tool,
            model,
            project,
            branch,
            session,
            time,
            metadata,
            body,
        ) in rows:
            upto = number
            if tool or metadata != "{}":
                names = self._names.values(self._connection, (kind, tool))
                whole = whole_metadata(metadata, body)
                words = words_of(whole, names[kind] or "", names[tool])
                if any(words):
                    facets = facets_of(agent, kind, tool, model, project, branch, session, time)
                    documents.append((number, day_of(time), facets, words))
            size += len(metadata) + (0 if body is None else 8 * len(body))
            if size > most:
                break
        rows.close()
        return Page(documents, upto)


def forget_changes(connection: sqlite3.Connection, upto: int) -> None:
    """Drop the marks that were seen to. Belongs into the writer's transaction."""
    connection.execute("DELETE FROM search_dirty WHERE seq <= ?", (upto,))
