"""A minimal HTTP/1.1 client on asyncio: one keep-alive connection, one request at a time.

It reads what it must (status, Content-Length) and nothing else, so that the load generator costs
less than the server that it loads.
"""

import asyncio
from collections.abc import Callable
from typing import cast

Answered = Callable[["Connection", int, bytes], None]
"""Called with the connection, the status (0: the connection was closed; ``busy`` tells whether a
request was under way) and the body."""


class Connection(asyncio.Protocol):
    """One connection. After an answer, ``send`` may be called again."""

    def __init__(self, answered: Answered) -> None:
        self._answered = answered
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self.started = 0.0
        """For the owner: when the request that is under way began."""
        self.busy = False

    @classmethod
    async def open(cls, host: str, port: int, answered: Answered) -> "Connection":
        """Connect to a server."""
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(lambda: cls(answered), host, port)
        return connection

    def send(self, request: bytes) -> None:
        """Send a whole request."""
        self.busy = True
        if self._transport is not None:
            self._transport.write(request)

    def close(self) -> None:
        """Close without waiting."""
        self._answered = _ignore
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Part of asyncio.Protocol."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Part of asyncio.Protocol."""
        if self._buffer:
            data = self._buffer + data
        end = data.find(b"\r\n\r\n")
        if end < 0:
            self._buffer = data
            return
        total = end + 4 + content_length(data[:end])
        if len(data) < total:
            self._buffer = data
            return
        self._buffer = b""
        self.busy = False
        self._answered(self, int(data[9:12]), data[end + 4 : total])

    def connection_lost(self, exc: Exception | None) -> None:
        """Part of asyncio.Protocol."""
        self._answered(self, 0, b"")
        self.busy = False


def content_length(head: bytes) -> int:
    """The Content-Length in an answer's head, in bytes; 0 when there is none."""
    at = head.lower().find(b"\r\ncontent-length:")
    if at < 0:
        return 0
    end = head.find(b"\r\n", at + 2)
    return int(head[at + 17 : end if end >= 0 else len(head)])


def _ignore(connection: Connection, status: int, body: bytes) -> None:
    return None
