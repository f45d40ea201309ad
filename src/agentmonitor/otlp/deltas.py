"""Cumulative metrics become deltas, series by series. Pure: no SQL, no IO, no clock.

Source: the OpenTelemetry metrics data model, "Temporality" and "Resets and Gaps". A series is a
metric with all of its attributes, its resource, its scope and its start time: a reset comes with a
new start time and so is a new series that counts from 0. That also keeps two processes apart which
send the same attributes by turns, and lets a late point of an older run count.

A series that is new here counts in full: what it has added up since its start was never counted.
For that to hold, the state must outlive the server: store ``changes()`` in one transaction with
what was made of the deltas, and ``load`` them at the next start. A series that was forgotten, since
there were too many, counts in full again should it come back.
"""

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from agentmonitor.digest import blake2b
from agentmonitor.otlp.records import Attributes, Point

MAX_SERIES = 20_000
_DIGEST = 16
_NOISE = 1e-12
"""Floats that are added up in another order differ by less; that is no reset."""

_encode = msgspec.json.Encoder(order="sorted").encode


class Delta(Point, frozen=True, kw_only=True, gc=False):
    """What a cumulative point adds to the one before; ``start`` is that one's time."""

    series: bytes = b""


class Series(NamedTuple):
    """How far a series has been counted; a row for the store. ``series`` is its digest."""

    series: bytes
    start: int | None
    value: float
    counted: int
    time: int | None


class Deltas:
    """The state of all series. For use by one thread; at most ``most`` series are kept."""

    def __init__(self, most: int = MAX_SERIES) -> None:
        self._most = most
        # In the order of use: the first is the one that has been idle the longest.
        self._known: dict[bytes, Series] = {}
        self._changed: set[bytes] = set()
        self._dropped: set[bytes] = set()

    def __len__(self) -> int:
        return len(self._known)

    def load(self, rows: Iterable[tuple[bytes, int | None, float, int, int | None]]) -> None:
        """Take over what ``changes`` gave before; call it ahead of the first ``apply``."""
        for row in sorted(rows, key=lambda row: row[4] or 0):
            self._known[row[0]] = Series(*row)
        self._forget()

    def changes(self) -> list[Series]:
        """The series that have changed since the last call."""
        changed = [self._known[series] for series in self._changed]
        self._changed.clear()
        return changed

    def dropped(self) -> list[bytes]:
        """The series that were forgotten since the last call, so that the store can do so too."""
        dropped = list(self._dropped)
        self._dropped.clear()
        return dropped

    def apply(self, points: Iterable[Point]) -> list[Point]:
        """``points`` with deltas in the place of cumulative values.

        Points that add nothing (repeats, late ones, idle series) are left out. Gauges and points
        that are deltas already stay as they are.
        """
        found: list[Point] = []
        resources: dict[int, tuple[Attributes, bytes]] = {}
        for point in points:
            if not point.cumulative:
                found.append(point)
                continue
            # The points of one request share their resources, so each is encoded once. The tuple
            # keeps the resource alive: another one cannot get its id.
            known = resources.get(id(point.resource))
            if known is None:
                known = point.resource, _encode(point.resource)
                resources[id(point.resource)] = known
            series = blake2b(_identity(point) + known[1], digest_size=_DIGEST).digest()
            delta = self._advance(series, point)
            if delta is not None:
                found.append(delta)
        self._forget()
        return found

    def undo(self, points: Iterable[Point]) -> None:
        """Take back the deltas among ``points``, which ``apply`` gave and which were not stored.

        When the sender tries again, or sends the next value, they are part of what that adds. What
        came in between stays counted.
        """
        for point in points:
            state = self._known.get(point.series) if isinstance(point, Delta) else None
            if state is not None:
                count = state.counted - (point.count if point.kind == "histogram" else 0)
                time = point.start if state.time == point.time else state.time
                self._keep(
                    state._replace(value=state.value - point.value, counted=count, time=time)
                )

    def _advance(self, series: bytes, point: Point) -> Delta | None:
        """Count ``point``; what it adds, or None when that is nothing."""
        histogram = point.kind == "histogram"
        count = point.count if histogram else 0
        state = self._known.get(series)
        if state is None or _is_reset(state, point, count):
            before = Series(series, point.start, 0, 0, point.start)
        elif _is_late(state, point, count):
            return None
        else:
            before = state
        added, more = point.value - before.value, count - before.counted
        idle = not more if histogram else abs(added) <= _NOISE * abs(before.value)
        time = point.time if point.time is not None else before.time
        if idle:
            # The old value stays, so that increments too small to see add up.
            self._keep(before._replace(time=time))
            return None
        self._keep(Series(series, point.start, point.value, count, time))
        return Delta(
            resource=point.resource,
            attributes=point.attributes,
            name=point.name,
            kind=point.kind,
            value=added,
            count=more if histogram else point.count,
            unit=point.unit,
            monotonic=point.monotonic,
            start=before.time,
            time=point.time,
            scope=point.scope,
            series=series,
        )

    def _keep(self, state: Series) -> None:
        self._known.pop(state.series, None)
        self._known[state.series] = state
        self._changed.add(state.series)
        self._dropped.discard(state.series)

    def _forget(self) -> None:
        while len(self._known) > self._most:
            series = next(iter(self._known))
            del self._known[series]
            self._changed.discard(series)
            self._dropped.add(series)


def _identity(point: Point) -> bytes:
    """What tells a series from others, but for its resource."""
    return _encode(
        (point.scope, point.name, point.unit, point.kind, point.monotonic, point.start,
         point.attributes)
    )  # fmt: skip


def _is_late(state: Series, point: Point, count: int) -> bool:
    """Whether a later point of the series has been counted already."""
    if point.time is None or state.time is None or point.time > state.time:
        return False
    # Of two in the same millisecond the larger is the later one.
    return point.time < state.time or _falls(state, point, count)


def _is_reset(state: Series, point: Point, count: int) -> bool:
    """Whether the sender began again without a new start time."""
    return not _is_late(state, point, count) and _falls(state, point, count)


def _falls(state: Series, point: Point, count: int) -> bool:
    """Whether ``point`` is below what has been counted, where that can only rise."""
    if point.kind == "histogram":
        return count < state.counted
    return point.monotonic and point.value < state.value - _NOISE * abs(state.value)
