"""The histogram against counting by hand."""

from hypothesis import given
from hypothesis import strategies as st

from agentmonitor.model.histogram import LATENCIES_S, Histogram

BOUNDS = (0.1, 0.5, 2.0)


@given(st.lists(st.one_of(st.sampled_from(BOUNDS), st.floats(0, 4, allow_nan=False))))
def test_each_bound_counts_all_that_is_not_above_it(values: list[float]) -> None:
    histogram = Histogram(BOUNDS)
    for value in values:
        histogram.observe(value)
    found = histogram.snapshot()
    assert found.bounds == BOUNDS
    assert found.counts == [
        sum(value <= bound for value in values) for bound in (*BOUNDS, float("inf"))
    ]
    assert found.sum == sum(values)


def test_a_snapshot_does_not_move() -> None:
    histogram = Histogram(BOUNDS)
    before = histogram.snapshot()
    histogram.observe(1)
    assert (before.counts, before.sum) == ([0, 0, 0, 0], 0)


def test_the_bounds_of_latencies_ascend() -> None:
    assert sorted(set(LATENCIES_S)) == list(LATENCIES_S)
