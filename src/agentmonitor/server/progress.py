"""Answers of long work: lines of JSON that tell how far it is, and what came of it."""

import asyncio
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import msgspec

from agentmonitor.errors import AgentMonitorError
from agentmonitor.server.http import Reply, Request, Send

T = TypeVar("T")
Tell = Callable[[Any], None]

_HEADERS = [(b"content-type", b"application/x-ndjson"), (b"cache-control", b"no-store")]
_encode = msgspec.json.Encoder().encode


class Progressed(msgspec.Struct, Generic[T]):
    """A line on the way."""

    progress: T


class Came(msgspec.Struct, Generic[T]):
    """The last line: what came of it."""

    outcome: T


class Failed(msgspec.Struct):
    """The last line when it failed."""

    error: str


def progress_reply(work: Callable[[Tell], Any]) -> Reply:
    """Run ``work`` on a thread of its own; what it tells is a line ``{"progress": …}``.

    The last line is ``{"outcome": …}``, or ``{"error": …}``: the status is sent before.
    """

    async def reply(request: Request, send: Send) -> None:
        loop = asyncio.get_running_loop()
        told: asyncio.Queue[Any] = asyncio.Queue()
        end = object()

        def tell(value: Any) -> None:
            loop.call_soon_threadsafe(told.put_nowait, value)

        def run() -> Any:
            try:
                return work(tell)
            finally:
                tell(end)

        running = loop.run_in_executor(None, run)
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        while (value := await told.get()) is not end:
            line = _encode(Progressed(value)) + b"\n"
            await send({"type": "http.response.body", "body": line, "more_body": True})
        try:
            last = _encode(Came(await running))
        except AgentMonitorError as error:
            last = _encode(Failed(str(error)))
        await send({"type": "http.response.body", "body": last + b"\n"})

    return reply
