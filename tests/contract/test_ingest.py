"""POST /api/events: what a valid event becomes."""

from __future__ import annotations

import json

import pytest

from .client import Api, ago, event, instant, unique
from .shape import EVENT_ROW, faults

EVENT_TYPES = [
    "tool_use",
    "session_start",
    "session_end",
    "error",
    "llm_request",
    "llm_response",
    "response",
    "file_change",
    "git_commit",
    "plan_step",
    "user_prompt",
]

OPTIONAL = [
    "event_id",
    "tool_name",
    "branch",
    "project",
    "model",
    "tokens_in",
    "tokens_out",
    "cache_read_tokens",
    "cache_write_tokens",
    "duration_ms",
    "cost_usd",
    "client_timestamp",
]


def test_an_event_is_acknowledged_with_its_id(api: Api, agent: str) -> None:
    response = api.post("/api/events", event(agent))
    assert response.status_code == 201
    answer = response.json()
    assert answer["received"] == 1
    assert answer["duplicates"] == 0
    [number] = answer["ids"]
    assert type(number) is int
    [row] = api.rows(agent_type=agent)
    assert row["id"] == number


def test_every_field_is_kept(api: Api, agent: str, session_id: str) -> None:
    sent = {
        "session_id": session_id,
        "agent_type": agent,
        "event_type": "llm_response",
        "event_id": unique(),
        "status": "timeout",
        "tool_name": "Read",
        "branch": "feature/ä",
        "project": unique("ct-p"),
        "model": unique("ct-m"),
        "source": "otel",
        "tokens_in": 11,
        "tokens_out": 12,
        "cache_read_tokens": 13,
        "cache_write_tokens": 14,
        "duration_ms": 15,
        "cost_usd": 0.125,
    }
    row = api.stored(sent)
    assert {key: row[key] for key in sent} == sent


def test_a_row_has_every_column_with_its_type(api: Api, agent: str) -> None:
    full = event(agent, client_timestamp=ago(minutes=1), cost_usd=1.5, tool_name="Read")
    assert faults(api.stored(full), EVENT_ROW) == {}
    assert faults(api.stored(event(agent)), EVENT_ROW) == {}


def test_defaults_of_the_optional_fields(api: Api, agent: str) -> None:
    row = api.stored(event(agent))
    expected = {
        "event_id": None,
        "status": "success",
        "tool_name": None,
        "branch": None,
        "project": None,
        "model": None,
        "source": "api",
        "tokens_in": 0,
        "tokens_out": 0,
        "cache_read_tokens": 0,
        "cache_write_tokens": 0,
        "duration_ms": None,
        "client_timestamp": None,
        "payload_truncated": 0,
    }
    assert {key: row[key] for key in expected} == expected
    assert json.loads(row["metadata"]) == {}


def test_null_counts_as_absent(api: Api, agent: str) -> None:
    row = api.stored(event(agent, **dict.fromkeys(OPTIONAL)))
    assert row["tool_name"] is None
    assert row["tokens_in"] == 0


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_every_event_type_of_the_contract_is_taken(api: Api, agent: str, event_type: str) -> None:
    row = api.stored(event(agent, event_type=event_type))
    assert row["event_type"] == event_type


def test_required_strings_are_trimmed(api: Api, agent: str, session_id: str) -> None:
    api.ingest(event(f"  {agent}\t", session_id=f"\n {session_id} "))
    [row] = api.rows(agent_type=agent)
    assert row["session_id"] == session_id
    assert row["agent_type"] == agent


@pytest.mark.parametrize("field", ["tool_name", "branch", "project", "model", "source"])
def test_optional_strings_are_trimmed(api: Api, agent: str, field: str) -> None:
    assert api.stored(event(agent, **{field: "  hook \n"}))[field] == "hook"


@pytest.mark.parametrize("empty", ["", "  \t\n"])
@pytest.mark.parametrize("field", ["tool_name", "branch", "project", "model"])
def test_an_empty_optional_string_counts_as_absent(
    api: Api, agent: str, field: str, empty: str
) -> None:
    assert api.stored(event(agent, **{field: empty}))[field] is None


