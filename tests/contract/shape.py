"""Types of the answers' fields, as the contract's tables give them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

Check = Callable[[object], bool]

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def integer(value: object) -> bool:
    return type(value) is int


def number(value: object) -> bool:
    return type(value) in (int, float)


def text(value: object) -> bool:
    return isinstance(value, str)


def items(value: object) -> bool:
    return isinstance(value, list)


def mapping(value: object) -> bool:
    return isinstance(value, dict)


def moment(value: object) -> bool:
    """ISO 8601 UTC with milliseconds and `Z`."""
    return isinstance(value, str) and _MOMENT.fullmatch(value) is not None


def anything(_value: object) -> bool:
    return True


def maybe(check: Check) -> Check:
    return lambda value: value is None or check(value)


def one_of(*allowed: object) -> Check:
    """One of these values, and of its type: `True` is not 1."""
    return lambda value: any(type(value) is type(one) and value == one for one in allowed)


def faults(row: Mapping[str, object], spec: Mapping[str, Check]) -> dict[str, object]:
    """The fields of `spec` that are missing or of another type; more fields are allowed."""
    return {
        key: row.get(key, "(missing)")
        for key, check in spec.items()
        if key not in row or not check(row[key])
    }


EVENT_ROW: Mapping[str, Check] = {
    "id": integer,
    "schema_version": anything,
    "created_at": moment,
    "payload_truncated": one_of(0, 1),
    "session_id": text,
    "agent_type": text,
    "event_type": text,
    "event_id": maybe(text),
    "status": one_of("success", "error", "timeout"),
    "tool_name": maybe(text),
    "branch": maybe(text),
    "project": maybe(text),
    "model": maybe(text),
    "source": text,
    "tokens_in": integer,
    "tokens_out": integer,
    "cache_read_tokens": integer,
    "cache_write_tokens": integer,
    "duration_ms": maybe(integer),
    "cost_usd": maybe(number),
    "metadata": text,
    "client_timestamp": maybe(moment),
}

SESSION_ROW: Mapping[str, Check] = {
    "id": text,
    "agent_id": text,
    "agent_type": text,
    "project": maybe(text),
    "branch": maybe(text),
    "status": one_of("active", "idle", "ended"),
    "started_at": moment,
    "ended_at": maybe(moment),
    "last_event_at": moment,
    "metadata": anything,
    "event_count": integer,
    "tokens_in": integer,
    "tokens_out": integer,
    "total_cost_usd": number,
    "files_edited": integer,
    "lines_added": integer,
    "lines_removed": integer,
}

SESSION_STATE: Mapping[str, Check] = {
    "title": maybe(text),
    "state": one_of("working", "permission", "input", "idle", "failed", "ended"),
    "state_since": moment,
    "state_reason": maybe(text),
    "state_detail": maybe(text),
    "tool": maybe(mapping),
    "model": maybe(text),
    "cwd": maybe(text),
    "subagents": items,
    "cache_read_tokens": integer,
    "cache_write_tokens": integer,
    "error_count": integer,
    "unpriced_events": integer,
}

STATS: Mapping[str, Check] = {
    "total_events": integer,
    "active_sessions": integer,
    "total_sessions": integer,
    "live_sessions": integer,
    "active_agents": integer,
    "total_tokens_in": integer,
    "total_tokens_out": integer,
    "total_cost_usd": number,
    "tool_breakdown": mapping,
    "agent_breakdown": mapping,
    "model_breakdown": mapping,
    "branches": items,
}

STATS_MORE: Mapping[str, Check] = {
    "total_errors": integer,
    "total_cache_read_tokens": integer,
    "total_cache_write_tokens": integer,
    "unpriced_events": integer,
    "unpriced_tokens": integer,
}

TOOL: Mapping[str, Check] = {
    "tool_name": text,
    "total_calls": integer,
    "error_count": integer,
    "error_rate": number,
    "avg_duration_ms": maybe(number),
    "by_agent": mapping,
}

TRANSCRIPT_ENTRY: Mapping[str, Check] = {
    "role": one_of("system", "user", "assistant", "tool"),
    "type": text,
    "timestamp": moment,
}

TRANSCRIPT_OPTIONS: Mapping[str, Check] = {
    "tool_name": text,
    "detail": text,
    "status": text,
    "model": text,
    "tokens_in": integer,
    "tokens_out": integer,
    "cost_usd": number,
    "duration_ms": integer,
}

USAGE: Mapping[str, Check] = {
    "agent_type": text,
    "limitType": one_of("tokens", "cost"),
    "session": mapping,
    "extended": maybe(mapping),
    "weekly": maybe(mapping),
}

USAGE_WINDOW: Mapping[str, Check] = {"used": number, "limit": number, "windowHours": number}
