"""An event as an entry of a session's transcript."""

from typing import Any, Literal

import msgspec

from agentmonitor.model.clock import IsoTime
from agentmonitor.model.session import EventRow

Role = Literal["system", "user", "assistant", "tool"]

_ROLES: dict[str, Role] = {
    "user_prompt": "user",
    "llm_request": "assistant",
    "llm_response": "assistant",
    "response": "assistant",
    "plan_step": "assistant",
    "turn_end": "assistant",
    "tool_use": "tool",
    "file_change": "tool",
    "git_commit": "tool",
}
_DETAILS = (
    "message", "prompt", "text", "content", "error", "command", "file_path", "path", "pattern",
    "query", "url", "description",
)  # fmt: skip


class TranscriptEntry(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One entry; keys without a value are left out, as is a status of success."""

    role: Role
    type: str
    timestamp: IsoTime
    tool_name: str | None = None
    detail: str | None = None
    status: str | None = None
    model: str | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    cost_usd: float | None = None
    duration_ms: int | None = None


def role_of(event_type: str) -> Role:
    """Whose part of the conversation an event is."""
    return _ROLES.get(event_type, "system")


def transcript_entry(event: EventRow, content: Any = None) -> TranscriptEntry:
    """The entry of ``event``; ``content``: its whole metadata, where the row has a summary."""
    return TranscriptEntry(
        role=role_of(event.event_type),
        type=event.event_type,
        timestamp=event.client_timestamp or event.created_at,
        tool_name=event.tool_name,
        detail=_detail(content or msgspec.json.decode(event.metadata)),
        status=None if event.status == "success" else event.status,
        model=event.model,
        tokens_in=event.tokens_in or None,
        tokens_out=event.tokens_out or None,
        cost_usd=event.cost_usd,
        duration_ms=event.duration_ms,
    )


def _detail(metadata: Any) -> str | None:
    if isinstance(metadata, str):
        return metadata or None
    if isinstance(metadata, dict):
        for key in _DETAILS:
            value = metadata.get(key)
            if isinstance(value, str) and value:
                return value
    return None
