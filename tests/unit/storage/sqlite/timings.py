"""The calls of tools and their durations: as a database keeps them, and as its events say."""

import sqlite3
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from agentmonitor.model.durations import bin_of, counts_of, unpacked
from agentmonitor.storage.sqlite.folds import UNFOLDED, bins_of

Timings = list[tuple[int, ...]]
"""Minutes of the period, its number, tool, agent, project; then the calls, failures, ms, calls that
have a duration, and how often each bin occurred, as one number."""
LENGTHS = {"day": 1440, "hour": 60}


def kept_timings(path: Path) -> Timings:
    """What the roll-ups hold, with what is not folded in yet."""
    found: dict[str, defaultdict[tuple[int, ...], Counter[str]]] = {
        "day": defaultdict(Counter), "hour": defaultdict(Counter),
    }  # fmt: skip
    numbers: dict[str, Counter[tuple[int, ...]]] = {"day": Counter(), "hour": Counter()}

    def take(level: str, key: tuple[int, ...], sums: tuple[int, ...], number: int) -> None:
        for name, value in zip(("calls", "failures", "ms", "timed"), sums, strict=True):
            found[level][key][name] += value
        numbers[level][key] += number

    connection = sqlite3.connect(path)
    try:
        (sealed,) = connection.execute("SELECT sealed_day FROM folded_upto").fetchone()
        for *key, calls, failures, ms, timed, first, counts in connection.execute(
            "SELECT * FROM rollup_tool_days"
        ):
            take("day", tuple(key), (calls, failures, ms, timed), unpacked(first, counts))
        for *key, calls, failures, ms, timed, bins, gone in connection.execute(
            "SELECT * FROM rollup_tool_hours"
        ):
            number = counts_of(bins_of(bins)) - counts_of(bins_of(gone))
            take("hour", tuple(key), (calls, failures, ms, timed), number)
            if key[0] // 24 >= sealed:
                take("day", (key[0] // 24, *key[1:]), (calls, failures, ms, timed), number)
        for minute, *rest, calls, failures, ms, timed, bins in connection.execute(UNFOLDED):
            if rest[0]:
                number = _number(abs(ms), bins, timed)
                take("day", (minute // 1440, *rest), (calls, failures, ms, timed), number)
                take("hour", (minute // 60, *rest), (calls, failures, ms, timed), number)
    finally:
        connection.close()
    return sorted(
        (LENGTHS[level], *key, *(sums[n] for n in ("calls", "failures", "ms", "timed")), number)
        for level, of_level in found.items()
        for key, sums in of_level.items()
        for number in [numbers[level][key]]
        if any(sums.values()) or number
    )


def true_timings(events: list[dict[str, Any]]) -> Timings:
    """The same, from rows of events and of what is left of pruned ones."""
    result: Timings = []
    for minutes in LENGTHS.values():
        table: dict[tuple[int, ...], list[int]] = {}
        for event in events:
            if not event["tool"]:
                continue
            key = (
                event["time"] // 60_000 // minutes,
                event["tool"],
                event["agent"],
                event["project"],
            )
            if "events" in event:
                values = [event[n] for n in ("events", "errors", "duration_ms", "durations")]
                values.append(counts_of(bins_of(event["bins"])))
            else:
                duration = event["duration_ms"]
                timed = duration is not None
                number = counts_of(Counter([bin_of(duration)])) if timed else 0
                values = [1, int(event["status"] != 0), duration or 0, int(timed), number]
            known = table.get(key, [0] * 5)
            table[key] = [a + b for a, b in zip(known, values, strict=True)]
        result += [(minutes, *key, *values) for key, values in table.items()]
    return sorted(result)


def _number(ms: int, bins: str | None, timed: int) -> int:
    if not timed:
        return 0
    number = counts_of(Counter([bin_of(ms)]) if bins is None else bins_of(bins))
    return number if timed > 0 else -number
