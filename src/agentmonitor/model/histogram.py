"""How often values of each size occurred."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate

import msgspec

LATENCIES_S = (
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
)  # fmt: skip
"""Bounds in seconds, from less than a commit takes to longer than any caller waits."""


class Snapshot(msgspec.Struct, frozen=True):
    """A histogram at one moment."""

    bounds: tuple[float, ...]
    counts: list[int]
    """How many values were at most each bound; the last one counts all."""
    sum: float


class Histogram:
    """Counts by upper bound. One thread observes, any may take a snapshot.

    Without a lock: the reader copies the counts in one step, and the sum may be ahead of them by
    what is observed at that moment.
    """

    __slots__ = ("_bounds", "_counts", "_sum")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = tuple(bounds)
        self._counts = [0] * (len(self._bounds) + 1)
        self._sum = 0.0

    def observe(self, value: float) -> None:
        """Count ``value``."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    def snapshot(self) -> Snapshot:
        """What was observed so far."""
        counts = self._counts.copy()
        return Snapshot(bounds=self._bounds, counts=list(accumulate(counts)), sum=self._sum)
