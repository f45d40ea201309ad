"""Usage, tools and activity over time, against sums over a list of events."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime
from itertools import pairwise
from math import ceil
from typing import Literal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentmonitor.errors import InvalidInput
from agentmonitor.model.analytics import By, Sums, UsageQuestion, Where
from agentmonitor.model.clock import DAY_MS, HOUR_MS, MINUTE_MS, from_iso
from agentmonitor.model.database import PruneLimits
from agentmonitor.model.event import Event
from agentmonitor.model.filters import EventFilter, SessionFilter
from agentmonitor.model.periods import PERIODS, Period, label, span_before, starts
from agentmonitor.pricing.engine import Pricer
from agentmonitor.storage.sqlite.queries import grouped
from agentmonitor.usage.activity import activity_report
from agentmonitor.usage.analytics import Span, session_report, usage_report
from tests.unit.builders import AGENTS, DAY, event, events, moments
from tests.unit.storage.naive import Naive, counted, unpriced
from tests.unit.storage.store import Factory, Store, opened
from tests.unit.storage.test_engine_events import copies

ZONES = (
    "UTC", "Europe/Vienna", "America/Los_Angeles", "Asia/Tokyo", "Asia/Kolkata", "Asia/Kathmandu",
    "Australia/Lord_Howe", "Pacific/Kiritimati", "America/St_Johns", "Pacific/Auckland",
)  # fmt: skip
OF_EVENT: dict[str, Callable[[Event], str | None]] = {
    "model": lambda e: e.model,
    "agent": lambda e: e.agent_type,
    "project": lambda e: e.project,
    "branch": lambda e: e.branch,
    "session": lambda e: e.session_id,
}


def filters() -> st.SearchStrategy[dict[str, str]]:
    return st.fixed_dictionaries(
        {},
        optional={
            "agent": st.sampled_from((*AGENTS, "never seen")),
            "project": st.sampled_from(("storefront", "ledger")),
            "branch": st.sampled_from(("main", "fix/a")),
            "model": st.sampled_from(("m-large", "m-small")),
            "session": st.sampled_from(("s1", "s2", "nobody")),
        },
    )


def ranges() -> st.SearchStrategy[tuple[int, int]]:
    hours = st.integers(-30, 7 * 24).map(lambda h: DAY + h * HOUR_MS)
    halves = st.integers(0, 200).map(lambda h: DAY + h * 30 * MINUTE_MS)
    ends = st.one_of(moments(), hours, halves)
    return (
        st.tuples(ends, ends).map(sorted).filter(lambda r: r[0] < r[1]).map(lambda r: (r[0], r[1]))
    )


def chosen(told: Iterable[Event], where: Where) -> list[Event]:
    return [
        e
        for e in told
        if where.since <= e.time < where.until
        and all(getattr(where, n) in (None, of(e)) for n, of in OF_EVENT.items())
    ]


def added_up(told: Iterable[Event]) -> Sums:
    some = list(told)
    return Sums(
        events=len(some),
        errors=sum(e.status != "success" for e in some),
        tokens_in=sum(e.tokens_in for e in some),
        tokens_out=sum(e.tokens_out for e in some),
        cache_read=sum(e.cache_read_tokens for e in some),
        cache_write=sum(e.cache_write_tokens for e in some),
        cost_nano=sum(round((e.cost_usd or 0) * 1e9) for e in some),
        unpriced=len(unpriced(some)),
        unpriced_tokens=sum(unpriced(some)),
    )


def period_name(at: int, period: Period, zone: ZoneInfo) -> str:
    """The local calendar's name of the period, without any arithmetic of ours."""
    moment = datetime.fromtimestamp(at // 1000, zone)
    form = {"day": "%Y-%m-%d", "week": "%G-W%V", "month": "%Y-%m"}[period]
    return moment.strftime(form)


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
            found = {(m.at // DAY_MS, m.model): m.cache_read for m in facts.models}
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


@given(
    told=st.lists(events(), max_size=40),
    span=ranges(),
    narrowed=filters(),
    by=st.sampled_from(("agent", "project")),
    folded=st.booleans(),
)
def test_tools_are_what_their_calls_add_up_to(
    engine: Factory,
    told: list[Event],
    span: tuple[int, int],
    narrowed: dict[str, str],
    by: Literal["agent", "project"],
    folded: bool,
) -> None:
    where = Where(since=span[0], until=span[1], **narrowed)
    naive = Naive()
    naive.add(copies(told))
    with opened(engine) as store:
        store.write(*told)
        if folded:
            store.engine.rebuild()
        report = store.engine.tool_use(where, by)
    calls = grouped_by(chosen(naive.events, where), lambda e: e.tool_name)
    assert {t.tool: t.calls for t in report.tools} == {n: len(c) for n, c in calls.items() if n}
    assert report.calls == sum(len(c) for n, c in calls.items() if n)
    for tool in report.tools:
        mine = calls[tool.tool]
        assert (tool.failures, tool.mean_duration_ms) == outcome(mine)
        assert tool.failure_rate == round(tool.failures / tool.calls, 4)
        parts = grouped_by(mine, OF_EVENT[by])
        assert {p.key: (p.calls, p.failures, p.mean_duration_ms) for p in tool.parts} == {
            key: (len(some), *outcome(some)) for key, some in parts.items()
        }
        for told_of, some in [(tool, mine)] + [(p, parts[p.key]) for p in tool.parts]:
            times = sorted(e.duration_ms for e in some if e.duration_ms is not None)
            if not times or narrowed.keys() & {"branch", "model", "session"}:
                assert (told_of.p50_ms, told_of.p95_ms) == (None, None)
                continue
            for share, found in ((0.5, told_of.p50_ms), (0.95, told_of.p95_ms)):
                true = times[ceil(share * len(times)) - 1]
                assert found is not None
                assert abs(found - true) <= 0.05 * true


@given(
    told=st.lists(events(), max_size=40),
    span=ranges(),
    name=st.sampled_from(ZONES),
    narrowed=st.sampled_from(
        ({}, {"agent": "alpha"}, {"project": "ledger"}, {"model": "m-large"}, {"agent": "nobody"})
    ),
)
def test_activity_is_what_the_events_of_days_and_hours_add_up_to(
    engine: Factory, told: list[Event], span: tuple[int, int], name: str, narrowed: dict[str, str]
) -> None:
    zone = ZoneInfo(name)
    where = Where(since=span[0], until=span[1], **narrowed)
    naive = Naive()
    naive.add(copies(told))
    with opened(engine) as store:
        store.write(*told)
        report = activity_report(store.engine, where, zone)
        rows, _ = store.engine.sessions(SessionFilter(), 0)
    some = chosen(naive.events, where)
    by_day = grouped_by(some, lambda e: period_name(e.time, "day", zone))
    days = {day.date: day for day in report.days if day.events}
    assert {d: (r.events, r.errors, r.cost_usd, r.tokens) for d, r in days.items()} == {
        d: (
            len(es),
            sum(e.status != "success" for e in es),
            added_up(es).cost_nano / 1e9,
            sum(e.tokens_in + e.tokens_out for e in es),
        )
        for d, es in by_day.items()
    }
    by_hour = grouped_by(some, lambda e: week_hour(e.time // HOUR_MS * HOUR_MS, zone))
    assert {f"{h.weekday} {h.hour:02d}": h.events for h in report.hours} == {
        key: len(es) for key, es in by_hour.items()
    }
    assert report.velocity.active_days == len(by_day)
    if "model" not in narrowed and "project" not in narrowed:
        began = [
            row
            for row in rows
            if narrowed.get("agent") in (None, row.agent_type)
            and where.since <= from_iso(row.started_at) < where.until
        ]
        assert sum(day.sessions for day in report.days) == len(began)
        assert sum(day.lines_added for day in report.days) == sum(r.lines_added for r in began)


def test_streaks_are_days_without_a_gap(store: Store) -> None:
    store.write(*(event(occurred_at=DAY + n * DAY_MS) for n in (0, 1, 2, 5, 6)))
    where = Where(since=DAY, until=DAY + 7 * DAY_MS)
    velocity = activity_report(store.engine, where, ZoneInfo("UTC")).velocity
    assert (velocity.longest_streak_days, velocity.current_streak_days) == (3, 2)
    later = Where(since=DAY, until=DAY + 10 * DAY_MS)
    assert activity_report(store.engine, later, ZoneInfo("UTC")).velocity.current_streak_days == 0


@given(told=st.lists(events(), max_size=40), agent=st.sampled_from((None, "alpha", "nobody")),
       span=st.one_of(st.just((0, DAY * 2)), ranges()))  # fmt: skip
def test_facets_count_the_events_that_bear_each_value(
    engine: Factory, told: list[Event], agent: str | None, span: tuple[int, int]
) -> None:
    where = Where(since=span[0], until=span[1], agent=agent)
    naive = Naive()
    naive.add(copies(told))
    with opened(engine) as store:
        store.write(*told)
        facets = store.engine.facets(where)
    some = chosen(naive.events, where)
    every = chosen(naive.events, Where(since=span[0], until=span[1]))
    for found, expected in (
        (facets.agent, counted(e.agent_type for e in every)),
        (facets.project, counted(e.project for e in some)),
        (facets.model, counted(e.model for e in some)),
        (facets.tool, counted(e.tool_name for e in some)),
        (facets.type, counted(e.event_type for e in some)),
        (facets.source, counted(e.source for e in some)),
    ):
        assert [(facet.value, facet.count) for facet in found] == list(expected.items())
    mine = [e for e in naive.events if agent in (None, e.agent_type) and e.branch]
    used = grouped_by(mine, lambda e: f"{e.branch} of {e.project}")
    assert {f"{b.value} of {b.project}": b.count for b in facets.branch} == {
        key: len(es) for key, es in used.items() if max(e.time for e in es) >= where.since
    }


def grouped_by(
    told: Iterable[Event], key: Callable[[Event], str | None]
) -> dict[str | None, list[Event]]:
    groups: defaultdict[str | None, list[Event]] = defaultdict(list)
    for e in told:
        groups[key(e)].append(e)
    return groups


def outcome(calls: list[Event]) -> tuple[int, float | None]:
    """Failures and the mean of the known durations."""
    known = [e.duration_ms for e in calls if e.duration_ms is not None]
    mean = round(sum(known) / len(known), 2) if known else None
    return sum(e.status != "success" for e in calls), mean


def week_hour(at: int, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(at // 1000, zone).strftime("%u %H")


@pytest.mark.parametrize("name", ["UTC", "Europe/Vienna", "Asia/Kolkata"])
@pytest.mark.parametrize("by", ["model", "project", "branch"])
def test_pruned_events_stay_in_the_sums(store: Store, name: str, by: By) -> None:
    store.write(
        *(
            event(
                occurred_at=DAY + n * 20 * MINUTE_MS,
                model=f"m-{n % 3}",
                branch=f"b-{n % 2}",
                project="p",
                cost_usd=n / 1000,
            )
            for n in range(150)
        )
    )
    zone = ZoneInfo(name)
    where = Where(since=DAY, until=DAY + 2 * DAY_MS)
    question = UsageQuestion(
        where=where, by=by, edges=starts(where.since, where.until, "day", zone, 10), before=0
    )
    known = store.engine.usage(question)
    limits = PruneLimits(kept_from=DAY + DAY_MS, before=DAY + DAY_MS)
    store.engine.prune_page(limits, 0, 1000)
    assert store.engine.events(EventFilter(), 1, 0)[1] < 150
    after = store.engine.usage(question)
    assert after.cells == known.cells
    assert after.models is not None
    assert known.models is not None
    assert sorted(after.models, key=repr) == sorted(known.models, key=repr)
