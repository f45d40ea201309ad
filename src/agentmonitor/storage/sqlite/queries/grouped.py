"""Sums by period and by names, from the coarsest roll-up that knows all the names asked about.

The middle of each period comes from roll-up rows; what cuts an hour (with the agent alone: a
minute) from the events there. Without a roll-up for the names the events are read themselves,
if they are few.
"""

import json
import sqlite3
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from math import gcd
from operator import add, sub

from agentmonitor.errors import InvalidInput
from agentmonitor.model.clock import DAY_MS, MINUTE_MS
from agentmonitor.storage.sqlite.queries.filters import Filters, events_of_sessions
from agentmonitor.storage.sqlite.queries.sources import (
    EVENTS,
    ROLLUPS,
    Source,
    Span,
    cheaper,
    settled,
)
from agentmonitor.storage.sqlite.queries.spans import EVENT_MEASURES, FAR, LENGTH, cover
from agentmonitor.storage.sqlite.rollups import ALL, DAY, HOUR, MINUTE, sealed_day

MAX_SCAN = 50_000
"""Events that one answer may read because no roll-up tells it."""
MAX_PARTS = 250_000
"""The same where roll-ups tell all but parts of hours: zones half an hour from the others."""
_ENDS = 4
"""So many parts of hours at the ends of a range are always read."""
_MINUTE_OF = f"((s.%s + {MINUTE_MS - 1}) / {MINUTE_MS})"
"""The first whole minute at or after a time; times are not before 1970."""
_OF_DAYS = f"(SELECT bucket FROM rollup_time WHERE level = {DAY} ORDER BY bucket %s LIMIT 1)"
_EXTENT = (
    f"SELECT {_OF_DAYS % ''}, {_OF_DAYS % 'DESC'}, min(minute), max(minute) FROM rollup_pending"
)
_OUTERMOST = (
    "SELECT (SELECT min(time) FROM events), (SELECT max(time) FROM events),"
    " (SELECT min(minute) FROM pruned), (SELECT max(minute) FROM pruned)"
)

Key = tuple[int, ...]
"""The index of the period, then the ids of the names."""
Cells = dict[Key, list[float]]
"""Floating point, exact up to 2**53: a sum of integers that leaves 64 bits is an error."""
Plan = defaultdict[Span, list[tuple[int, int]]]
"""By span: the periods whose sums it belongs to, each with the sign."""
Row = tuple[Span, tuple[int, ...], tuple[float, ...]]
"""Sums of one span and the ids of the names."""


class TooLarge(InvalidInput):
    """The sums would take reading too many events."""


