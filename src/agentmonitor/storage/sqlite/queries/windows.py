"""What usage windows and blocks are made of, from roll-ups."""

import sqlite3
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from operator import add

from agentmonitor.model.analytics import Where
from agentmonitor.model.clock import HOUR_MS, MINUTE_MS, to_iso
from agentmonitor.model.stats import WindowUse
from agentmonitor.model.windows import Block, BlockModel, Kind, block_starts
from agentmonitor.storage.sqlite.names import NameReader
from agentmonitor.storage.sqlite.queries.filters import filters_of
from agentmonitor.storage.sqlite.queries.grouped import Groups
from agentmonitor.storage.sqlite.queries.spans import LENGTH, cover, measured
from agentmonitor.storage.sqlite.rollups import DAY, HOUR, MINUTE

_ALL_TOKENS = "tokens_in + tokens_out + cache_read + cache_write"
_USED = {"tokens": "tokens_in + tokens_out", "cost": "cost_nano"}
_OF_USE = ("tokens_in", "tokens_out", "cost_nano")
_MEASURES = (
    "events", "tokens_in", "tokens_out", "cache_read", "cache_write", "cost_nano",
    "unpriced_tokens",
)  # fmt: skip
_MINUTES_OF_HOUR = (
    f"level = {MINUTE} AND bucket >= hour * 60 AND bucket < hour * 60 + 60 AND agent = ?"
)
_MESSAGES_OF_HOUR = (
    f"FROM rollup_time WHERE {_MINUTES_OF_HOUR} AND {_ALL_TOKENS} > 0 ORDER BY bucket"
)
_BORDERS = (
    f"hour, (SELECT bucket {_MESSAGES_OF_HOUR} LIMIT 1),"
    f" (SELECT bucket {_MESSAGES_OF_HOUR} DESC LIMIT 1)"
)
_STEP = 168
"""Hours that are looked at together on the way back to a pause; doubled at each step."""
_MAX_MARKS = 400
"""Values in one statement: old versions of SQLite take no more than 999."""

Sums = list[float]
"""In the order of _MEASURES; floating point, exact up to 2**53, because integers can overflow."""


