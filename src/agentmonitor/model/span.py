"""Spans of traces: where in a session time went, as whoever traced it tells."""

from typing import Any

import msgspec

from agentmonitor.model.clock import to_iso
from agentmonitor.model.event import Status


class SessionSpan(msgspec.Struct, kw_only=True, gc=False):
    """A span that is to be stored. ``start``: milliseconds since the epoch."""

    session_id: str | None
    """None: it names no session; the one that another span of its trace names is its, too."""
    agent_type: str
    trace_id: str
    span_id: str
    parent_id: str | None = None
    name: str
    start: int
    duration_ms: int | None = None
    """None while only its beginning is known."""
    failed: bool = False
    attributes: Any = msgspec.field(default_factory=dict)
    attributes_json: str = "{}"
    """What is kept of them; the pipeline fills it in."""


class SpanRow(msgspec.Struct, kw_only=True, gc=False):
    """A stored span."""

    trace_id: str
    span_id: str
    parent_id: str | None
    """The span that it is a part of; that one need not be stored."""
    name: str
    started_at: str
    duration_ms: int | None
    status: Status
    attributes: Any
    """An object; a summary of it where it was too large."""


def span_row(row: tuple[Any, ...]) -> SpanRow:
    """From (trace, span, parent, name, start, duration, failed, attributes)."""
    trace, span, parent, name, start, duration, failed, attributes = row
    return SpanRow(
        trace_id=trace,
        span_id=span,
        parent_id=parent,
        name=name,
        started_at=to_iso(start),
        duration_ms=duration,
        status="error" if failed else "success",
        attributes=msgspec.json.decode(attributes),
    )
