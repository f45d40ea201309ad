"""Uvicorn's HTTP protocol with some changes of ours.

What is no HTTP gets a JSON answer; a client can be dropped; and what one answer consists of goes
out with one call to the system: each call lets go of the interpreter's lock, and to get it back
from the storage writer takes longer than the call. The few calls by which agents report all day
are taken without a task, a scope's journey and an event each, which would take longer than to
store what they bring.
"""

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from agentmonitor.server import errors
from agentmonitor.server.http import MAX_BODY, Request, Response, Take, error_response

if TYPE_CHECKING:
    from agentmonitor.server.app import App

_STATUS = {
    status: b"HTTP/1.1 %d %s\r\n" % (status, status.phrase.encode()) for status in HTTPStatus
}


class Protocol(HttpToolsProtocol):
    """One connection."""

    _idle_since: float | None = None
    """When the last answer was sent, by the loop's clock; None while a request comes in."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """A client connected."""
        super().connection_made(transport)
        self.transport = cast(asyncio.Transport, _Gathering(transport, self.loop))

    def connection_lost(self, exc: Exception | None) -> None:
        """The client went."""
        super().connection_lost(exc)
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()

    def on_response_complete(self) -> None:
        """An answer was sent: the next request's turn, or a rest, which may not last too long."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
            return
        self._idle_since = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._look_again_in(self.timeout_keep_alive)

    def timeout_keep_alive_handler(self) -> None:
        """Close what has rested too long. One timer a connection: to set one for each answer and
        to take it back for each request would take longer than to parse one."""
        self.timeout_keep_alive_task = None
        if self._idle_since is not None:
            left = self._idle_since + self.timeout_keep_alive - self.loop.time()
            if left > 0:
                self._look_again_in(left)
            else:
                super().timeout_keep_alive_handler()

    def _look_again_in(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(
            seconds, self.timeout_keep_alive_handler
        )

    def _unset_keepalive_if_required(self) -> None:
        self._idle_since = None

    def on_message_begin(self) -> None:
        """A request begins; its scope gets the means to drop the client."""
        super().on_message_begin()
        self.scope["agentmonitor.abort"] = self.transport.abort  # type: ignore[typeddict-unknown-key]  # ours

    def on_headers_complete(self) -> None:
        """The head is there; CONNECT names no path, which uvicorn does not expect."""
        take = self._take()
        if take is not None:
            self.cycle = _Direct(self, take)  # type: ignore[assignment]  # has what is used of a cycle
            return
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

    def _take(self) -> Take | None:
        """What takes the request's body directly; None when it goes the long way."""
        app, before = cast("App", self.app), cast("_Direct | None", self.cycle)
        take = app.takes.get(self.url)
        if (
            take is None
            or self.parser.get_method() != b"POST"
            or self.parser.get_http_version() != "1.1"
            or self.expect_100_continue
            or self.flow.write_paused
            or (before is not None and not before.response_complete)
        ):
            return None
        scope = cast(dict[str, Any], self.scope)
        scope["method"], scope["path"] = "POST", self.url.decode()
        request = Request(scope, _never)
        length = request.header(b"content-length") or ""
        if not length.isdigit() or int(length) > MAX_BODY or not app.admits(request):
            return None
        return take


class _Direct:
    """Stands where uvicorn has the cycle of a request, and answers without one."""

    def __init__(self, protocol: Protocol, take: Take) -> None:
        self._protocol = protocol
        self._take = take
        self.body = bytearray()
        self.more_body = True
        self.response_complete = False
        self.disconnected = False
        self.keep_alive: bool = protocol.parser.should_keep_alive()

    @property
    def message_event(self) -> "_Direct":
        """What uvicorn sets: no attribute, since a circle would keep the body until it is found."""
        return self

    def set(self) -> None:
        """A part of the body came, or its end, or the client went."""
        if self.disconnected or self.response_complete:
            return
        if self.more_body:
            self._protocol.flow.resume_reading()
            return
        body, self.body = bytes(self.body), bytearray()
        self._take(body, self.reply)

    def reply(self, answer: Response | Exception) -> None:
        """Send the answer, or the one that stands for an error."""
        if self.disconnected:
            return
        response = errors.answer(answer) if isinstance(answer, Exception) else answer
        protocol, body = self._protocol, response.body
        parts = [_STATUS[HTTPStatus(response.status)]]
        for name, value in (*protocol.server_state.default_headers, *response.headers):
            parts += (name, b": ", value, b"\r\n")
        if not self.keep_alive:
            parts.append(b"connection: close\r\n")
        parts.append(b"content-length: %d\r\n\r\n" % len(body))
        parts.append(body)
        self.response_complete = True
        cast(_Gathering, protocol.transport).write_now(b"".join(parts))
        if not self.keep_alive:
            protocol.transport.close()
        protocol.on_response_complete()


async def _never() -> Any:
    raise AssertionError("The body of a request that is taken directly is not received.")


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

    def write_now(self, data: bytes) -> None:
        """Send what is whole by itself."""
        if self._parts:
            self._parts.append(data)
        else:
            self._transport.write(data)

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
