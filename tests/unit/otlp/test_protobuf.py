"""OTLP in protobuf: what only this encoding can get wrong."""

import subprocess
import sys
from typing import Any

import pytest
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # has no types
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs

from agentmonitor.errors import InvalidInput
from agentmonitor.otlp.protobuf import decode_logs, decode_metrics, decode_traces
from agentmonitor.otlp.protobuf_repair import repair, text_of
from agentmonitor.otlp.protobuf_values import attributes
from agentmonitor.otlp.records import Decoded
from agentmonitor.otlp.values import MAX_DEPTH
from tests.unit.otlp.strategies import LOGS


def request(*records: LogRecord) -> bytes:
    scoped = ScopeLogs(log_records=records)
    group = ResourceLogs(scope_logs=[scoped])
    body: bytes = ExportLogsServiceRequest(resource_logs=[group]).SerializeToString()
    return body


def body_of(text: str) -> LogRecord:
    return LogRecord(body=AnyValue(string_value=text))


def nested(kind: str, depth: int) -> AnyValue:
    value = AnyValue(int_value=1)
    for _ in range(depth):
        if kind == "array":
            value = AnyValue(array_value=ArrayValue(values=[value]))
        else:
            pairs = KeyValueList(values=[KeyValue(key="k", value=value)])
            value = AnyValue(kvlist_value=pairs)
    return value


def test_importing_the_package_does_not_import_protobuf() -> None:
    script = (
        "import sys\n"
        "from agentmonitor.otlp import answer, deltas, json, protobuf, protobuf_repair\n"
        "json.decode_logs(b'{}'), answer.success('logs', 1, 'm', protobuf=True)\n"
        "assert not [m for m in sys.modules if m.startswith(('google', 'opentelemetry'))]\n"
        "protobuf.decode_logs(b'')\n"
        "assert 'google.protobuf' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-I", "-c", script], check=True)


@pytest.mark.parametrize("decode", [decode_logs, decode_metrics, decode_traces])
def test_an_empty_body_is_an_empty_request(decode: Any) -> None:
    assert decode(b"") == Decoded([])


@pytest.mark.parametrize("decode", [decode_logs, decode_metrics, decode_traces])
@pytest.mark.parametrize("body", [b"{}", b"\x0a\x05a", b"\xff" * 20, b"\x0a\x02\x12\xff"])
def test_what_is_no_request_is_invalid(decode: Any, body: bytes) -> None:
    with pytest.raises(InvalidInput, match="Check the exporter's path and protocol"):
        decode(body)


@given(LOGS, st.data())
def test_a_body_that_was_cut_is_invalid_or_holds_its_first_records(message: Any, data: Any) -> None:
    body = message.SerializeToString()
    whole = decode_logs(body)
    cut = body[: data.draw(st.integers(0, len(body)))]
    try:
        found = decode_logs(cut)
    except InvalidInput:
        return
    assert found.records == whole.records[: len(found.records)]


@pytest.mark.parametrize("kind", ["array", "kvlist"])
def test_what_is_too_deep_costs_its_record(kind: str) -> None:
    found = decode_logs(
        request(
            LogRecord(body=nested(kind, MAX_DEPTH + 1)),
            LogRecord(attributes=[KeyValue(key="k", value=nested(kind, MAX_DEPTH + 1))]),
            LogRecord(body=nested(kind, MAX_DEPTH), event_name="kept"),
        )
    )
    assert [record.event_name for record in found.records] == ["kept"]
    assert found.rejected == 2
    assert found.message.startswith("2 of 3 log records refused; the first: lists and objects")


def test_what_is_absurdly_deep_is_invalid() -> None:
    def field(tag: int, content: bytes) -> bytes:
        size = len(content)
        return bytes([tag, size & 127 | 128, size >> 7 & 127 | 128, size >> 14]) + content

    body = b"\x18\x01"
    for _ in range(200):
        body = field(0x2A, field(0x0A, body))
    for tag in (0x2A, 0x12, 0x12, 0x0A):
        body = field(tag, body)
    with pytest.raises(InvalidInput):
        decode_logs(body)


def test_what_is_wrong_with_a_resource_costs_its_records() -> None:
    group = ResourceLogs(scope_logs=[ScopeLogs(log_records=[body_of("a"), body_of("b")])])
    group.resource.attributes.add(key="k", value=nested("array", MAX_DEPTH + 1))
    found = decode_logs(ExportLogsServiceRequest(resource_logs=[group]).SerializeToString())
    assert (found.records, found.rejected) == ([], 2)
    assert "in the resource" in found.message


