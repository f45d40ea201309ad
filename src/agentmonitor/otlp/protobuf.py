"""OTLP in protobuf: the three export requests as neutral records.

Source: opentelemetry-proto's ``.proto`` files. Messages are parsed by Google's library, which is
imported with the first request only: most installations never see one, and it takes some megabytes.
Reading a field is what costs time, so each is read once; texts, which most values are, come first.
A reader of our own in Python was no faster.
"""

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any, Literal

from agentmonitor.errors import InvalidInput
from agentmonitor.otlp.records import Decoded, LogRecord, Point, Span
from agentmonitor.otlp.values import (
    CUMULATIVE,
    MAX_DEPTH,
    NO_RECORDED_VALUE,
    NO_SPAN_ID,
    NO_VALUE,
    STATUS_ERROR,
    TOO_DEEP,
    Gathered,
    Malformed,
    counted,
    finite,
    hex_id,
    measured,
    millis,
    to_base64,
)

_Kind = Literal["sum", "gauge", "histogram"]
_KINDS: dict[str, _Kind] = {
    "sum": "sum", "gauge": "gauge", "histogram": "histogram",
    "exponential_histogram": "histogram", "summary": "histogram",
}  # fmt: skip


def decode_logs(body: bytes) -> Decoded[LogRecord]:
    """An ExportLogsServiceRequest. Raises InvalidInput."""
    gathered = Gathered[LogRecord]("log records")
    records = gathered.records
    for group in _parse("logs", body).resource_logs:
        resource, fault = _resource(group)
        for scoped in group.scope_logs:
            scope = scoped.scope.name
            if fault is not None:
                gathered.refuse(fault, len(scoped.log_records))
                continue
            for record in scoped.log_records:
                try:
                    records.append(_log_record(record, resource, scope))
                except Malformed as broken:
                    gathered.refuse(broken)
    return gathered.decoded()


def decode_metrics(body: bytes) -> Decoded[Point]:
    """An ExportMetricsServiceRequest; its points, in order. Raises InvalidInput."""
    gathered = Gathered[Point]("data points")
    for group in _parse("metrics", body).resource_metrics:
        resource, fault = _resource(group)
        for scoped in group.scope_metrics:
            scope = scoped.scope.name
            for metric in scoped.metrics:
                name = metric.WhichOneof("data")
                if name is None:
                    continue
                data = getattr(metric, name)
                if fault is not None:
                    gathered.refuse(fault, len(data.data_points))
                    continue
                common = {
                    "resource": resource, "scope": scope, "name": metric.name, "unit": metric.unit,
                    "kind": _KINDS[name], "cumulative": _cumulative(name, data),
                    "monotonic": name == "sum" and data.is_monotonic,
                }  # fmt: skip
                _points(data.data_points, common, gathered)
    return gathered.decoded()


def decode_traces(body: bytes) -> Decoded[Span]:
    """An ExportTraceServiceRequest. Raises InvalidInput."""
    gathered = Gathered[Span]("spans")
    for group in _parse("trace", body).resource_spans:
        resource, fault = _resource(group)
        for scoped in group.scope_spans:
            scope = scoped.scope.name
            for span in scoped.spans:
                try:
                    if fault is not None:
                        raise fault
                    gathered.records.append(_span(span, resource, scope))
                except Malformed as broken:
                    gathered.refuse(broken)
    return gathered.decoded()


@cache
def _parser(signal: str) -> tuple[Any, Callable[[bytes], Any]]:
    """The class of a signal's request, and what parses one."""
    module = import_module(f"opentelemetry.proto.collector.{signal}.v1.{signal}_service_pb2")
    kind = getattr(module, f"Export{signal.capitalize()}ServiceRequest")
    return kind, kind.FromString


def _parse(signal: str, body: bytes) -> Any:
    kind, parse = _parser(signal)
    try:
        return parse(body)
    except Exception:  # the library's own errors differ between its implementations
        return _repaired(kind, body)


