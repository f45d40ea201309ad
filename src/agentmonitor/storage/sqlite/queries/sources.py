"""Which roll-up tells sums by which names, and which of its rows a span of time takes."""

from collections.abc import Iterator
from typing import NamedTuple

from agentmonitor.model.clock import DAY_MS, HOUR_MS
from agentmonitor.storage.sqlite.rollups import DAY, HOUR, MINUTE

EVENTS = -1
"""The level of ``spans.cover`` that stands for the events themselves."""

Span = tuple[int, int, int]
"""(level, first bucket, bucket after the last), as of ``cover``"""


class Source(NamedTuple):
    """A table of sums: its names, its levels from coarse to fine, whether it knows the sums of all
    times, and another table that has the days in fewer rows."""

    table: str
    names: frozenset[str]
    levels: tuple[int, ...]
    knows_all: bool = True
    days: str | None = None


ROLLUPS = (
    Source("rollup_time", frozenset({"agent"}), (DAY, HOUR, MINUTE)),
    Source("rollup_project", frozenset({"agent", "project"}), (DAY, HOUR)),
    Source("rollup_model", frozenset({"agent", "model"}), (DAY, HOUR)),
    Source("rollup_usage", frozenset({"agent", "type", "tool", "model", "source"}), (DAY, HOUR)),
    Source("rollup_place", frozenset({"agent", "branch"}), (DAY, HOUR), False,
           "rollup_branch_days"),
    Source("rollup_place", frozenset({"agent", "project", "branch", "model"}), (DAY, HOUR), False),
)  # fmt: skip
SCAN = Source("events", frozenset(), (), False)


def cheaper(span: Span, levels: tuple[int, ...]) -> Iterator[tuple[Span, int]]:
    """``span`` as parts to be added (1) or taken off (-1) that take reading fewer rows.

    More than half of a day is the day without the rest. Where days begin at another hour than in
    UTC, that rest is what the next day has of it too: each is read once.
    """
    level, first, last = span
    if level == HOUR:
        coarser, unit = DAY, DAY_MS // HOUR_MS
    elif level == EVENTS and levels and levels[-1] == HOUR:
        coarser, unit = HOUR, HOUR_MS
    else:
        yield span, 1
        return
    while first < last:
        whole = first // unit
        start, end = whole * unit, (whole + 1) * unit
        upto = min(last, end)
        missing = unit - (upto - first)
        # Of two halves the second one is left to its complement, so that they share the first.
        if missing * 2 < unit or (missing * 2 == unit and upto == end):
            yield (coarser, whole, whole + 1), 1
            if start < first:
                yield (level, start, first), -1
            if upto < end:
                yield (level, upto, end), -1
        else:
            yield (level, first, upto), 1
        first = upto


def settled(span: Span, sealed: int) -> Iterator[Span]:
    """``span`` where days have sums of their own only before the day ``sealed``."""
    level, first, last = span
    if level != DAY or last <= sealed:
        yield span
        return
    if first < sealed:
        yield (DAY, first, sealed)
    yield (HOUR, max(first, sealed) * 24, last * 24)
