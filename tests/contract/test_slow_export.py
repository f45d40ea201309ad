"""Clients that ask for a long export and do not read it: nobody else waits."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest

from .client import event
from .conftest import Launch
from .sse import Stream

WAIT = 30.0
EVENTS = 3000
CLIENTS = 40
"""More than the threads that read the database."""


def ask(url: str, path: str) -> socket.socket:
    """A client that has sent its request, and takes little of the answer at once."""
    target = urlsplit(url)
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.settimeout(WAIT)
    client.connect((target.hostname, target.port))
    request = f"GET {path} HTTP/1.1\r\nHost: {target.netloc}\r\nConnection: close\r\n\r\n"
    client.sendall(request.encode())
    return client


def rest(client: socket.socket) -> bytes:
    """All that comes until the server closes."""
    parts = []
    while part := client.recv(1 << 16):
        parts.append(part)
    return b"".join(parts)


@pytest.mark.parametrize("form", ["md", "json", "html"])
def test_exports_that_are_not_read_hold_nobody_up_and_go_on_later(
    launch: Launch, form: str
) -> None:
    with launch() as own, ExitStack() as stack:
        told = [event("ct-slow", session_id="slow", metadata={"command": "x" * 2000})] * EVENTS
        for start in range(0, EVENTS, 300):
            own.ingest_batch(told[start : start + 300])
        path = f"/api/v2/sessions/slow/export?format={form}"
        slow = [stack.enter_context(ask(own.url, path)) for _ in range(CLIENTS)]
        heads = [client.recv(15) for client in slow]
        assert set(heads) == {b"HTTP/1.1 200 OK"}
        reader = stack.enter_context(Stream(own.url, agent_type="ct-live").connected())
        for _ in range(5):
            ids = own.ingest_batch([event("ct-live") for _ in range(20)])
            assert [frame.payload["id"] for frame in reader.events(20)] == ids
            assert own.read("/api/v2/usage", agent="ct-live")["totals"]["events"] >= len(ids)
            assert own.read("/api/stats", agent_type="ct-slow")["total_events"] == EVENTS
        whole = rest(slow[0])
        assert whole.endswith(b"0\r\n\r\n")
        assert whole.count(b"x" * 1000) >= EVENTS
