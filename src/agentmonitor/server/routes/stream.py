"""``GET /api/stream``."""

import msgspec

from agentmonitor.bus import Subscription
from agentmonitor.errors import InvalidInput
from agentmonitor.runtime import Runtime
from agentmonitor.server.http import Reply, Request, Response, error_response
from agentmonitor.server.operation import EVENT_STREAM, Operation
from agentmonitor.server.query import decode, is_set
from agentmonitor.server.router import Router
from agentmonitor.server.sse import Frame, Stream


class StreamQuery(msgspec.Struct, kw_only=True, frozen=True):
    """Which frames."""

    agent_type: str | None = None
    event_type: str | None = None
    sessions: str | None = None
    """`1` or `true`: rows of sessions that changed as well."""
    last_event_id: str | None = None
    """The same as the header Last-Event-ID, for clients that cannot send one."""


def register(router: Router) -> None:
    """Add the routes of this module."""
    headers = {"Last-Event-ID": "The number of the last event that was seen."}
    told = Operation({200: {EVENT_STREAM: Frame}}, StreamQuery, headers=headers)
    router.add("GET", "/api/stream", stream, told)


async def stream(request: Request, runtime: Runtime) -> Reply:
    """Live events; with ``Last-Event-ID`` (or ``last_event_id``) first what was missed."""
    most = runtime.settings.max_sse_clients
    if request.method == "HEAD":
        return Response(200, b"", [(b"content-type", b"text/event-stream; charset=utf-8")])
    if len(runtime.streams) >= most:
        message = f"There are {most} stream clients already; close one or raise the limit."
        return error_response(503, message, [(b"retry-after", b"5")], max_clients=most)
    asked = decode(request, StreamQuery)
    subscription = Subscription(asked.agent_type, asked.event_type, sessions=is_set(asked.sessions))
    after = _number(request.header(b"last-event-id") or asked.last_event_id)
    return Stream(runtime, subscription, after)


def _number(text: str | None) -> int | None:
    if text is None:
        return None
    if not text.isascii() or not text.isdecimal() or len(text) > 18:
        message = "must be the number of an event"
        raise InvalidInput(f"Invalid Last-Event-ID: {message}.", [("last_event_id", message)])
    return int(text)
