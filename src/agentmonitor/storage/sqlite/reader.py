"""The reads of the SQLite engine, each on a connection of its thread and one snapshot."""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from agentmonitor.errors import StorageError
from agentmonitor.model.filters import EventFilter, SessionFilter
from agentmonitor.model.session import EventRow, SessionRow
from agentmonitor.model.stats import Cost, FilterOptions, Stats, ToolStats, WindowUse
from agentmonitor.storage.sqlite.connect import open_reader, translate
from agentmonitor.storage.sqlite.names import NameReader
from agentmonitor.storage.sqlite.queries.events import EventQueries
from agentmonitor.storage.sqlite.queries.sessions import SessionQueries
from agentmonitor.storage.sqlite.queries.stats import StatsQueries, filter_options

_NO_AGENT = -1
"""An id that no name has: the filter names an agent that was never seen."""


class Reader:
    """Read-only access to one database file; each thread has its own connection."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._names = NameReader()
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._guard = threading.Lock()

    def close_readers(self) -> None:
        """Close every thread's connection. No read may be under way."""
        with self._guard:
            for connection in self._connections:
                connection.close()
            self._connections.clear()
            self._local = threading.local()

    def events(self, where: EventFilter, limit: int, offset: int) -> tuple[list[EventRow], int]:
        """Events, newest own time first, and how many match in all."""
        with self._snapshot() as connection:
            return EventQueries(connection, self._names).page(where, limit, offset)

    def events_after(
        self, after: int, upto: int, agent_type: str | None, event_type: str | None, limit: int
    ) -> list[EventRow]:
        """Events with ``after < id <= upto`` in the order of their ids."""
        with self._snapshot() as connection:
            agent = self._name(connection, agent_type)
            kind = self._name(connection, event_type)
            return EventQueries(connection, self._names).after(after, upto, agent, kind, limit)

    def sessions(self, where: SessionFilter, limit: int) -> tuple[list[SessionRow], int]:
        """Sessions: active, idle, ended, each newest first; ``limit`` 0 is all."""
        with self._snapshot() as connection:
            return SessionQueries(connection, self._names).page(where, limit)

    def sessions_by_id(self, ids: Sequence[str]) -> list[SessionRow]:
        """Those of ``ids`` that exist, in any order."""
        with self._snapshot() as connection:
            return SessionQueries(connection, self._names).by_id(ids)

    def session_events(self, session_id: str, limit: int, *, newest_first: bool) -> list[EventRow]:
        """A session's events by own time; ``limit`` -1 is all."""
        with self._snapshot() as connection:
            queries = EventQueries(connection, self._names)
            return queries.of_session(session_id, limit, newest_first=newest_first)

    def stats(self, agent_type: str | None, since: int | None) -> Stats:
        """Totals and breakdowns of the events at or after ``since`` (ms)."""
        with self._stats(agent_type, since) as queries:
            return queries.stats()

    def tools(self, agent_type: str | None, since: int | None) -> list[ToolStats]:
        """Calls by tool, most used first."""
        with self._stats(agent_type, since) as queries:
            return queries.tools()

    def cost(self, agent_type: str | None, since: int | None, projects: int) -> Cost:
        """The hourly time line and the cost by project and model."""
        with self._stats(agent_type, since) as queries:
            return queries.cost(projects)

    def window_use(self, agent_type: str, since: int) -> WindowUse:
        """Tokens and cost of one agent type at or after ``since`` (ms)."""
        with self._stats(agent_type, since) as queries:
            return queries.window_use()

    def agent_types(self) -> list[str]:
        """Every agent type that has an event."""
        with self._snapshot() as connection:
            rows = connection.execute(
                "SELECT DISTINCT agent FROM sums_by_time WHERE level = 0"
            ).fetchall()
            found = self._names.values(connection, [number for (number,) in rows])
            return sorted(name for name in found.values() if name is not None)

    def filter_options(self) -> FilterOptions:
        """The distinct values that filters can take."""
        with self._snapshot() as connection:
            return filter_options(connection, self._names)

    def size_bytes(self) -> int:
        """What the database takes on disk, its log included."""
        total = 0
        for suffix in ("", "-wal", "-shm"):
            file = self.path.with_name(self.path.name + suffix)
            try:
                total += file.stat().st_size
            except FileNotFoundError:  # no log yet
                continue
        return total

    def last_event_id(self) -> int:
        """The newest event's id, 0 when there is none."""
        with self._snapshot() as connection:
            (last,) = connection.execute("SELECT coalesce(max(id), 0) FROM events").fetchone()
            return int(last)

    @contextmanager
    def _stats(self, agent_type: str | None, since: int | None) -> Iterator[StatsQueries]:
        with self._snapshot() as connection:
            agent = self._name(connection, agent_type)
            yield StatsQueries(connection, self._names, agent, since)

    def _name(self, connection: sqlite3.Connection, value: str | None) -> int | None:
        if value is None:
            return None
        found = self._names.find(connection, value)
        return _NO_AGENT if found is None else found

    @contextmanager
    def _snapshot(self) -> Iterator[sqlite3.Connection]:
        """The thread's connection in a read transaction: all of a call sees one state."""
        try:
            connection = self._connection()
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                connection.execute("ROLLBACK")
        except sqlite3.Error as error:
            raise translate(error, self.path) from error

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            if not self.path.exists():
                raise StorageError(f"The database {self.path} is gone.")
            connection = self._local.connection = open_reader(self.path)
            with self._guard:
                self._connections.append(connection)
        return connection
