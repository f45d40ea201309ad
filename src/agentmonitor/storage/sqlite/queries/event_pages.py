"""Which events are on a page: newest own time first, by filter, without a scan of the table.

Roll-ups tell which days and hours hold matches and how many. What is rare is noted one by one; the
notes of a span of time are all there is when as many of them hold as the roll-up counts. Otherwise
its events are gone through: then one is a match soon, or they are of a few hours.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from agentmonitor.model.clock import DAY_MS, HOUR_MS, MINUTE_MS
from agentmonitor.storage.sqlite.queries.spans import FAR, LENGTH, cover, measured
from agentmonitor.storage.sqlite.rare_events import COLUMNS as NOTED
from agentmonitor.storage.sqlite.rollups import DAY, HOUR, sealed_day

USAGE = frozenset({"agent", "type", "tool", "model", "source"})
PLACE = frozenset({"project", "branch", "agent", "model"})
MAX_NOTED = 2000
"""Notes that are looked at together."""
MAX_NEW = 10_000
"""Events not looked at for rare ones yet that a page may go through."""

Match = tuple[int, int]
"""Time (ms) and id of an event."""
Span = tuple[int, int]
"""``low <= time < high`` (ms)."""


class _Source(NamedTuple):
    """A roll-up, and the filters (column and id) that it tells of."""

    table: str
    named: dict[str, int]

    @property
    def conditions(self) -> str:
        return "".join(f" AND {column} = ?" for column in self.named)


class EventPages:
    """Pages of the events that match ``named`` in ``low <= time < high`` (ms), on one connection.

    ``named``: filters as column and id, at least one, of USAGE and PLACE.
    """

    def __init__(
        self, connection: sqlite3.Connection, named: dict[str, int], low: int, high: int
    ) -> None:
        self._connection = connection
        self._named = named
        self._low, self._high = low, high
        usage = {c: n for c, n in named.items() if c in USAGE}
        place = {c: n for c, n in named.items() if c in PLACE}
        self._usage: dict[str, int] | None = None
        """The filters that rollup_usage is asked about, if it is."""
        self._sources = []
        if named.keys() - USAGE:
            self._sources.append(_Source("rollup_place", place))
        if named.keys() - PLACE or not self._sources:
            self._usage = usage
            self._sources.append(_Source("rollup_usage", usage))

    def page(self, limit: int, offset: int) -> list[int]:
        """The ids of the page's events, in its order."""
        noted = self._all_noted()
        if noted is not None:
            return noted[offset : offset + limit]
        found: list[int] = []
        low, high = max(self._low, _oldest(self._connection)), self._high
        for day in self._buckets(DAY, low // DAY_MS, high // DAY_MS):
            offset = self._take(day, DAY_MS, found, limit, offset)
            if len(found) >= limit:
                break
        return found

    def _all_noted(self) -> list[int] | None:
        """The ids of all matches, if they are few and noted."""
        if self._usage is None:
            return None
        count = total(self._connection, self._usage, None, None)
        rows = None
        if count <= MAX_NOTED:
            rows = self._noted(self._usage, (-FAR, FAR), count, new=True)
        return None if rows is None else [number for _, number in rows]

    def _take(
        self, bucket: "_Bucket", length: int, found: list[int], limit: int, offset: int
    ) -> int:
        """Add the matches of a day or an hour to ``found``; the offset that is left."""
        start, end = bucket.number * length, (bucket.number + 1) * length
        whole = self._low <= start and end <= self._high
        if whole and bucket.matches is not None and offset >= bucket.matches:
            return offset - bucket.matches
        rows = None
        if self._usage is not None and bucket.usage <= MAX_NOTED:
            rows = self._noted(self._usage, (start, end), bucket.usage)
        if rows is None and length == DAY_MS:
            first, last = max(self._low, start), min(self._high, end - 1)
            for hour in self._buckets(HOUR, first // HOUR_MS, last // HOUR_MS):
                offset = self._take(hour, HOUR_MS, found, limit, offset)
                if len(found) >= limit:
                    break
            return offset
        if rows is None:
            rows = self._read((start, end), limit - len(found) + offset)
        found += [number for _, number in rows[offset : offset + limit - len(found)]]
        return max(0, offset - len(rows))

    def _read(self, span: Span, limit: int) -> list[Match]:
        """The latest matches in ``span``, by going through its events."""
        conditions = "".join(f" AND {column} = ?" for column in self._named)
        query = (
            f"SELECT time, id FROM events WHERE time >= ? AND time < ?{conditions}"
            " ORDER BY time DESC, id DESC LIMIT ?"
        )
        span = (max(self._low, span[0]), min(self._high, span[1]))
        arguments = (*span, *self._named.values(), limit)
        return self._connection.execute(query, arguments).fetchall()

    def _noted(
        self, named: dict[str, int], span: Span, count: int, *, new: bool = False
    ) -> list[Match] | None:
        """The matches in ``span``, if all of the ``count`` events there are noted that match
        ``named``. ``new``: events that were not looked at yet are gone through."""
        others = {c: n for c, n in self._named.items() if c not in named}
        is_match = " AND ".join(["1", *(f"e.{column} = ?" for column in others)])
        columns = f"e.time, e.id, {is_match}"
        usage = "".join(f" AND e.{column} = ?" for column in named)
        hours = (span[0] // HOUR_MS, -(-span[1] // HOUR_MS))
        for column in NOTED:
            name = named.get(column)
            if name is None:
                continue
            query = (
                f"SELECT {columns} FROM rare_events r CROSS JOIN events e ON e.id = r.event"
                f" WHERE r.name = ? AND r.hour >= ? AND r.hour < ? AND e.time >= ? AND e.time < ?"
                f"{usage} LIMIT {count + 1}"
            )
            arguments = [*others.values(), name, *hours, *span, *named.values()]
            rows = self._connection.execute(query, arguments).fetchall()
            if new and rows:
                rows += self._new(columns, usage, [*others.values(), *named.values()])
            if rows and len(rows) == count:
                matches = [
                    (time, number)
                    for time, number, fits in rows
                    if fits and self._low <= time < self._high
                ]
                return sorted(matches, reverse=True)
        return None

    def _new(self, columns: str, usage: str, arguments: list[int]) -> list[tuple[int, int, int]]:
        """Those among the events that no notes were made of, if these are not too many."""
        bounds = "SELECT event, (SELECT coalesce(max(id), 0) FROM events) FROM rare_upto"
        upto, last = self._connection.execute(bounds).fetchone()
        if last - upto > MAX_NEW:
            return []
        query = f"SELECT {columns} FROM events e WHERE e.id > {upto}{usage}"
        return self._connection.execute(query, arguments).fetchall()

    def _buckets(self, level: int, first: int, last: int) -> Iterator["_Bucket"]:
        """The days or hours with matches, the latest first."""
        if len(self._sources) == 1:
            for number, count in self._counts(self._sources[0], level, first, last):
                yield _Bucket(number, count, count)
            return
        # Only both together know all filters: what both tell of may hold matches.
        place, usage = self._sources
        places = self._counts(place, level, first, last)
        at = next(places, None)
        for number, count in self._counts(usage, level, first, last):
            while at is not None and at[0] > number:
                at = next(places, None)
            if at is not None and at[0] == number:
                yield _Bucket(number, None, count)

    def _counts(
        self, source: _Source, level: int, first: int, last: int
    ) -> Iterator[tuple[int, int]]:
        """The days or hours with events that match the source's filters, and how many, the latest
        first."""
        run = self._connection.execute
        values = tuple(source.named.values())
        minutes = LENGTH[level] // MINUTE_MS
        within = f"minute >= ? AND minute < ?{source.conditions} GROUP BY 1"
        arguments = (first * minutes, (last + 1) * minutes, *values)
        kept = f"SELECT minute / {minutes}, sum(events) FROM"
        others = Counter(dict(run(f"{kept} rollup_pending WHERE {within}", arguments).fetchall()))
        others.subtract(dict(run(f"{kept} pruned WHERE {within}", arguments).fetchall()))
        if source.table == "rollup_place" and level == DAY:
            # Days that are not over are sums of hours.
            sealed = sealed_day(self._connection)
            begin = max(first, sealed) * 24
            query = (
                f"SELECT bucket / 24, sum(events) FROM rollup_place WHERE level = {HOUR}"
                f" AND bucket >= ? AND bucket < ?{source.conditions} GROUP BY 1"
            )
            for day, count in run(query, (begin, (last + 1) * 24, *values)).fetchall():
                others[day] += count
            last = min(last, sealed - 1)
        query = (
            f"SELECT bucket, sum(events) FROM {source.table} WHERE level = {level}"
            f" AND bucket >= ? AND bucket <= ?{source.conditions}"
            " GROUP BY bucket ORDER BY bucket DESC"
        )
        for number, count in _merged(run(query, (first, last, *values)), others):
            if count > 0:
                yield number, count


class _Bucket(NamedTuple):
    """A day or an hour."""

    number: int
    matches: int | None
    """None: no roll-up knows all filters together."""
    usage: int
    """Events that match the filters that rollup_usage is asked about, if it is."""


def total(
    connection: sqlite3.Connection, named: dict[str, int], since: int | None, until: int | None
) -> int:
    """How many events match, all of whose filters one roll-up knows."""
    if named.keys() <= USAGE:
        spans = cover(since, until, (DAY, HOUR))
        query, arguments = measured("sums_by_usage", (), ("events",), spans, named)
    elif since is None and until is None and "model" not in named:
        table, level = "sums_by_branch", ""
        if "branch" not in named:
            table, level = "sums_by_project", " AND level = 0"
        conditions = " AND ".join(f"{column} = ?" for column in named) + level
        query = f"SELECT total(events) FROM {table} WHERE {conditions}"
        arguments = list(named.values())
    else:
        table = "sums_by_project" if named.keys() <= {"agent", "project"} else "sums_by_place"
        spans = cover(-FAR if since is None else since, until, (DAY, HOUR))
        query, arguments = measured(table, (), ("events",), spans, named)
    (counted,) = connection.execute(query, arguments).fetchone()
    return int(counted) - _pruned(connection, named, since, until)


def _pruned(
    connection: sqlite3.Connection, named: dict[str, int], since: int | None, until: int | None
) -> int:
    """What roll-ups count beyond the events that are there."""
    conditions = "".join(f" AND {column} = ?" for column in named)
    found = 0
    for level, first, last in cover(since, until, (DAY,)):
        table, within = "pruned_sums", "level = ? AND bucket >= ? AND bucket < ?"
        arguments = [level, first, last]
        if level < 0:  # the minutes of a part of a day
            table, within = "pruned", "minute >= ? AND minute < ?"
            arguments = [-(-first // MINUTE_MS), -(-last // MINUTE_MS)]
        query = f"SELECT coalesce(sum(events), 0) FROM {table} WHERE {within}{conditions}"
        found += int(connection.execute(query, (*arguments, *named.values())).fetchone()[0])
    return found


def _oldest(connection: sqlite3.Connection) -> int:
    """The time of the oldest event that was not pruned."""
    (oldest,) = connection.execute("SELECT min(time) FROM events").fetchone()
    return FAR if oldest is None else int(oldest)


def _merged(
    rows: Iterable[tuple[int, int]], others: Mapping[int, int]
) -> Iterator[tuple[int, int]]:
    """``rows``, descending, with what ``others`` adds to them."""
    left = dict(sorted(others.items()))
    for number, count in rows:
        while left and (latest := next(reversed(left))) > number:
            yield latest, left.pop(latest)
        yield number, count + left.pop(number, 0)
    yield from reversed(left.items())
