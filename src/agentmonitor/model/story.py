"""A session's events as entries of a transcript, with all that was said."""

from typing import Any

import msgspec

from agentmonitor.model.clock import IsoTime
from agentmonitor.model.event import Status
from agentmonitor.model.session import EventRow
from agentmonitor.model.transcript import Role, role_of

_TEXTS = ("prompt", "text", "message", "content", "last_assistant_message", "summary")
_INPUTS = (
    "command", "file_path", "path", "pattern", "query", "url", "description", "prompt", "skill",
    "subagent_type", "input", "tool_input", "old_string", "new_string", "diff", "message",
)  # fmt: skip
_OUTPUTS = ("output", "tool_response", "result", "stdout")


class StoryRow(msgspec.Struct, kw_only=True):
    """An event with its whole metadata."""

    event: EventRow
    metadata: Any
    subagent: str | None
    file: str | None
    lines_added: int
    lines_removed: int


class StoryEntry(msgspec.Struct, kw_only=True):
    """One entry. Everything that an agent or a human said is untrusted text."""

    id: int
    time: IsoTime
    """ISO 8601 UTC."""
    role: Role
    type: str
    status: Status
    text: str | None
    tool_name: str | None
    input: dict[str, Any] | None
    output: str | None
    error: str | None
    duration_ms: int | None
    model: str | None
    tokens_in: int
    tokens_out: int
    cache_read_tokens: int
    cache_write_tokens: int
    cost_usd: float | None
    """None: unknown, or the event is no request."""
    subagent_id: str | None
    subagent_type: str | None
    file_path: str | None
    lines_added: int
    lines_removed: int


def story_entry(row: StoryRow) -> StoryEntry:
    """The entry of one event."""
    event, metadata = row.event, row.metadata
    facts = metadata if isinstance(metadata, dict) else {}
    role = role_of(event.event_type)
    is_tool = role == "tool"
    text = metadata if isinstance(metadata, str) else None
    if not is_tool:
        text = text or _first(facts, _TEXTS)
    inputs = {name: facts[name] for name in _INPUTS if name in facts}
    if row.subagent is not None:
        inputs.pop("subagent_type", None)  # its own, and no input of the call
    return StoryEntry(
        id=event.id,
        time=event.client_timestamp or event.created_at,
        role=role,
        type=event.event_type,
        status=event.status,
        text=text or None,
        tool_name=event.tool_name or (_text(facts.get("tool_name")) or None),
        input=inputs if inputs and (is_tool or event.event_type == "permission_request") else None,
        output=_first(facts, _OUTPUTS) if is_tool else None,
        error=_text(facts.get("error")) or None,
        duration_ms=event.duration_ms,
        model=event.model,
        tokens_in=event.tokens_in,
        tokens_out=event.tokens_out,
        cache_read_tokens=event.cache_read_tokens,
        cache_write_tokens=event.cache_write_tokens,
        cost_usd=event.cost_usd,
        subagent_id=row.subagent,
        subagent_type=_text(facts.get("subagent_type")) or None if row.subagent else None,
        file_path=row.file or _text(facts.get("file_path")) or None,
        lines_added=row.lines_added,
        lines_removed=row.lines_removed,
    )


def _first(facts: dict[Any, Any], names: tuple[str, ...]) -> str | None:
    return next((text for name in names if (text := _text(facts.get(name)))), None)


def _text(value: Any) -> str:
    """A text as it is, anything else as JSON; "" for nothing."""
    if isinstance(value, str):
        return value
    return "" if value in (None, {}, []) else msgspec.json.encode(value).decode()
