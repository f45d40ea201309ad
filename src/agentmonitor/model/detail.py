"""One session in detail: what it used, by model, tool and sub-agent. Costs are US dollars."""

import msgspec

from agentmonitor.model.clock import IsoTime
from agentmonitor.model.session import SessionRow


class Used(msgspec.Struct, kw_only=True):
    """What some events add up to. Durations are milliseconds."""

    events: int = 0
    errors: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    cost_usd: float | None = 0.0
    """None: there are tokens, and none of them has a price."""
    unpriced_events: int = 0
    unpriced_tokens: int = 0


class ModelUsed(Used, kw_only=True):
    """Requests to one model."""

    model: str | None


class ToolUsed(msgspec.Struct, kw_only=True):
    """Calls of one tool."""

    tool_name: str
    calls: int
    failures: int
    duration_ms: int | None
    """Of those calls that tell; None: no call does."""
    average_ms: float | None


class SubagentUsed(Used, kw_only=True):
    """What one sub-agent did. Times are ISO 8601 UTC."""

    id: str
    type: str | None
    tool_calls: int
    failures: int
    first_at: IsoTime
    last_at: IsoTime


class FileTouched(msgspec.Struct, kw_only=True):
    """A file that a session edited. Times are ISO 8601 UTC; None for events that were pruned."""

    path: str
    edits: int
    lines_added: int
    lines_removed: int
    first_at: IsoTime | None
    last_at: IsoTime | None


class SessionDetail(msgspec.Struct, kw_only=True):
    """``GET /api/v2/sessions/{id}``."""

    session: SessionRow
    types: dict[str, int]
    """Events by type."""
    models: list[ModelUsed]
    tools: list[ToolUsed]
    subagents: list[SubagentUsed]
    files: list[FileTouched]
    """Those edited last; ``session.files_edited`` says how many there are."""
    channels: list[str]
    """Which channels told of it: file, log, span, hook, api, earlier, metric."""
    evidence: int
    """Reports that do not count, because a better one of the same request does."""
    pruned_events: int
    """Events of which only the sums are left."""
