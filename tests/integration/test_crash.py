"""``kill -9`` at any moment loses nothing that was acknowledged, and leaves sound totals."""

from __future__ import annotations

import random
import threading
import time
from pathlib import Path

import httpx
import pytest

from tests.contract.server import Server

ROUNDS = 4


class Load:
    """Posts batches from several threads and remembers what was acknowledged."""

    def __init__(self, address: str, round_number: int) -> None:
        self.acknowledged: set[str] = set()
        self._address = address
        self._round = round_number
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._post, args=(n,)) for n in range(6)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _post(self, thread: int) -> None:
        with httpx.Client(base_url=self._address, timeout=10) as client:
            number = 0
            while not self._stop.is_set():
                ids = [f"{self._round}-{thread}-{number}-{i}" for i in range(20)]
                number += 1
                events = [
                    {
                        "event_id": event_id,
                        "session_id": f"s{thread}",
                        "agent_type": "crash",
                        "event_type": "tool_use",
                        "tool_name": "T",
                        "tokens_in": 1,
                    }
                    for event_id in ids
                ]
                try:
                    answer = client.post("/api/events/batch", json={"events": events})
                except httpx.HTTPError:
                    return  # the server was killed: this batch was not acknowledged
                if answer.status_code == 201:
                    self.acknowledged.update(ids)


def stored_ids(client: httpx.Client) -> set[str]:
    found: set[str] = set()
    offset = 0
    while True:
        parameters: dict[str, str | int] = {"agent_type": "crash", "limit": 5000, "offset": offset}
        page = client.get("/api/events", params=parameters).json()
        found |= {row["event_id"] for row in page["events"]}
        offset += len(page["events"])
        if offset >= page["total"]:
            return found


@pytest.mark.parametrize("seed", [1, 2])
def test_killed_under_load_again_and_again_loses_no_acknowledged_event(
    tmp_path: Path, seed: int
) -> None:
    source = random.Random(seed)
    acknowledged: set[str] = set()
    for round_number in range(ROUNDS):
        server = Server(tmp_path, {})
        load = Load(server.address(), round_number)
        load.start()
        time.sleep(source.uniform(0.15, 0.6))
        server.kill()
        load.stop()
        acknowledged |= load.acknowledged

    server = Server(tmp_path, {})
    with httpx.Client(base_url=server.address(), timeout=30) as client:
        stored = stored_ids(client)
        stats = client.get("/api/stats").json()
        sessions = client.get("/api/sessions", params={"limit": 0}).json()["sessions"]
    assert acknowledged, "the load was never acknowledged: the test proves nothing"
    assert acknowledged <= stored
    assert stats["total_events"] == stats["total_tokens_in"] == len(stored)
    assert sum(row["event_count"] for row in sessions) == len(stored)
    assert server.stop() == 0
