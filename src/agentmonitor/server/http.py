"""Requests and responses over ASGI: just what the routes need."""

from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec

from agentmonitor.errors import InvalidInput
from agentmonitor.model import wire

T = TypeVar("T")
Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

MAX_BODY = 1024 * 1024
"""Bytes of a request's body at most."""
MAX_LIMIT = 10_000
"""Rows that one answer can hold."""

_encode = msgspec.json.Encoder().encode


class FieldFault(msgspec.Struct, frozen=True):
    """One thing that is wrong with a request."""

    field: str
    message: str


class ErrorAnswer(msgspec.Struct, frozen=True):
    """Every error."""

    error: str
    """What is wrong, and what to do."""
    details: list[FieldFault] | msgspec.UnsetType = msgspec.UNSET
    """Every fault, where they can be told apart."""
    max_clients: int | msgspec.UnsetType = msgspec.UNSET
    """With 503 of a stream: how many there may be at once."""


class BodyTooLarge(Exception):
    """The body is larger than the limit in bytes, its argument; nothing of it is used."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.limit = limit


class Disconnected(Exception):
    """The client went away before its request was complete."""


class Request:
    """One request. ``parameters`` are the parts of the path that a route names."""

    __slots__ = ("_headers", "method", "parameters", "path", "receive", "scope")

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.scope = scope
        self.receive = receive
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.parameters: dict[str, str] = {}
        self._headers: dict[bytes, bytes] | None = None

    def header(self, name: bytes) -> str | None:
        """A header's value; ``name`` in lower case."""
        if self._headers is None:
            self._headers = dict(self.scope["headers"])
        value = self._headers.get(name)
        return None if value is None else value.decode("latin-1")

    async def body(self, limit: int = MAX_BODY) -> bytes:
        """The whole body. Raises BodyTooLarge and Disconnected."""
        length = self.header(b"content-length")
        if length is not None and length.isdigit() and int(length) > limit:
            raise BodyTooLarge(limit)
        message = await self.receive()
        data: bytes = message.get("body", b"")
        if not message.get("more_body"):
            if message["type"] == "http.disconnect":
                raise Disconnected
            if len(data) > limit:
                raise BodyTooLarge(limit)
            return data
        parts = bytearray(data)
        while message.get("more_body"):
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise Disconnected
            parts += message.get("body", b"")
            if len(parts) > limit:
                raise BodyTooLarge(limit)
        return bytes(parts)

    def query(self) -> dict[str, str]:
        """The query's parameters, trimmed; without those that are empty."""
        text = self.scope["query_string"].decode("latin-1")
        told = dict(parse_qsl(text, errors="replace"))
        return {name: value for name, text in told.items() if (value := text.strip())}


class Response:
    """An answer that is known whole."""

    __slots__ = ("body", "headers", "status")

    def __init__(
        self, status: int, body: bytes = b"", headers: list[tuple[bytes, bytes]] | None = None
    ) -> None:
        self.status = status
        self.body = body
        self.headers = headers or []

    async def __call__(self, request: Request, send: Send) -> None:
        """Send it."""
        length = b"%d" % len(self.body)
        headers = [*self.headers, (b"content-length", length)]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


class Parts:
    """An answer that is made while it is sent: the whole of it is never in memory."""

    __slots__ = ("headers", "parts")

    def __init__(self, parts: Iterator[bytes], headers: list[tuple[bytes, bytes]]) -> None:
        self.parts = parts
        self.headers = headers

    async def __call__(self, request: Request, send: Send) -> None:
        """Send it; others have their turn between two parts."""
        import asyncio  # a report that reads the database itself loads no server

        await send({"type": "http.response.start", "status": 200, "headers": self.headers})
        if request.method != "HEAD":
            for part in self.parts:
                await send({"type": "http.response.body", "body": part, "more_body": True})
                await asyncio.sleep(0)
        await send({"type": "http.response.body", "body": b""})


_JSON = [
    (b"content-type", b"application/json"),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
]


def json_response(
    content: Any, status: int = 200, headers: list[tuple[bytes, bytes]] | None = None
) -> Response:
    """``content`` (structs, dicts, lists …) as JSON."""
    return Response(status, _encode(content), _JSON + headers if headers else _JSON)


def decode_body(body: bytes, kind: type[T]) -> T:
    """A JSON body as a struct; an empty one is an object without fields.

    Raises InvalidInput that names the field.
    """
    try:
        return msgspec.convert(wire.decode_json(body) if body else {}, kind)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$.")
        raise InvalidInput(f"{message}.", [(path.rstrip("`") or "body", message)]) from None


def error_response(
    status: int, message: str, headers: list[tuple[bytes, bytes]] | None = None, **more: Any
) -> Response:
    """A ErrorAnswer, as every error is answered. ``more``: its other fields."""
    return json_response(ErrorAnswer(message, **more), status, headers)


Reply = Callable[[Request, Send], Awaitable[None]]
"""What a route gives back: a Response, or something that sends on its own."""
Answer = Callable[[Response | Exception], None]
"""Is called once with the answer, or with the error that another answer stands for."""
Take = Callable[[bytes, Answer], None]
"""Takes the body of a request, and answers now or later. Raises nothing."""
