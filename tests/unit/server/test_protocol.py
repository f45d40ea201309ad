"""How long a connection may rest; what it answers is in tests/contract/test_connections.py."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.config import Config
from uvicorn.server import ServerState

from agentmonitor.server.protocol import Protocol

REST_S = 1
PATIENCE_S = 20.0
REQUEST = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


class _App:
    def __init__(self) -> None:
        self.takes: dict[bytes, Any] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})


async def resting(requests: int, pause_s: float) -> tuple[int, float]:
    """How many of ``requests``, ``pause_s`` apart, were answered on one connection, and how long
    it rested until it was closed."""
    config = Config(
        _App(),
        http=Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        proxy_headers=False,
        timeout_keep_alive=REST_S,
    )
    config.load()
    state = ServerState()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Protocol(config, state, {}), "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()
        reader, writer = await asyncio.open_connection(host, port)
        answered = 0
        for _ in range(requests):
            writer.write(REQUEST)
            await asyncio.sleep(pause_s)
            answered += (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 204")
        begun = loop.time()
        async with asyncio.timeout(PATIENCE_S):
            assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()
        return answered, loop.time() - begun


def test_a_connection_that_rests_too_long_is_closed() -> None:
    answered, rested = asyncio.run(resting(1, 0.0))
    assert answered == 1
    assert rested > REST_S / 2


def test_one_that_asks_now_and_then_stays_for_longer_than_that() -> None:
    answered, _ = asyncio.run(resting(8, REST_S / 4))
    assert answered == 8
