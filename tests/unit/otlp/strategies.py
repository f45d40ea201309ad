"""OTLP requests made with the official protobuf classes, sound ones and odd ones."""

import base64
import json
from typing import Any

from google.protobuf import json_format  # type: ignore[import-untyped]  # has no types
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import (
    AnyValue,
    ArrayValue,
    InstrumentationScope,
    KeyValue,
    KeyValueList,
)
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    ExponentialHistogram,
    ExponentialHistogramDataPoint,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
    Summary,
    SummaryDataPoint,
)
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

LEAST, MOST = -(2**63), 2**63 - 1
TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
NANOS = st.one_of(
    st.just(0), st.integers(0, 2**64 - 1), st.integers(1_700_000_000 * 10**9, 1_900_000_000 * 10**9)
)
TRACE_IDS = st.one_of(st.binary(min_size=16, max_size=16), st.sampled_from((b"", b"12345")))
SPAN_IDS = st.one_of(st.binary(min_size=8, max_size=8), st.sampled_from((b"", b"\0" * 8)))
FLAGS = st.sampled_from((0, 0, 0, 1, 2, 3))
TEMPORALITY = st.sampled_from((0, 1, 2))

_PLAIN = st.one_of(
    st.builds(lambda v: AnyValue(string_value=v), TEXT),
    st.builds(lambda v: AnyValue(int_value=v), st.integers(LEAST, MOST)),
    st.builds(lambda v: AnyValue(double_value=v), st.floats()),
    st.builds(lambda v: AnyValue(bool_value=v), st.booleans()),
    st.builds(lambda v: AnyValue(bytes_value=v), st.binary(max_size=9)),
    st.builds(AnyValue),
)


def _nested(inner: st.SearchStrategy[AnyValue]) -> st.SearchStrategy[AnyValue]:
    pairs = st.lists(st.builds(lambda k, v: KeyValue(key=k, value=v), TEXT, inner), max_size=3)
    return st.one_of(
        st.builds(
            lambda v: AnyValue(array_value=ArrayValue(values=v)), st.lists(inner, max_size=3)
        ),
        st.builds(lambda v: AnyValue(kvlist_value=KeyValueList(values=v)), pairs),
    )


VALUES = st.recursive(_PLAIN, _nested, max_leaves=6)
ATTRIBUTES = st.lists(
    st.one_of(
        st.builds(lambda k, v: KeyValue(key=k, value=v), TEXT, VALUES),
        st.builds(lambda k: KeyValue(key=k), TEXT),
    ),
    max_size=4,
)
RESOURCES = st.builds(lambda a: Resource(attributes=a), ATTRIBUTES)
SCOPES = st.builds(lambda n: InstrumentationScope(name=n), TEXT)


def _few(item: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(item, max_size=3)


LOG_RECORDS = st.builds(
    LogRecord,
    time_unix_nano=NANOS,
    observed_time_unix_nano=NANOS,
    severity_number=st.integers(0, 24),
    event_name=TEXT,
    body=st.one_of(st.none(), VALUES),
    attributes=ATTRIBUTES,
    trace_id=TRACE_IDS,
    span_id=SPAN_IDS,
)
LOGS = st.builds(
    ExportLogsServiceRequest,
    resource_logs=_few(
        st.builds(
            ResourceLogs,
            resource=RESOURCES,
            scope_logs=_few(st.builds(ScopeLogs, scope=SCOPES, log_records=_few(LOG_RECORDS))),
        )
    ),
)

SPANS = st.builds(
    Span,
    trace_id=TRACE_IDS,
    span_id=SPAN_IDS,
    parent_span_id=SPAN_IDS,
    name=TEXT,
    kind=st.integers(0, 5),
    start_time_unix_nano=NANOS,
    end_time_unix_nano=NANOS,
    attributes=ATTRIBUTES,
    status=st.builds(Status, code=st.integers(0, 2), message=TEXT),
)
TRACES = st.builds(
    ExportTraceServiceRequest,
    resource_spans=_few(
        st.builds(
            ResourceSpans,
            resource=RESOURCES,
            scope_spans=_few(st.builds(ScopeSpans, scope=SCOPES, spans=_few(SPANS))),
        )
    ),
)

_AROUND: Any = {
    "attributes": ATTRIBUTES, "start_time_unix_nano": NANOS, "time_unix_nano": NANOS,
    "flags": FLAGS,
}  # fmt: skip
_NUMBERS = _few(
    st.one_of(
        st.builds(NumberDataPoint, as_int=st.integers(LEAST, MOST), **_AROUND),
        st.builds(NumberDataPoint, as_double=st.floats(), **_AROUND),
        st.builds(NumberDataPoint, **_AROUND),
    )
)
_RECORDED: Any = {"count": st.one_of(st.integers(0, 99), st.integers(0, 2**64 - 1)), **_AROUND}
_SUMS = st.one_of(st.none(), st.floats())
_DATA: Any = st.one_of(
    st.builds(Gauge, data_points=_NUMBERS).map(lambda d: {"gauge": d}),
    st.builds(
        Sum, data_points=_NUMBERS, aggregation_temporality=TEMPORALITY, is_monotonic=st.booleans()
    ).map(lambda d: {"sum": d}),
    st.builds(
        Histogram,
        data_points=_few(st.builds(HistogramDataPoint, sum=_SUMS, **_RECORDED)),
        aggregation_temporality=TEMPORALITY,
    ).map(lambda d: {"histogram": d}),
    st.builds(
        ExponentialHistogram,
        data_points=_few(st.builds(ExponentialHistogramDataPoint, sum=_SUMS, **_RECORDED)),
        aggregation_temporality=TEMPORALITY,
    ).map(lambda d: {"exponential_histogram": d}),
    st.builds(
        Summary, data_points=_few(st.builds(SummaryDataPoint, sum=st.floats(), **_RECORDED))
    ).map(lambda d: {"summary": d}),
    st.just({}),
)
_METRICS = st.builds(
    lambda name, unit, data: Metric(name=name, unit=unit, **data), TEXT, TEXT, _DATA
)
METRICS = st.builds(
    ExportMetricsServiceRequest,
    resource_metrics=_few(
        st.builds(
            ResourceMetrics,
            resource=RESOURCES,
            scope_metrics=_few(st.builds(ScopeMetrics, scope=SCOPES, metrics=_few(_METRICS))),
        )
    ),
)


def as_json(message: Any, *, snake: bool, names: bool, hex_ids: bool) -> bytes:
    """``message`` in JSON: by protobuf's own library, with ids as OTLP wants them if asked to."""
    document = json_format.MessageToDict(
        message, preserving_proto_field_name=snake, use_integers_for_enums=not names
    )
    if hex_ids:
        _hex(document)
    return json.dumps(document).encode()


def _hex(document: Any) -> None:
    if isinstance(document, list):
        for item in document:
            _hex(item)
    elif isinstance(document, dict):
        for key, value in document.items():
            if key.lower().replace("_", "") in ("traceid", "spanid", "parentspanid"):
                document[key] = base64.b64decode(value).hex()
            else:
                _hex(value)
