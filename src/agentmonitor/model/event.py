"""The event: one thing that an agent did, as the whole system knows it."""

import os
from typing import Annotated, Any, Literal

import msgspec

from agentmonitor.model.signal import Signal
from agentmonitor.model.usage import Channel, Report

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

# JSON's safe integers: a larger count is a fault of the sender.
MAX_INT = 2**53 - 1
# One event dearer than this is a fault of the sender; sums of nanodollars stay inside 64 bits.
MAX_COST_USD = 1e6
MAX_NAME = 1024
"""Characters in a name, an id or a path at most."""

LIKENESS = "~"

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_NAME)]
Count = Annotated[int, msgspec.Meta(ge=0, le=MAX_INT)]
SentTime = Annotated[str, msgspec.Meta(extra_json_schema={"format": "iso-time"})]
Dollars = Annotated[float, msgspec.Meta(ge=0, le=MAX_COST_USD)]

_INTERNAL = (
    "occurred_at", "signal", "channel", "keys", "report", "metadata_json", "payload_truncated",
    "content", "created_at", "file_path", "lines_added", "lines_removed", "client_cost_usd",
    "own_cost_usd", "id",
)  # fmt: skip
"""Fields that never arrive. Events are decoded straight from JSON, so that in JSON these have
names that no sender can know: they are drawn anew at each start."""
_UNKNOWABLE = os.urandom(16).hex()


class Event(
    msgspec.Struct,
    kw_only=True,
    gc=False,  # events are many and hold no cycle
    rename={name: f"{_UNKNOWABLE} {name}" for name in _INTERNAL},
):
    """One event. Times are milliseconds since the epoch.

    The pipeline owns an event that is handed to it: it prices it and caps ``metadata``, and the
    storage engine assigns ``id`` and fills ``project`` and ``branch`` from the session.
    """

    session_id: Name
    agent_type: Name
    event_type: EventType
    event_id: Name | None = None
    status: Status | None = None
    """None: success, or error for an ``error``; the pipeline fills it in."""
    tool_name: Name | None = None
    branch: Name | None = None
    project: Name | None = None
    model: Name | None = None
    source: Name = "api"
    tokens_in: Count = 0
    tokens_out: Count = 0
    cache_read_tokens: Count = 0
    cache_write_tokens: Count = 0
    duration_ms: Count | None = None
    cost_usd: Dollars | None = None
    metadata: Any = msgspec.field(default_factory=dict)
    client_timestamp: SentTime | None = None
    """When it happened, as its sender wrote it; None: when it arrived."""

    occurred_at: int | None = None
    """``client_timestamp``, which is not looked at again; None when its sender gave none."""
    signal: Signal | None = None
    """What it says about the session's state; None: what its type implies."""
    channel: Channel = Channel.API
    keys: tuple[str, ...] = ()
    """What the activity is known by in every channel, e.g. ``claude_code:request:req_1``: events
    that share a key are one activity. One that begins with LIKENESS only says that reports of
    different channels are alike enough to be one. Empty: the event stands for itself."""
    report: Report | None = None
    """More about its token usage; None: the event says it all."""

    # From here on: filled by the pipeline.
    metadata_json: str = "{}"
    payload_truncated: bool = False
    content: bytes | None = None
    """The whole metadata, packed, where ``metadata_json`` is a summary."""
    created_at: int = 0
    """When it arrived."""
    file_path: str | None = None
    lines_added: int = 0
    lines_removed: int = 0
    client_cost_usd: float | None = None
    """What its sender says that it cost. ``cost_usd`` is what counts."""
    own_cost_usd: float | None = None
    """What it cost by our prices, where its sender names a cost as well."""
    # From here on: filled by the storage engine.
    id: int = 0

    @property
    def time(self) -> int:
        """The event's own time, or its arrival's when its sender gave none."""
        return self.created_at if self.occurred_at is None else self.occurred_at