def test_a_span_without_an_id_is_refused() -> None:
    message = ExportTraceServiceRequest()
    spans = message.resource_spans.add().scope_spans.add().spans
    spans.add(trace_id=b"t" * 16, span_id=b"s" * 8)
    spans.add(trace_id=b"t" * 16)
    spans.add(trace_id=b"\0" * 16, span_id=b"s" * 8)
    found = decode_traces(message.SerializeToString())
    assert [span.span_id for span in found.records] == ["73" * 8]
    assert found.rejected == 2


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"plain", "plain"),
        ("é😀\0".encode(), "é😀\0"),
        (b"a\xed\xa0\xbdb", "a\ufffdb"),  # half a pair of surrogates
        (b"\xed\xa0\xbd\xed\xb8\x80", "😀"),  # both halves, encoded each by itself
        (b"a\xf0\x9f\x98", "a\ufffd"),  # cut in the middle of a character
        (b"\xff\xfe", "\ufffd\ufffd"),
    ],
)
def test_a_text_that_is_not_utf8_is_mended(raw: bytes, expected: str) -> None:
    assert text_of(raw).decode() == expected


def test_a_bad_text_costs_no_record() -> None:
    """The library itself refuses the whole request."""
    body = request(
        LogRecord(attributes=[KeyValue(key="12345", value=AnyValue(string_value="ok"))]),
        body_of("12345"),
        LogRecord(body=nested("kvlist", 3), severity_text="12345"),
    )
    found = decode_logs(body.replace(b"12345", b"x\xed\xa0\xbdy"))
    assert [dict(record.attributes) for record in found.records] == [{"x\ufffdy": "ok"}, {}, {}]
    assert [record.body for record in found.records] == [
        None, "x\ufffdy", {"k": {"k": {"k": 1}}},
    ]  # fmt: skip


@given(LOGS, st.binary(min_size=1, max_size=6))
def test_mending_changes_nothing_but_bad_texts(message: Any, bad: bytes) -> None:
    scoped = message.resource_logs.add().scope_logs.add()
    expected = decode_logs(message.SerializeToString()).records
    mark = b"\x01mark\x01"
    scoped.log_records.add(event_name=mark.decode() + "x" * len(bad))
    body = message.SerializeToString().replace(mark + b"x" * len(bad), mark + bad)
    found = decode_logs(body)
    assert found.records[:-1] == expected
    assert found.records[-1].event_name == (mark + text_of(bad)).decode()


def _attribute(value: AnyValue) -> bytes:
    encoded: bytes = KeyValue(key="key", value=value).SerializeToString()
    return encoded


PAIRS = (
    _attribute(AnyValue(string_value="text")), _attribute(AnyValue(string_value="")),
    _attribute(AnyValue(int_value=5)), _attribute(AnyValue(int_value=300)),
    _attribute(AnyValue(int_value=-1)), _attribute(AnyValue(bool_value=True)),
    _attribute(AnyValue()), _attribute(nested("kvlist", 1)), _attribute(AnyValue(bytes_value=b"b")),
    _attribute(AnyValue(string_value="x" * 130)), KeyValue(key="key").SerializeToString(),
    KeyValue(value=AnyValue(int_value=1)).SerializeToString(), b"",
)  # fmt: skip
ODD_BYTES = (0, 1, 2, 3, 4, 5, 8, 0x0A, 0x10, 0x12, 0x18, 0x20, 0x61, 0x7F, 0x80, 0x81, 0xFF)


@pytest.mark.parametrize("pair", PAIRS)
def test_an_attribute_is_what_the_library_says(pair: bytes) -> None:
    """Short texts and numbers are read without it. Whatever the bytes are, nothing may come of
    them that the library would not read."""
    changed = [pair, *(pair[:end] for end in range(len(pair)))]
    for place in range(min(len(pair), 20)):
        for odd in ODD_BYTES:
            changed += [pair[:place] + bytes((odd,)) + pair[place + skip :] for skip in (0, 1)]
    for body in map(_body, changed):
        try:
            mended = repair(ExportLogsServiceRequest, body)
        except DecodeError:
            with pytest.raises(InvalidInput):
                decode_logs(body)
            continue
        (group,) = ExportLogsServiceRequest.FromString(mended).resource_logs
        (record,) = group.scope_logs[0].log_records
        (found,) = decode_logs(body).records
        assert found.attributes == attributes(record.attributes)


def _body(pair: bytes) -> bytes:
    """A request with one record that has one attribute."""
    body = pair
    for tag in (0x32, 0x12, 0x12, 0x0A):
        size = len(body)
        length = bytes((size,)) if size < 128 else bytes((size & 127 | 128, size >> 7))
        body = bytes((tag,)) + length + body
    return body
