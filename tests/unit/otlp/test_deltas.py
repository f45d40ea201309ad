"""Cumulative metrics as deltas: whatever way they arrive, the deltas add up to the truth."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentmonitor.otlp.deltas import Delta, Deltas
from agentmonitor.otlp.records import Point

RESOURCE = {"service.name": "claude-code", "service.instance.id": "i-1"}
MINUTE = 60_000


def point(value: float, time: int | None = MINUTE, **fields: Any) -> Point:
    usual: dict[str, Any] = {
        "resource": RESOURCE, "attributes": {"session.id": "s", "type": "input"}, "name": "tokens",
        "kind": "sum", "unit": "tokens", "cumulative": True, "monotonic": True, "start": 0,
        "scope": "m",
    }  # fmt: skip
    return Point(value=value, time=time, **(usual | fields))


def values(deltas: Deltas, *points: Point) -> list[float]:
    return [found.value for found in deltas.apply(points)]


class Store:
    """What a database would hold, and the server that uses it."""

    def __init__(self, most: int = 20_000) -> None:
        self.rows: dict[bytes, Any] = {}
        self.total: dict[str, float] = defaultdict(int)
        self.count: Counter[str] = Counter()
        self.most = most
        self.deltas = Deltas(most)

    def send(self, points: Sequence[Point]) -> list[Point]:
        found = self.deltas.apply(points)
        self.rows |= {row[0]: tuple(row) for row in self.deltas.changes()}
        for series in self.deltas.dropped():
            self.rows.pop(series, None)
        for delta in found:
            assert not delta.cumulative
            self.total[str(delta.attributes)] += delta.value
            self.count[str(delta.attributes)] += delta.count
        return found

    def restart(self) -> None:
        self.deltas = Deltas(self.most)
        self.deltas.load(list(self.rows.values()))


@st.composite
def runs(draw: st.DrawFn, *, started: bool) -> tuple[list[Point], dict[str, int], dict[str, int]]:
    """All points of some series in the order of their making, and what they add up to.

    Each series has several runs, each of which counts from 0. Not ``started``: no run has a start
    time, and so a run can be told from the one before only when it falls below.
    """
    points: list[Point] = []
    total, count = {}, {}
    for name in range(draw(st.integers(1, 3))):
        kind = draw(st.sampled_from(("sum", "histogram")))
        monotonic = kind == "sum" and (not started or draw(st.booleans()))
        attributes = {"name": name, "kind": kind}
        key, time = str(attributes), 0
        total[key] = count[key] = 0
        value = number = 0
        for _ in range(draw(st.integers(1, 3))):
            start, first = time, True
            last_value, last_number = value, number
            value = number = 0
            for _ in range(draw(st.integers(1, 5))):
                more = draw(st.integers(0, 3))
                value += draw(st.integers(0 if monotonic else -9, 9)) if kind == "sum" else more * 7
                number += more
                if not started and first:  # else it would look like the run before going on
                    value = min(value, max(last_value - 1, 0))
                    number = min(number, max(last_number - 1, 0))
                    value = number * 7 if kind == "histogram" else value
                first = False
                time += draw(st.integers(1, 5)) * MINUTE
                points.append(
                    point(
                        value, time, attributes=attributes, kind=kind, monotonic=monotonic,
                        count=number if kind == "histogram" else 1,
                        start=start if started else None,
                    )
                )  # fmt: skip
            total[key] += value
            count[key] += number
    return points, total, count


def check(store: Store, total: dict[str, int], count: dict[str, int]) -> None:
    assert {key: store.total[key] for key in total} == total
    histograms = {key: number for key, number in count.items() if "histogram" in key}
    assert {key: store.count[key] for key in histograms} == histograms


@settings(max_examples=200)
@given(runs(started=True), st.data())
def test_any_order_with_repeats_resets_and_restarts(made: Any, data: st.DataObject) -> None:
    points, total, count = made
    repeats = data.draw(st.lists(st.sampled_from(points), max_size=5))
    order = data.draw(st.permutations(points + repeats))
    store = Store()
    while order:
        size = data.draw(st.integers(1, len(order)))
        store.send(order[:size])
        order = order[size:]
        if data.draw(st.booleans()):
            store.restart()
    check(store, total, count)


@settings(max_examples=200)
@given(runs(started=False), st.data())
def test_resets_without_a_start_time(made: Any, data: st.DataObject) -> None:
    points, total, count = made
    store = Store()
    for item in points:
        store.send([item] * data.draw(st.integers(1, 3)))
        if data.draw(st.booleans()):
            store.restart()
    check(store, total, count)


@settings(max_examples=100)
@given(runs(started=True), st.data())
def test_what_was_not_stored_is_part_of_what_comes_later(made: Any, data: st.DataObject) -> None:
    points, total, count = made
    store = Store()
    waiting: list[list[Point]] = []
    for item in points:
        found = store.deltas.apply([item])
        if data.draw(st.booleans()):
            waiting.append(found)  # the answer of the database comes later, and it is no
        else:
            store.deltas.undo(found)
            assert store.send([item]) == found  # the sender tries again
    for found in waiting:
        store.deltas.undo(found)
    for run in generations(points):
        store.send([msgspec.structs.replace(max(run, key=lambda p: p.time or 0), time=10**9)])
    check(store, total, count)


def generations(points: list[Point]) -> list[list[Point]]:
    found: dict[Any, list[Point]] = {}
    for item in points:
        found.setdefault((str(item.attributes), item.start), []).append(item)
    return list(found.values())


def test_gauges_and_deltas_pass_untouched() -> None:
    gauge = point(5, kind="gauge", cumulative=False)
    delta = point(5, cumulative=False)
    deltas = Deltas()
    found = deltas.apply([gauge, delta, gauge])
    assert [id(item) for item in found] == [id(gauge), id(delta), id(gauge)]
    assert len(deltas) == 0


def test_a_new_series_counts_in_full() -> None:
    (found,) = Deltas().apply([point(7, start=5, time=9)])
    assert isinstance(found, Delta)
    assert (found.value, found.start, found.time, found.cumulative) == (7, 5, 9, False)


def test_the_next_value_counts_what_was_added_since() -> None:
    deltas = Deltas()
    deltas.apply([point(7, 9)])
    (found,) = deltas.apply([point(10, 12)])
    assert (found.value, found.start, found.time) == (3, 9, 12)


def test_repeats_late_and_idle_points_add_nothing() -> None:
    deltas = Deltas()
    assert values(deltas, point(7, 9), point(7, 9), point(5, 8), point(7, 10), point(6, 10)) == [7]


def test_a_late_point_of_an_earlier_run_counts() -> None:
    deltas = Deltas()
    found = values(
        deltas, point(7, 9, start=1), point(2, 12, start=10), point(9, 10, start=1),
        point(3, 13, start=10),
    )  # fmt: skip
    assert found == [7, 2, 2, 1]


@pytest.mark.parametrize(
    "other",
    [
        {"attributes": {"session.id": "s", "type": "output"}},
        {"attributes": {"session.id": "s"}},
        {"attributes": {"session.id": "s", "type": "input", "more": None}},
        {"resource": {**RESOURCE, "service.instance.id": "i-2"}},
        {"name": "cost"},
        {"unit": "USD"},
        {"scope": "n"},
        {"kind": "histogram", "monotonic": False, "count": 4},
        {"start": 1},
    ],
)
def test_what_differs_in_anything_is_another_series(other: dict[str, Any]) -> None:
    assert values(Deltas(), point(7), point(4, **other)) == [7, 4]


def test_the_order_of_attributes_does_not_matter() -> None:
    attributes = {"type": "input", "session.id": "s"}
    resource = dict(reversed(RESOURCE.items()))
    again = point(9, 99_000, attributes=attributes, resource=resource)
    assert values(Deltas(), point(7), again) == [7, 2]


def test_a_sum_that_may_fall_does_not_reset() -> None:
    deltas = Deltas()
    found = values(deltas, *(point(v, t, monotonic=False) for t, v in enumerate((5, 3, -1, 0))))
    assert found == [5, -2, -4, 1]


def test_noise_of_floats_is_no_reset() -> None:
    """A sender that adds up its parts in another order."""
    low, high = 0.1 + (0.2 + 0.3), (0.1 + 0.2) + 0.3
    assert low < high
    deltas = Deltas()
    assert values(deltas, point(high, 1), point(low, 2), point(high, 3)) == [high]


def test_points_without_a_time_count_by_their_value() -> None:
    deltas = Deltas()
    assert values(deltas, *(point(v, None) for v in (5, 5, 8, 2, 3))) == [5, 3, 2, 1]


def test_the_series_that_was_idle_the_longest_is_dropped_first() -> None:
    deltas = Deltas(most=2)
    a, b, c = ({"attributes": {"n": n}} for n in "abc")
    deltas.apply([point(1, 1, **a), point(1, 1, **b), point(2, 2, **a)])
    kept = {row.series for row in deltas.changes()}
    deltas.apply([point(1, 3, **c)])
    assert len(deltas) == 2
    (dropped,) = deltas.dropped()
    assert dropped in kept
    assert deltas.dropped() == []
    assert values(deltas, point(3, 4, **a)) == [1]


def test_no_more_than_the_limit_is_loaded_and_the_newest_stay() -> None:
    source = Deltas()
    source.apply(point(1, n, attributes={"n": n}) for n in range(5))
    rows = source.changes()
    assert source.changes() == []
    deltas = Deltas(most=2)
    deltas.load(rows)
    assert len(deltas) == 2
    assert len(deltas.dropped()) == 3
    assert deltas.changes() == []
    assert values(deltas, point(3, 9, attributes={"n": 4})) == [2]


def test_a_row_is_what_the_store_can_hold() -> None:
    deltas = Deltas()
    deltas.apply([point(7, 9, start=3), point(2.5, 9, kind="histogram", count=4, start=None)])
    for series, start, value, count, time in deltas.changes():
        assert (type(series), len(series)) == (bytes, 16)
        assert (start, value, count, time) in ((3, 7, 0, 9), (None, 2.5, 4, 9))


@settings(max_examples=50)
@given(runs(started=True))
def test_the_bound_holds_at_any_time(made: Any) -> None:
    store = Store(most=2)
    for item in made[0]:
        store.send([item])
        assert len(store.deltas) <= 2
        assert len(store.rows) <= 2
