"""Sessions by the day on which they began, and sums by the hour of the week."""

import json
import sqlite3
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise

from agentmonitor.model.clock import HOUR_MS, MINUTE_MS
from agentmonitor.model.periods import WEEK_HOURS
from agentmonitor.storage.sqlite.queries.filters import Filters
from agentmonitor.storage.sqlite.queries.sources import EVENTS, ROLLUPS, SCAN
from agentmonitor.storage.sqlite.queries.spans import EVENT_MEASURES, LENGTH, cover
from agentmonitor.storage.sqlite.rollups import MINUTE

_SUMS = ("lines_added", "lines_removed", "files_edited")
_OF_HOUR = ("events", "tokens_in + tokens_out", "cost_nano")

Sums = dict[int, list[int]]


class CalendarQueries:
    """Reads on one connection."""

    def __init__(self, connection: sqlite3.Connection, filters: Filters) -> None:
        self._connection = connection
        self._asked = filters
        self._filters = filters.sql()
        self._events = filters.events()
        self._values = filters.values

    def sessions(self, days: Sequence[int]) -> Sums:
        """Of the sessions that began on each day: how many, lines added, removed, files; ``days``:
        where they begin, and the end of the last (ms)."""
        found: defaultdict[int, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
        rows = self._few(days) if self._asked.names <= {"agent"} else self._of_sessions(days)
        for day, *row in rows:
            sums = found[day]
            for at, value in enumerate(row):
                sums[at] += int(value)
        return {day: sums for day, sums in found.items() if sums[0]}

    def week_hours(self, stretches: Sequence[tuple[int, int, int]]) -> Sums:
        """By the hour of the week (from Monday's first, 0): events, tokens, cost in nanodollars.

        ``stretches``: (from, to, by how many hours the clocks are ahead), times in ms.
        """
        source = next((s for s in ROLLUPS if self._asked.names <= s.names), SCAN)
        found: defaultdict[int, list[int]] = defaultdict(lambda: [0, 0, 0])
        for since, until, ahead in stretches:
            # 1970 began on a Thursday.
            shift = ahead + 3 * 24
            for span in cover(since, until, source.levels[1:]):
                for query, arguments in self._hour_queries(source.table, span):
                    grouped = (
                        f"SELECT (hour + {shift}) % {WEEK_HOURS}, total(a), total(b), total(c)"
                        f" FROM ({query}) GROUP BY 1"
                    )
                    for hour, *row in self._connection.execute(grouped, arguments):
                        sums = found[hour]
                        for at, value in enumerate(row):
                            sums[at] += int(value)
        return {hour: sums for hour, sums in found.items() if sums[0]}

    def _hour_queries(
        self, table: str, span: tuple[int, int, int]
    ) -> Iterator[tuple[str, tuple[int | str, ...]]]:
        """Queries for (hour, a, b, c) that together tell ``span``."""
        level, first, last = span
        if level == EVENTS:
            a, b, c = (EVENT_MEASURES.get(name, name) for name in _OF_HOUR)
            yield (
                f"SELECT time / {HOUR_MS} AS hour, {a} AS a, {b} AS b, {c} AS c FROM {self._events}"
                f" WHERE time >= ? AND time < ?{self._filters}",
                (first, last, *self._values),
            )
            # A minute of pruned events counts where it begins.
            first, last = -(-first // MINUTE_MS), -(-last // MINUTE_MS)
            table = "pruned"
        else:
            a, b, c = _OF_HOUR
            hour = "bucket / 60" if level == MINUTE else "bucket"
            yield (
                f"SELECT {hour} AS hour, {a} AS a, {b} AS b, {c} AS c FROM {table}"
                f" WHERE level = {level} AND bucket >= ? AND bucket < ?{self._filters}",
                (first, last, *self._values),
            )
            minutes = LENGTH[level] // MINUTE_MS
            first, last = first * minutes, last * minutes
            table = "rollup_pending"
        a, b, c = _OF_HOUR
        yield (
            f"SELECT minute / 60 AS hour, {a} AS a, {b} AS b, {c} AS c FROM {table}"
            f" WHERE minute >= ? AND minute < ?{self._filters}",
            (first, last, *self._values),
        )

    def _few(self, days: Sequence[int]) -> Iterator[tuple[int, ...]]:
        """Rows of a day and its sums: from the hours, those that are cut from the sessions."""
        spans = []
        for day, (low, high) in enumerate(pairwise(days)):
            first, last = -(-low // HOUR_MS), high // HOUR_MS
            if first < last:
                spans.append((day, first, last))
        sums = ", ".join(f"total(t.{name})" for name in ("sessions", *_SUMS))
        # The limit keeps SQLite from taking the JSON apart anew for each row.
        yield from self._connection.execute(
            f"SELECT s.day, {sums} FROM (SELECT json_extract(value, '$[0]') AS day,"
            " json_extract(value, '$[1]') AS low, json_extract(value, '$[2]') AS high"
            " FROM json_each(?) LIMIT -1) s CROSS JOIN session_starts t"
            f" ON t.hour >= s.low AND t.hour < s.high{self._filters} GROUP BY s.day",
            (json.dumps(spans), *self._values),
        )
        cut = sorted({day // HOUR_MS for day in days if day % HOUR_MS})
        if cut:
            within = f" AND started_at / {HOUR_MS} IN (SELECT value FROM json_each(?))"
            yield from self._of_sessions(days, within, json.dumps(cut))

    def _of_sessions(
        self, days: Sequence[int], within: str = "", *more: str
    ) -> Iterator[tuple[int, ...]]:
        """The same from the sessions, of which many begin within one hour."""
        cuts = any(day % HOUR_MS for day in days[1:-1])
        unit = 1 if cuts or within else HOUR_MS
        conditions = self._asked.sql(session="key")
        sums = ", ".join(f"total({name})" for name in _SUMS)
        rows = self._connection.execute(
            f"SELECT started_at / {unit}, count(*), {sums} FROM sessions"
            f" WHERE started_at >= ? AND started_at < ? AND events > 0{conditions}{within}"
            " GROUP BY 1",
            (days[0], days[-1], *self._values, *more),
        )
        for started, *row in rows:
            yield max(0, bisect_right(days, started * unit) - 1), *row
