"""OTLP/JSON: attribute values, in the spellings that senders use, and those that are refused."""

from typing import Any

import pytest

from agentmonitor.otlp.values import MAX_DEPTH
from tests.unit.otlp.test_json import logs, reason


def value(document: Any) -> Any:
    """What an attribute's value is read as."""
    (record,) = logs({"attributes": [{"key": "k", "value": document}]}).records
    return record.attributes["k"]


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"stringValue": "a"}, "a"),
        ({"stringValue": ""}, ""),
        ({"stringValue": "null"}, "null"),
        ({"intValue": "42"}, 42),
        ({"intValue": 42}, 42),
        ({"intValue": 42.0}, 42),
        ({"intValue": "-9223372036854775808"}, -(2**63)),
        ({"intValue": 1.5e18}, 15 * 10**17),
        ({"doubleValue": "1.5"}, 1.5),
        ({"doubleValue": 2}, 2.0),
        ({"doubleValue": "NaN"}, None),
        ({"doubleValue": "-Infinity"}, None),
        ({"boolValue": False}, False),
        ({"boolValue": "true"}, True),
        ({"bytesValue": "-_8"}, "+/8="),
        ({"arrayValue": {"values": [{"intValue": 1}, {}]}}, [1, None]),
        ({"arrayValue": {}}, []),
        ({"kvlistValue": {"values": [{"key": "a", "value": {"intValue": 1}}]}}, {"a": 1}),
        ({"kvlistValue": {}}, {}),
        ({"string_value": "a"}, "a"),
        ({"stringValue": None, "intValue": 5}, 5),
        ({"stringValue": None}, None),
        ({}, None),
        (None, None),
        ("plain", "plain"),
        (5, 5),
        ({"a": {"stringValue": "b"}, "c": [1]}, {"a": "b", "c": [1]}),
    ],
)
def test_a_value_is_read_as(document: Any, expected: Any) -> None:
    found = value(document)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    "document",
    [
        {"stringValue": 5},
        {"intValue": "many"},
        {"intValue": 1.5},
        {"intValue": True},
        {"intValue": 2**63},
        2**63,
        {"doubleValue": "much"},
        {"boolValue": "yes"},
        {"bytesValue": "?"},
        {"bytesValue": 5},
        {"arrayValue": 5},
        {"arrayValue": {"values": 5}},
        {"kvlistValue": 5},
        {"kvlistValue": {"values": [5]}},
        {"kvlistValue": {"values": [{"key": 5}]}},
    ],
)
def test_a_bad_value_costs_its_record_and_no_other(document: Any) -> None:
    found = logs({"attributes": [{"key": "k", "value": document}]}, {"body": {"stringValue": "b"}})
    assert [record.body for record in found.records] == ["b"]
    assert found.rejected == 1
    assert found.message.startswith("1 of 2 log records refused; the first: ")


def test_a_nul_character_is_kept() -> None:
    assert value({"stringValue": "a\0b"}) == "a\0b"


def nested(kind: str, depth: int) -> Any:
    document: Any = {"intValue": 1}
    for _ in range(depth):
        if kind == "arrayValue":
            document = {kind: {"values": [document]}}
        elif kind == "kvlistValue":
            document = {kind: {"values": [{"key": "k", "value": document}]}}
        elif kind == "list":
            document = [document]
        else:
            document = {"k": document}
    return document


@pytest.mark.parametrize("kind", ["arrayValue", "kvlistValue", "list", "object"])
def test_what_is_too_deep_costs_its_record(kind: str) -> None:
    assert len(logs({"body": nested(kind, MAX_DEPTH)}).records) == 1
    assert "more than 24 times" in reason(logs({"body": nested(kind, MAX_DEPTH + 1)}))
