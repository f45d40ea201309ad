"""Deduplication by event_id."""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from .client import Api, Row, event, unique
from .conftest import Launch


def test_a_second_delivery_is_acknowledged_and_dropped(api: Api, agent: str) -> None:
    item = event(agent, event_id=unique(), tokens_in=5)
    api.ingest(item)
    response = api.post("/api/events", item)
    assert response.status_code == 200
    answer = response.json()
    assert (answer["received"], answer["ids"], answer["duplicates"]) == (0, [], 1)
    assert len(api.rows(agent_type=agent)) == 1
    assert api.read("/api/stats", agent_type=agent)["total_tokens_in"] == 5


def test_the_first_delivery_stands(api: Api, agent: str, session_id: str) -> None:
    event_id = unique()
    api.ingest(event(agent, event_id=event_id, session_id=session_id, tool_name="Read"))
    later = event(unique("ct-agent"), event_id=event_id, tool_name="Bash")
    response = api.post("/api/events", later)
    assert response.status_code == 200
    [row] = api.rows(session_id=session_id)
    assert (row["agent_type"], row["tool_name"]) == (agent, "Read")
    assert api.rows(agent_type=later["agent_type"]) == []
    assert api.get(f"/api/sessions/{later['session_id']}").status_code == 404


@pytest.mark.parametrize("fields", [{}, {"event_id": None}])
def test_without_an_event_id_nothing_is_dropped(api: Api, agent: str, fields: Row) -> None:
    item = event(agent, **fields)
    ids = api.ingest(item, item) + api.ingest_batch([item, item])
    assert len(set(ids)) == 4
    assert api.read("/api/events", agent_type=agent)["total"] == 4


def test_inside_one_batch(api: Api, agent: str) -> None:
    one, two = unique(), unique()
    batch = [event(agent, event_id=name) for name in (one, two, one, one)]
    response = api.post("/api/events/batch", {"events": batch})
    assert response.status_code == 201
    answer = response.json()
    assert (answer["received"], answer["duplicates"]) == (2, 2)
    assert len(answer["ids"]) == 2
    assert {row["event_id"] for row in api.rows(agent_type=agent)} == {one, two}


def test_across_batches(api: Api, agent: str) -> None:
    names = [unique() for _ in range(4)]
    api.ingest_batch([event(agent, event_id=name) for name in names[:3]])
    response = api.post(
        "/api/events/batch", {"events": [event(agent, event_id=name) for name in names[1:]]}
    )
    assert response.status_code == 201
    assert (response.json()["received"], response.json()["duplicates"]) == (1, 2)
    assert api.read("/api/events", agent_type=agent)["total"] == 4


def test_a_batch_of_duplicates_only(api: Api, agent: str) -> None:
    batch = {"events": [event(agent, event_id=unique()) for _ in range(3)]}
    api.post("/api/events/batch", batch)
    answer = api.post("/api/events/batch", batch).json()
    assert (answer["received"], answer["ids"], answer["duplicates"]) == (0, [], 3)
    assert answer["rejected"] == []


def test_a_rejected_event_does_not_take_its_id(api: Api, agent: str) -> None:
    item = event(agent, event_id=unique())
    assert api.post("/api/events", {**item, "status": "fine"}).status_code == 400
    assert len(api.ingest(item)) == 1


def in_parallel(clients: int, work: Callable[[int], list[Row]]) -> list[Row]:
    """The answers of that many clients at once."""
    with ThreadPoolExecutor(clients) as pool:
        return [answer for answers in pool.map(work, range(clients)) for answer in answers]


def test_across_concurrent_clients(api: Api, agent: str) -> None:
    """Eight clients deliver the same events: each is stored once, and told once as new."""
    clients, names = 8, [unique() for _ in range(40)]
    session = unique("ct-s")

    def deliver(seed: int) -> list[Row]:
        order = random.Random(seed).sample(names, len(names))
        client = Api(api.url)
        items = [event(agent, event_id=n, session_id=session, tokens_in=1) for n in order]
        answers = [client.post("/api/events", item).json() for item in items[:20]]
        answers.append(client.post("/api/events/batch", {"events": items[20:]}).json())
        client.close()
        return answers

    answers = in_parallel(clients, deliver)
    assert sum(answer["received"] for answer in answers) == len(names)
    assert sum(answer["duplicates"] for answer in answers) == (clients - 1) * len(names)
    rows = api.rows(agent_type=agent, limit=200)
    assert sorted(row["event_id"] for row in rows) == sorted(names)
    assert {row["id"] for row in rows} == {n for answer in answers for n in answer["ids"]}
    assert api.session(session)["event_count"] == len(names)
    assert api.session(session)["tokens_in"] == len(names)


def test_concurrent_clients_lose_nothing(api: Api, agent: str) -> None:
    def deliver(_: int) -> list[Row]:
        client = Api(api.url)
        answers = [client.post("/api/events", event(agent)).json() for _ in range(20)]
        client.close()
        return answers

    answers = in_parallel(8, deliver)
    assert len({number for answer in answers for number in answer["ids"]}) == 160
    assert api.read("/api/stats", agent_type=agent)["total_events"] == 160


def test_a_restart_forgets_neither_events_nor_their_ids(
    launch: Launch, new_folder: Callable[[], Path], agent: str
) -> None:
    folder = new_folder()
    item = event(agent, event_id=unique(), cost_usd=0.5)
    with launch(folder=folder) as before:
        [number] = before.ingest(item)
        row = before.rows(agent_type=agent)
    with launch(folder=folder) as after:
        assert after.rows(agent_type=agent) == row
        assert after.post("/api/events", item).json()["duplicates"] == 1
        assert after.ingest(event(agent))[0] > number
        assert after.read("/api/stats", agent_type=agent)["total_cost_usd"] == 0.5
