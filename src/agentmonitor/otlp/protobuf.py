"""OTLP in protobuf: the three export requests as neutral records.

Reading a field is what costs time, so each is read once.
"""

from typing import Any, Literal

from agentmonitor.otlp.protobuf_logs import decode_logs
from agentmonitor.otlp.protobuf_values import attributes, parse
from agentmonitor.otlp.records import Decoded, Point, Span
from agentmonitor.otlp.values import (
    CUMULATIVE,
    NO_RECORDED_VALUE,
    NO_SPAN_ID,
    NO_VALUE,
    STATUS_ERROR,
    Gathered,
    Malformed,
    counted,
    hex_id,
    measured,
    millis,
)

__all__ = ["decode_logs", "decode_metrics", "decode_traces"]

_Kind = Literal["sum", "gauge", "histogram"]
_KINDS: dict[str, _Kind] = {
    "sum": "sum", "gauge": "gauge", "histogram": "histogram",
    "exponential_histogram": "histogram", "summary": "histogram",
}  # fmt: skip


def decode_metrics(body: bytes) -> Decoded[Point]:
    """An ExportMetricsServiceRequest; its points, in order. Raises InvalidInput."""
    gathered = Gathered[Point]("data points")
    for group in parse("metrics", body).resource_metrics:
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
    for group in parse("trace", body).resource_spans:
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


def _resource(group: Any) -> tuple[dict[str, Any], Malformed | None]:
    try:
        return attributes(group.resource.attributes), None
    except Malformed as fault:
        return {}, Malformed(f"in the resource, {fault}")


def _span(span: Any, resource: dict[str, Any], scope: str) -> Span:
    trace_id, span_id = hex_id(span.trace_id, 16), hex_id(span.span_id, 8)
    if not trace_id or not span_id:
        raise Malformed(NO_SPAN_ID)
    status = span.status
    return Span(
        resource=resource,
        attributes=attributes(span.attributes),
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
                attributes=attributes(point.attributes),
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
