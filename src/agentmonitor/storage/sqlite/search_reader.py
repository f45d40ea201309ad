"""Reading the search index: a connection for each thread, let go when the file is made anew."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from agentmonitor.errors import StorageError, Unsupported
from agentmonitor.model.search import Hit, Search, SearchPage
from agentmonitor.storage.sqlite.connect import open_reader
from agentmonitor.storage.sqlite.names import NameReader
from agentmonitor.storage.sqlite.queries.search import SearchQueries
from agentmonitor.storage.sqlite.search import APPLICATION_ID, FORMAT, has_fts5
from agentmonitor.storage.sqlite.search_indexer import BROKEN, NO_FTS5, Indexer

_COUNTED = 10_000
"""Changed events are counted up to here."""


class SearchReader:
    """Answers searches from the index that ``indexer`` keeps."""

    def __init__(self, indexer: Indexer) -> None:
        self._indexer = indexer
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._guard = threading.Lock()

    def search(
        self, connection: sqlite3.Connection, names: NameReader, asked: Search
    ) -> SearchPage:
        """One page. ``connection``: the database, in a transaction.

        Raises Unsupported where SQLite has no FTS5, and StorageError.
        """
        try:
            with self._snapshot() as index:
                indexed_to, results, following = 0, list[Hit](), None
                if index is not None:
                    (indexed_to,) = index.execute("SELECT indexed_to FROM state").fetchone()
                    results, following = SearchQueries(connection, index, names).page(asked)
        except sqlite3.DatabaseError as error:
            name: str = getattr(error, "sqlite_errorname", "") or ""
            if not name.startswith(BROKEN):
                raise
            self._indexer.report_damage()
            raise StorageError(
                "The search index is damaged and is being made anew; search again in a minute."
            ) from error
        (last,) = connection.execute("SELECT coalesce(max(id), 0) FROM events").fetchone()
        (changed,) = connection.execute(
            "SELECT count(*) FROM (SELECT 1 FROM search_dirty WHERE event <= ? LIMIT ?)",
            (indexed_to, _COUNTED),
        ).fetchone()
        return SearchPage(
            results=results,
            next=following,
            indexed_to=indexed_to,
            behind=max(0, last - indexed_to) + changed,
            problem=self._indexer.problem,
        )

    def close(self) -> None:
        """Close every thread's connection. No search may be under way."""
        with self._guard:
            for connection in self._connections:
                connection.close()
            self._connections.clear()
            self._local = threading.local()

    @contextmanager
    def _snapshot(self) -> Iterator[sqlite3.Connection | None]:
        """The thread's connection in a read transaction; None: there is no index yet."""
        connection = self._connection()
        if connection is None:
            yield None
            return
        connection.execute("BEGIN")
        try:
            yield connection
        finally:
            connection.execute("ROLLBACK")

    def _connection(self) -> sqlite3.Connection | None:
        generation = self._indexer.generation
        known: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if known is not None and self._local.generation == generation:
            return known
        if known is not None:
            self._local.connection = None
            known.close()
            with self._guard:
                self._connections.remove(known)
        if not has_fts5():
            raise Unsupported(NO_FTS5)
        if not self._indexer.path.is_file():
            return None
        opened = open_reader(self._indexer.path)
        if not _is_complete(opened):
            opened.close()
            return None
        # For the times of events: what lies outside a range is passed over where it is found.
        opened.execute("ATTACH ? AS db", (f"{self._indexer.database.resolve().as_uri()}?mode=ro",))
        opened.execute("PRAGMA db.cache_size = -512")
        opened.execute("PRAGMA main.cache_size = -1024")
        self._local.connection, self._local.generation = opened, generation
        with self._guard:
            self._connections.append(opened)
        return opened


def _is_complete(connection: sqlite3.Connection) -> bool:
    """Whether it is an index that can be read; else the indexer is about to make it anew."""
    try:
        if connection.execute("PRAGMA application_id").fetchone() != (APPLICATION_ID,):
            return False
        return bool(connection.execute("SELECT format FROM state").fetchone() == (FORMAT,))
    except sqlite3.DatabaseError:
        return False
