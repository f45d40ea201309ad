"""POST /api/events/batch."""

from __future__ import annotations

import re

import pytest

from .client import Api, error_of, event

FAULT = re.compile(r"[a-z_]+: .+")


def test_a_batch_lands_whole(api: Api, agent: str) -> None:
    response = api.post("/api/events/batch", {"events": [event(agent) for _ in range(5)]})
    assert response.status_code == 201
    answer = response.json()
    assert answer["received"] == 5
    assert answer["duplicates"] == 0
    assert answer["rejected"] == []
    assert all(type(number) is int for number in answer["ids"])
    assert {row["id"] for row in api.rows(agent_type=agent)} == set(answer["ids"])


def test_valid_events_land_although_others_are_rejected(api: Api, agent: str) -> None:
    batch = [
        event(agent),
        {"session_id": "x", "agent_type": agent},
        event(agent, tokens_in=-1, status="fine"),
        "no event",
        event(agent),
        None,
    ]
    response = api.post("/api/events/batch", {"events": batch})
    assert response.status_code == 201
    answer = response.json()
    assert answer["received"] == 2
    assert len(answer["ids"]) == 2
    assert [fault["index"] for fault in answer["rejected"]] == [1, 2, 3, 5]
    for fault in answer["rejected"]:
        assert fault["errors"]
        assert all(FAULT.match(text) for text in fault["errors"]), fault
    assert {row["id"] for row in api.rows(agent_type=agent)} == set(answer["ids"])


def test_a_rejected_event_names_all_its_faults(api: Api, agent: str) -> None:
    wrong = event(agent, tokens_in=-1, status="fine", cost_usd="free")
    answer = api.post("/api/events/batch", {"events": [wrong]}).json()
    [fault] = answer["rejected"]
    named = {text.split(":")[0] for text in fault["errors"]}
    assert named == {"tokens_in", "status", "cost_usd"}


def test_a_batch_of_rejected_events_stores_nothing(api: Api, agent: str) -> None:
    response = api.post("/api/events/batch", {"events": [event(agent, status="fine")] * 3})
    assert response.status_code == 201
    answer = response.json()
    assert (answer["received"], answer["ids"], answer["duplicates"]) == (0, [], 0)
    assert [fault["index"] for fault in answer["rejected"]] == [0, 1, 2]
    assert api.rows(agent_type=agent) == []


def test_an_empty_batch_is_valid(api: Api) -> None:
    response = api.post("/api/events/batch", {"events": []})
    assert response.status_code == 201
    answer = response.json()
    assert answer["received"] == 0
    assert answer["ids"] == []
    assert answer["duplicates"] == 0
    assert answer["rejected"] == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"event": []},
        {"events": None},
        {"events": {"0": {}}},
        {"events": "[]"},
        {"events": 3},
        [],
        [{"session_id": "x", "agent_type": "y", "event_type": "error"}],
        "text",
        None,
    ],
)
def test_without_an_events_array_it_is_400(api: Api, body: object) -> None:
    response = api.post("/api/events/batch", body)
    assert response.status_code == 400
    error_of(response)


def test_a_large_batch_lands_whole(api: Api, agent: str, session_id: str) -> None:
    batch = [event(agent, session_id=session_id, tokens_in=1) for _ in range(1500)]
    assert len(set(api.ingest_batch(batch))) == 1500
    assert api.read("/api/events", agent_type=agent, limit=1)["total"] == 1500
    assert api.session(session_id)["event_count"] == 1500
    assert api.session(session_id)["tokens_in"] == 1500
