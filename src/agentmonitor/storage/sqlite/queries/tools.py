"""Calls of tools by agent or project, with how long they took: from the roll-ups by day and hour,
what is not folded into them, and at the ends of a range from the events.
"""

import sqlite3
import threading
from collections.abc import Iterable

from agentmonitor.model.clock import MINUTE_MS
from agentmonitor.model.durations import counts_of, unpacked
from agentmonitor.storage.sqlite.folds import OF_EVENT, UNFOLDED, bins_of, marks_sql
from agentmonitor.storage.sqlite.queries.filters import Filters
from agentmonitor.storage.sqlite.queries.sources import cheaper, settled
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

    def __init__(self, sums: list[float] | None = None) -> None:
        self.sums = sums or [0.0, 0.0, 0.0, 0.0]
        """Calls, failures, the durations together, and of how many calls they are."""
        self.counts = 0
        """How often each duration occurred, see ``model.durations``."""

    def add(self, other: "ToolTally", sign: int = 1) -> None:
        """Count what ``other`` counts too; with the sign -1 no more."""
        self.sums = [a + sign * b for a, b in zip(self.sums, other.sums, strict=True)]
        self.counts += sign * other.counts


Question = tuple[str, tuple[tuple[str, int], ...], int, int]
"""Agent or project, the filters, the first day and the day after the last."""


class KeptDays:
    """What days that are over come to, as long as nothing of them changes. Used by all threads."""

    MOST = 6
    """Answers that are kept; by project each takes some hundred kilobytes."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._version = -1
        self._answers: dict[Question, dict[Key, ToolTally]] = {}

    def find(self, version: int, question: Question) -> dict[Key, ToolTally] | None:
        """The answer, which is not to be changed; None when it is not known."""
        with self._guard:
            if version != self._version:
                return None
            found = self._answers.pop(question, None)
            if found is not None:  # the oldest is the one that was not asked for the longest
                self._answers[question] = found
            return found

    def keep(self, version: int, question: Question, answer: dict[Key, ToolTally]) -> None:
        """Remember ``answer``, which ``version`` of the sums gave."""
        with self._guard:
            if version > self._version:
                self._version = version
                self._answers.clear()
            if version == self._version:
                self._answers[question] = answer
                if len(self._answers) > self.MOST:
                    del self._answers[next(iter(self._answers))]


class ToolQueries:
    """Reads on one connection. ``filters``: ids of some of FILTERS."""

    def __init__(self, connection: sqlite3.Connection, filters: Filters, kept: KeptDays) -> None:
        self._connection = connection
        self._kept = kept
        self._asked = tuple(sorted(filters.ids.items()))
        self._filters = filters.sql()
        self._values = filters.values
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
        version = self._connection.execute("SELECT number FROM tool_days_version").fetchone()[0]
        question = (by, self._asked, first, last)
        days = self._kept.find(version, question)
        if days is None:
            days = self._read_days(by, first, last)
            self._kept.keep(version, question, days)
        for key, tally in days.items():
            self._tally(key).add(tally, sign)

    def _read_days(self, by: str, first: int, last: int) -> dict[Key, ToolTally]:
        within = f"FROM rollup_tool_days WHERE day >= ? AND day < ?{self._filters}"
        arguments = (first, last, *self._values)
        found: dict[Key, ToolTally] = {}
        for tool, part, *sums in self._connection.execute(
            f"SELECT tool, {by}, {_KEPT} {within} GROUP BY tool, {by}", arguments
        ):
            found[tool, part] = ToolTally(sums)
        counts: dict[Key, int] = {}
        get = counts.get
        for tool, part, first_bin, told in self._connection.execute(
            f"SELECT tool, {by}, first, counts {within}", arguments
        ):
            key = (tool, part)
            counts[key] = get(key, 0) + unpacked(first_bin, told)
        for key, number in counts.items():
            found[key].counts = number
        return found

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
