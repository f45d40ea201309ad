"""GET /api/sessions/{id}/transcript."""

from __future__ import annotations

import pytest

from .client import Api, Row, ago, error_of, event, instant
from .shape import TRANSCRIPT_ENTRY, TRANSCRIPT_OPTIONS, faults


def transcript(api: Api, session_id: str) -> list[Row]:
    answer = api.read(f"/api/sessions/{session_id}/transcript")
    assert answer["session_id"] == session_id
    entries: list[Row] = answer["entries"]
    return entries


def test_entries_have_the_contract_s_fields(api: Api, agent: str, session_id: str) -> None:
    api.ingest(
        event(agent, session_id=session_id, event_type="session_start"),
        event(agent, session_id=session_id, event_type="user_prompt", metadata={"message": "hi"}),
        event(agent, session_id=session_id, tool_name="Bash", status="error", duration_ms=5),
        event(
            agent,
            session_id=session_id,
            event_type="llm_response",
            model="claude-sonnet-4-5",
            tokens_in=5,
            tokens_out=6,
            metadata={"message": "there"},
        ),
    )
    entries = transcript(api, session_id)
    assert len(entries) >= 3
    for entry in entries:
        assert faults(entry, TRANSCRIPT_ENTRY) == {}
        given = {key: check for key, check in TRANSCRIPT_OPTIONS.items() if key in entry}
        assert faults(entry, given) == {}


@pytest.mark.parametrize(
    ("event_type", "role"),
    [
        ("user_prompt", "user"),
        ("tool_use", "tool"),
        ("llm_response", "assistant"),
        ("response", "assistant"),
    ],
)
def test_the_role_tells_who_speaks(
    api: Api, agent: str, session_id: str, event_type: str, role: str
) -> None:
    item = event(agent, session_id=session_id, event_type=event_type, tool_name="Bash")
    api.ingest({**item, "metadata": {"message": "text", "command": "ls"}})
    [entry] = transcript(api, session_id)
    assert entry["role"] == role


def test_a_call_s_facts_are_told(api: Api, agent: str, session_id: str) -> None:
    api.ingest(
        event(
            agent,
            session_id=session_id,
            tool_name="Bash",
            status="timeout",
            model="ct-model",
            tokens_in=11,
            tokens_out=12,
            cost_usd=0.125,
            duration_ms=15,
            metadata={"command": "ls -la"},
        )
    )
    [entry] = transcript(api, session_id)
    told = {key: entry.get(key) for key in TRANSCRIPT_OPTIONS if key != "detail"}
    assert told == {
        "tool_name": "Bash",
        "status": "timeout",
        "model": "ct-model",
        "tokens_in": 11,
        "tokens_out": 12,
        "cost_usd": 0.125,
        "duration_ms": 15,
    }


@pytest.mark.parametrize(
    ("event_type", "key"), [("user_prompt", "message"), ("tool_use", "command")]
)
def test_the_detail_is_what_was_said_or_done(
    api: Api, agent: str, session_id: str, event_type: str, key: str
) -> None:
    item = event(agent, session_id=session_id, event_type=event_type, tool_name="Bash")
    api.ingest({**item, "metadata": {key: "make the tests pass"}})
    [entry] = transcript(api, session_id)
    assert "make the tests pass" in entry["detail"]


def test_keys_without_a_value_are_left_out(api: Api, agent: str, session_id: str) -> None:
    api.ingest(event(agent, session_id=session_id, event_type="user_prompt", status="success"))
    [entry] = transcript(api, session_id)
    for key in ("tool_name", "detail", "status", "model", "cost_usd", "duration_ms"):
        assert key not in entry
    assert None not in entry.values()


def test_entries_come_oldest_first(api: Api, agent: str, session_id: str) -> None:
    kinds = ("user_prompt", "tool_use", "llm_response", "tool_use", "response")
    for kind in kinds:
        api.ingest(
            event(
                agent,
                session_id=session_id,
                event_type=kind,
                tool_name="Bash",
                metadata={"message": "x"},
            )
        )
    entries = transcript(api, session_id)
    assert [entry["type"] for entry in entries] == list(kinds)
    times = [instant(entry["timestamp"]) for entry in entries]
    assert times == sorted(times)


def test_the_oldest_goes_by_the_event_s_own_time(api: Api, agent: str, session_id: str) -> None:
    times = [ago(minutes=2), ago(minutes=8), ago(minutes=5)]
    for time in times:
        api.ingest(
            event(agent, session_id=session_id, event_type="user_prompt", client_timestamp=time)
        )
    assert [entry["timestamp"] for entry in transcript(api, session_id)] == sorted(times)


def test_an_unknown_session_has_none(api: Api, session_id: str) -> None:
    response = api.get(f"/api/sessions/{session_id}/transcript")
    assert response.status_code == 404
    error_of(response)
