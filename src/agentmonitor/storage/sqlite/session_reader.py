"""The reads about sessions, each on a connection of its thread and one snapshot."""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import TypeVar

from agentmonitor.model.analytics import Where
from agentmonitor.model.detail import FileTouched, SessionDetail
from agentmonitor.model.failure import Failure
from agentmonitor.model.selection import Page, Selection, SessionChoice, StoryChoice
from agentmonitor.model.session import EventRow, SessionRow
from agentmonitor.model.span import SpanRow
from agentmonitor.model.story import StoryRow
from agentmonitor.model.turns import Turn
from agentmonitor.storage.session_reads import EventPlace, ListPlace, TurnPlace
from agentmonitor.storage.sqlite.names import NameReader
from agentmonitor.storage.sqlite.orders import Orders
from agentmonitor.storage.sqlite.queries.failures import FailureQueries
from agentmonitor.storage.sqlite.queries.session_detail import SessionDetailQueries
from agentmonitor.storage.sqlite.queries.session_list import SessionListQueries
from agentmonitor.storage.sqlite.queries.session_story import SessionStoryQueries
from agentmonitor.storage.sqlite.queries.session_turns import SessionTurns
from agentmonitor.storage.sqlite.queries.sessions import SessionQueries
from agentmonitor.storage.sqlite.spans import session_spans

T = TypeVar("T")

_RUNNING = frozenset({"working", "permission", "input"})


class SessionReader:
    """See ``storage.session_reads``. ``snapshot`` gives a connection in a read transaction."""

    def __init__(
        self, snapshot: Callable[[], AbstractContextManager[sqlite3.Connection]], names: NameReader
    ) -> None:
        self._snapshot = snapshot
        self._names = names
        self._orders = Orders()

    def session_list(
        self, choice: SessionChoice, limit: int, place: ListPlace | None = None
    ) -> Page[SessionRow]:
        """Sessions in the order that is asked for."""
        with self._snapshot() as connection:
            queries = SessionListQueries(connection, self._names, self._orders)
            return queries.page(choice, limit, place)

    def live_sessions(
        self, where: Selection, limit: int
    ) -> tuple[Sequence[SessionRow], dict[str, int]]:
        """Sessions that run or wait, newest first, and how many there are in each state."""
        with self._snapshot() as connection:
            return SessionListQueries(connection, self._names, self._orders).live(where, limit)

    def session_detail(self, session_id: str) -> SessionDetail | None:
        """One session with what it used."""

        def read(connection: sqlite3.Connection, key: int) -> SessionDetail:
            (row,) = SessionQueries(connection, self._names).by_id([session_id])
            return SessionDetailQueries(connection, self._names, key).detail(row)

        return self._read(session_id, read)

    def session_files(
        self, session_id: str, limit: int, after: str | None = None
    ) -> Page[FileTouched] | None:
        """The files that it edited, by path, those after ``after``."""

        def read(connection: sqlite3.Connection, key: int) -> Page[FileTouched]:
            return SessionDetailQueries(connection, self._names, key).files(limit, after)

        return self._read(session_id, read)

    def session_page(
        self, session_id: str, choice: StoryChoice, limit: int, place: EventPlace | None = None
    ) -> Page[EventRow] | None:
        """Its events by their own time, as they are stored."""

        def read(connection: sqlite3.Connection, key: int) -> Page[EventRow]:
            return SessionStoryQueries(connection, self._names, key).events(choice, limit, place)

        return self._read(session_id, read)

    def session_story(
        self, session_id: str, choice: StoryChoice, limit: int, place: EventPlace | None = None
    ) -> Page[StoryRow] | None:
        """Its events by their own time, with their whole metadata."""

        def read(connection: sqlite3.Connection, key: int) -> Page[StoryRow]:
            return SessionStoryQueries(connection, self._names, key).story(choice, limit, place)

        return self._read(session_id, read)

    def session_turns(
        self, session_id: str, limit: int, place: TurnPlace | None = None, *, spans: bool = False
    ) -> Page[Turn] | None:
        """Its turns, oldest first."""

        def read(connection: sqlite3.Connection, key: int) -> Page[Turn]:
            (row,) = SessionQueries(connection, self._names).by_id([session_id])
            told = SessionTurns(connection, self._names, key)
            return told.page(limit, place, running=row.state in _RUNNING, spans=spans)

        return self._read(session_id, read)

    def session_spans(
        self, session_id: str, limit: int, place: EventPlace | None = None
    ) -> Page[SpanRow] | None:
        """Its spans by their start; also those of a session of which nothing else is known."""
        with self._snapshot() as connection:
            page = session_spans(connection, session_id, limit, place)
        return page if page.rows else self._read(session_id, lambda connection, key: page)

    def failures(
        self, where: Where, tool: str | None, limit: int, place: EventPlace | None = None
    ) -> Page[Failure]:
        """Calls of tools that failed, the latest first."""
        with self._snapshot() as connection:
            return FailureQueries(connection, self._names, where, tool).page(limit, place)

    def _read(self, session_id: str, read: Callable[[sqlite3.Connection, int], T]) -> T | None:
        with self._snapshot() as connection:
            query = "SELECT key FROM sessions WHERE id = ?"
            row = connection.execute(query, (session_id,)).fetchone()
            return None if row is None else read(connection, row[0])
