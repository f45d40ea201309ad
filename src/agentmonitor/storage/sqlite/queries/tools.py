"""Calls of tools by agent or project, with how long they took: from the roll-ups by day and hour,
what is not folded into them, and at the ends of a range from the events.
"""

import sqlite3
from collections.abc import Iterable

from agentmonitor.model.clock import MINUTE_MS
from agentmonitor.model.durations import counts_of, unpacked
from agentmonitor.storage.sqlite.folds import OF_EVENT, UNFOLDED, bins_of, marks_sql
from agentmonitor.storage.sqlite.queries.grouped import cheaper, settled
from agentmonitor.storage.sqlite.queries.spans import cover
from agentmonitor.storage.sqlite.rollups import DAY, HOUR, sealed_day

FILTERS = frozenset({"agent", "project"})
"""What can be told for any range."""
_LEVELS = (DAY, HOUR)
_SUMS = ("events", "errors", "duration_ms", "durations")
_KEPT = "total(calls), total(failures), total(duration_ms), total(durations)"
_TOTALS = ", ".join(f"total({name})" for name in _SUMS)

Key = tuple[int, int]
"""A tool, and an agent or a project, by the ids of their names."""


class ToolTally:
    """What is known of some calls. Durations are milliseconds."""

    __slots__ = ("counts", "sums")

    def __init__(self) -> None:
        self.sums = [0.0, 0.0, 0.0, 0.0]
        """Calls, failures, the durations together, and of how many calls they are."""
        self.counts = 0
        """How often each duration occurred, see ``model.durations``."""

    def add(self, other: "ToolTally") -> None:
        """Count what ``other`` counts too."""
        self.sums = [a + b for a, b in zip(self.sums, other.sums, strict=True)]
        self.counts += other.counts


class ToolQueries:
    """Reads on one connection. ``columns``: filters among FILTERS, by column and id."""

    def __init__(self, connection: sqlite3.Connection, columns: dict[str, int]) -> None:
        self._connection = connection
        self._filters = "".join(f" AND {column} = ?" for column in columns)
        self._values = tuple(columns.values())
        self._found: dict[Key, ToolTally] = {}

    def tallies(self, by: str, since: int, until: int) -> dict[Key, ToolTally]:
        """By tool and ``by`` (agent or project), in ``since <= time < until`` (ms)."""
        self._found = {}
        sealed = sealed_day(self._connection)
        parts = [p for s in cover(since, until, _LEVELS) for p in cheaper(s, _LEVELS)]
        rolled_up = []
        for level, first, last, sign in [(*s, g) for p, g in parts for s in settled(p, sealed)]:
            if level == DAY:
                self._days(by, first, last, sign)
                rolled_up.append((first * 24, last * 24, sign))
            elif level == HOUR:
                self._hours(by, first, last, sign)
                rolled_up.append((first, last, sign))
            else:
                self._events(by, first, last, sign)
        if rolled_up:
            self._unfolded(by, rolled_up)
        return {key: tally for key, tally in self._found.items() if tally.sums[0]}

    def _days(self, by: str, first: int, last: int, sign: int) -> None:
        within = f"FROM rollup_tool_days WHERE day >= ? AND day < ?{self._filters}"
        arguments = (first, last, *self._values)
        rows = self._connection.execute(
            f"SELECT tool, {by}, {_KEPT}, '', '' {within} GROUP BY tool, {by}", arguments
        )
        self._take(rows, sign)
        counts: dict[Key, int] = {}
        get = counts.get
        for tool, part, first_bin, told in self._connection.execute(
            f"SELECT tool, {by}, first, counts {within}", arguments
        ):
            key = (tool, part)
            counts[key] = get(key, 0) + unpacked(first_bin, told)
        for key, number in counts.items():
            self._tally(key).counts += sign * number

    def _hours(self, by: str, first: int, last: int, sign: int) -> None:
        rows = self._connection.execute(
            f"SELECT tool, {by}, {_KEPT}, group_concat(bins, ''), group_concat(gone, '')"
            f" FROM rollup_tool_hours WHERE hour >= ? AND hour < ?{self._filters}"
            f" GROUP BY tool, {by}",
            (first, last, *self._values),
        )
        self._take(rows, sign)

    def _unfolded(self, by: str, spans: list[tuple[int, int, int]]) -> None:
        """``spans``: (first hour, hour after the last, sign)."""
        rows = self._connection.execute(
            f"SELECT minute / 60, tool, {by}, {_TOTALS}, {marks_sql('>')}, {marks_sql('<')}"
            f" FROM ({UNFOLDED}) WHERE 1{self._filters}"
            f" GROUP BY minute / 60, tool, {by}",
            self._values,
        )
        for hour, *row in rows:
            for first, last, sign in spans:
                if first <= hour < last:
                    self._take((row,), sign)

    def _events(self, by: str, low: int, high: int, sign: int) -> None:
        rows = self._connection.execute(
            f"SELECT tool, {by}, {_TOTALS}, {marks_sql('>')}, ''"
            f" FROM (SELECT {OF_EVENT} FROM events WHERE time >= ? AND time < ?"
            f" AND tool != 0{self._filters}) GROUP BY tool, {by}",
            (low, high, *self._values),
        )
        self._take(rows, sign)
        # A minute of pruned events counts where it begins.
        rows = self._connection.execute(
            f"SELECT tool, {by}, {_TOTALS}, group_concat(bins, ''), '' FROM pruned"
            f" WHERE minute >= ? AND minute < ? AND tool != 0{self._filters} GROUP BY tool, {by}",
            (-(-low // MINUTE_MS), -(-high // MINUTE_MS), *self._values),
        )
        self._take(rows, sign)

    def _take(self, rows: Iterable[tuple[int, ...] | list[int]], sign: int) -> None:
        """Rows of tool, part, the four sums, and the bins to be counted and to be taken off."""
        for tool, part, *sums, bins, gone in rows:
            tally = self._tally((tool, part))
            tally.sums = [a + sign * b for a, b in zip(tally.sums, sums, strict=True)]
            if bins:
                tally.counts += sign * counts_of(bins_of(str(bins)))
            if gone:
                tally.counts -= sign * counts_of(bins_of(str(gone)))

    def _tally(self, key: Key) -> ToolTally:
        known = self._found.get(key)
        if known is None:
            known = self._found[key] = ToolTally()
        return known
