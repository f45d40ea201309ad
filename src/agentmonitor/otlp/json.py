"""OTLP/JSON: the three export requests as neutral records.

Source: the OTLP specification, "OTLP/HTTP" and "JSON Protobuf Encoding". Log records, which are
most of what arrives, are tried with ``json_typed`` first.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from agentmonitor.errors import InvalidInput
from agentmonitor.model.wire import decode_json, unwrap
from agentmonitor.otlp import json_typed
from agentmonitor.otlp.json_metrics import point_count, points
from agentmonitor.otlp.json_values import (
    SPAN_ID,
    START,
    TIME,
    TRACE_ID,
    Document,
    Name,
    any_value,
    attributes,
    enum,
    field,
    identifier,
    items,
    object_of,
    text,
    time,
)
from agentmonitor.otlp.records import Decoded, LogRecord, Point, Span
from agentmonitor.otlp.values import (
    NO_SPAN_ID,
    SEVERITIES,
    SPAN_KINDS,
    STATUS_CODES,
    STATUS_ERROR,
    Gathered,
    Malformed,
)

_LOGS: tuple[Name, ...] = (
    ("resourceLogs", "resource_logs"), ("scopeLogs", "scope_logs"), ("logRecords", "log_records"),
)  # fmt: skip
_METRICS: tuple[Name, ...] = (
    ("resourceMetrics", "resource_metrics"), ("scopeMetrics", "scope_metrics"),
    ("metrics", "metrics"),
)  # fmt: skip
_TRACES: tuple[Name, ...] = (
    ("resourceSpans", "resource_spans"), ("scopeSpans", "scope_spans"), ("spans", "spans"),
)  # fmt: skip


class _Item(NamedTuple):
    """A log record, metric or span with what stands around it."""

    document: Document
    resource: dict[str, Any]
    scope: str
    fault: Malformed | None
    """What is wrong with what stands around it; then the item cannot be used either."""


def decode_logs(body: bytes) -> Decoded[LogRecord]:
    """An ExportLogsServiceRequest. Raises InvalidInput."""
    return json_typed.decode(body) or decode_logs_leniently(body)


def decode_logs_leniently(body: bytes) -> Decoded[LogRecord]:
    """The same, field by field. Raises InvalidInput."""
    gathered = Gathered[LogRecord]("log records")
    for item in _items(body, _LOGS, gathered):
        try:
            gathered.records.append(_log_record(item))
        except Malformed as fault:
            gathered.refuse(fault)
    return gathered.decoded()


def decode_metrics(body: bytes) -> Decoded[Point]:
    """An ExportMetricsServiceRequest; its points, in order. Raises InvalidInput."""
    gathered = Gathered[Point]("data points")
    for item in _items(body, _METRICS, gathered):
        if item.fault is not None:
            gathered.refuse(item.fault, point_count(item.document))
        else:
            points(item.document, item.resource, item.scope, gathered)
    return gathered.decoded()


def decode_traces(body: bytes) -> Decoded[Span]:
    """An ExportTraceServiceRequest. Raises InvalidInput."""
    gathered = Gathered[Span]("spans")
    for item in _items(body, _TRACES, gathered):
        try:
            gathered.records.append(_span(item))
        except Malformed as fault:
            gathered.refuse(fault)
    return gathered.decoded()


def _items(body: bytes, names: tuple[Name, ...], gathered: Gathered[Any]) -> Iterator[_Item]:
    """What the request holds, level by level."""
    outer, middle, _ = names
    document = unwrap(decode_json(body))
    if not isinstance(document, dict):
        raise InvalidInput(f'The body must be a JSON object with a list "{outer[0]}".')
    try:
        groups = items(document, outer)
    except Malformed as fault:
        raise InvalidInput(f"The body is no OTLP request: {fault}.") from None
    for group in groups:
        try:
            around = _resource(object_of(group, f"an item of {outer[0]}"))
            for scoped in items(group, middle):
                yield from _scoped(scoped, names, around, gathered)
        except Malformed as broken:
            gathered.refuse(broken)


def _resource(group: Document) -> tuple[dict[str, Any], Malformed | None]:
    try:
        resource = group.get("resource")
        return ({} if resource is None else attributes(object_of(resource, "resource"))), None
    except Malformed as fault:
        return {}, Malformed(f"in the resource, {fault}")


def _scoped(
    scoped: Any,
    names: tuple[Name, ...],
    around: tuple[dict[str, Any], Malformed | None],
    gathered: Gathered[Any],
) -> Iterator[_Item]:
    resource, fault = around
    name = ""
    try:
        found = items(object_of(scoped, f"an item of {names[1][0]}"), names[2])
    except Malformed as broken:
        gathered.refuse(broken)
        return
    try:
        scope = scoped.get("scope")
        name = "" if scope is None else text(object_of(scope, "scope"), ("name", "name"))
    except Malformed as broken:
        fault = fault or Malformed(f"in the scope, {broken}")
    for item in found:
        if isinstance(item, dict):
            yield _Item(item, resource, name, fault)
        else:
            gathered.refuse(Malformed(f"an item of {names[2][0]} must be an object"))


def _log_record(item: _Item) -> LogRecord:
    record, resource, scope, fault = item
    if fault is not None:
        raise fault
    return LogRecord(
        resource=resource,
        attributes=attributes(record),
        body=any_value(record.get("body")),
        event_name=text(record, ("eventName", "event_name")),
        time=time(record, TIME),
        observed=time(record, ("observedTimeUnixNano", "observed_time_unix_nano")),
        severity=enum(record, ("severityNumber", "severity_number"), SEVERITIES),
        scope=scope,
        trace_id=identifier(record, TRACE_ID, 16),
        span_id=identifier(record, SPAN_ID, 8),
    )


def _span(item: _Item) -> Span:
    span, resource, scope, fault = item
    if fault is not None:
        raise fault
    trace_id, span_id = identifier(span, TRACE_ID, 16), identifier(span, SPAN_ID, 8)
    if not trace_id or not span_id:
        raise Malformed(NO_SPAN_ID)
    status = field(span, ("status", "status"))
    status = {} if status is None else object_of(status, "status")
    return Span(
        resource=resource,
        attributes=attributes(span),
        name=text(span, ("name", "name")),
        trace_id=trace_id,
        span_id=span_id,
        parent_id=identifier(span, ("parentSpanId", "parent_span_id"), 8),
        kind=enum(span, ("kind", "kind"), SPAN_KINDS),
        start=time(span, START),
        end=time(span, ("endTimeUnixNano", "end_time_unix_nano")),
        failed=enum(status, ("code", "code"), STATUS_CODES) == STATUS_ERROR,
        status_message=text(status, ("message", "message")),
        scope=scope,
    )
