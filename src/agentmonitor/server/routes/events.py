"""``/api/events``: one event, a batch, and the list."""

from agentmonitor.model import wire
from agentmonitor.model.filters import EventFilter
from agentmonitor.runtime import Runtime
from agentmonitor.server.http import Reply, Request, Response, json_response
from agentmonitor.server.router import Router

_FILTERS = (
    "agent_type", "event_type", "tool_name", "session_id", "branch", "project", "model", "source",
)  # fmt: skip


def register(router: Router) -> None:
    """Add the routes of this module."""
    router.add("POST", "/api/events", receive_one)
    router.add("POST", "/api/events/batch", receive_batch)
    router.add("GET", "/api/events", list_events)
    router.add("GET", "/api/filter-options", filter_options)


async def receive_one(request: Request, runtime: Runtime) -> Response:
    """Store one event; 200 instead of 201 says that it was there already."""
    event = wire.event_from_json(await request.body())
    await runtime.locate([event])
    (stored,) = await runtime.pipeline.ingest([event])
    if stored is None:
        return json_response({"received": 0, "ids": [], "duplicates": 1})
    return json_response({"received": 1, "ids": [stored], "duplicates": 0}, 201)


async def receive_batch(request: Request, runtime: Runtime) -> Response:
    """Store the sound events of a batch and name the others."""
    events, rejected = wire.batch_from_json(await request.body())
    await runtime.locate(events)
    outcome = await runtime.pipeline.ingest(events)
    ids = [number for number in outcome if number is not None]
    answer = {
        "received": len(ids),
        "ids": ids,
        "duplicates": len(outcome) - len(ids),
        "rejected": rejected,
    }
    return json_response(answer, 201)


async def list_events(request: Request, runtime: Runtime) -> Reply:
    """Events by filter, newest first."""
    texts = {name: request.query(name) for name in _FILTERS}
    where = EventFilter(**texts, since=request.time("since"), until=request.time("until"))
    limit, offset = request.limit(50), request.number("offset", 0)
    rows, total = await runtime.read(runtime.engine.events, where, limit, offset)
    return json_response({"events": rows, "total": total})


async def filter_options(request: Request, runtime: Runtime) -> Reply:
    """The values that the filters can take."""
    return json_response(await runtime.read(runtime.engine.filter_options))
