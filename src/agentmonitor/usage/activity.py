"""Activity: the calendar, the hours of the week, and what an active day brings."""

from collections.abc import Iterable, Sequence
from datetime import tzinfo

from agentmonitor.model.analytics import Where
from agentmonitor.model.clock import to_iso
from agentmonitor.model.insight import (
    ActiveDay,
    ActiveHour,
    ActivityFacts,
    ActivityReport,
    Velocity,
)
from agentmonitor.model.periods import label, starts, stretches
from agentmonitor.storage.engine import Readable

MAX_DAYS = 500


def activity_report(store: Readable, where: Where, zone: tzinfo) -> ActivityReport:
    """``GET /api/v2/activity``. Raises TooMany and InvalidInput."""
    edges = starts(where.since, where.until, "day", zone, MAX_DAYS)
    spans = stretches(where.since, where.until, zone)
    facts = store.activity(where, edges, spans)
    days = {index: _day(facts, index, edges, zone) for index in {*facts.days, *facts.sessions}}
    return ActivityReport(
        since=to_iso(where.since),
        until=to_iso(where.until),
        tz=str(zone),
        days=[day for _, day in sorted(days.items())],
        hours=_hours(facts.hours),
        velocity=_velocity(list(days.values()), sorted(facts.days), len(edges) - 2),
    )


def _day(facts: ActivityFacts, index: int, edges: Sequence[int], zone: tzinfo) -> ActiveDay:
    events, errors, tokens, nano = facts.days.get(index, (0, 0, 0, 0))
    sessions, added, removed, files = facts.sessions.get(index, (0, 0, 0, 0))
    return ActiveDay(
        date=label(edges[index], "day", zone),
        events=events,
        errors=errors,
        tokens=tokens,
        cost_usd=nano / 1e9,
        prompts=None if facts.prompts is None else facts.prompts.get(index, 0),
        commits=None if facts.commits is None else facts.commits.get(index, 0),
        sessions=sessions,
        lines_added=added,
        lines_removed=removed,
        files_edited=files,
    )


def _hours(hours: dict[int, list[int]]) -> list[ActiveHour]:
    """By weekday and hour on the clocks of the zone, in that order."""
    return [
        ActiveHour(
            weekday=at // 24 + 1, hour=at % 24, events=events, tokens=tokens, cost_usd=nano / 1e9
        )
        for at, (events, tokens, nano) in sorted(hours.items())
    ]


def _velocity(days: list[ActiveDay], active: list[int], last: int) -> Velocity:
    """``active``: the indices of the days with events, ascending; ``last``: of the last day."""
    longest = run = 0
    previous = -2
    for index in active:
        run = run + 1 if index == previous + 1 else 1
        longest, previous = max(longest, run), index
    known = [day.prompts for day in days if day.prompts is not None]
    commits = [day.commits for day in days if day.commits is not None]

    def mean(values: Iterable[float]) -> float | None:
        return round(sum(values) / len(active), 4) if active else None

    return Velocity(
        active_days=len(active),
        longest_streak_days=longest,
        current_streak_days=run if previous >= last - 1 else 0,
        sessions_per_day=mean(day.sessions for day in days),
        lines_per_day=mean(day.lines_added + day.lines_removed for day in days),
        prompts_per_day=mean(known) if known else None,
        commits_per_day=mean(commits) if commits else None,
        cost_usd_per_day=mean(day.cost_usd for day in days),
    )
