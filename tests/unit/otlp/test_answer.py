"""Answers to OTLP clients, read with the official classes."""

import json
from typing import Any

import pytest
from google.protobuf import json_format  # type: ignore[import-untyped]  # has no types
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]  # has no types
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from agentmonitor.otlp.answer import Signal, failure, success

RESPONSES: dict[Signal, tuple[Any, str]] = {
    "logs": (ExportLogsServiceResponse, "rejected_log_records"),
    "metrics": (ExportMetricsServiceResponse, "rejected_data_points"),
    "traces": (ExportTraceServiceResponse, "rejected_spans"),
}
every = pytest.mark.parametrize("signal", RESPONSES)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=300)


@every
def test_full_success_is_an_empty_message(signal: Signal) -> None:
    assert success(signal) == b"{}"
    assert success(signal, protobuf=True) == b""


@every
@given(rejected=st.integers(0, 10**7), message=TEXTS)
def test_a_partial_success_says_how_many_and_why(
    signal: Signal, rejected: int, message: str
) -> None:
    kind, field = RESPONSES[signal]
    binary = kind.FromString(success(signal, rejected, message, protobuf=True))
    text = json_format.Parse(success(signal, rejected, message), kind())
    for found in (binary, text):
        assert getattr(found.partial_success, field) == rejected
        assert found.partial_success.error_message == message


@given(status=st.sampled_from((400, 404, 413, 415, 500, 503, 507)), message=TEXTS)
def test_a_failure_is_a_status(status: int, message: str) -> None:
    found = Status.FromString(failure(status, message, protobuf=True))
    assert found.message == message
    assert found.code > 0
    document = json.loads(failure(status, message))
    assert document == {"error": message, "code": found.code, "message": message}


def test_a_failure_in_json_can_say_more() -> None:
    assert json.loads(failure(503, "busy", retry=1))["retry"] == 1


def test_text_that_utf8_cannot_hold_is_mended() -> None:
    assert Status.FromString(failure(400, "a\ud800", protobuf=True)).message == "a?"
