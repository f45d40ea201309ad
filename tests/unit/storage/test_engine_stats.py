"""What every engine promises of statistics, against a naive model."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentmonitor.model.clock import DAY_MS
from agentmonitor.model.event import Event
from agentmonitor.model.filters import SessionFilter
from tests.unit.builders import AGENTS, DAY, NOW, event, events, moments, report
from tests.unit.storage.naive import Naive
from tests.unit.storage.store import Factory, Store, opened
from tests.unit.storage.test_engine_events import copies

Asked = tuple[str | None, int | None]


def questions() -> st.SearchStrategy[list[Asked]]:
    agent = st.sampled_from((None, None, *AGENTS, "never seen"))
    return st.lists(st.tuples(agent, st.one_of(st.none(), moments())), min_size=4, max_size=10)


@given(
    batches=st.lists(st.lists(events(ids=True), max_size=15), min_size=1, max_size=4),
    asked=questions(),
    projects=st.integers(0, 3),
)
def test_every_sum_is_what_the_events_add_up_to(
    engine: Factory, batches: list[list[Event]], asked: list[Asked], projects: int
) -> None:
    naive = Naive()
    with opened(engine) as store:
        for batch in batches:
            naive.add(copies(batch))
            store.write(*batch)
        ask = store.engine
        exactly = [(None, e.time) for e in naive.events[-5:]]
        for agent, since in [*asked, *exactly, (None, None), ("alpha", None)]:
            stats, expected = ask.stats(agent, since), naive.stats(agent, since)
            assert stats == expected
            assert list(stats.tool_breakdown) == list(expected.tool_breakdown)
            assert list(stats.agent_breakdown) == list(expected.agent_breakdown)
            assert ask.tools(agent, since) == naive.tools(agent, since)
            assert ask.cost(agent, since, projects) == naive.cost(agent, since, projects)
            begin = since or DAY
            for end in (begin, begin + 1, begin + 90_000, begin + 3 * DAY_MS + 1):
                window = ask.used_between(agent or "alpha", begin, end)
                assert window == naive.used_between(agent or "alpha", begin, end)
            where = SessionFilter(agent_type=agent, since=since)
            rows, total = ask.sessions(where, 2)
            assert [row.id for row in rows] == naive.session_page(where)[:2]
            assert total == len(naive.session_page(where))
        assert ask.agent_types() == sorted({e.agent_type for e in naive.events})


@given(batches=st.lists(st.lists(events(ids=True), max_size=12), min_size=1, max_size=4))
def test_the_filter_options_are_the_values_that_stand_in_events(
    engine: Factory, batches: list[list[Event]]
) -> None:
    naive = Naive()
    with opened(engine) as store:
        for batch in batches:
            naive.add(copies(batch))
            store.write(*batch)
        options = store.engine.filter_options()
    told = naive.events
    assert options.agent_types == sorted({e.agent_type for e in told})
    assert options.event_types == sorted({e.event_type for e in told})
    assert options.tool_names == sorted({e.tool_name for e in told if e.tool_name})
    assert options.models == sorted({e.model for e in told if e.model})
    assert options.projects == sorted({e.project for e in told if e.project})
    assert options.sources == sorted({e.source for e in told})
    last_use: dict[tuple[str, str], int] = {}
    for e in told:
        if e.branch:
            key = (e.branch, f"{e.project} / {e.branch}" if e.project else e.branch)
            last_use[key] = max(last_use.get(key, 0), e.time)
    given_order = [(option.value, option.label) for option in options.branches]
    assert sorted(given_order) == sorted(last_use)
    times = [last_use[key] for key in given_order]
    assert times == sorted(times, reverse=True)


def test_an_empty_store_answers_with_nothing(store: Store) -> None:
    empty = Naive()
    assert store.engine.stats(None, None) == empty.stats(None, None)
    assert store.engine.stats("alpha", DAY) == empty.stats(None, None)
    assert store.engine.tools(None, None) == []
    assert store.engine.cost(None, DAY, 10) == empty.cost(None, None, 10)
    assert store.engine.agent_types() == []
    assert store.engine.last_event_id() == 0
    assert store.engine.filter_options().branches == []


def test_a_session_that_only_signalled_counts_as_a_session_without_events(store: Store) -> None:
    store.write(signals=[report("busy", session_id="quiet")])
    stats = store.engine.stats(None, None)
    assert (stats.total_sessions, stats.active_sessions, stats.total_events) == (1, 1, 0)
    assert store.engine.agent_types() == []


def test_costs_add_up_exactly_in_any_order(store: Store) -> None:
    store.write(*[event(cost_usd=0.1, occurred_at=DAY + n) for n in range(1000)])
    assert store.engine.stats(None, None).total_cost_usd == 100.0
    assert store.engine.stats(None, DAY + 1).total_cost_usd == 99.9
    (row,) = store.engine.sessions_by_id(["s1"])
    assert row.total_cost_usd == 100.0


def test_fractions_of_a_nanodollar_round_alike_at_every_level(store: Store) -> None:
    store.write(*[event(cost_usd=2.5e-9, occurred_at=DAY + n) for n in (0, 1, 90_000)])
    each = store.engine.used_between("alpha", DAY + 60_001, NOW).cost_usd  # an event read by itself
    whole = store.engine.stats(None, None).total_cost_usd  # the roll-up of all
    cut = store.engine.used_between("alpha", DAY + 1, NOW).cost_usd  # some of both
    assert whole == pytest.approx(3 * each, rel=1e-9)
    assert cut == pytest.approx(2 * each, rel=1e-9)


def test_the_dearest_event_that_may_arrive_can_be_stored_and_summed(store: Store) -> None:
    most = 2**53 - 1
    store.write(*[event(cost_usd=1e6, tokens_in=most, duration_ms=most) for _ in range(2)])
    stats = store.engine.stats(None, None)
    assert (stats.total_cost_usd, stats.total_tokens_in) == (2e6, 2 * most)


def test_rebuild_counts_the_events_and_tells_of_its_progress(store: Store) -> None:
    store.write(*[event() for _ in range(10)])
    told: list[tuple[int, int]] = []
    before = store.engine.stats(None, None)
    assert store.engine.rebuild(lambda done, total: told.append((done, total))) == 10
    assert told[-1] == (10, 10)
    assert store.engine.stats(None, None) == before
