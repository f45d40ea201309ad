"""Usage is what the events of each period add up to."""

from bisect import bisect_right
from collections import defaultdict
from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentmonitor.errors import InvalidInput
from agentmonitor.model.analytics import By, UsageQuestion, Where
from agentmonitor.model.clock import DAY_MS, HOUR_MS, MINUTE_MS
from agentmonitor.model.event import Event
from agentmonitor.model.periods import PERIODS, Period, label, span_before, starts
from agentmonitor.model.selection import Selection, SessionChoice
from agentmonitor.model.signal import BUSY, SessionSignal
from agentmonitor.pricing.engine import Pricer
from agentmonitor.storage.sqlite.queries import grouped
from agentmonitor.usage.analytics import Span, session_report, usage_report
from tests.unit.builders import DAY, event, events
from tests.unit.storage.analysing import (
    OF_EVENT,
    ZONES,
    added_up,
    chosen,
    filters,
    period_name,
    ranges,
)
from tests.unit.storage.naive import Naive
from tests.unit.storage.store import Factory, Store, opened
from tests.unit.storage.test_engine_events import copies


@given(
    batches=st.lists(st.lists(events(ids=True), max_size=20), min_size=1, max_size=3),
    asked=st.lists(
        st.tuples(
            ranges(),
            st.sampled_from(("model", "agent", "project", "branch")),
            st.sampled_from(PERIODS),
            st.sampled_from(ZONES),
            filters(),
        ),
        min_size=4,
        max_size=8,
    ),
    folded=st.booleans(),
)
def test_usage_is_what_the_events_of_each_period_add_up_to(
    engine: Factory,
    batches: list[list[Event]],
    asked: list[tuple[tuple[int, int], By, Period, str, dict[str, str]]],
    folded: bool,
) -> None:
    naive = Naive()
    with opened(engine) as store:
        for batch in batches:
            naive.add(copies(batch))
            store.write(*batch)
            if folded and len(naive.events) > 3:
                # Small batches stay beside the roll-ups; what is made anew is in them.
                store.engine.rebuild()
        for (since, until), by, period, name, narrowed in asked:
            where = Where(since=since, until=until, **narrowed)
            zone = ZoneInfo(name)
            edges = starts(since, until, period, zone, 1000)
            before = span_before(since, until, zone)
            facts = store.engine.usage(
                UsageQuestion(where=where, by=by, edges=edges, before=before)
            )
            groups: defaultdict[tuple[int, str | None], list[Event]] = defaultdict(list)
            for e in chosen(naive.events, where):
                index = bisect_right(edges, e.time) - 1
                groups[(index, OF_EVENT[by](e))].append(e)
                if period != "hour":
                    assert label(edges[index], period, zone) == period_name(e.time, period, zone)
            assert facts.cells == {key: added_up(some) for key, some in groups.items()}
            earlier = Where(since=before, until=since, **narrowed)
            assert facts.previous == added_up(chosen(naive.events, earlier))
            assert facts.models is not None
            expected: defaultdict[tuple[int, str | None], int] = defaultdict(int)
            for e in chosen(naive.events, where):
                expected[(e.time // DAY_MS, e.model)] += e.cache_read_tokens
            found: defaultdict[tuple[int, str | None], int] = defaultdict(int)
            for m in facts.models:
                found[(m.at // DAY_MS, m.model)] += m.cache_read
            assert {k: n for k, n in found.items() if n} == {k: n for k, n in expected.items() if n}


@given(
    told=st.lists(events(), max_size=30),
    by=st.sampled_from(("model", "agent", "project")),
    name=st.sampled_from(ZONES),
    limit=st.integers(1, 4),
)
def test_series_and_totals_agree_with_the_statistics_to_the_nanodollar(
    engine: Factory, told: list[Event], by: By, name: str, limit: int
) -> None:
    zone = ZoneInfo(name)
    with opened(engine) as store:
        store.write(*told)
        where = Where(since=DAY - 9 * DAY_MS, until=DAY + 19 * DAY_MS)
        span = Span(zone, name, "day")
        report = usage_report(store.engine, Pricer(), where, by, span, limit)
        stats = store.engine.stats(None, None)
        assert report.totals.cost_usd == stats.total_cost_usd
        assert report.totals.events == stats.total_events
        assert report.totals.unpriced_tokens == stats.unpriced_tokens
        assert len(report.series) <= limit
        assert sum(round(s.totals.cost_usd * 1e9) for s in report.series) == round(
            stats.total_cost_usd * 1e9
        )
        for series in report.series:
            assert sum(series.values.events) == series.totals.events
            assert len(series.values.cost_usd) == len(report.buckets)
        assert [s.other for s in report.series[:-1]] == [False] * (len(report.series) - 1)
        sessions = session_report(store.engine, where, span, 100)
        assert sessions.totals.cost_usd == stats.total_cost_usd
        assert sum(s.totals.events for s in sessions.sessions) == stats.total_events


@given(told=st.lists(events(), max_size=40), span=ranges(), narrowed=filters(),
       limit=st.integers(1, 3))  # fmt: skip
def test_session_usage_is_that_of_the_sessions_active_in_the_range(
    engine: Factory, told: list[Event], span: tuple[int, int], narrowed: dict[str, str], limit: int
) -> None:
    where = Where(since=span[0], until=span[1], **narrowed)
    with opened(engine) as store:
        quiet = SessionSignal(session_id="quiet", agent_type="alpha", at=DAY, signal=BUSY)
        store.write(*told, signals=[quiet])
        found, count, sums = store.engine.session_usage(where, limit)
        listed = store.engine.session_reads.session_list(
            SessionChoice(where=Selection(since=span[0], until=span[1], **narrowed), sort="cost"),
            100,
        ).rows
    rows = [row for row in listed if row.event_count]
    assert count == len(rows)
    assert sums.cost_nano == sum(round(row.total_cost_usd * 1e9) for row in rows)
    assert sums.events == sum(row.event_count for row in rows)
    assert sums.tokens_in == sum(row.tokens_in for row in rows)
    assert sums.unpriced == sum(row.unpriced_events for row in rows)
    costs = sorted((row.total_cost_usd for row in rows), reverse=True)
    assert [each.sums.cost_nano for each in found] == [round(c * 1e9) for c in costs[:limit]]


def test_a_day_has_the_hours_that_its_clocks_give_it() -> None:
    vienna = ZoneInfo("Europe/Vienna")
    since = int(datetime(2026, 3, 28, tzinfo=vienna).timestamp()) * 1000
    until = int(datetime(2026, 3, 31, tzinfo=vienna).timestamp()) * 1000
    edges = starts(since, until, "day", vienna, 10)
    assert [(b - a) // HOUR_MS for a, b in pairwise(edges)] == [24, 23, 24]
    assert span_before(edges[2], edges[3], vienna) == edges[1]
    assert len(starts(since, until, "hour", vienna, 100)) == 72


def test_half_an_hour_of_daylight_saving_makes_shorter_hours_and_loses_none() -> None:
    zone = ZoneInfo("Australia/Lord_Howe")
    since = int(datetime(2026, 10, 4, tzinfo=zone).timestamp()) * 1000
    edges = starts(since, since + 6 * HOUR_MS, "hour", zone, 10)
    assert [(b - a) // MINUTE_MS for a, b in pairwise(edges)] == [
        60, 60, 30, 60, 60, 60, 60,
    ]  # fmt: skip
    assert label(edges[0], "hour", zone) == "2026-10-04T00:00+10:30"


def test_cached_reads_save_the_difference_to_the_input_price_of_their_day(store: Store) -> None:
    model = "claude-sonnet-4-5"
    store.write(
        event(model=model, cache_read_tokens=2_000_000, cost_usd=0.6, occurred_at=DAY),
        event(model="unknown-model", cache_read_tokens=500, occurred_at=DAY),
    )
    where = Where(since=DAY, until=DAY + DAY_MS)
    span = Span(ZoneInfo("UTC"), "UTC", "day")
    report = usage_report(store.engine, Pricer(), where, "model", span, 10)
    assert report.cache is not None
    # 3 dollars a million as input, 0.30 from the cache.
    assert report.cache.saved_usd == pytest.approx(5.4)
    assert report.cache.unpriced_cache_read_tokens == 500
    assert report.unpriced is not None
    assert [(row.model, row.tokens) for row in report.unpriced] == [("unknown-model", 500)]


def test_sums_that_nobody_keeps_are_refused_when_they_are_many(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grouped, "MAX_SCAN", 3)
    store.write(*(event(occurred_at=DAY + n * HOUR_MS, branch="main") for n in range(5)))
    span = Span(ZoneInfo("UTC"), "UTC", "day")
    where = Where(since=DAY, until=DAY + DAY_MS, branch="main")
    with pytest.raises(InvalidInput) as refused:
        store.engine.tool_use(where, "agent")
    assert [field for field, _ in refused.value.details] == ["agent", "branch", "tool"]
    narrow = Where(since=DAY, until=DAY + 2 * HOUR_MS, branch="main")
    report = usage_report(store.engine, Pricer(), narrow, "branch", span, 10)
    assert report.totals.events == 2
    of_session = Where(since=DAY, until=DAY + DAY_MS, session="s1")
    report = usage_report(store.engine, Pricer(), of_session, "branch", span, 10)
    assert report.totals.events == 5
    of_place = Where(since=DAY, until=DAY + DAY_MS, project="p", branch="main", model="m")
    report = usage_report(store.engine, Pricer(), of_place, "branch", span, 10)
    assert report.totals.events == 0
