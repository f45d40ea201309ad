"""OTLP/JSON: what is read, what is tolerated, and what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from agentmonitor.errors import InvalidInput
from agentmonitor.otlp.json import decode_logs, decode_metrics, decode_traces
from agentmonitor.otlp.records import Decoded, LogRecord, Point, Span

FIXTURES = Path(__file__).parents[2] / "fixtures" / "otlp"
NOON = 1_795_467_600_000


def fixture(name: str) -> bytes:
    return (FIXTURES / f"{name}.json").read_bytes()


def logs(*records: Any, **around: Any) -> Decoded[LogRecord]:
    group = {"scopeLogs": [{"logRecords": list(records)}], **around}
    return decode_logs(json.dumps({"resourceLogs": [group]}).encode())


def reason(found: Decoded[Any]) -> str:
    assert found.records == []
    assert found.rejected == 1
    return found.message


def metric(**fields: Any) -> Decoded[Point]:
    scoped = {"metrics": [{"name": "m", **fields}]}
    return decode_metrics(json.dumps({"resourceMetrics": [{"scopeMetrics": [scoped]}]}).encode())


def spans(*found: Any) -> Decoded[Span]:
    document = {"resourceSpans": [{"scopeSpans": [{"spans": list(found)}]}]}
    return decode_traces(json.dumps(document).encode())


def test_claude_codes_logs() -> None:
    found = decode_logs(fixture("claude_code_logs"))
    assert (found.rejected, found.message) == (0, "")
    prompt, request, tool = found.records
    assert request.body == "claude_code.api_request"
    assert request.attributes["event.name"] == "api_request"
    assert request.attributes["event.sequence"] == 1
    assert request.attributes["input_tokens"] == "1200"
    assert request.resource["service.name"] == "claude-code"
    assert request.scope == "com.anthropic.claude_code.events"
    assert (request.time, request.observed) == (NOON + 3250, NOON + 3251)
    assert prompt.time == NOON
    assert tool.attributes["success"] == "true"


def test_records_of_one_resource_share_it() -> None:
    first, second, third = decode_logs(fixture("claude_code_logs")).records
    assert first.resource is second.resource is third.resource


def test_logs_in_snake_case() -> None:
    (record,) = decode_logs(fixture("codex_logs_snake_case")).records
    assert record.event_name == "codex.sse_event"
    assert record.severity == 9
    assert record.trace_id == "5b8efff798038103d269b633813fc60c"
    assert record.span_id == "eee19b7ec3c1b174"
    assert record.attributes == {
        "event.name": "codex.sse_event",
        "event.kind": "response.completed",
        "conversation.id": "c-1",
        "input_token_count": 900,
        "output_token_count": 120,
        "success": True,
        "parts": [1, "b"],
        "more": {"ratio": 0.5, "raw": "aGk="},
    }


def test_claude_codes_metrics() -> None:
    found = decode_metrics(fixture("claude_code_metrics"))
    assert found.rejected == 0
    by_name = [(p.name, p.kind, p.value, p.count, p.cumulative) for p in found.records]
    assert by_name == [
        ("claude_code.token.usage", "sum", 1200, 1, False),
        ("claude_code.token.usage", "sum", 345, 1, False),
        ("claude_code.cost.usage", "sum", 0.016275, 1, True),
        ("codex.turn.token_usage", "histogram", 900.5, 3, False),
        ("queue.length", "gauge", 7, 1, False),
        ("request.size", "histogram", 10, 2, True),
        ("old.duration", "histogram", 8, 4, True),
    ]
    tokens = found.records[0]
    assert tokens.attributes["type"] == "input"
    assert (tokens.unit, tokens.monotonic) == ("tokens", True)
    assert (tokens.start, tokens.time) == (NOON - 60_000, NOON)
    assert tokens.scope == "com.anthropic.claude_code"
    assert len({id(p.resource) for p in found.records}) == 1


def test_claude_codes_traces() -> None:
    interaction, request = decode_traces(fixture("claude_code_traces")).records
    assert interaction.trace_id == request.trace_id == "5b8efff798038103d269b633813fc60c"
    assert (interaction.parent_id, request.parent_id) == ("", interaction.span_id)
    assert (interaction.kind, request.kind) == (1, 3)
    assert (interaction.failed, request.failed) == (False, True)
    assert request.status_message == "overloaded"
    assert request.attributes == {"ttft_ms": 310}
    assert (request.start, request.end) == (NOON + 100, NOON + 3250)


def test_attributes_may_be_a_plain_object() -> None:
    (record,) = logs({"attributes": {"a": "b", "n": 5, "v": {"intValue": "7"}}}).records
    assert record.attributes == {"a": "b", "n": 5, "v": 7}


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ("1795467600123456789", NOON + 123),
        (1795467600123456789, NOON + 123),
        (1.7954676e18, NOON),
        (0, None),
        ("0", None),
        (None, None),
        (-1, None),
        (1_795_467_600, None),
        (2**64 - 1, None),
        (10**25, None),
    ],
)
def test_a_time_is_milliseconds_or_nothing(time: Any, expected: int | None) -> None:
    assert [record.time for record in logs({"timeUnixNano": time}).records] == [expected]


def test_a_time_that_is_no_number_costs_its_record() -> None:
    assert "timeUnixNano must be nanoseconds" in reason(logs({"timeUnixNano": "today"}))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("5B8EFFF798038103D269B633813FC60C", "5b8efff798038103d269b633813fc60c"),
        ("W47/95gDgQPSabYzgT/GDA==", "5b8efff798038103d269b633813fc60c"),
        ("W47_95gDgQPSabYzgT_GDA", "5b8efff798038103d269b633813fc60c"),
        ("0" * 32, ""),
        ("xyz", ""),
        ("", ""),
        (5, ""),
    ],
)
def test_an_id_is_hex_whatever_way_it_comes(given: Any, expected: str) -> None:
    assert [record.trace_id for record in logs({"traceId": given}).records] == [expected]


@pytest.mark.parametrize(
    ("given", "expected"),
    [(17, 17), ("17", 17), ("SEVERITY_NUMBER_ERROR", 17), ("info2", 10), ("LATER", 0), (None, 0)],
)
def test_a_severity_is_a_number_or_a_name(given: Any, expected: int) -> None:
    assert [record.severity for record in logs({"severityNumber": given}).records] == [expected]


def test_what_is_wrong_with_a_resource_costs_its_records() -> None:
    bad = {"resource": {"attributes": [{"key": "k", "value": {"intValue": "x"}}]}}
    found = logs({}, {}, **bad)
    assert (found.records, found.rejected) == ([], 2)
    assert "in the resource, intValue must be" in found.message


def test_what_is_wrong_with_a_metric_costs_its_points() -> None:
    points = [{"asInt": 1}, {"asInt": 2}]
    found = metric(unit=5, gauge={"dataPoints": points})
    assert (found.records, found.rejected) == ([], 2)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"gauge": {"dataPoints": [{}]}}, "asInt or asDouble"),
        ({"gauge": {"dataPoints": [{"asDouble": "NaN"}]}}, "not a finite number"),
        ({"gauge": {"dataPoints": [5]}}, "must be an object"),
        ({"gauge": {"dataPoints": 5}}, "dataPoints must be a list"),
        ({"gauge": 5}, "gauge must be an object"),
        ({"histogram": {"dataPoints": [{"count": -1}]}}, "count must be"),
        ({"histogram": {"dataPoints": [{"count": 1, "sum": "Infinity"}]}}, "not a finite number"),
        ({"sum": {"isMonotonic": "maybe", "dataPoints": [{"asInt": 1}]}}, "isMonotonic must be"),
    ],
)
def test_a_point_that_cannot_be_added_up_is_refused(fields: Any, expected: str) -> None:
    assert expected in reason(metric(**fields))


def test_a_point_that_says_it_has_no_value_is_left_out() -> None:
    found = metric(gauge={"dataPoints": [{"flags": 1}, {"flags": "1"}, {"asInt": 3, "flags": 2}]})
    assert [point.value for point in found.records] == [3]
    assert found.rejected == 0


@pytest.mark.parametrize("missing", ["traceId", "spanId"])
def test_a_span_without_an_id_is_refused(missing: str) -> None:
    span = {"traceId": "a" * 32, "spanId": "b" * 16}
    assert len(spans(span).records) == 1
    assert "traceId must be 16 bytes" in reason(spans({**span, missing: ""}))


@pytest.mark.parametrize("decode", [decode_logs, decode_metrics, decode_traces])
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"5", b'"{"', b"null", b"\xff", b"NaN"])
def test_what_is_no_json_object_is_invalid(decode: Any, body: bytes) -> None:
    with pytest.raises(InvalidInput):
        decode(body)


def test_what_is_no_list_of_resources_is_invalid() -> None:
    with pytest.raises(InvalidInput, match="resourceLogs must be a list"):
        decode_logs(b'{"resourceLogs":{}}')


@pytest.mark.parametrize("decode", [decode_logs, decode_metrics, decode_traces])
def test_an_empty_object_holds_nothing(decode: Any) -> None:
    assert decode(b'{"unknown":1}') == Decoded([])


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_a_document_in_quotes_is_unwrapped(layers: int) -> None:
    body = fixture("claude_code_logs")
    expected = decode_logs(body)
    for _ in range(layers):
        body = json.dumps(body.decode()).encode()
    assert decode_logs(body) == expected


def test_half_a_character_becomes_the_replacement_character() -> None:
    body = (
        b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"a\\ud83d"}}]}]}]}'
    )
    assert [record.body for record in decode_logs(body).records] == ["a\ufffd"]


def test_what_is_absurdly_deep_is_invalid() -> None:
    deep = b'{"arrayValue":{"values":[' * 100_000
    with pytest.raises(InvalidInput):
        decode_logs(b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":' + deep)


def test_what_is_no_object_among_the_records_is_counted() -> None:
    assert "an item of logRecords must be an object" in reason(logs(5))
    body = b'{"resourceLogs":[5,{"scopeLogs":[5,{"logRecords":5},{"scope":5,"logRecords":[{}]}]}]}'
    found = decode_logs(body)
    assert (found.records, found.rejected) == ([], 4)
