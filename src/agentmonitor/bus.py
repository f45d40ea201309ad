"""Publish and subscribe: what was committed goes to every live listener.

Lives on the event loop's thread. Each listener has a bounded queue; one that does not keep up is
closed, and holds nobody else up.
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence

import msgspec

from agentmonitor.model.session import EventRow

MAX_QUEUED_BYTES = 4 * 1024 * 1024
"""What may wait for one listener."""

_encode = msgspec.json.Encoder().encode


class Subscription:
    """One listener: an asynchronous source of SSE frames, already encoded."""

    def __init__(
        self, agent_type: str | None, event_type: str | None, *, sessions: bool = False
    ) -> None:
        self.agent_type = agent_type
        self.event_type = event_type
        self.sessions = sessions
        self.closed = False
        self.overflowed = False
        self._frames: deque[bytes] = deque()
        self._size = 0
        self._waiter: asyncio.Future[None] | None = None

    def put(self, frame: bytes) -> None:
        """Queue ``frame``; a listener for whom too much waits already is closed."""
        if self.closed:
            return
        waiting = self._size
        self._frames.append(frame)
        self._size += len(frame)
        # One large frame is no fault of the listener: it had no chance to read it yet.
        if waiting and self._size > MAX_QUEUED_BYTES:
            self.overflowed = True
            self._frames.clear()
            self.close()
        self._wake()

    def close(self) -> None:
        """End the stream after what is queued."""
        self.closed = True
        self._wake()

    async def get(self, timeout_s: float) -> bytes | None:
        """All that is queued, joined; b"" when nothing came in time; None at the end."""
        if not self._frames and not self.closed:
            self._waiter = asyncio.get_running_loop().create_future()
            timer = asyncio.get_running_loop().call_later(timeout_s, self._wake)
            try:
                await self._waiter
            finally:
                timer.cancel()
                self._waiter = None
        if self._frames:
            data = b"".join(self._frames)
            self._frames.clear()
            self._size = 0
            return data
        return None if self.closed else b""

    def wants(self, row: EventRow) -> bool:
        """Whether the listener's filters let ``row`` pass."""
        return (self.agent_type is None or row.agent_type == self.agent_type) and (
            self.event_type is None or row.event_type == self.event_type
        )

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class ChangedSessions:
    """Ids of sessions with news, until somebody takes them."""

    def __init__(self) -> None:
        self.ids: set[str] = set()
        self._some = asyncio.Event()

    def add(self, ids: Iterable[str]) -> None:
        """There is news of these."""
        self.ids.update(ids)
        if self.ids:
            self._some.set()

    async def take(self) -> list[str]:
        """Wait until there are any."""
        await self._some.wait()
        self._some.clear()
        taken = list(self.ids)
        self.ids.clear()
        return taken


class Bus:
    """All listeners, and the id of the newest event that was published."""

    def __init__(self) -> None:
        self._subscriptions: set[Subscription] = set()
        self.last_event_id = 0
        self.closed = False

    def __len__(self) -> int:
        return len(self._subscriptions)

    @property
    def wants_sessions(self) -> bool:
        """Whether anybody listens to session rows."""
        return any(s.sessions for s in self._subscriptions)

    def add(self, subscription: Subscription) -> None:
        """Begin to deliver to ``subscription``."""
        if self.closed:
            subscription.close()
        self._subscriptions.add(subscription)

    def remove(self, subscription: Subscription) -> None:
        """Stop to deliver."""
        self._subscriptions.discard(subscription)

    def close(self) -> None:
        """End every stream, also those to come."""
        self.closed = True
        for subscription in self._subscriptions:
            subscription.close()

    def publish_events(self, rows: Sequence[EventRow]) -> None:
        """Deliver committed events, in the order of their ids."""
        if not rows:
            return
        self.last_event_id = rows[-1].id
        if not self._subscriptions:
            return
        frames = [event_frame(row) for row in rows]
        joined: dict[tuple[str | None, str | None], bytes] = {}
        for subscription in list(self._subscriptions):
            key = (subscription.agent_type, subscription.event_type)
            data = joined.get(key)
            if data is None:
                wanted = (f for f, row in zip(frames, rows, strict=True) if subscription.wants(row))
                data = joined[key] = b"".join(wanted)
            if data:
                subscription.put(data)

    def publish(self, kind: str, payload: object, *, sessions: bool = False) -> None:
        """Deliver a frame of another kind; with ``sessions`` only to who asked for such."""
        data = frame(kind, payload)
        for subscription in list(self._subscriptions):
            if subscription.sessions or not sessions:
                subscription.put(data)


def frame(kind: str, payload: object) -> bytes:
    """A frame without an id."""
    return b"data: " + _encode({"type": kind, "payload": payload}) + b"\n\n"


def event_frame(row: EventRow) -> bytes:
    """An event's frame: its id is what a client resumes by."""
    return b'id: %d\ndata: {"type":"event","payload":%s}\n\n' % (row.id, _encode(row))
