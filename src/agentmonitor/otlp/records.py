"""What an OTLP request holds, whatever its encoding was. Source: opentelemetry-proto 1.x.

Times are milliseconds since the epoch, None where the sender gave none. Attribute values are JSON
values: text, numbers, booleans, lists, dicts; bytes are base64 text. Ids are lower-case hex text,
empty where there is none.
"""

from collections.abc import Mapping
from typing import Any, Generic, Literal, TypeVar

import msgspec

Attributes = Mapping[str, Any]
Record = TypeVar("Record", bound=msgspec.Struct)


class Decoded(msgspec.Struct, Generic[Record]):
    """What of one request can be used, and what cannot: the parts of a "partial success"."""

    records: list[Record]
    rejected: int = 0
    """How many records (points, spans) were refused; sending them again will not help."""
    message: str = ""
    """Why, for the sender's developer; empty when nothing was refused."""


class LogRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One log record."""

    resource: Attributes
    attributes: Attributes
    body: Any = None
    event_name: str = ""
    """The record's own field; many senders use the attribute ``event.name`` instead."""
    time: int | None = None
    observed: int | None = None
    severity: int = 0
    scope: str = ""
    trace_id: str = ""
    span_id: str = ""


class Point(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One data point of a metric."""

    resource: Attributes
    attributes: Attributes
    name: str
    kind: Literal["sum", "gauge", "histogram"]
    value: float
    """Of a histogram the sum of what was recorded, 0 when the sender keeps none. Always finite."""
    count: int = 1
    """Of a histogram how many values were recorded."""
    unit: str = ""
    cumulative: bool = False
    """Since ``start``; otherwise since the point before."""
    monotonic: bool = False
    start: int | None = None
    time: int | None = None
    scope: str = ""


class Span(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One span."""

    resource: Attributes
    attributes: Attributes
    name: str
    trace_id: str
    span_id: str
    parent_id: str = ""
    kind: int = 0
    start: int | None = None
    end: int | None = None
    failed: bool = False
    status_message: str = ""
    scope: str = ""
