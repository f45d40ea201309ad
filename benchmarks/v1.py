"""Rows as earlier runtimes stored them."""

import json

from agentmonitor.bench.mix import Wire

V1_COLUMNS = (
    "id INTEGER PRIMARY KEY", "event_id TEXT UNIQUE", "schema_version INTEGER", "session_id TEXT",
    "agent_type TEXT", "event_type TEXT", "tool_name TEXT", "status TEXT", "tokens_in INTEGER",
    "tokens_out INTEGER", "branch TEXT", "project TEXT", "duration_ms INTEGER", "created_at TEXT",
    "client_timestamp TEXT", "metadata TEXT", "payload_truncated INTEGER", "model TEXT",
    "cost_usd REAL", "cache_read_tokens INTEGER", "cache_write_tokens INTEGER", "source TEXT",
)  # fmt: skip
"""The event row of contract v1 as earlier runtimes stored it, with the unique key alone."""


def v1_row(event: Wire, event_id: str, created_at: str) -> tuple[object, ...]:
    """``event`` as a row of V1_COLUMNS, without its id."""
    get = event.get
    return (
        event_id, 1, event["session_id"], event["agent_type"], event["event_type"],
        get("tool_name"), get("status", "success"), get("tokens_in", 0), get("tokens_out", 0),
        get("branch"), get("project"), get("duration_ms"), created_at, None,
        json.dumps(event["metadata"], separators=(",", ":")), 0, get("model"),
        0.0123 if "model" in event else None, get("cache_read_tokens", 0),
        get("cache_write_tokens", 0), event["source"],
    )  # fmt: skip
