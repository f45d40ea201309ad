"""Counters over totals that grow and shrink."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from agentmonitor.model.totals import Totals, UsageTotal
from agentmonitor.server.counters import MAX_AGENTS, MAX_NAMES, OTHER, Counters, Sums
from tests.unit.builders import event
from tests.unit.storage.store import ENGINES, opened


def usage(**fields: Any) -> UsageTotal:
    known: dict[str, Any] = {
        "agent_type": "alpha", "event_type": "tool_use", "tool_name": None, "model": None,
        "events": 1, "errors": 0, "tokens_in": 0, "tokens_out": 0, "cache_read": 0,
        "cache_write": 0, "cost_nano": 0, "unpriced_tokens": 0,
    }  # fmt: skip
    return UsageTotal(**known | fields)


def totals() -> st.SearchStrategy[Totals]:
    number = st.integers(0, 9)
    row = st.builds(
        UsageTotal,
        agent_type=st.sampled_from(("alpha", "beta", OTHER)),
        event_type=st.sampled_from(("tool_use", "error")),
        tool_name=st.sampled_from((None, "Bash", "")),
        model=st.sampled_from((None, "m", "n" * 500, "n" * 501)),
        events=st.integers(1, 9),
        errors=number,
        tokens_in=number,
        tokens_out=number,
        cache_read=number,
        cache_write=number,
        cost_nano=number,
        unpriced_tokens=number,
    )
    return st.builds(Totals, st.lists(row, max_size=6))


def copy(sums: Sums) -> Sums:
    return {counter: dict(series) for counter, series in sums.items()}


@given(totals(), st.lists(totals(), min_size=1, max_size=5))
def test_no_counter_goes_back_or_goes_away(start: Totals, later: list[Totals]) -> None:
    counters = Counters(start)
    before: Sums = {}
    for stored in later:
        shown = copy(counters.update(stored))
        for counter, series in before.items():
            for labels, value in series.items():
                assert shown[counter][labels] >= value
        assert all(value >= 0 for series in shown.values() for value in series.values())
        before = shown


@given(totals())
def test_what_was_there_at_the_start_is_not_counted(start: Totals) -> None:
    shown = Counters(start).update(start)
    assert {value for series in shown.values() for value in series.values()} <= {0}
    assert sum(Counters(Totals()).update(start).get("events", {}).values()) == sum(
        row.events for row in start.usage
    )


def test_a_total_that_shrank_is_counted_again_only_beyond_its_highest() -> None:
    counters = Counters(Totals([usage(model="m", tokens_in=100)]))
    shown = [
        counters.update(Totals([usage(model="m", tokens_in=n)]))["tokens"]["alpha", "m", "input"]
        for n in (150, 90, 140, 151)
    ]
    assert shown == [50, 50, 50, 51]


def test_a_corrected_price_lowers_what_is_stored_and_no_counter() -> None:
    with opened(ENGINES["sqlite"]) as store:
        counters = Counters(store.engine.totals())
        store.write(event(model="m", tokens_in=5, cost_usd=0.5), event(model="m", cost_usd=0.25))
        counters.update(store.engine.totals())
        store.engine.reprice([(1, 0.125)])
        totals = store.engine.totals()
        assert counters.update(totals)["cost"] == {("alpha", "m"): 750_000_000}
        assert counters.agents(totals)["cost"] == {("alpha",): 375_000_000}
        store.write(event(model="m", cost_usd=0.5))
        assert counters.update(store.engine.totals())["cost"] == {("alpha", "m"): 875_000_000}


def test_who_has_a_series_keeps_it() -> None:
    few = [usage(model=f"m{n}", events=n + 1, tokens_in=1) for n in range(MAX_NAMES + 5)]
    counters = Counters(Totals())
    first = counters.update(Totals(few))["tokens"]
    assert len(first) == 4 * (MAX_NAMES + 1)
    assert first["alpha", OTHER, "input"] == 5
    assert ("alpha", "m0", "input") not in first
    grown = [*few, usage(model="m0", events=10**6), usage(model="late", tokens_in=7, events=10**6)]
    assert set(counters.update(Totals(grown))["tokens"]) == set(first)
    assert counters.update(Totals(grown))["tokens"]["alpha", OTHER, "input"] == 12


def test_agents_tools_and_types_are_bounded_too() -> None:
    rows = [
        usage(agent_type=f"a{agent}", tool_name=f"t{n}", event_type=f"e{n}")
        for agent in range(MAX_AGENTS + 3)
        for n in range(MAX_NAMES + 3)
    ]
    counters = Counters(Totals())
    shown = counters.update(Totals(rows))
    assert len(shown["errors"]) == len(counters.agents(Totals(rows))["events"]) == MAX_AGENTS + 1
    for counter in ("events", "tool_calls"):
        assert len(shown[counter]) <= (MAX_AGENTS + 1) * (MAX_NAMES + 1)
        assert sum(shown[counter].values()) == len(rows)


def test_a_cost_that_nobody_knows_is_not_shown_as_nothing() -> None:
    counters = Counters(Totals())
    rows = [
        usage(model="free", tokens_in=5),
        usage(model="unknown to us", tokens_in=5, unpriced_tokens=5),
        usage(model="both", tokens_in=5, unpriced_tokens=5),
        usage(model="both", tokens_in=5, cost_nano=3),
        usage(model="only a cost", cost_nano=4),
    ]
    cost = counters.update(Totals(rows))["cost"]
    assert cost == {("alpha", "free"): 0, ("alpha", "both"): 3, ("alpha", "only a cost"): 4}
