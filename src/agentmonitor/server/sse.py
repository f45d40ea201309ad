"""Server-sent events: what was missed from the store, then live, without gap or repeat."""

import asyncio
from contextlib import suppress

import msgspec

from agentmonitor.bus import Subscription, event_frame
from agentmonitor.model.clock import IsoTime, now_ms, to_iso
from agentmonitor.model.session import EventRow, SessionRow
from agentmonitor.model.stats import AgentUsage, Stats
from agentmonitor.runtime import Runtime
from agentmonitor.server.http import Receive, Request, Send

REPLAY_PAGE = 500
"""Events read at once while a client catches up."""
STALLED_S = 20.0
"""A client that takes nothing for this long is dropped."""

_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-accel-buffering", b"no"),
]


class Connected(msgspec.Struct, tag_field="type", tag="connected"):
    """First of all."""

    timestamp: IsoTime


class EventFrame(msgspec.Struct, tag_field="type", tag="event"):
    """An event that was stored; the frame's id is its number."""

    payload: EventRow


class StreamStats(Stats, kw_only=True):
    """Totals, and the use of the usage windows."""

    usage_monitor: list[AgentUsage]


class StatsFrame(msgspec.Struct, tag_field="type", tag="stats"):
    """Totals, from time to time."""

    payload: StreamStats


class Silence(msgspec.Struct, tag_field="type", tag="idle_check"):
    """Sessions fell silent."""

    idled: int
    """How many."""


class Imported(msgspec.Struct, tag_field="type", tag="auto_import"):
    """Session files had something new: at the start, or missed since."""

    imported: int
    """How many events."""


class UpdateFrame(msgspec.Struct, tag_field="type", tag="session_update"):
    """Whenever sessions fall silent, or files were imported."""

    payload: Silence | Imported


class SessionFrame(msgspec.Struct, tag_field="type", tag="session"):
    """A session that changed; only for those who ask for such."""

    payload: SessionRow


Frame = Connected | EventFrame | StatsFrame | UpdateFrame | SessionFrame
"""The data of a frame."""


class Stream:
    """One client's stream, from its request to its end."""

    def __init__(
        self, runtime: Runtime, subscription: Subscription, resume_after: int | None
    ) -> None:
        self._runtime = runtime
        self._subscription = subscription
        self._after = resume_after

    async def __call__(self, request: Request, send: Send) -> None:
        """Send until the client leaves, stalls, or the server stops."""
        bus = self._runtime.bus
        # Counted from here on, also while it catches up.
        streams = self._runtime.streams
        streams.add(self)
        gone = asyncio.create_task(_until_gone(request.receive))
        serving = asyncio.create_task(self._serve(send))
        try:
            await asyncio.wait([gone, serving], return_when=asyncio.FIRST_COMPLETED)
        finally:
            streams.discard(self)
            bus.remove(self._subscription)
            for task in (gone, serving):
                task.cancel()
            await asyncio.gather(gone, serving, return_exceptions=True)
        error = None if serving.cancelled() else serving.exception()
        if isinstance(error, TimeoutError) or self._subscription.overflowed:
            request.scope["agentmonitor.abort"]()
            await asyncio.sleep(0)  # uvicorn hears of it, and misses no end of the answer
        elif error is not None:
            raise error

    async def _serve(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        hello = msgspec.json.encode(Connected(to_iso(now_ms())))
        await _send(send, b"data: " + hello + b"\n\n")
        await self._catch_up(send)
        clock = asyncio.get_running_loop().time
        heartbeat = self._runtime.settings.sse_heartbeat_ms / 1000
        due = clock() + heartbeat
        while True:
            data = await self._subscription.get(max(0.0, due - clock()))
            if data is None:
                break
            if clock() >= due:
                data += b": heartbeat\n\n"
                due = clock() + heartbeat
            if data:
                await _send(send, data)
        if not self._subscription.overflowed:
            await send({"type": "http.response.body", "body": b""})

    async def _catch_up(self, send: Send) -> None:
        """Replay what the client missed, then join the live events at the very next one."""
        bus, subscription = self._runtime.bus, self._subscription
        position = bus.last_event_id if self._after is None else self._after
        while position < bus.last_event_id and not bus.closed:
            target = bus.last_event_id
            rows = await self._runtime.read(
                self._runtime.engine.events_after,
                position,
                target,
                subscription.agent_type,
                subscription.event_type,
                REPLAY_PAGE,
            )
            if rows:
                await _send(send, b"".join(event_frame(row) for row in rows))
            position = rows[-1].id if len(rows) == REPLAY_PAGE else target
        # No await since the last look at the bus: nothing can have come between.
        bus.add(subscription)


async def _send(send: Send, data: bytes) -> None:
    async with asyncio.timeout(STALLED_S):
        await send({"type": "http.response.body", "body": data, "more_body": True})


async def _until_gone(receive: Receive) -> None:
    with suppress(asyncio.CancelledError):
        while (await receive())["type"] != "http.disconnect":
            continue
