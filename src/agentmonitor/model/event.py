"""The event: one thing that an agent did, as the whole system knows it."""

from typing import Any, Literal

import msgspec

from agentmonitor.model.signal import Signal

EventType = Literal[
    "tool_use",
    "session_start",
    "session_end",
    "error",
    "llm_request",
    "llm_response",
    "response",
    "file_change",
    "git_commit",
    "plan_step",
    "user_prompt",
    # Beyond the contract's ten and one:
    "turn_end",
    "permission_request",
    "notification",
    "subagent_start",
    "subagent_end",
    "compaction",
    "hook",
]
Status = Literal["success", "error", "timeout"]

SCHEMA_VERSION = 1

# JSON's safe integers: a larger count is a fault of the sender, and sums stay inside 64 bits.
MAX_INT = 2**53 - 1
# One event dearer than this is a fault of the sender; sums of nanodollars stay inside 64 bits.
MAX_COST_USD = 1e6


class Event(msgspec.Struct, kw_only=True):
    """One event, validated and normalised. Times are milliseconds since the epoch.

    The pipeline owns an event that is handed to it: it prices it and caps ``metadata``, and the
    storage engine assigns ``id`` and fills ``project`` and ``branch`` from the session.
    """

    session_id: str
    agent_type: str
    event_type: str
    event_id: str | None = None
    status: Status = "success"
    tool_name: str | None = None
    branch: str | None = None
    project: str | None = None
    model: str | None = None
    source: str = "api"
    tokens_in: int = 0
    tokens_out: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    duration_ms: int | None = None
    cost_usd: float | None = None
    metadata: Any = msgspec.field(default_factory=dict)
    occurred_at: int | None = None
    """The event's own time as its sender gave it; None when it gave none."""
    signal: Signal | None = None
    """What the event says about the session's state; None: what its type implies."""

    # From here on: filled by the pipeline.
    metadata_json: str = "{}"
    payload_truncated: bool = False
    created_at: int = 0
    """When it arrived."""
    file_path: str | None = None
    lines_added: int = 0
    lines_removed: int = 0
    # From here on: filled by the storage engine.
    id: int = 0

    @property
    def time(self) -> int:
        """The event's own time, or its arrival's when its sender gave none."""
        return self.created_at if self.occurred_at is None else self.occurred_at
