"""``GET /api/stream``."""

from agentmonitor.bus import Subscription
from agentmonitor.errors import InvalidInput
from agentmonitor.runtime import Runtime
from agentmonitor.server.http import Reply, Request, Response, error_response
from agentmonitor.server.router import Router
from agentmonitor.server.sse import Stream


def register(router: Router) -> None:
    """Add the routes of this module."""
    router.add("GET", "/api/stream", stream)


async def stream(request: Request, runtime: Runtime) -> Reply:
    """Live events; with ``Last-Event-ID`` (or ``last_event_id``) first what was missed."""
    most = runtime.settings.max_sse_clients
    if request.method == "HEAD":
        return Response(200, b"", [(b"content-type", b"text/event-stream; charset=utf-8")])
    if len(runtime.streams) >= most:
        message = f"There are {most} stream clients already; close one or raise the limit."
        return error_response(503, message, [(b"retry-after", b"5")], max_clients=most)
    subscription = Subscription(
        request.query("agent_type"),
        request.query("event_type"),
        sessions=request.query("sessions") in ("1", "true"),
    )
    return Stream(runtime, subscription, _resume_after(request))


def _resume_after(request: Request) -> int | None:
    text = request.header(b"last-event-id") or request.query("last_event_id")
    if text is None:
        return None
    if not text.isascii() or not text.isdecimal() or len(text) > 18:
        message = "must be the number of an event"
        raise InvalidInput(f"Invalid Last-Event-ID: {message}.", [("last_event_id", message)])
    return int(text)