class WindowQueries:
    """The usage of one agent (its name's id). ``where``: what of it is added up; windows and blocks
    are those of all of it."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        names: NameReader,
        agent: int,
        agent_type: str,
        where: Where | None = None,
    ) -> None:
        self._connection = connection
        self._names = names
        self._agent = agent
        self._agent_type = agent_type
        self._some: Groups | None = None
        if where is not None:
            filters = filters_of(connection, where).narrowed("agent", agent)
            self._some = Groups(connection, filters)

    def used(self, since: int, until: int) -> WindowUse:
        """Tokens (in and out) and cost in ``since <= time < until`` (ms). Raises TooLarge."""
        if self._some is not None:
            cells = self._some.sums((), _OF_USE, (since, until)) if since < until else {}
            t_in, t_out, nano = cells.get((0,), (0, 0, 0))
        else:
            spans = cover(since, until, (DAY, HOUR, MINUTE))
            query, values = measured("sums_by_time", (), _OF_USE, spans, {"agent": self._agent})
            t_in, t_out, nano = self._connection.execute(query, values).fetchone()
        return WindowUse(tokens=int(t_in + t_out), cost_usd=nano / 1e9)

    def first_use(self, since: int, until: int, kind: Kind) -> int | None:
        """The first minute (ms) with use; ``since`` and ``until`` are whole minutes."""
        spans = sorted(cover(since, until, (HOUR, MINUTE)), key=lambda s: s[1] * LENGTH[s[0]])
        for level, first, last in spans:
            found = self._first(level, first, last, _USED[kind])
            if found is not None and level == HOUR:
                found = self._first(MINUTE, found * 60, found * 60 + 60, _USED[kind])
            if found is not None:
                return found * MINUTE_MS
        return None

    def block_start(self, at: int, length: int) -> int | None:
        """When the block began that holds the moment ``at`` (ms); ``length`` in hours."""
        hour = at // HOUR_MS
        hours, _ = self._back_to_pause(hour, length)
        # What is dated ahead of that moment begins no block yet.
        if self._first(MINUTE, hour * 60, at // MINUTE_MS + 1, _ALL_TOKENS) is not None:
            hours.append(hour)
        starts = block_starts(hours, length)
        return starts[-1] * HOUR_MS if starts and hour < starts[-1] + length else None

    def blocks(self, since: int, until: int, length: int, now: int, limit: int) -> list[Block]:
        """Those that touch ``since <= time < until`` (ms), whole, newest first; with filters, those
        in which something matches. Raises TooLarge."""
        first, end = since // HOUR_MS, -(-until // HOUR_MS)
        before, previous = self._back_to_pause(first, length)
        sums = self._hours(before[0] if before else first, end + length)
        active = _active(sums)
        starts = [start for start in block_starts(active, length) if start < end]
        chosen = [start for start in starts if start + length > first]
        matching: dict[int, Sums] | None = None
        if self._some is not None:
            matching = {s: row for (s,), row in self._of_blocks(self._some, (), chosen, length)}
            chosen = [start for start in chosen if start in matching]
        chosen = chosen[-limit:]
        last_hours = {b: active[bisect_left(active, b + length) - 1] for b in chosen}
        # What stands before a block: its neighbour's last hour, or what precedes the pause.
        places = {b: bisect_left(active, b) for b in chosen}
        last_before = {b: active[at - 1] if at else previous for b, at in places.items()}
        befores = {hour for hour in last_before.values() if hour is not None}
        minutes = self._minutes({*chosen, *last_hours.values()} | befores)
        models = self._models(chosen, length)
        result = []
        for start in reversed(chosen):
            first_minute = minutes[start][0]
            before_it = last_before[start]
            gap = None if before_it is None else first_minute - minutes[before_it][1]
            rows = [sums[hour] for hour in range(start, start + length) if hour in sums]
            if matching is not None:
                rows = [matching[start]]
            events, t_in, t_out, c_read, c_write, nano, unpriced = map(sum, zip(*rows, strict=True))
            result.append(
                Block(
                    agent_type=self._agent_type,
                    starts_at=to_iso(start * HOUR_MS),
                    ends_at=to_iso((start + length) * HOUR_MS),
                    is_active=start * HOUR_MS <= now < (start + length) * HOUR_MS,
                    first_at=to_iso(first_minute * MINUTE_MS),
                    last_at=to_iso(minutes[last_hours[start]][1] * MINUTE_MS),
                    gap_before_ms=None if gap is None else gap * MINUTE_MS,
                    events=int(events),
                    tokens_in=int(t_in),
                    tokens_out=int(t_out),
                    cache_read_tokens=int(c_read),
                    cache_write_tokens=int(c_write),
                    cost_usd=nano / 1e9,
                    unpriced_tokens=int(unpriced),
                    models=models.get(start, []),
                )
            )
        return result

    def _first(self, level: int, first: int, last: int, measure: str) -> int | None:
        row = self._connection.execute(
            "SELECT bucket FROM sums_by_time"
            " WHERE level = ? AND bucket >= ? AND bucket < ? AND agent = ?"
            f" GROUP BY bucket HAVING total({measure}) > 0 ORDER BY bucket LIMIT 1",
            (level, first, last, self._agent),
        ).fetchone()
        return None if row is None else int(row[0])

    def _hours(self, first: int, end: int) -> dict[int, Sums]:
        """The sums of the hours in ``first <= hour < end``, ascending."""
        sums = ", ".join(f"total({measure})" for measure in _MEASURES)
        rows = self._connection.execute(
            f"SELECT bucket, {sums} FROM sums_by_time"
            " WHERE level = ? AND bucket >= ? AND bucket < ? AND agent = ?"
            " GROUP BY bucket ORDER BY bucket",
            (HOUR, first, end, self._agent),
        )
        return {hour: row for hour, *row in rows}

    def _back_to_pause(self, first: int, length: int) -> tuple[list[int], int | None]:
        """The hours with messages before ``first``, ascending, back to the last pause of
        ``length`` hours, and the last one before that pause."""
        found: list[int] = []
        high, cursor, step = first, first, max(_STEP, length)
        while high > 0:
            low = max(0, high - step)
            for hour in reversed(_active(self._hours(low, high))):
                if cursor - hour >= length:
                    return found[::-1], hour
                found.append(hour)
                cursor = hour
            high, step = low, step * 2
        return found[::-1], None

    def _minutes(self, hours: set[int]) -> dict[int, tuple[int, int]]:
        """The first and the last minute with messages of each of these hours."""
        pending = self._connection.execute(
            "SELECT DISTINCT minute / 60 FROM rollup_pending WHERE agent = ?", (self._agent,)
        )
        unsettled = {hour for (hour,) in pending} & hours
        # Counts so absurd that sums saturate leave an hour without a minute: it stands as it is.
        found = {hour: (hour * 60, hour * 60 + 59) for hour in hours}
        for wanted, part in _wanted(hours - unsettled):
            query = f"{wanted} SELECT {_BORDERS} FROM wanted"
            for hour, first, last in self._connection.execute(query, (*part, *[self._agent] * 2)):
                if first is not None:
                    found[hour] = (first, last)
        for wanted, part in _wanted(unsettled):
            # Through the view all minutes would be summed up: here only those of these hours.
            rows = self._connection.execute(
                f"{wanted} SELECT bucket / 60, min(bucket), max(bucket) FROM (SELECT bucket FROM ("
                f"SELECT bucket, {_ALL_TOKENS} AS tokens FROM wanted CROSS JOIN rollup_time"
                f" ON {_MINUTES_OF_HOUR}"
                f" UNION ALL SELECT minute, {_ALL_TOKENS} FROM rollup_pending"
                " WHERE agent = ? AND minute / 60 IN (SELECT hour FROM wanted)"
                ") GROUP BY bucket HAVING total(tokens) > 0) GROUP BY 1",
                (*part, self._agent, self._agent),
            )
            found |= {hour: (first, last) for hour, first, last in rows}
        return found

    def _models(self, starts: Sequence[int], length: int) -> dict[int, list[BlockModel]]:
        """By the block's first hour, the dearest model first."""
        if not starts:
            return {}
        if self._some is not None:
            some = self._of_blocks(self._some, ("model",), starts, length)
            found = {(start, model): row[1:] for (start, model), row in some if any(row[1:])}
            return self._shares(found)
        measures = _MEASURES[1:]
        sums = ", ".join(f"total({measure})" for measure in measures)
        rows = self._connection.execute(
            f"SELECT bucket, model, {sums} FROM sums_by_model"
            " WHERE level = ? AND bucket >= ? AND bucket < ? AND agent = ?"
            " GROUP BY bucket, model",
            (HOUR, starts[0], starts[-1] + length, self._agent),
        )
        found = {}
        for hour, model, *row in rows:
            key = (starts[bisect_right(starts, hour) - 1], model)
            if hour < key[0] + length and any(row):
                known = found.get(key)
                found[key] = row if known is None else list(map(add, known, row))
        return self._shares(found)

    def _of_blocks(
        self, some: Groups, keys: Sequence[str], starts: Sequence[int], length: int
    ) -> Iterator[tuple[tuple[int, ...], Sums]]:
        """What matches, by the block's first hour and ``keys``."""
        begins = {start * HOUR_MS: start for start in starts}
        edges = sorted({*begins, *((start + length) * HOUR_MS for start in starts)})
        cells = some.sums(keys, _MEASURES, edges) if edges else {}
        for (index, *names), row in cells.items():
            if edges[index] in begins:  # no pause between two
                yield (begins[edges[index]], *names), row

    def _shares(self, found: dict[tuple[int, int], Sums]) -> dict[int, list[BlockModel]]:
        names = self._names.values(self._connection, {model for _, model in found})
        result: dict[int, list[BlockModel]] = {}
        for (start, model), (t_in, t_out, c_read, c_write, nano, unpriced) in found.items():
            share = BlockModel(
                model=names[model],
                tokens_in=int(t_in),
                tokens_out=int(t_out),
                cache_read_tokens=int(c_read),
                cache_write_tokens=int(c_write),
                cost_usd=nano / 1e9,
                unpriced_tokens=int(unpriced),
            )
            result.setdefault(start, []).append(share)
        for shares in result.values():
            shares.sort(key=lambda m: (-m.cost_usd, -m.tokens_out, m.model or ""))
        return result


def _active(hours: dict[int, Sums]) -> list[int]:
    """Those with messages: what has no tokens is none."""
    return [hour for hour, sums in hours.items() if sum(sums[1:5]) > 0]


def _wanted(hours: set[int]) -> Iterator[tuple[str, list[int]]]:
    """``hours`` as tables for a statement, ``WITH wanted (hour) …``, and its arguments."""
    ordered = sorted(hours)
    for start in range(0, len(ordered), _MAX_MARKS):
        part = ordered[start : start + _MAX_MARKS]
        yield f"WITH wanted (hour) AS (VALUES {', '.join(['(?)'] * len(part))})", part
