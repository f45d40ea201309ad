"""Tools, activity and facets are what the events add up to."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime
from math import ceil
from typing import Literal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentmonitor.model.analytics import By, UsageQuestion, Where
from agentmonitor.model.clock import DAY_MS, HOUR_MS, MINUTE_MS, from_iso
from agentmonitor.model.database import PruneLimits
from agentmonitor.model.event import Event
from agentmonitor.model.filters import EventFilter, SessionFilter
from agentmonitor.model.periods import starts
from agentmonitor.usage.activity import activity_report
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
from tests.unit.storage.naive import Naive, counted
from tests.unit.storage.store import Factory, Store, opened
from tests.unit.storage.test_engine_events import copies


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
            if not times or narrowed.keys() & {"branch", "model", "session", "q"}:
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
    narrowed=filters(),
    folded=st.booleans(),
)
def test_activity_is_what_the_events_of_days_and_hours_add_up_to(
    engine: Factory,
    told: list[Event],
    span: tuple[int, int],
    name: str,
    narrowed: dict[str, str],
    folded: bool,
) -> None:
    zone = ZoneInfo(name)
    where = Where(since=span[0], until=span[1], **narrowed)
    naive = Naive()
    naive.add(copies(told))
    with opened(engine) as store:
        store.write(*told)
        if folded:
            store.engine.rebuild()
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
    for kind in ("prompts", "commits"):
        known = {d: getattr(row, kind) for d, row in days.items()}
        if not narrowed.keys() & {"session", "q"} and narrowed.keys() & {"project", "branch"}:
            assert set(known.values()) <= {None}
        else:
            type_ = {"prompts": "user_prompt", "commits": "git_commit"}[kind]
            assert known == {d: sum(e.event_type == type_ for e in es) for d, es in by_day.items()}
    if not narrowed.keys() & {"model", "project", "branch", "session", "q"}:
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


@given(told=st.lists(events(), max_size=40), narrowed=filters(),
       span=st.one_of(st.just((0, DAY * 2)), ranges()))  # fmt: skip
def test_facets_count_the_events_that_bear_each_value(
    engine: Factory, told: list[Event], narrowed: dict[str, str], span: tuple[int, int]
) -> None:
    where = Where(since=span[0], until=span[1], **narrowed)
    naive = Naive()
    naive.add(copies(told))
    with opened(engine) as store:
        store.write(*told)
        facets = store.engine.facets(where)
    some = chosen(naive.events, where)
    others = {name: value for name, value in narrowed.items() if name != "agent"}
    every = chosen(naive.events, Where(since=span[0], until=span[1], **others))
    for found, expected in (
        (facets.agent, counted(e.agent_type for e in every)),
        (facets.project, counted(e.project for e in some)),
        (facets.model, counted(e.model for e in some)),
        (facets.tool, counted(e.tool_name for e in some)),
        (facets.type, counted(e.event_type for e in some)),
        (facets.source, counted(e.source for e in some)),
    ):
        assert [(facet.value, facet.count) for facet in found] == list(expected.items())
    # A branch is told from its last use on, which sums know by agent and project.
    kept = {
        name: value for name, value in narrowed.items() if name in ("agent", "project", "branch")
    }
    mine = [e for e in chosen(naive.events, Where(since=0, until=2**60, **kept)) if e.branch]
    used = grouped_by(mine, lambda e: f"{e.branch} of {e.project}")
    if kept != narrowed:
        counts = counted(f"{e.branch} of {e.project}" for e in some if e.branch)
    else:
        counts = counted(f"{e.branch} of {e.project}" for e in mine)
    assert {f"{b.value} of {b.project}": b.count for b in facets.branch} == {
        key: counts[key]
        for key, es in used.items()
        if key is not None and key in counts and max(e.time for e in es) >= where.since
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
