"""The session row: one conversation with an agent, as the API shows it."""

from typing import Literal

import msgspec

from agentmonitor.model.activity import State
from agentmonitor.model.clock import IsoTime, to_iso
from agentmonitor.model.event import SCHEMA_VERSION, Event, Status

SessionStatus = Literal["active", "idle", "ended"]


class RunningTool(msgspec.Struct, frozen=True):
    """A tool call that runs or waits. ``since``: ISO 8601 UTC."""

    name: str
    detail: str | None
    since: IsoTime


class SubagentRow(msgspec.Struct, frozen=True):
    """A sub-agent of a session."""

    id: str
    type: str | None
    state: Literal["working", "permission", "input", "ended"]
    since: IsoTime
    tool: RunningTool | None


class SessionRow(msgspec.Struct, frozen=True, kw_only=True):
    """One row of ``GET /api/sessions``. Times are ISO 8601 UTC, costs US dollars."""

    id: str
    agent_id: str
    agent_type: str
    project: str | None
    branch: str | None
    status: SessionStatus
    started_at: IsoTime
    ended_at: IsoTime | None
    last_event_at: IsoTime
    metadata: str
    event_count: int
    tokens_in: int
    tokens_out: int
    total_cost_usd: float
    files_edited: int
    lines_added: int
    lines_removed: int
    cache_read_tokens: int
    cache_write_tokens: int
    error_count: int
    unpriced_events: int
    client_cost_usd: float | None
    """The clients' own cost of those requests that both they and we price."""
    cost_difference_usd: float | None
    """That less ours, when it is more than a cent."""
    usage_channel: str | None
    """The best channel that reported token usage: file, log, span, hook, api, earlier, metric."""
    title: str | None
    model: str | None
    context_window: int | None = None
    """How many tokens the model's context window holds; null: unknown."""
    cwd: str | None
    state: State
    state_since: IsoTime
    state_reason: str | None
    state_detail: str | None
    tool: RunningTool | None
    subagents: list[SubagentRow]


class EventRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One stored event as every call and the stream show it. ``metadata`` is JSON text."""

    id: int
    event_id: str | None
    schema_version: int
    session_id: str
    agent_type: str
    event_type: str
    tool_name: str | None
    status: Status
    tokens_in: int
    tokens_out: int
    branch: str | None
    project: str | None
    duration_ms: int | None
    created_at: IsoTime
    client_timestamp: IsoTime | None
    metadata: str
    payload_truncated: int
    model: str | None
    cost_usd: float | None
    cache_read_tokens: int
    cache_write_tokens: int
    source: str


def event_row(event: Event) -> EventRow:
    """A stored event as reads show it."""
    return EventRow(
        id=event.id,
        event_id=event.event_id,
        schema_version=SCHEMA_VERSION,
        session_id=event.session_id,
        agent_type=event.agent_type,
        event_type=event.event_type,
        tool_name=event.tool_name,
        status=event.status or "success",
        tokens_in=event.tokens_in,
        tokens_out=event.tokens_out,
        branch=event.branch,
        project=event.project,
        duration_ms=event.duration_ms,
        created_at=to_iso(event.created_at),
        client_timestamp=None if event.occurred_at is None else to_iso(event.occurred_at),
        metadata=event.metadata_json,
        payload_truncated=int(event.payload_truncated),
        model=event.model,
        cost_usd=event.cost_usd,
        cache_read_tokens=event.cache_read_tokens,
        cache_write_tokens=event.cache_write_tokens,
        source=event.source,
    )
