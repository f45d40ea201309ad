"""What the statistics calls answer. Costs are US dollars, durations milliseconds."""

from typing import Literal

import msgspec

from agentmonitor.model.clock import IsoTime


class Stats(msgspec.Struct, kw_only=True):
    """``GET /api/stats``."""

    total_events: int
    active_sessions: int
    total_sessions: int
    live_sessions: int
    active_agents: int
    total_tokens_in: int
    total_tokens_out: int
    total_cost_usd: float
    tool_breakdown: dict[str, int]
    agent_breakdown: dict[str, int]
    model_breakdown: dict[str, int]
    branches: list[str]
    total_errors: int
    total_cache_read_tokens: int
    total_cache_write_tokens: int
    unpriced_events: int
    unpriced_tokens: int


class ToolStats(msgspec.Struct, kw_only=True):
    """One tool of ``GET /api/stats/tools``."""

    tool_name: str
    total_calls: int
    error_count: int
    error_rate: float
    avg_duration_ms: float | None
    by_agent: dict[str, int]


class CostBucket(msgspec.Struct, kw_only=True):
    """One hour; ``bucket`` is its start, ``YYYY-MM-DDTHH:00:00Z``."""

    bucket: IsoTime
    cost_usd: float
    tokens_in: int
    tokens_out: int
    event_count: int
    error_count: int
    unpriced_tokens: int


class ProjectCost(msgspec.Struct, kw_only=True):
    """One project's share; events and sessions without a project are ``unknown``."""

    project: str
    cost_usd: float
    session_count: int
    event_count: int
    unpriced_tokens: int


class ModelCost(msgspec.Struct, kw_only=True):
    """One model's share. Unpriced events have tokens and no known price."""

    model: str
    cost_usd: float
    event_count: int
    tokens_in: int
    tokens_out: int
    cache_read_tokens: int
    cache_write_tokens: int
    unpriced_events: int
    unpriced_tokens: int


class Cost(msgspec.Struct, kw_only=True):
    """``GET /api/stats/cost``."""

    timeline: list[CostBucket]
    by_project: list[ProjectCost]
    by_model: list[ModelCost]


class WindowUse(msgspec.Struct, kw_only=True):
    """What was used since some moment."""

    tokens: int
    cost_usd: float


class Window(msgspec.Struct, kw_only=True, rename="camel"):
    """One usage window of ``GET /api/stats/usage-monitor``."""

    used: float
    limit: float
    window_hours: float


class AgentUsage(msgspec.Struct, kw_only=True):
    """One agent type of ``GET /api/stats/usage-monitor``."""

    agent_type: str
    limitType: Literal["tokens", "cost"]  # noqa: N815 - the contract's own spelling
    session: Window
    extended: Window | None
    weekly: Window | None


class BranchOption(msgspec.Struct, kw_only=True):
    """A branch to filter by; ``label`` is "project / branch"."""

    value: str
    label: str


class FilterOptions(msgspec.Struct, kw_only=True):
    """``GET /api/filter-options``, sorted; branches by last use."""

    agent_types: list[str]
    event_types: list[str]
    tool_names: list[str]
    models: list[str]
    projects: list[str]
    branches: list[BranchOption]
    sources: list[str]
