"""Calls of tools by agent or project, with how long they took: from the roll-ups by day and hour,
what is not folded into them, and at the ends of a range from the events.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterable
from typing import NamedTuple

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
_DAYS_VERSION = "SELECT number FROM tool_days_version"
_HOURS_VERSION = (
    "SELECT event, (SELECT coalesce(max(rowid), 0) FROM rollup_tool_hours) FROM folded_upto"
)
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
"""Agent or project, the filters, the first day or hour and the one after the last."""
Tallies = dict[Key, ToolTally]
Version = tuple[int, ...]
"""Another one when the table that answers has changed."""


class KeptTallies:
    """What one table answered, as long as it does not change. Used by all threads."""

    MOST = 6
    """Answers that are kept; by project each takes some hundred kilobytes."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._version: Version = ()
        self._answers: dict[Question, Tallies] = {}

    def find(self, version: Version, question: Question) -> Tallies | None:
        """The answer, which is not to be changed; None when it is not known."""
        with self._guard:
            if version != self._version:
                return None
            found = self._answers.pop(question, None)
            if found is not None:  # the oldest is the one that was not asked for the longest
                self._answers[question] = found
            return found

    def keep(self, version: Version, question: Question, answer: Tallies) -> None:
        """Remember ``answer``, which ``version`` of the table gave."""
        with self._guard:
            if version != self._version:
                self._version = version
                self._answers.clear()
            self._answers[question] = answer
            if len(self._answers) > self.MOST:
                del self._answers[next(iter(self._answers))]

    def forget(self) -> None:
        """The table is made anew: a version may come again."""
        with self._guard:
            self._version = ()
            self._answers.clear()


class KeptSums(NamedTuple):
    """Of the days that are over, and of the hours."""

    days: KeptTallies
    hours: KeptTallies


class ToolQueries:
    """Reads on one connection. ``filters``: ids of some of FILTERS."""

    def __init__(self, connection: sqlite3.Connection, filters: Filters, kept: KeptSums) -> None:
        self._connection = connection
        self._kept = kept
        self._asked = tuple(sorted(filters.ids.items()))
        self._filters = filters.sql()
        self._values = filters.values

    def tallies(self, by: str, since: int, until: int) -> Tallies:
        """By tool and ``by`` (agent or project), in ``since <= time < until`` (ms)."""
        found: Tallies = {}
        sealed = sealed_day(self._connection)
        parts = [p for s in cover(since, until, _LEVELS) for p in cheaper(s, _LEVELS)]
        rolled_up = []
        for level, first, last, sign in [(*s, g) for p, g in parts for s in settled(p, sealed)]:
            if level == DAY:
                days = self._kept_or(self._kept.days, _DAYS_VERSION, self._days, by, first, last)
                _add(found, days, sign)
                rolled_up.append((first * 24, last * 24, sign))
            elif level == HOUR:
                hours = self._kept_or(
                    self._kept.hours, _HOURS_VERSION, self._hours, by, first, last
                )
                _add(found, hours, sign)
                rolled_up.append((first, last, sign))
            else:
                self._events(found, by, first, last, sign)
        if rolled_up:
            self._unfolded(found, by, rolled_up)
        return {key: tally for key, tally in found.items() if tally.sums[0]}

    def _kept_or(
        self,
        kept: KeptTallies,
        version: str,
        read: Callable[[str, int, int], Tallies],
        by: str,
        first: int,
        last: int,
    ) -> Tallies:
        """What ``read`` told when the table was as it is now, or what it tells."""
        number: Version = self._connection.execute(version).fetchone()
        question = (by, self._asked, first, last)
        found = kept.find(number, question)
        if found is None:
            found = read(by, first, last)
            kept.keep(number, question, found)
        return found

    def _days(self, by: str, first: int, last: int) -> Tallies:
        within = f"FROM rollup_tool_days WHERE day >= ? AND day < ?{self._filters}"
        arguments = (first, last, *self._values)
        found: Tallies = {}
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

    def _hours(self, by: str, first: int, last: int) -> Tallies:
        rows = self._connection.execute(
            f"SELECT tool, {by}, {_KEPT}, group_concat(bins, ''), group_concat(gone, '')"
            f" FROM rollup_tool_hours WHERE hour >= ? AND hour < ?{self._filters}"
            f" GROUP BY tool, {by}",
            (first, last, *self._values),
        )
        found: Tallies = {}
        _take(found, rows, 1)
        return found

    def _unfolded(self, found: Tallies, by: str, spans: list[tuple[int, int, int]]) -> None:
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
                    _take(found, (row,), sign)

    def _events(self, found: Tallies, by: str, low: int, high: int, sign: int) -> None:
        rows = self._connection.execute(
            f"SELECT tool, {by}, {_TOTALS}, {marks_sql('>')}, ''"
            f" FROM (SELECT {OF_EVENT} FROM events WHERE time >= ? AND time < ?"
            f" AND tool != 0{self._filters}) GROUP BY tool, {by}",
            (low, high, *self._values),
        )
        _take(found, rows, sign)
        # A minute of pruned events counts where it begins.
        rows = self._connection.execute(
            f"SELECT tool, {by}, {_TOTALS}, group_concat(bins, ''), '' FROM pruned"
            f" WHERE minute >= ? AND minute < ? AND tool != 0{self._filters} GROUP BY tool, {by}",
            (-(-low // MINUTE_MS), -(-high // MINUTE_MS), *self._values),
        )
        _take(found, rows, sign)


def _take(found: Tallies, rows: Iterable[tuple[int, ...] | list[int]], sign: int) -> None:
    """Rows of tool, part, the four sums, and the bins to be counted and to be taken off."""
    for tool, part, *sums, bins, gone in rows:
        tally = _tally(found, (tool, part))
        tally.sums = [a + sign * b for a, b in zip(tally.sums, sums, strict=True)]
        if bins:
            tally.counts += sign * counts_of(bins_of(str(bins)))
        if gone:
            tally.counts -= sign * counts_of(bins_of(str(gone)))


def _add(found: Tallies, more: Tallies, sign: int) -> None:
    for key, tally in more.items():
        _tally(found, key).add(tally, sign)


def _tally(found: Tallies, key: Key) -> ToolTally:
    known = found.get(key)
    if known is None:
        known = found[key] = ToolTally()
    return known
