"""Percentiles from counted durations are those of the durations themselves, to 5 %."""

import math
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from agentmonitor.model.durations import (
    BOUNDS,
    bin_of,
    counts_of,
    packed,
    percentiles,
    unpacked,
)

DURATIONS = st.one_of(st.integers(0, 30), st.integers(0, 2**31 - 1))
LISTS = st.lists(DURATIONS, min_size=1, max_size=60)


def counted(durations: list[int]) -> int:
    return counts_of(Counter(map(bin_of, durations)))


def true_percentile(durations: list[int], share: float) -> int:
    """The smallest duration that so large a share of all stays within."""
    return sorted(durations)[math.ceil(share * len(durations)) - 1]


@given(LISTS, st.sampled_from((0.01, 0.25, 0.5, 0.75, 1.0)))
def test_a_percentile_errs_by_five_percent_at_most(durations: list[int], share: float) -> None:
    (found,) = percentiles(counted(durations), (share,))
    true = true_percentile(durations, share)
    assert found is not None
    assert abs(found - true) <= 0.05 * true + 0.05


@given(LISTS, st.integers(0, 40), st.integers(0, 900))
def test_large_counts_survive_packing(durations: list[int], often: int, times: int) -> None:
    number = counted(durations) + times * counted([often])
    assert unpacked(*packed(number)) == number


@given(LISTS, LISTS)
def test_counts_are_added_as_numbers_and_survive_packing(one: list[int], two: list[int]) -> None:
    together = counted(one) + counted(two)
    assert together == counted(one + two)
    assert unpacked(*packed(together)) == together
    assert together - counted(two) == counted(one)


def test_of_nothing_there_is_no_percentile() -> None:
    assert percentiles(0, (0.5, 0.95)) == [None, None]
    assert packed(0) == (0, b"")


def test_what_takes_absurdly_long_counts_as_the_longest() -> None:
    assert bin_of(2**62) == len(BOUNDS) - 1
    assert bin_of(0) == 0
