"""Every fault of an event is named, each by its field."""

import json
from typing import Any

import pytest

from agentmonitor.errors import InvalidInput
from agentmonitor.model.event import Event
from agentmonitor.model.wire import event_from_json
from tests.unit.model.strategies import COUNTS, MOST, TEXTS

LEAST = {"session_id": "s", "agent_type": "a", "event_type": "tool_use"}
ABSENT = object()
WHOLE = "must be an integer of at least 0"
STRING = "must be a string"
LONG = "must have at most 1024 characters"
STAMP = "must be an ISO 8601 timestamp, 1970 or later"
REQUIRED: list[tuple[Any, str]] = [
    (ABSENT, "is required"), (None, "is required"), (7, STRING), (["a"], STRING),
    ("", "must not be empty"), (" \t\n", "must not be empty"),
]  # fmt: skip


def faults(document: Any) -> list[tuple[str, str]]:
    with pytest.raises(InvalidInput) as caught:
        event_from_json(json.dumps(document).encode())
    return caught.value.details


def spoilt(field: str, value: Any) -> dict[str, Any]:
    document = LEAST | {field: value}
    return {k: v for k, v in document.items() if v is not ABSENT}


@pytest.mark.parametrize("field", ["session_id", "agent_type", "event_type"])
@pytest.mark.parametrize(("value", "message"), REQUIRED)
def test_what_is_required(field: str, value: Any, message: str) -> None:
    assert faults(spoilt(field, value)) == [(field, message)]


@pytest.mark.parametrize("field", ["session_id", "agent_type", *TEXTS])
def test_names_have_a_greatest_length(field: str) -> None:
    assert faults(spoilt(field, "ä" * 1025)) == [(field, LONG)]
    fits = event_from_json(json.dumps(spoilt(field, " " + "ä" * 1024 + " ")).encode())
    assert getattr(fits, field) == "ä" * 1024


@pytest.mark.parametrize("field", TEXTS)
@pytest.mark.parametrize("value", [7, 0, True, 1.5, [], {}, ["a"]])
def test_texts_are_texts(field: str, value: Any) -> None:
    assert faults(spoilt(field, value)) == [(field, STRING)]


@pytest.mark.parametrize("field", COUNTS)
@pytest.mark.parametrize(
    ("value", "message"),
    [(-1, WHOLE), (1.0, WHOLE), (1.5, WHOLE), (True, WHOLE), (False, WHOLE), ("5", WHOLE),
     ([], WHOLE), (MOST + 1, f"must be at most {MOST}"), (10**30, f"must be at most {MOST}"),
     (-(10**30), WHOLE)],
)  # fmt: skip
def test_counts_are_whole_and_not_negative(field: str, value: Any, message: str) -> None:
    assert faults(spoilt(field, value)) == [(field, message)]
    assert isinstance(event_from_json(json.dumps(spoilt(field, MOST)).encode()), Event)


@pytest.mark.parametrize("value", [-1, -0.01, True, "1", [], {}])
def test_costs_are_numbers_and_not_negative(value: Any) -> None:
    assert faults(spoilt("cost_usd", value)) == [("cost_usd", "must be a number of at least 0")]


def test_a_cost_that_cannot_be_true_is_refused() -> None:
    assert faults(spoilt("cost_usd", 1_000_001)) == [("cost_usd", "must be at most 1000000")]
    assert event_from_json(json.dumps(spoilt("cost_usd", 0)).encode()).cost_usd == 0


@pytest.mark.parametrize(
    "value",
    ["yesterday", "", " ", "2026-13-01", "2026-11-23T25:00:00Z", "1969-12-31T23:59:59Z",
     1700000000, True, [], "2026-11-23T21:00:00+99:00", "0001-01-01T00:00:00+14:00",
     "\u0661\u0662\u0663\u0664-01-01", "\0"],
)  # fmt: skip
def test_timestamps_are_iso(value: Any) -> None:
    assert faults(spoilt("client_timestamp", value)) == [("client_timestamp", STAMP)]


@pytest.mark.parametrize("value", ["done", "", "Success", 1, True, [], {}])
def test_a_status_is_one_of_three(value: Any) -> None:
    assert faults(spoilt("status", value)) == [
        ("status", "must be one of: success, error, timeout")
    ]


def test_an_unknown_type_is_told_the_known_ones() -> None:
    ((field, message),) = faults(spoilt("event_type", "tool-use"))
    assert field == "event_type"
    assert message.startswith("must be one of: tool_use, session_start, ")


@pytest.mark.parametrize("document", [[], 7, None, True, [LEAST]])
def test_a_body_that_is_no_object_is_told_as_the_body(document: Any) -> None:
    assert faults(document) == [("body", "must be a JSON object")]


def test_all_faults_are_told_and_not_only_the_first() -> None:
    worst: dict[str, Any] = {name: [] for name in (*TEXTS, *COUNTS)}
    worst |= {"agent_type": 5, "event_type": "x", "status": "x", "cost_usd": -1}
    worst["client_timestamp"] = "x"
    assert {field for field, _ in faults(worst)} == {"session_id", *worst}
    assert len(faults(worst)) == len(worst) + 1
