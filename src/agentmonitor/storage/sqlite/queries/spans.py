"""Sums over a time range without a scan: roll-up levels for its middle, events for its edges."""

from agentmonitor.model.clock import DAY_MS, HOUR_MS, MINUTE_MS
from agentmonitor.storage.sqlite.rollups import ALL, DAY, HOUR, MINUTE

LENGTH = {DAY: DAY_MS, HOUR: HOUR_MS, MINUTE: MINUTE_MS}
FAR = 2**62
"""A time or bucket after every other."""

EVENT_MEASURES = {
    "events": "1",
    "errors": "status != 0",
    "cost_nano": "coalesce(round(cost_usd * 1e9), 0)",
    "unpriced": "cost_usd IS NULL AND tokens_in + tokens_out + cache_read + cache_write > 0",
    "unpriced_tokens": "CASE WHEN cost_usd IS NULL"
    " THEN tokens_in + tokens_out + cache_read + cache_write ELSE 0 END",
    "duration_ms": "coalesce(duration_ms, 0)",
    "durations": "duration_ms IS NOT NULL",
}


def cover(
    since: int | None, until: int | None, levels: tuple[int, ...]
) -> list[tuple[int, int, int]]:
    """The range ``since <= time < until`` as (level, first bucket, bucket after the last).

    Level -1 stands for the events themselves, by time. ``levels`` are those that the table has,
    coarse to fine, without ALL.
    """
    if since is None and until is None:
        return [(ALL, 0, 1)]
    low = -FAR if since is None else since
    high = FAR if until is None else until
    return [span for span in _cover(low, high, levels) if span[1] < span[2]]


def _cover(low: int, high: int, levels: tuple[int, ...]) -> list[tuple[int, int, int]]:
    if low >= high:
        return []
    if not levels:
        return [(-1, low, high)]
    length = LENGTH[levels[0]]
    first = low // length if low <= -FAR else -(-low // length)
    last = high // length if high < FAR else FAR // length
    if first >= last:
        return _cover(low, high, levels[1:])
    spans = [(levels[0], first, last)]
    if low > -FAR:
        spans += _cover(low, first * length, levels[1:])
    if high < FAR:
        spans += _cover(last * length, high, levels[1:])
    return spans


def measured(
    table: str,
    keys: tuple[str, ...],
    measures: tuple[str, ...],
    spans: list[tuple[int, int, int]],
    where: dict[str, int],
) -> tuple[str, list[int]]:
    """A query for (*keys, *measures) summed over ``spans``, and its arguments.

    ``keys`` and ``where`` name columns of ``table`` that the events have too; "hour" stands for
    the hour. Sums are made as floating point numbers, exact up to 2**53, because a sum of
    integers that leaves 64 bits is an error.
    """
    parts: list[str] = []
    arguments: list[int] = []
    conditions = "".join(f" AND {column} = ?" for column in where)
    for level, first, last in spans:
        if level == -1:
            columns = [_event_key(k) for k in keys]
            columns += [f"{EVENT_MEASURES.get(m, m)} AS {m}" for m in measures]
            source = f"events WHERE time >= ? AND time < ?{conditions}"
            arguments += [first, last]
        else:
            columns = [_rollup_key(k, level) for k in keys] + list(measures)
            source = f"{table} WHERE level = ? AND bucket >= ? AND bucket < ?{conditions}"
            arguments += [level, first, last]
        parts.append(f"SELECT {', '.join(columns)} FROM {source}")
        arguments += where.values()
        if level == -1:  # of pruned events the minute is known
            columns = [_pruned_key(k) for k in keys] + list(measures)
            source = f"pruned WHERE minute >= ? AND minute < ?{conditions}"
            parts.append(f"SELECT {', '.join(columns)} FROM {source}")
            arguments += [-(-first // MINUTE_MS), -(-last // MINUTE_MS), *where.values()]
    if not parts:
        none = ", ".join(f"0 AS {name}" for name in (*keys, *measures))
        parts = [f"SELECT {none} WHERE 0"]
    sums = ", ".join(f"total({m})" for m in measures)
    outer = ", ".join((*keys, sums)) if keys else sums
    group = f" GROUP BY {', '.join(keys)}" if keys else ""
    return f"SELECT {outer} FROM ({' UNION ALL '.join(parts)}){group}", arguments


def _event_key(key: str) -> str:
    return f"time / {HOUR_MS} AS hour" if key == "hour" else key


def _pruned_key(key: str) -> str:
    return f"minute / {HOUR_MS // MINUTE_MS} AS hour" if key == "hour" else key


def _rollup_key(key: str, level: int) -> str:
    if key != "hour":
        return key
    return "bucket AS hour" if level == HOUR else f"bucket / {HOUR_MS // MINUTE_MS} AS hour"
