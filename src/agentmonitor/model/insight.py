"""What is answered about tools and activity, and the values to filter by.

Costs are US dollars, durations milliseconds, times ISO 8601 UTC.
"""

from typing import Literal

import msgspec

from agentmonitor.model.clock import IsoTime

ToolsBy = Literal["agent", "project"]
"""What the calls of a tool are told apart by."""


class ToolPart(msgspec.Struct, kw_only=True):
    """Calls of a tool by one agent or in one project; ``key`` None: it has none."""

    key: str | None
    calls: int
    failures: int
    failure_rate: float
    mean_duration_ms: float | None
    p50_ms: float | None
    p95_ms: float | None


class ToolUse(msgspec.Struct, kw_only=True):
    """One tool; failures are calls that were no success."""

    tool: str
    calls: int
    failures: int
    failure_rate: float
    mean_duration_ms: float | None
    """Over the calls whose duration is known; None: of none is it."""
    p50_ms: float | None
    """Half of those calls take no longer; to 5 %. None with filters by which no durations are
    kept."""
    p95_ms: float | None
    parts: list[ToolPart]


class ToolReport(msgspec.Struct, kw_only=True, rename={"since": "from", "until": "to"}):
    """``GET /api/v2/tools``, the most used first."""

    since: IsoTime
    until: IsoTime
    by: ToolsBy
    calls: int
    failures: int
    tools: list[ToolUse]


class ActiveDay(msgspec.Struct, kw_only=True):
    """One day of the zone. Sessions, lines and files are of the sessions that began that day."""

    date: str
    events: int
    errors: int
    tokens: int
    """In and out, without the cache."""
    cost_usd: float
    prompts: int | None
    commits: int | None
    sessions: int
    lines_added: int
    lines_removed: int
    files_edited: int


class ActiveHour(msgspec.Struct, kw_only=True):
    """One hour of the week."""

    weekday: int
    """1 is Monday."""
    hour: int
    events: int
    tokens: int
    cost_usd: float


class Velocity(msgspec.Struct, kw_only=True):
    """What an active day brings; an active day has events."""

    active_days: int
    longest_streak_days: int
    current_streak_days: int
    """Up to the last day of the range, or the one before it."""
    sessions_per_day: float | None
    lines_per_day: float | None
    """Added and removed."""
    prompts_per_day: float | None
    commits_per_day: float | None
    cost_usd_per_day: float | None


class ActivityReport(msgspec.Struct, kw_only=True, rename={"since": "from", "until": "to"}):
    """``GET /api/v2/activity``: only days and hours with something."""

    since: IsoTime
    until: IsoTime
    tz: str
    days: list[ActiveDay]
    hours: list[ActiveHour]
    velocity: Velocity


class ActivityFacts(msgspec.Struct, kw_only=True):
    """What the store knows of it: by the index of the day, and by the hour of the week."""

    days: dict[int, list[int]]
    """events, errors, tokens, cost in nanodollars."""
    prompts: dict[int, int] | None
    """None: there is no sum by event type for these filters."""
    commits: dict[int, int] | None
    sessions: dict[int, list[int]]
    """sessions, lines added, lines removed, files edited."""
    hours: dict[int, list[int]]
    """events, tokens, cost in nanodollars; from Monday's first hour (0) on."""


class Facet(msgspec.Struct, kw_only=True):
    """A value to filter by, and how many events bear it."""

    value: str
    count: int


class BranchFacet(msgspec.Struct, kw_only=True):
    """A branch of a project. The count is over all time."""

    value: str
    project: str | None
    count: int
    last_used_at: IsoTime


class Facets(msgspec.Struct, kw_only=True):
    """``GET /api/v2/facets``, the most frequent first; branches by last use."""

    agent: list[Facet]
    project: list[Facet]
    model: list[Facet]
    type: list[Facet]
    tool: list[Facet]
    source: list[Facet]
    branch: list[BranchFacet]