def test_an_empty_source_is_the_default(api: Api, agent: str) -> None:
    assert api.stored(event(agent, source=" "))["source"] == "api"


@pytest.mark.parametrize("source", ["api", "hook", "otel", "import"])
def test_a_given_source_is_kept(api: Api, agent: str, source: str) -> None:
    assert api.stored(event(agent, source=source))["source"] == source


@pytest.mark.parametrize("status", ["success", "error", "timeout"])
def test_a_given_status_is_kept(api: Api, agent: str, status: str) -> None:
    for event_type in ("tool_use", "error"):
        row = api.stored(event(agent, event_type=event_type, status=status))
        assert row["status"] == status


def test_an_error_event_has_status_error_by_default(api: Api, agent: str) -> None:
    assert api.stored(event(agent, event_type="error"))["status"] == "error"


@pytest.mark.parametrize("cost", [0, 2, 0.1 + 0.2, 1e-9, 123456.789])
def test_a_given_cost_is_kept_exactly(api: Api, agent: str, cost: float) -> None:
    sent = event(agent, cost_usd=cost, model="claude-sonnet-4-5", tokens_in=1000)
    assert api.stored(sent)["cost_usd"] == cost


def test_a_missing_cost_is_priced_from_model_and_tokens(api: Api, agent: str) -> None:
    """Claude Sonnet 4.5 costs 3 and 15 dollars for a million tokens in and out."""
    sent = event(agent, model="claude-sonnet-4-5", tokens_in=1000, tokens_out=2000)
    assert api.stored(sent)["cost_usd"] == pytest.approx(0.033)


def test_cached_tokens_are_priced_too(api: Api, agent: str) -> None:
    model = {"model": "claude-sonnet-4-5", "tokens_in": 1000}
    plain = api.stored(event(agent, **model))["cost_usd"]
    read = api.stored(event(agent, **model, cache_read_tokens=1000))["cost_usd"]
    written = api.stored(event(agent, **model, cache_write_tokens=1000))["cost_usd"]
    assert plain < read < written


def test_an_unknown_price_is_null_and_never_0(api: Api, agent: str) -> None:
    sent = event(agent, model=unique("ct-model"), tokens_in=1000, tokens_out=1000)
    assert api.stored(sent)["cost_usd"] is None


@pytest.mark.parametrize(
    ("given", "utc"),
    [
        ("2026-03-01T12:00:00Z", "2026-03-01T12:00:00.000Z"),
        ("2026-03-01T12:00:00+02:00", "2026-03-01T10:00:00.000Z"),
        ("2026-02-28T23:30:00.250-05:00", "2026-03-01T04:30:00.250Z"),
        ("2024-02-29T00:00:00.5+00:00", "2024-02-29T00:00:00.500Z"),
    ],
)
def test_the_client_timestamp_is_normalised_to_utc(
    api: Api, agent: str, given: str, utc: str
) -> None:
    assert api.stored(event(agent, client_timestamp=given))["client_timestamp"] == utc


def test_a_client_timestamp_finer_than_milliseconds_is_taken(api: Api, agent: str) -> None:
    row = api.stored(event(agent, client_timestamp="2026-03-01T12:00:00.123456789Z"))
    assert faults(row, EVENT_ROW) == {}
    gap = instant(row["client_timestamp"]) - instant("2026-03-01T12:00:00.123Z")
    assert gap.total_seconds() in (0, 0.001)


def test_created_at_is_the_time_of_arrival(api: Api, agent: str) -> None:
    before = ago(seconds=2)
    row = api.stored(event(agent, client_timestamp="2020-01-01T00:00:00Z"))
    assert before <= row["created_at"] <= ago(seconds=-2)


def test_text_of_every_plane_survives(api: Api, agent: str) -> None:
    """Letters with marks, wide signs, signs beyond the first plane, quotes, markup, a NUL."""
    text = 'ä 日本 \U0001f600 "\\" </script> \u2028 \n end'
    row = api.stored(event(agent, tool_name=text, metadata={"command": f"{text} \x00 {text}"}))
    assert row["tool_name"] == text
    assert json.loads(row["metadata"]) == {"command": f"{text} \x00 {text}"}
