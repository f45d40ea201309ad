"""Reading events: newest own time first, by filter. Totals cost no event at all."""

import sqlite3
from typing import Any

import msgspec

from agentmonitor.model.clock import to_iso
from agentmonitor.model.event import SCHEMA_VERSION
from agentmonitor.model.filters import EventFilter
from agentmonitor.model.session import EventRow
from agentmonitor.storage.sqlite.event_ids import unpack
from agentmonitor.storage.sqlite.names import STATUSES, NameReader
from agentmonitor.storage.sqlite.queries.event_pages import PLACE, USAGE, EventPages, total
from agentmonitor.storage.sqlite.queries.spans import FAR

Row = tuple[Any, ...]
"""A row of the database: SQLite's columns have no static types."""

COLUMNS = (
    "e.id, e.event_id, s.id, e.time, e.lag, e.agent, e.type, e.status, e.tool, e.model, e.project,"
    " e.branch, e.source, e.tokens_in, e.tokens_out, e.cache_read, e.cache_write, e.duration_ms,"
    " e.cost_usd, e.metadata, e.truncated"
)
_FROM = "events e JOIN sessions s ON s.key = e.session"
_FROM_SESSION = f"session_rows {_FROM.removeprefix('events ')}"
_NAMED = {
    "agent_type": "agent",
    "event_type": "type",
    "tool_name": "tool",
    "model": "model",
    "source": "source",
    "branch": "branch",
    "project": "project",
}


class EventQueries:
    """Reads of the events table on one connection."""

    def __init__(self, connection: sqlite3.Connection, names: NameReader) -> None:
        self._connection = connection
        self._names = names

    def page(self, where: EventFilter, limit: int, offset: int) -> tuple[list[EventRow], int]:
        """One page and the number of matches."""
        named: dict[str, int] = {}
        for field, column in _NAMED.items():
            value = getattr(where, field)
            if value is not None:
                number = self._names.find(self._connection, value)
                if number is None:
                    return [], 0
                named[column] = number
        until = None if where.until is None else where.until + 1
        if where.session_id is not None:
            key = self._session_key(where.session_id)
            if key is None:
                return [], 0
            rows = self._read_page(named | {"session": key}, where.since, until, limit, offset)
            return self._rows(rows), self._count(named | {"session": key}, where.since, until)
        if not named:
            rows = self._read_page({}, where.since, until, limit, offset)
            return self._rows(rows), total(self._connection, {}, where.since, until)
        low = -FAR if where.since is None else where.since
        pages = EventPages(self._connection, named, low, FAR if until is None else until)
        found = self._rows(self._by_id(pages.page(limit, offset)))
        if named.keys() <= USAGE or named.keys() <= PLACE:
            return found, total(self._connection, named, where.since, until)
        return found, self._count(named, where.since, until)

    def of_session(self, session_id: str, limit: int, *, newest_first: bool) -> list[EventRow]:
        """A session's events by own time, then id."""
        key = self._session_key(session_id)
        if key is None:
            return []
        order = "DESC" if newest_first else "ASC"
        query = (
            f"SELECT {COLUMNS} FROM {_FROM_SESSION} WHERE e.session = ?"
            f" ORDER BY e.time {order}, e.id {order} LIMIT ?"
        )
        return self._rows(self._connection.execute(query, (key, limit)).fetchall())

    def after(
        self, after: int, upto: int, agent: int | None, kind: int | None, limit: int
    ) -> list[EventRow]:
        """Events with ``after < id <= upto`` in the order of their ids."""
        named = {c: n for c, n in (("agent", agent), ("type", kind)) if n is not None}
        conditions = "".join(f" AND +e.{column} = ?" for column in named)
        query = (
            f"SELECT {COLUMNS} FROM {_FROM} WHERE e.id > ? AND e.id <= ?{conditions}"
            " ORDER BY e.id LIMIT ?"
        )
        arguments = (after, upto, *named.values(), limit)
        return self._rows(self._connection.execute(query, arguments).fetchall())

    def _session_key(self, session_id: str) -> int | None:
        query = "SELECT key FROM sessions WHERE id = ?"
        row = self._connection.execute(query, (session_id,)).fetchone()
        return None if row is None else int(row[0])

    def _read_page(
        self, named: dict[str, int], since: int | None, until: int | None, limit: int, offset: int
    ) -> list[Row]:
        conditions = ["1"] + [f"e.{column} = ?" for column in named]
        arguments: list[int] = list(named.values())
        for condition, value in (("e.time >= ?", since), ("e.time < ?", until)):
            if value is not None:
                conditions.append(condition)
                arguments.append(value)
        source = _FROM_SESSION if "session" in named else _FROM
        query = (
            f"SELECT {COLUMNS} FROM {source} WHERE {' AND '.join(conditions)}"
            " ORDER BY e.time DESC, e.id DESC LIMIT ? OFFSET ?"
        )
        return self._connection.execute(query, (*arguments, limit, offset)).fetchall()

    def _by_id(self, ids: list[int]) -> list[Row]:
        """The rows of ``ids``, in their order."""
        query = (
            f"SELECT {COLUMNS} FROM json_each(?) j CROSS JOIN {_FROM} WHERE e.id = j.value"
            " ORDER BY j.key"
        )
        return self._connection.execute(query, (msgspec.json.encode(ids).decode(),)).fetchall()

    def _count(self, named: dict[str, int], since: int | None, until: int | None) -> int:
        conditions = " AND ".join(f"{column} = ?" for column in named)
        arguments = list(named.values())
        for condition, value in ((" AND time >= ?", since), (" AND time < ?", until)):
            if value is not None:
                conditions += condition
                arguments.append(value)
        source = "session_rows" if "session" in named else "events"
        query = f"SELECT count(*) FROM {source} WHERE {conditions}"
        return int(self._connection.execute(query, arguments).fetchone()[0])

    def _rows(self, rows: list[Row]) -> list[EventRow]:
        ids = {number for row in rows for number in (row[5], row[6], *row[8:13])}
        names = self._names.values(self._connection, ids)
        return [event_row(row, names) for row in rows]


def event_row(row: Row, names: dict[int, str | None]) -> EventRow:
    """An EventRow of the columns of ``COLUMNS``."""
    (id_, event_id, session, time, lag, agent, kind, status, tool, model, project, branch, source,
     tokens_in, tokens_out, cache_read, cache_write, duration, cost, metadata, truncated,
     ) = row  # fmt: skip
    return EventRow(
        id=id_,
        event_id=unpack(event_id),
        schema_version=SCHEMA_VERSION,
        session_id=session,
        agent_type=names[agent] or "",
        event_type=names[kind] or "",
        tool_name=names[tool],
        status=STATUSES[status],
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        branch=names[branch],
        project=names[project],
        duration_ms=duration,
        created_at=to_iso(time + (lag or 0)),
        client_timestamp=None if lag is None else to_iso(time),
        metadata=metadata,
        payload_truncated=truncated,
        model=names[model],
        cost_usd=cost,
        cache_read_tokens=cache_read,
        cache_write_tokens=cache_write,
        source=names[source] or "",
    )
