"""Usage is the growth of the totals, whatever is missing, repeated or begun anew."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentmonitor.agents.codex.usage import Meter, Totals, Used, quotas, totals
from tests.fixtures.codex.build import BEGAN, plus, usage


def read(meter: Meter, total: Any, last: Any = None) -> Used | None:
    return meter.take({"total_token_usage": total, "last_token_usage": last})


def tokens(used: Used | None) -> tuple[int, int, int, int]:
    assert used is not None
    found = used.tokens
    return found.uncached, found.cached, found.written, found.output


def test_cached_and_written_input_is_billed_once() -> None:
    one = usage(1000, 600, 50, 20, written=100)
    used = read(Meter(), one, one)
    assert tokens(used) == (300, 600, 100, 50)
    assert used is not None
    assert (used.total, used.resets) == (1050, 0)


def test_a_missing_line_is_made_up_for_by_the_next() -> None:
    meter, last = Meter(), usage(100, 0, 10)
    read(meter, last, last)
    assert tokens(read(meter, usage(350, 150, 40), usage(120, 100, 20))) == (100, 150, 0, 30)


def test_a_repeated_total_counts_once() -> None:
    meter, last = Meter(), usage(100, 20, 10)
    assert read(meter, last, last) is not None
    assert read(meter, last, last) is None
    assert read(meter, last, usage(0)) is None
    assert meter.resets == 0


def test_a_class_that_shrank_begins_anew_with_the_last_request() -> None:
    meter = Meter()
    read(meter, usage(5000, 4000, 300), usage(5000, 4000, 300))
    used = read(meter, usage(900, 100, 50), usage(900, 100, 50))
    assert tokens(used) == (800, 100, 0, 50)
    assert used is not None
    assert used.resets == 1


def test_a_total_that_equals_its_last_request_begins_anew_though_it_grew() -> None:
    meter = Meter()
    read(meter, usage(500, 100, 30), usage(500, 100, 30))
    assert tokens(read(meter, usage(900, 200, 50), usage(900, 200, 50))) == (700, 200, 0, 50)


def test_without_a_fitting_last_request_the_new_total_counts() -> None:
    for last in (None, usage(9999, 0, 9999), usage(0)):
        meter = Meter()
        read(meter, usage(5000, 4000, 300), usage(5000, 4000, 300))
        assert tokens(read(meter, usage(900, 100, 50), last)) == (800, 100, 0, 50)


def test_an_overflowing_context_sets_the_total_to_zero_and_costs_nothing() -> None:
    meter = Meter()
    read(meter, usage(5000, 0, 300), usage(5000, 0, 300))
    full = usage(0) | {"total_tokens": 272_000}
    assert read(meter, full, usage(0) | {"total_tokens": 266_700}) is None
    assert tokens(read(meter, usage(70, 0, 7), usage(70, 0, 7))) == (70, 0, 0, 7)


def test_an_inherited_total_is_where_a_thread_begins() -> None:
    meter = Meter(inherits=True)
    used = read(meter, usage(3_000_000, 2_000_000, 9000), usage(9000, 5000, 35))
    assert tokens(used) == (4000, 5000, 0, 35)
    meter = Meter(inherits=True)
    assert read(meter, usage(3_000_000, 2_000_000, 9000)) is None
    fresh = usage(14_700, 0, 300)
    assert tokens(read(Meter(inherits=True), fresh, fresh)) == (14_700, 0, 0, 300)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ({"input_tokens": "12", "output_tokens": 3.0}, Totals(12, 0, 0, 3, 0)),
        ({"input_tokens": 5, "cached_input_tokens": 9, "output_tokens": 1,
          "reasoning_output_tokens": 4}, Totals(5, 5, 0, 1, 1)),
        ({"input_tokens": -1, "output_tokens": True}, Totals()),
        ({"input_tokens": None, "output_tokens": "many"}, Totals()),
        ({"input_tokens": 1e300}, Totals()),
        (None, None),
        ([], None),
    ],
)  # fmt: skip
def test_odd_counts_are_read_or_left_out(value: Any, found: Totals | None) -> None:
    assert totals(value) == found


def requests() -> st.SearchStrategy[dict[str, int]]:
    """What single requests used: parts no larger than the whole, some output always."""

    def build(fresh: int, cached: int, written: int, out: int, reasoning: int) -> dict[str, int]:
        return usage(fresh + cached + written, cached, out, min(out, reasoning), written)

    few = st.integers(0, 50)
    return st.builds(build, few, few, few, st.integers(1, 50), few)


@given(st.lists(st.lists(st.tuples(requests(), st.sampled_from(["lost", "once", "twice", "empty"]))), max_size=5))  # fmt: skip  # noqa: E501
def test_the_sum_of_what_is_read_is_the_truth(epochs: list[list[tuple[dict[str, int], str]]]) -> None:  # fmt: skip  # noqa: E501
    """Each epoch's total begins at zero; lines are lost and repeated within it, but neither its
    first one nor the last, which nothing could make up for."""
    meter, truth, found, keys = Meter(), usage(0, written=0), Totals(), set()
    before: dict[str, int] | None = None
    for epoch in epochs:
        total = usage(0, written=0)
        for place, (last, fate) in enumerate(epoch):
            total = plus(total, last)
            if place == 0 and total == before:
                return  # an epoch that begins with the same total looks like a repetition
            truth = plus(truth, last)
            if fate == "lost" and 0 < place < len(epoch) - 1:
                continue
            lines = [(total, last)] * (2 if fate == "twice" else 1)
            if fate == "empty":
                lines.append((total, usage(0, written=0)))
            for line in lines:
                used = read(meter, *line)
                if used is not None:
                    keys.add((used.total, used.resets))
                    part = used.tokens
                    found = Totals(
                        *(a + b for a, b in zip(astuple(found), astuple(part), strict=True))
                    )
            before = total
    assert astuple(found) == (
        truth["input_tokens"], truth["cached_input_tokens"], truth["cache_write_input_tokens"],
        truth["output_tokens"], truth["reasoning_output_tokens"],
    )  # fmt: skip


def astuple(value: Totals) -> tuple[int, int, int, int, int]:
    return value.input, value.cached, value.written, value.output, value.reasoning


def test_limits_are_read_as_the_provider_names_them() -> None:
    given_limits = {
        "primary": {"used_percent": 12.5, "window_minutes": 300, "resets_at": 1_772_377_200},
        "secondary": {"used_percent": "40", "window_minutes": 10_080, "resets_in_seconds": 60},
    }
    first, second = quotas(given_limits, BEGAN)
    assert (first.window, first.used_percent, first.window_minutes) == ("primary", 12.5, 300)
    assert first.resets_at == 1_772_377_200_000
    assert (second.used_percent, second.resets_at, second.at) == (40, BEGAN + 60_000, BEGAN)
    (other,) = quotas({"limit_id": "codex_other", "primary": {"used_percent": 1}}, BEGAN)
    assert (other.window, other.resets_at) == ("codex_other:primary", None)


@pytest.mark.parametrize(
    "odd",
    [
        None,
        [],
        {"primary": None},
        {"primary": {"used_percent": "x"}},
        {"primary": {"used_percent": float("nan")}},
        {"primary": {"used_percent": -3}},
    ],
)
def test_limits_that_say_nothing_are_left_out(odd: Any) -> None:
    assert quotas(odd, BEGAN) == []
