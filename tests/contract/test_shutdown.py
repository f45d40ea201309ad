"""SIGTERM: the server ends with exit code 0, and what it acknowledged is kept."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import httpx

from .client import Api, event, eventually, unique
from .conftest import Launch
from .sse import Stream


def test_an_idle_server_ends_with_0(launch: Launch) -> None:
    with launch() as own:
        assert own.server is not None
        assert own.server.stop() == 0


def test_open_streams_do_not_keep_it_from_ending(launch: Launch) -> None:
    with launch() as own:
        assert own.server is not None
        with ExitStack() as streams:
            for _ in range(3):
                streams.enter_context(Stream(own.url)).connected()
            assert own.server.stop() == 0


def test_what_was_acknowledged_is_kept(launch: Launch, new_folder: Callable[[], Path]) -> None:
    """The server is asked to end while a client writes."""
    folder, agent = new_folder(), unique("ct-agent")
    acknowledged: list[int] = []

    def deliver(url: str) -> None:
        client = Api(url)
        try:
            while len(acknowledged) < 100_000:
                response = client.post("/api/events", event(agent))
                if response.status_code != 201:
                    return
                acknowledged.extend(response.json()["ids"])
        except httpx.TransportError:
            return
        finally:
            client.close()

    with launch(folder=folder) as own:
        assert own.server is not None
        writer = threading.Thread(target=deliver, args=(own.url,))
        writer.start()
        try:
            eventually(lambda: len(acknowledged) >= 50)
        finally:
            own.server.stop()
            writer.join()
    with launch(folder=folder) as again:
        total = again.read("/api/events", agent_type=agent)["total"]
        assert total >= len(acknowledged)
        last = again.rows(agent_type=agent, limit=50)
        assert set(acknowledged[-20:]) <= {row["id"] for row in last}


def test_requests_in_flight_are_answered(launch: Launch) -> None:
    """Each client learns from its last answer, or when it connects, that the server ends."""
    agent, unanswered = unique("ct-agent"), []

    def deliver(url: str) -> None:
        client = Api(url)
        try:
            while client.post("/api/events", event(agent)).status_code == 201:
                pass
        except (httpx.ReadError, httpx.RemoteProtocolError) as error:
            unanswered.append(error)
        except httpx.TransportError:
            return
        finally:
            client.close()

    with launch() as own:
        assert own.server is not None
        writers = [threading.Thread(target=deliver, args=(own.url,)) for _ in range(8)]
        for writer in writers:
            writer.start()
        try:
            eventually(lambda: own.read("/api/events", agent_type=agent)["total"] >= 100)
        finally:
            own.server.stop()
            for writer in writers:
                writer.join()
    # One that was kept from running meanwhile may find its connection closed.
    assert len(unanswered) <= 1, unanswered