class Groups:
    """Grouped sums on one connection."""

    def __init__(self, connection: sqlite3.Connection, filters: Filters) -> None:
        self._connection = connection
        self._filters = filters
        self._extent: tuple[int, int] | None = None
        self._outermost: tuple[int, int] | None = None

    def sums(self, keys: Sequence[str], measures: Sequence[str], edges: Sequence[int]) -> Cells:
        """``measures`` by (period, *keys); the periods lie between ``edges`` (ms, ascending).

        Groups without events are left out. Raises TooLarge.
        """
        asked = {*keys, *self._filters.names}
        source = next((s for s in ROLLUPS if asked <= s.names), None)
        columns = tuple(dict.fromkeys(("events", *measures)))
        if source is None:
            found = self._scanned(asked, keys, columns, edges)
        else:
            found = self._rolled_up(source, keys, columns, edges)
        if columns == tuple(measures):
            return {key: row for key, row in found.items() if row[0]}
        return {key: row[1:] for key, row in found.items() if row[0]}

    def _rolled_up(
        self, source: Source, keys: Sequence[str], columns: Sequence[str], edges: Sequence[int]
    ) -> Cells:
        """From ``source``, and what it does not tell from the events."""
        plan: Plan = defaultdict(list)
        begin, end = self.extent()
        sealed = FAR if source.knows_all else sealed_day(self._connection)
        for index, (low, high) in enumerate(pairwise(edges)):
            if high <= begin or low >= end:
                continue
            if source.knows_all and self._holds_all(low, high):
                plan[(ALL, 0, 1)].append((index, 1))
                continue
            if source.levels and not (low % DAY_MS or high % DAY_MS or high > sealed * DAY_MS):
                plan[(DAY, low // DAY_MS, high // DAY_MS)].append((index, 1))
                continue
            for span in cover(low, high, source.levels):
                for part, sign in cheaper(span, source.levels):
                    for each in settled(part, sealed):
                        plan[each].append((index, sign))
        rollups = [span for span in plan if span[0] != EVENTS]
        read = [span for span in plan if span[0] == EVENTS]
        self._check_parts(read)
        found: Cells = {}
        for level in (ALL, *source.levels):
            chosen = [span for span in rollups if span[0] == level]
            table = source.days if level == DAY and source.days else source.table
            _add(found, plan, self._rows(table, _within(level), keys, columns, chosen))
        if rollups:
            _add(found, plan, self._pending(keys, columns, rollups))
        if read:
            of_event = [EVENT_MEASURES.get(name, name) for name in columns]
            within = "t.time >= s.low AND t.time < s.high"
            _add(found, plan, self._rows("events", within, keys, of_event, read))
            # A minute of pruned events counts where it begins.
            within = f"t.minute >= {_MINUTE_OF % 'low'} AND t.minute < {_MINUTE_OF % 'high'}"
            _add(found, plan, self._rows("pruned", within, keys, columns, read))
        return found

    def _scanned(
        self, asked: set[str], keys: Sequence[str], columns: Sequence[str], edges: Sequence[int]
    ) -> Cells:
        """From the events themselves, each read once."""
        begin, end = self.extent()
        low, high = max(edges[0], begin), min(edges[-1], end)
        if low >= high:
            return {}
        few = self._are_few(low, high, asked)
        # All periods begin with a unit.
        unit = gcd(*edges[1:-1]) or high
        names = "".join(f", {key}" for key in keys)
        of_event = [EVENT_MEASURES.get(name, name) for name in columns]
        # A minute of pruned events counts where it begins.
        minutes = (-(-low // MINUTE_MS), -(-high // MINUTE_MS))
        found: Cells = {}
        for table, column, length, within, sums in (
            (self._filters.events() if few else "events", "time", 1, (low, high), of_event),
            ("pruned", "minute", MINUTE_MS, minutes, columns),
        ):
            totals = ", ".join(f"total({each})" for each in sums)
            rows = self._connection.execute(
                f"SELECT {column} * {length} / {unit}{names}, {totals} FROM {table}"
                f" WHERE {column} >= ? AND {column} < ?{self._filters.sql()} GROUP BY 1{names}",
                (*within, *self._filters.values),
            )
            width = 1 + len(keys)
            for row in rows:
                index = max(0, bisect_right(edges, row[0] * unit) - 1)
                _merge(found, (index, *row[1:width]), row[width:])
        return found

    def extent(self) -> tuple[int, int]:
        """The days (UTC) that have events: when the first begins and the last ends, ms."""
        if self._extent is None:
            first, last, pending, newest = self._connection.execute(_EXTENT).fetchone()
            days = [day for day in (first, last) if day is not None]
            days += [
                minute * MINUTE_MS // DAY_MS for minute in (pending, newest) if minute is not None
            ]
            self._extent = (min(days) * DAY_MS, (max(days) + 1) * DAY_MS) if days else (0, 0)
        return self._extent

    def _holds_all(self, low: int, high: int) -> bool:
        """Whether everything that happened lies in ``low <= time < high`` (ms)."""
        if self._outermost is None:
            first, last, minute, newest = self._connection.execute(_OUTERMOST).fetchone()
            times = [t for t in (first, last) if t is not None]
            times += [m * MINUTE_MS for m in (minute, newest) if m is not None]
            self._outermost = (min(times), max(times) + MINUTE_MS) if times else (0, 0)
        return low <= self._outermost[0] and self._outermost[1] <= high

    def _rows(
        self,
        table: str,
        within: str,
        keys: Sequence[str],
        columns: Sequence[str],
        spans: Sequence[Span],
    ) -> Iterator[Row]:
        """The sums of ``columns`` by span and ``keys``."""
        if not spans:
            return
        names = "".join(f", t.{key}" for key in keys)
        sums = ", ".join(f"total({column})" for column in columns)
        # The limit keeps SQLite from taking the JSON apart anew for each row.
        filters = self._filters.sql("t.")
        query = (
            f"SELECT s.i{names}, {sums} FROM (SELECT key AS i,"
            " json_extract(value, '$[1]') AS low, json_extract(value, '$[2]') AS high"
            f" FROM json_each(?) LIMIT -1) s CROSS JOIN {table} t ON {within}{filters}"
            f" GROUP BY s.i{names}"
        )
        arguments = (json.dumps(spans), *self._filters.values)
        width = 1 + len(keys)
        for row in self._connection.execute(query, arguments):
            yield spans[row[0]], row[1:width], row[width:]

    def _pending(
        self, keys: Sequence[str], columns: Sequence[str], spans: Sequence[Span]
    ) -> Iterator[Row]:
        """What waits to be folded into the roll-ups, of the times that roll-ups answer."""
        names = "".join(f", {key}" for key in keys)
        sums = ", ".join(f"total({column})" for column in columns)
        rows = self._connection.execute(
            f"SELECT minute{names}, {sums} FROM rollup_pending WHERE 1{self._filters.sql()}"
            f" GROUP BY minute{names} ORDER BY minute",
            self._filters.values,
        ).fetchall()
        minutes = [row[0] for row in rows]
        width = 1 + len(keys)
        for span in spans:
            level, first, last = span
            begin, end = 0, len(minutes)
            if level != ALL:
                length = LENGTH[level] // MINUTE_MS
                begin, end = (bisect_left(minutes, b * length) for b in (first, last))
            for at in range(begin, end):
                yield span, rows[at][1:width], rows[at][width:]

    def _are_few(self, low: int, high: int, asked: set[str]) -> bool:
        """Whether sessions are named whose events may all be read.

        Raises TooLarge when otherwise over MAX_SCAN would be.
        """
        of_sessions = events_of_sessions(self._connection, self._filters)
        if of_sessions is not None and ("session" in self._filters.ids or of_sessions <= MAX_SCAN):
            return True
        count = self._events_in([(EVENTS, low, high)])
        if count > MAX_SCAN:
            told = {"q" if name in self._filters.choices else name for name in asked}
            names = ", ".join(sorted(told))
            message = (
                f"no sums are kept by {names}; a range of at most {MAX_SCAN:,} events can be"
                f" added up, and this one, or the one before it, holds {count:,}"
            )
            advice = f"Too many events to add up by {names}: choose a later from, or fewer filters."
            raise TooLarge(advice, [(name, message) for name in sorted(told)])
        return False

    def _check_parts(self, read: Sequence[Span]) -> None:
        """Raises TooLarge when the parts of hours to be read hold more than MAX_PARTS events."""
        if len(read) > _ENDS and (count := self._events_in(read)) > MAX_PARTS:
            message = (
                "periods of this zone begin within an hour of UTC, and only single events tell what"
                f" happened in parts of hours: {count:,}, and {MAX_PARTS:,} are read at most"
            )
            advice = "Too many events beside full hours: choose a later from or a larger bucket."
            raise TooLarge(advice, [("tz", message)])

    def _events_in(self, read: Sequence[Span]) -> int:
        """How many events there are in these spans, to the minute."""
        levels = (DAY, HOUR, MINUTE)
        spans = [span for _, low, high in read for span in cover(low, high, levels)]
        spans = [span for span in spans if span[0] != EVENTS]
        every = Groups(self._connection, Filters())
        rows = list(every._pending((), ("events",), spans))
        for level in levels:
            chosen = [span for span in spans if span[0] == level]
            rows += every._rows("rollup_time", _within(level), (), ("events",), chosen)
        return int(sum(row[0] for _, _, row in rows))


def _within(level: int) -> str:
    return f"t.level = {level} AND t.bucket >= s.low AND t.bucket < s.high"


def _add(found: Cells, plan: Plan, rows: Iterable[Row]) -> None:
    for span, names, row in rows:
        for index, sign in plan[span]:
            _merge(found, (index, *names), row, sign)


def _merge(found: Cells, key: Key, row: Iterable[float], sign: int = 1) -> None:
    known = found.get(key)
    if known is None:
        found[key] = list(row) if sign > 0 else [-value for value in row]
    else:
        found[key] = list(map(add if sign > 0 else sub, known, row))
