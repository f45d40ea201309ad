"""GET /api/stream: clients that do not read, or go without a word."""

from __future__ import annotations

from .client import Api, event, eventually, unique
from .conftest import Launch
from .sse import Stream


def test_a_client_that_does_not_read_holds_nobody_up_and_is_dropped(launch: Launch) -> None:
    """Its neighbour gets every event, writers are answered, and its place is freed."""
    agent = unique("ct-agent")
    metadata = {"command": "x" * 8000}
    with (
        launch() as own,
        Stream(own.url, receive_buffer=4096).connected(),
        Stream(own.url, agent_type=agent).connected() as reader,
    ):

        def clients() -> int:
            return int(own.read("/api/health")["sse_clients"])

        assert clients() == 2
        for _ in range(40):
            ids = own.ingest_batch([event(agent, metadata=metadata) for _ in range(100)])
            assert [frame.payload["id"] for frame in reader.events(100)] == ids

        def dropped() -> bool:
            [number] = own.ingest(event(agent, metadata=metadata))
            assert reader.of_type("event").payload["id"] == number
            return clients() == 1

        eventually(dropped, timeout=60, pause=0.2)


def test_a_client_that_goes_without_a_word_is_forgotten(api: Api, agent: str) -> None:
    before = int(api.read("/api/health")["sse_clients"])
    for _ in range(3):
        with Stream(api.url, agent_type=agent):
            pass
    api.ingest(event(agent))
    eventually(lambda: int(api.read("/api/health")["sse_clients"]) <= before)
