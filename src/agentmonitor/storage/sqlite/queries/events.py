"""Reading events: newest own time first, by filter, without a scan of the table.

The hourly roll-up tells which hours hold matches and how many, so a rare tool costs its few
hours, and a total costs no event at all.
"""

import sqlite3
from collections.abc import Iterator
from typing import Any

from agentmonitor.model.clock import HOUR_MS, MINUTE_MS, to_iso
from agentmonitor.model.event import SCHEMA_VERSION
from agentmonitor.model.filters import EventFilter
from agentmonitor.model.session import EventRow
from agentmonitor.storage.sqlite.event_ids import unpack
from agentmonitor.storage.sqlite.names import STATUSES, NameReader
from agentmonitor.storage.sqlite.queries.spans import FAR, cover, measured
from agentmonitor.storage.sqlite.rollups import DAY, HOUR

Row = tuple[Any, ...]
"""A row of the database: SQLite's columns have no static types."""

COLUMNS = (
    "e.id, e.event_id, s.id, e.time, e.lag, e.agent, e.type, e.status, e.tool, e.model, e.project,"
    " e.branch, e.source, e.tokens_in, e.tokens_out, e.cache_read, e.cache_write, e.duration_ms,"
    " e.cost_usd, e.metadata, e.truncated"
)
_FROM = "events e JOIN sessions s ON s.key = e.session"
_ROLLED_UP = {
    "agent_type": "agent",
    "event_type": "type",
    "tool_name": "tool",
    "model": "model",
    "source": "source",
}
_NAMED = _ROLLED_UP | {"branch": "branch", "project": "project"}


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
        rolled_up = {c: n for c, n in named.items() if c in _ROLLED_UP.values()}
        if rolled_up != named:  # by branch or project: no roll-up knows the hours
            until = self._last_use(named, until)
            rows = self._read_page(named, where.since, until, limit, offset)
            return self._rows(rows), self._total_by_place(named, where, until)
        total = self._total(rolled_up, where.since, until)
        if not rolled_up:
            return self._rows(self._read_page({}, where.since, until, limit, offset)), total
        return self._rows(self._by_hours(rolled_up, where.since, until, limit, offset)), total

    def of_session(self, session_id: str, limit: int, *, newest_first: bool) -> list[EventRow]:
        """A session's events by own time, then id."""
        key = self._session_key(session_id)
        if key is None:
            return []
        order = "DESC" if newest_first else "ASC"
        query = (
            f"SELECT {COLUMNS} FROM {_FROM} WHERE e.session = ?"
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
        query = (
            f"SELECT {COLUMNS} FROM {_FROM} WHERE {' AND '.join(conditions)}"
            " ORDER BY e.time DESC, e.id DESC LIMIT ? OFFSET ?"
        )
        return self._connection.execute(query, (*arguments, limit, offset)).fetchall()

    def _by_hours(
        self, named: dict[str, int], since: int | None, until: int | None, limit: int, offset: int
    ) -> list[Row]:
        """A page by visiting only hours that hold matches, and skipping by their counts."""
        rows: list[Row] = []
        low = max(-FAR if since is None else since, self._oldest())
        high = FAR if until is None else until
        for hour, count in self._hours(named, low, high):
            start, end = hour * HOUR_MS, (hour + 1) * HOUR_MS
            whole = low <= start and end <= high
            if whole and offset >= count:
                offset -= count
                continue
            page = self._read_page(
                named, max(low, start), min(high, end), limit - len(rows) + offset, 0
            )
            rows += page[offset:]
            offset = max(0, offset - len(page))
            if len(rows) >= limit:
                break
        return rows

    def _hours(self, named: dict[str, int], low: int, high: int) -> Iterator[tuple[int, int]]:
        """Hours with matches and how many, the latest first."""
        conditions = "".join(f" AND {column} = ?" for column in named)
        first, last = low // HOUR_MS, high // HOUR_MS
        pending: dict[int, int] = dict(
            self._connection.execute(
                "SELECT minute / 60, sum(events) FROM rollup_pending WHERE minute / 60 >= ?"
                f" AND minute / 60 <= ?{conditions} GROUP BY 1 ORDER BY 1",
                (first, last, *named.values()),
            ).fetchall()
        )
        rolled_up = self._connection.execute(
            "SELECT bucket, sum(events) FROM rollup_usage WHERE level = ? AND bucket >= ?"
            f" AND bucket <= ?{conditions} GROUP BY bucket ORDER BY bucket DESC",
            (HOUR, first, last, *named.values()),
        )
        gone = self._pruned_by_hour(named, first, last)
        for hour, count in rolled_up:
            while pending and (latest := next(reversed(pending))) > hour:
                yield latest, pending.pop(latest) - gone.get(latest, 0)
            yield hour, count + pending.pop(hour, 0) - gone.get(hour, 0)
        for hour, count in reversed(pending.items()):
            yield hour, count - gone.get(hour, 0)

    def _oldest(self) -> int:
        """The time of the oldest event that was not pruned."""
        (oldest,) = self._connection.execute("SELECT min(time) FROM events").fetchone()
        return FAR if oldest is None else int(oldest)

    def _pruned_by_hour(self, named: dict[str, int], first: int, last: int) -> dict[int, int]:
        """What the roll-ups of the hours count beyond the events that are there."""
        conditions = "".join(f" AND {column} = ?" for column in named)
        return dict(
            self._connection.execute(
                "SELECT minute / 60, sum(events) FROM pruned WHERE minute >= ? AND minute < ?"
                f"{conditions} GROUP BY 1",
                (first * 60, (last + 1) * 60, *named.values()),
            ).fetchall()
        )

    def _pruned(self, named: dict[str, int], since: int | None, until: int | None) -> int:
        """What ``measured`` counts beyond the events that are there."""
        conditions = "".join(f" AND {column} = ?" for column in named)
        total = 0
        for level, first, last in cover(since, until, (DAY,)):
            table, within = "pruned_sums", "level = ? AND bucket >= ? AND bucket < ?"
            arguments = [level, first, last]
            if level < 0:  # the minutes of a part of a day
                table, within = "pruned", "minute >= ? AND minute < ?"
                arguments = [-(-first // MINUTE_MS), -(-last // MINUTE_MS)]
            query = f"SELECT coalesce(sum(events), 0) FROM {table} WHERE {within}{conditions}"
            found = self._connection.execute(query, (*arguments, *named.values()))
            total += int(found.fetchone()[0])
        return total

    def _total(self, named: dict[str, int], since: int | None, until: int | None) -> int:
        spans = cover(since, until, (DAY, HOUR))
        query, arguments = measured("sums_by_usage", (), ("events",), spans, named)
        (total,) = self._connection.execute(query, arguments).fetchone()
        return int(total) - self._pruned(named, since, until)

    def _count(self, named: dict[str, int], since: int | None, until: int | None) -> int:
        conditions = " AND ".join(f"{column} = ?" for column in named)
        arguments = list(named.values())
        for condition, value in ((" AND time >= ?", since), (" AND time < ?", until)):
            if value is not None:
                conditions += condition
                arguments.append(value)
        query = f"SELECT count(*) FROM events WHERE {conditions}"
        return int(self._connection.execute(query, arguments).fetchone()[0])

    def _total_by_place(self, named: dict[str, int], where: EventFilter, until: int | None) -> int:
        if (
            where.since is None
            and where.until is None
            and set(named) <= {"agent", "branch", "project"}
        ):
            table, level = "sums_by_branch", ""
            if "branch" not in named:
                table, level = "sums_by_project", " AND level = 0"
            conditions = " AND ".join(f"{column} = ?" for column in named) + level
            query = f"SELECT coalesce(sum(events), 0) FROM {table} WHERE {conditions}"
            (total,) = self._connection.execute(query, list(named.values())).fetchone()
            return int(total) - self._pruned(named, None, None)
        return self._count(named, where.since, until)

    def _last_use(self, named: dict[str, int], until: int | None) -> int | None:
        """The end of the range in which a branch's events can lie."""
        if "branch" not in named:
            return until
        query = "SELECT max(last_time) FROM sums_by_branch WHERE branch = ?"
        last: int | None = self._connection.execute(query, (named["branch"],)).fetchone()[0]
        if last is None:
            return until
        return last + 1 if until is None else min(until, last + 1)

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
