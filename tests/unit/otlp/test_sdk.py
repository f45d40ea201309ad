"""What OpenTelemetry's own SDK and exporters make is read as what went in."""

from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry._logs import SeverityNumber
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, Status, StatusCode

from agentmonitor.otlp import protobuf
from agentmonitor.otlp.deltas import Deltas

RESOURCE = Resource({"service.name": "claude-code", "service.version": "2.1.212", "n": 3})
NOON_NS = 1_795_467_600_000_000_000
NOON = NOON_NS // 1_000_000


@pytest.fixture
def meters() -> Iterator[tuple[MeterProvider, InMemoryMetricReader]]:
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader], resource=RESOURCE, shutdown_on_exit=False)
    yield provider, reader
    provider.shutdown()


def test_logs() -> None:
    exporter = InMemoryLogRecordExporter()  # type: ignore[no-untyped-call]  # has no types
    provider = LoggerProvider(RESOURCE, shutdown_on_exit=False)
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    attributes: dict[str, Any] = {
        "text": "tëxt", "whole": 2**53, "cost": 0.25, "yes": True, "list": ["a", "b"],
        "raw": b"hi", "nested": {"a": {"b": [1, 2]}},
    }  # fmt: skip
    provider.get_logger("com.example.events").emit(
        timestamp=NOON_NS,
        observed_timestamp=NOON_NS + 5_000_000,
        severity_number=SeverityNumber.WARN2,
        body="claude_code.api_request",
        attributes=attributes,
        event_name="api_request",
    )
    body = encode_logs(exporter.get_finished_logs()).SerializeToString()
    provider.shutdown()
    (record,) = protobuf.decode_logs(body).records
    assert record.attributes == attributes | {"raw": "aGk="}
    assert record.resource == dict(RESOURCE.attributes)
    assert (record.body, record.event_name) == ("claude_code.api_request", "api_request")
    assert (record.time, record.observed, record.severity) == (NOON, NOON + 5, 14)
    assert (record.scope, record.trace_id, record.span_id) == ("com.example.events", "", "")


def test_spans() -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(resource=RESOURCE, shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("com.example.tracing")
    with tracer.start_as_current_span("outer", start_time=NOON_NS, end_on_exit=False) as outer:
        inner = tracer.start_span("inner", kind=SpanKind.CLIENT, start_time=NOON_NS + 1_000_000)
        inner.set_attributes({"ttft_ms": 310, "tools": ("a", "b")})
        inner.set_status(Status(StatusCode.ERROR, "overloaded"))
        inner.end(NOON_NS + 2_000_000)
        outer.end(NOON_NS + 3_000_000)
    body = encode_spans(exporter.get_finished_spans()).SerializeToString()
    provider.shutdown()
    first, second = protobuf.decode_traces(body).records
    assert (first.name, first.kind, first.failed) == ("inner", 3, True)
    assert (first.status_message, first.scope) == ("overloaded", "com.example.tracing")
    assert first.attributes == {"ttft_ms": 310, "tools": ["a", "b"]}
    assert (first.start, first.end) == (NOON + 1, NOON + 2)
    assert first.parent_id == second.span_id == f"{outer.get_span_context().span_id:016x}"
    assert first.trace_id == second.trace_id == f"{outer.get_span_context().trace_id:032x}"
    assert (second.parent_id, second.failed, second.end) == ("", False, NOON + 3)
    assert first.resource == dict(RESOURCE.attributes)


def test_metrics(meters: tuple[MeterProvider, InMemoryMetricReader]) -> None:
    provider, reader = meters
    meter = provider.get_meter("com.example.metrics")
    meter.create_counter("tokens", unit="tokens").add(5, {"type": "input"})
    meter.create_up_down_counter("open").add(-2)
    meter.create_gauge("temperature").set(36.6)
    sizes = meter.create_histogram("size", unit="By")
    sizes.record(10)
    sizes.record(2.5)
    data = reader.get_metrics_data()
    assert data is not None
    points = {
        p.name: p for p in protobuf.decode_metrics(encode_metrics(data).SerializeToString()).records
    }
    tokens, opened, size = points["tokens"], points["open"], points["size"]
    assert (tokens.kind, tokens.value, tokens.unit) == ("sum", 5, "tokens")
    assert (tokens.cumulative, tokens.monotonic) == (True, True)
    assert tokens.attributes == {"type": "input"}
    assert tokens.scope == "com.example.metrics"
    assert tokens.resource == dict(RESOURCE.attributes)
    assert tokens.start is not None
    assert tokens.time is not None
    assert tokens.start <= tokens.time
    assert (opened.value, opened.monotonic) == (-2, False)
    assert (points["temperature"].kind, points["temperature"].value) == ("gauge", 36.6)
    assert (size.kind, size.value, size.count, size.unit) == ("histogram", 12.5, 2, "By")


def test_deltas_of_the_sdks_counters_add_up(
    meters: tuple[MeterProvider, InMemoryMetricReader],
) -> None:
    provider, reader = meters
    counter = provider.get_meter("m").create_counter("tokens")
    sizes = provider.get_meter("m").create_histogram("size")
    deltas = Deltas()
    added: dict[str, float] = {"tokens": 0, "size": 0, "sizes": 0}
    for step in range(1, 6):
        counter.add(step)
        sizes.record(step / 2)
        data = reader.get_metrics_data()
        assert data is not None
        body = encode_metrics(data).SerializeToString()
        for _ in range(2):  # the sender tries again
            for point in deltas.apply(protobuf.decode_metrics(body).records):
                added[point.name] += point.value
                added["sizes"] += point.count if point.name == "size" else 0
    assert added == {"tokens": 15, "size": 7.5, "sizes": 5}