def _repaired(kind: Any, body: bytes) -> Any:
    from agentmonitor.otlp.protobuf_repair import repair

    try:
        return kind.FromString(repair(kind, body))
    except Exception:
        raise InvalidInput(
            f"The body is no {kind.DESCRIPTOR.name} in protobuf: it is damaged, cut off, or of "
            "another kind. Check the exporter's path and protocol."
        ) from None


def _resource(group: Any) -> tuple[dict[str, Any], Malformed | None]:
    try:
        return _attributes(group.resource.attributes), None
    except Malformed as fault:
        return {}, Malformed(f"in the resource, {fault}")


def _log_record(record: Any, resource: dict[str, Any], scope: str) -> LogRecord:
    trace_id, span_id = record.trace_id, record.span_id
    return LogRecord(
        resource=resource,
        attributes=_attributes(record.attributes),
        body=_any(record.body, 0),
        event_name=record.event_name,
        time=millis(record.time_unix_nano),
        observed=millis(record.observed_time_unix_nano),
        severity=record.severity_number,
        scope=scope,
        trace_id=hex_id(trace_id, 16) if trace_id else "",
        span_id=hex_id(span_id, 8) if span_id else "",
    )


def _span(span: Any, resource: dict[str, Any], scope: str) -> Span:
    trace_id, span_id = hex_id(span.trace_id, 16), hex_id(span.span_id, 8)
    if not trace_id or not span_id:
        raise Malformed(NO_SPAN_ID)
    status = span.status
    return Span(
        resource=resource,
        attributes=_attributes(span.attributes),
        name=span.name,
        trace_id=trace_id,
        span_id=span_id,
        parent_id=hex_id(span.parent_span_id, 8),
        kind=span.kind,
        start=millis(span.start_time_unix_nano),
        end=millis(span.end_time_unix_nano),
        failed=status.code == STATUS_ERROR,
        status_message=status.message,
        scope=scope,
    )


def _cumulative(name: str, data: Any) -> bool:
    """As in ``json_metrics``: a summary counts from its start."""
    if name == "gauge":
        return False
    return name == "summary" or data.aggregation_temporality == CUMULATIVE


def _points(points: Any, common: dict[str, Any], gathered: Gathered[Point]) -> None:
    read = _recorded if common["kind"] == "histogram" else _number
    for point in points:
        if point.flags & NO_RECORDED_VALUE:
            continue
        try:
            value, count = read(point)
            made = Point(
                attributes=_attributes(point.attributes),
                value=value,
                count=count,
                start=millis(point.start_time_unix_nano),
                time=millis(point.time_unix_nano),
                **common,
            )
        except Malformed as fault:
            gathered.refuse(fault)
        else:
            gathered.records.append(made)


def _number(point: Any) -> tuple[float, int]:
    name = point.WhichOneof("value")
    if name is None:
        raise Malformed(NO_VALUE)
    return (point.as_int if name == "as_int" else measured(point.as_double)), 1


def _recorded(point: Any) -> tuple[float, int]:
    """Sum and count. An optional sum that is absent reads as 0."""
    return measured(point.sum), counted(point.count)


def _attributes(items: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for item in items:
        value = item.value
        found[item.key] = value.string_value or _any(value, 0)
    return found


def _any(value: Any, depth: int) -> Any:
    """An ``AnyValue`` as a JSON value. Raises Malformed."""
    match value.WhichOneof("value"):
        case "string_value":
            return value.string_value
        case "int_value":
            return value.int_value
        case "double_value":
            return finite(value.double_value)
        case "bool_value":
            return value.bool_value
        case "bytes_value":
            return to_base64(value.bytes_value)
        case "array_value":
            if depth >= MAX_DEPTH:
                raise Malformed(TOO_DEEP)
            return [_any(item, depth + 1) for item in value.array_value.values]
        case "kvlist_value":
            if depth >= MAX_DEPTH:
                raise Malformed(TOO_DEEP)
            return {item.key: _any(item.value, depth + 1) for item in value.kvlist_value.values}
        case _:  # nothing, or a kind of value that is not for logs, metrics and traces
            return None
