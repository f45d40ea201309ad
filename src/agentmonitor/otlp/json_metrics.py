"""Metrics in OTLP/JSON: each kind of data as points. Source: opentelemetry-proto's metrics.proto.

Of histograms only sum and count are taken. A summary has no temporality; its sum and count are
those since the start, as in Prometheus, where summaries come from. A sum or histogram that does not
say whether it is cumulative, which the format forbids, counts as delta.
"""

from typing import Any, Literal

from agentmonitor.otlp.json_values import (
    START,
    TIME,
    Document,
    Name,
    attributes,
    enum,
    field,
    integer,
    items,
    number,
    object_of,
    point_value,
    text,
    time,
    truth,
)
from agentmonitor.otlp.records import Point
from agentmonitor.otlp.values import (
    CUMULATIVE,
    NO_RECORDED_VALUE,
    NO_VALUE,
    TEMPORALITIES,
    Gathered,
    Malformed,
    counted,
    measured,
)

_Kind = Literal["sum", "gauge", "histogram"]
_KINDS: tuple[tuple[Name, _Kind], ...] = (
    (("sum", "sum"), "sum"),
    (("gauge", "gauge"), "gauge"),
    (("histogram", "histogram"), "histogram"),
    (("exponentialHistogram", "exponential_histogram"), "histogram"),
    (("summary", "summary"), "histogram"),
)
_POINTS: Name = ("dataPoints", "data_points")
_COUNT: Name = ("count", "count")
_SUM: Name = ("sum", "sum")


def points(
    metric: Document, resource: dict[str, Any], scope: str, gathered: Gathered[Point]
) -> None:
    """Gather the points of one metric."""
    try:
        name, kind, data = _data(metric)
        if data is None:
            return
        common = {
            "resource": resource,
            "scope": scope,
            "name": text(metric, ("name", "name")),
            "unit": text(metric, ("unit", "unit")),
            "kind": kind,
            "cumulative": name == "summary" or _temporality(data) == CUMULATIVE,
            "monotonic": kind == "sum" and _monotonic(data),
        }
        found = items(data, _POINTS)
    except Malformed as fault:
        gathered.refuse(fault, point_count(metric))
        return
    for point in found:
        try:
            made = _point(object_of(point, "a data point"), kind, common)
            if made is not None:
                gathered.records.append(made)
        except Malformed as fault:
            gathered.refuse(fault)


def point_count(metric: Document) -> int:
    """How many points are lost with a metric that cannot be used; 1 when that cannot be said."""
    try:
        data = _data(metric)[2]
        return len(items(data, _POINTS)) if data else 1
    except Malformed:
        return 1


def _data(metric: Document) -> tuple[str, _Kind, Document | None]:
    for name, kind in _KINDS:
        data = field(metric, name)
        if data is not None:
            return name[0], kind, object_of(data, name[0])
    return "", "gauge", None


def _temporality(data: Document) -> int:
    return enum(data, ("aggregationTemporality", "aggregation_temporality"), TEMPORALITIES)


def _monotonic(data: Document) -> bool:
    value = field(data, ("isMonotonic", "is_monotonic"))
    return value is not None and truth(value, "isMonotonic")


def _point(point: Document, kind: _Kind, common: dict[str, Any]) -> Point | None:
    """A point; None when it says itself that it has no value."""
    flags = field(point, ("flags", "flags"))
    if flags is not None and integer(flags, "flags") & NO_RECORDED_VALUE:
        return None
    value: float | None
    count = 1
    if kind == "histogram":
        raw = field(point, _COUNT)
        count = 0 if raw is None else counted(integer(raw, "count"))
        raw = field(point, _SUM)
        value = 0.0 if raw is None else measured(number(raw, "sum"))
    else:
        value = point_value(point)
        if value is None:
            raise Malformed(NO_VALUE)
    return Point(
        attributes=attributes(point),
        value=value,
        count=count,
        start=time(point, START),
        time=time(point, TIME),
        **common,
    )
