"""Uvicorn's HTTP protocol with three changes of ours.

What is no HTTP gets a JSON answer; a client can be dropped; and what one answer consists of goes
out with one call to the system: each call lets go of the interpreter's lock, and to get it back
from the storage writer takes longer than the call.
"""

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from agentmonitor.server.http import error_response


class Protocol(HttpToolsProtocol):
    """One connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """A client connected."""
        super().connection_made(transport)
        self.transport = cast(asyncio.Transport, _Gathering(transport, self.loop))

    def on_message_begin(self) -> None:
        """A request begins; its scope gets the means to drop the client."""
        super().on_message_begin()
        self.scope["agentmonitor.abort"] = self.transport.abort  # type: ignore[typeddict-unknown-key]  # ours

    def on_headers_complete(self) -> None:
        """The head is there; CONNECT names no path, which uvicorn does not expect."""
        try:
            super().on_headers_complete()
        except AttributeError:
            self.send_400_response("The request's target is not a path.")

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP, and close."""
        body = error_response(400, msg).body
        self.transport.write(
            b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\n"
            b"content-length: %d\r\nconnection: close\r\n\r\n%s" % (len(body), body)
        )
        self.transport.close()


class _Gathering:
    """A transport that sends what was written in one turn of the loop at once."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> None:
        """Send at the end of this turn."""
        if not self._parts:
            self._loop.call_soon(self._flush)
        self._parts.append(data)

    def close(self) -> None:
        """Send what was written, then close."""
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._parts:
            data = b"".join(self._parts)
            self._parts.clear()
            self._transport.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
