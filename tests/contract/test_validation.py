"""POST /api/events: what is rejected, and how it is said."""

from __future__ import annotations

import json

import httpx
import pytest

from .client import Api, Row, compact, event
from .shape import faults, text

INTEGERS = ["tokens_in", "tokens_out", "cache_read_tokens", "cache_write_tokens", "duration_ms"]
STRINGS = ["tool_name", "branch", "project", "model", "source", "event_id"]


def fields_of(response: httpx.Response) -> list[str]:
    """The fields that a 400 names, in an answer of the contract's form."""
    assert response.status_code == 400, response.text
    body = response.json()
    assert isinstance(body["error"], str)
    assert body["details"]
    for detail in body["details"]:
        assert faults(detail, {"field": text, "message": text}) == {}
        assert detail["message"]
    return [detail["field"] for detail in body["details"]]


def rejected(api: Api, item: Row) -> list[str]:
    """The fields named when the event is posted; nothing of it may be stored."""
    named = fields_of(api.post("/api/events", item))
    if isinstance(agent := item.get("agent_type"), str) and agent.strip():
        assert api.rows(agent_type=agent.strip()) == []
    return named


@pytest.mark.parametrize("field", ["session_id", "agent_type", "event_type"])
@pytest.mark.parametrize("value", ["", " \t\n", None, 1, True, ["x"], {"x": 1}])
def test_a_required_string_must_be_one_and_not_empty(
    api: Api, agent: str, field: str, value: object
) -> None:
    assert set(rejected(api, {**event(agent), field: value})) == {field}


@pytest.mark.parametrize("field", ["session_id", "agent_type", "event_type"])
def test_a_required_string_must_be_there(api: Api, agent: str, field: str) -> None:
    item = event(agent)
    del item[field]
    assert set(rejected(api, item)) == {field}


@pytest.mark.parametrize("value", ["tool-use", "TOOL_USE", "unheard_of"])
def test_an_event_type_must_be_a_known_one(api: Api, agent: str, value: str) -> None:
    assert rejected(api, event(agent, event_type=value)) == ["event_type"]


@pytest.mark.parametrize("value", ["ok", "SUCCESS", 1, True, ["error"]])
def test_a_status_must_be_a_known_one(api: Api, agent: str, value: object) -> None:
    assert rejected(api, event(agent, status=value)) == ["status"]


@pytest.mark.parametrize("field", STRINGS)
@pytest.mark.parametrize("value", [7, False, ["x"], {"x": "y"}])
def test_an_optional_string_must_be_a_string(
    api: Api, agent: str, field: str, value: object
) -> None:
    assert rejected(api, event(agent, **{field: value})) == [field]


@pytest.mark.parametrize("field", INTEGERS)
@pytest.mark.parametrize("value", [True, False, 1.5, "3", -1, [1], {}])
def test_a_count_must_be_an_integer_from_0(api: Api, agent: str, field: str, value: object) -> None:
    assert rejected(api, event(agent, **{field: value})) == [field]


@pytest.mark.parametrize("value", [True, "0.5", -0.01, -1, [1]])
def test_a_cost_must_be_a_number_from_0(api: Api, agent: str, value: object) -> None:
    assert rejected(api, event(agent, cost_usd=value)) == ["cost_usd"]


@pytest.mark.parametrize(
    "value",
    [
        "yesterday",
        "2026-13-01T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "2026-03-01T25:00:00Z",
        "2026-03-01T12:00:00Z trailing",
        1_700_000_000_000,
        True,
        {"at": "2026-03-01T12:00:00Z"},
    ],
)
def test_an_invalid_client_timestamp_is_rejected(api: Api, agent: str, value: object) -> None:
    assert rejected(api, event(agent, client_timestamp=value)) == ["client_timestamp"]


def test_every_fault_is_listed(api: Api) -> None:
    wrong = {
        "session_id": " ",
        "event_type": "nonsense",
        "event_id": 5,
        "status": "fine",
        "tool_name": 1,
        "tokens_in": -1,
        "tokens_out": 0.5,
        "duration_ms": "long",
        "cost_usd": "free",
        "client_timestamp": "soon",
    }
    assert set(rejected(api, wrong)) == {*wrong, "agent_type"}


@pytest.mark.parametrize("body", [[], [{"session_id": "x"}], 5, 1.5, True, None])
def test_a_body_that_is_no_object_is_named_body(api: Api, body: object) -> None:
    assert fields_of(api.post("/api/events", body)) == ["body"]


@pytest.mark.parametrize("field", INTEGERS)
@pytest.mark.parametrize("value", [2**63, 10**30])
def test_a_count_beyond_64_bits_is_no_fault_of_the_server(
    api: Api, agent: str, field: str, value: int
) -> None:
    response = api.post("/api/events", event(agent, **{field: value}))
    assert response.status_code in (201, 400), response.text
    assert isinstance(api.rows(agent_type=agent), list)


@pytest.mark.parametrize(
    "value", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "0000-01-01T00:00:00Z"]
)
def test_a_time_at_the_calendar_s_edge_is_no_fault_of_the_server(
    api: Api, agent: str, value: str
) -> None:
    response = api.post("/api/events", event(agent, client_timestamp=value))
    assert response.status_code in (201, 400), response.text


def test_an_infinite_cost_is_rejected(api: Api, agent: str) -> None:
    """1e999 is written as JSON, but no number that could be told again in JSON."""
    body = compact(event(agent, cost_usd=0)).replace(b'"cost_usd":0', b'"cost_usd":1e999')
    response = api.post_raw("/api/events", body)
    assert response.status_code == 400, response.text
    assert api.rows(agent_type=agent) == []


def test_a_lone_surrogate_does_not_break_the_listing(api: Api, agent: str) -> None:
    """`\\ud800` alone cannot be written in UTF-8: it may be refused or replaced."""
    body = json.dumps(event(agent, metadata={"command": "a\ud800b"}))
    assert "a\\ud800b" in body
    response = api.post_raw("/api/events", body.encode())
    assert response.status_code in (201, 400), response.text
    assert len(api.rows(agent_type=agent)) == (response.status_code == 201)
