"""The latest calls of tools that failed.

The hourly roll-ups tell which hours hold failures, so that only those are read, however rare they
are among the events.
"""

import sqlite3
from collections.abc import Iterator
from heapq import merge

from agentmonitor.model.analytics import Where
from agentmonitor.model.clock import HOUR_MS
from agentmonitor.model.failure import Failure, failure
from agentmonitor.model.selection import Page
from agentmonitor.storage.session_reads import EventPlace
from agentmonitor.storage.sqlite.names import NameReader
from agentmonitor.storage.sqlite.queries.events import COLUMNS, Row, event_row
from agentmonitor.storage.sqlite.queries.filters import (
    NOBODY,
    Filters,
    events_of_sessions,
    filters_of,
)
from agentmonitor.storage.sqlite.queries.grouped import MAX_SCAN, Groups
from agentmonitor.storage.sqlite.rollups import HOUR
from agentmonitor.storage.sqlite.search_words import whole_metadata

_NAMES = (5, 6, 8, 9, 10, 11, 12)
"""Where names stand among COLUMNS."""
_READ = (
    f"SELECT {COLUMNS}, s.title,"
    " CASE WHEN e.truncated THEN (SELECT body FROM contents c WHERE c.event = e.id) END"
    " FROM {events} e JOIN sessions s ON s.key = e.session"
    " WHERE e.time >= ? AND e.time < ? AND (e.time < ? OR (e.time = ? AND e.id < ?))"
    " AND e.status != 0 AND e.tool != 0{filters} ORDER BY e.time DESC, e.id DESC LIMIT ?"
)
_OF_USAGE = frozenset({"agent", "tool", "model"})
_OF_PROJECT = frozenset({"agent", "project"})
_OF_PLACE = frozenset({"agent", "project", "branch", "model"})
_WIDTH = COLUMNS.count(",") + 1


class FailureQueries:
    """Failed calls of a range, on one connection."""

    def __init__(
        self, connection: sqlite3.Connection, names: NameReader, where: Where, tool: str | None
    ) -> None:
        self._connection = connection
        self._names = names
        self._filters = filters_of(connection, where)
        if tool is not None:
            number = names.find(connection, tool)
            self._filters = self._filters.narrowed("tool", NOBODY if number is None else number)
        begin, end = Groups(connection, Filters()).extent()
        # Of many sessions not all events are read: among so many, failures come soon.
        count = events_of_sessions(connection, self._filters)
        self._by_session = count is not None and (
            count <= MAX_SCAN or "session" in self._filters.ids
        )
        self._since, self._until = max(where.since, begin), min(where.until, end)

    def page(self, limit: int, place: EventPlace | None) -> Page[Failure]:
        """The newest before ``place``, ``limit`` of them."""
        time, number = place or (self._until, 0)
        events = self._filters.events() if self._by_session else "events"
        query = _READ.format(events=events, filters=self._filters.sql("e."))
        rows: list[Row] = []
        for low, high in self._stretches(min(self._until, time + 1)):
            arguments = (low, high, time, time, number, *self._filters.values)
            found = self._connection.execute(query, (*arguments, limit + 1 - len(rows)))
            rows += found.fetchall()
            if len(rows) > limit:
                break
        names = self._names.values(self._connection, {row[at] for row in rows for at in _NAMES})
        shown = []
        for row in rows[:limit]:
            event = event_row(row[:_WIDTH], names)
            shown.append(failure(event, row[_WIDTH], whole_metadata(event.metadata, row[-1])))
        last = rows[limit - 1] if len(rows) > limit else None
        return Page(rows=shown, next=None if last is None else [last[3], last[0]])

    def _stretches(self, until: int) -> Iterator[tuple[int, int]]:
        """The stretches of time that hold failures before ``until``, the latest first."""
        if self._by_session or self._since >= until:
            if self._since < until:
                yield self._since, until
            return
        row = self._connection.execute("SELECT min(time) FROM events").fetchone()
        # What is older was pruned: only its sums are there.
        since = self._since if row[0] is None else max(self._since, row[0])
        hours = [self._hours("usage", _OF_USAGE, since, until)]
        if "branch" in self._filters.names:
            hours.append(self._hours("place", _OF_PLACE, since, until))
        elif "project" in self._filters.names:
            hours.append(self._hours("project", _OF_PROJECT, since, until))
        for hour in _shared(*hours):
            yield max(since, hour * HOUR_MS), min(until, (hour + 1) * HOUR_MS)

    def _hours(self, table: str, known: frozenset[str], since: int, until: int) -> Iterator[int]:
        """Hours in which something failed, by one table of sums, the latest first."""
        filters = self._filters.among(known)
        conditions = filters.sql()
        of_tools = " AND tool != 0" if table == "usage" else ""
        first, last = since // HOUR_MS, (until - 1) // HOUR_MS
        arguments = (first, last, *filters.values)
        kept = self._connection.execute(
            f"SELECT DISTINCT bucket FROM rollup_{table} WHERE level = {HOUR} AND bucket >= ?"
            f" AND bucket <= ? AND errors > 0{of_tools}{conditions} ORDER BY bucket DESC",
            arguments,
        )
        pending = self._connection.execute(
            "SELECT DISTINCT minute / 60 FROM rollup_pending WHERE minute / 60 >= ?"
            f" AND minute / 60 <= ? AND errors > 0{of_tools}{conditions} ORDER BY 1 DESC",
            arguments,
        )
        previous = None
        for (hour,) in merge(kept, pending, reverse=True):
            if hour != previous:
                yield hour
            previous = hour


def _shared(first: Iterator[int], *others: Iterator[int]) -> Iterator[int]:
    """What all of them have; each gives its numbers in descending order."""
    heads = [next(other, None) for other in others]
    for number in first:
        for at, other in enumerate(others):
            while (head := heads[at]) is not None and head > number:
                heads[at] = next(other, None)
        if all(head == number for head in heads):
            yield number
