"""``/api/events``: one event, a batch, and the list."""

from typing import Annotated

import msgspec

from agentmonitor.model import wire
from agentmonitor.model.event import Event
from agentmonitor.model.filters import EventFilter
from agentmonitor.model.session import EventRow
from agentmonitor.model.stats import FilterOptions
from agentmonitor.runtime import Runtime
from agentmonitor.server.http import Answer, Reply, Request, Response, Take, json_response
from agentmonitor.server.operation import JSON, Operation, answers
from agentmonitor.server.query import Instant, Limit, decode, instant, rows
from agentmonitor.server.router import Router


class EventsQuery(msgspec.Struct, kw_only=True, frozen=True):
    """Which events, and which page."""

    agent_type: str | None = None
    event_type: str | None = None
    tool_name: str | None = None
    session_id: str | None = None
    branch: str | None = None
    project: str | None = None
    model: str | None = None
    source: str | None = None
    since: Instant | None = None
    """At or after, by the events' own time."""
    until: Instant | None = None
    """At or before, by the events' own time."""
    limit: Limit = 50
    """Rows of the page; 10,000 at most."""
    offset: Annotated[int, msgspec.Meta(ge=0)] = 0
    """Rows that are left out before the page."""


class Received(msgspec.Struct):
    """What became of an event."""

    received: int
    """1: it is stored; 0: it was there already."""
    ids: list[int]
    """Its number, if it is stored."""
    duplicates: int


class BatchReceived(msgspec.Struct):
    """What became of a batch."""

    received: int
    """Events that are stored."""
    ids: list[int]
    """Their numbers, in order."""
    duplicates: int
    """Events that were there already."""
    rejected: list[wire.Rejected]
    """Events that were refused; the others are stored."""


class EventList(msgspec.Struct):
    """``GET /api/events``, newest first."""

    events: list[EventRow]
    total: int
    """Events that match, on all pages."""


def register(router: Router) -> None:
    """Add the routes of this module."""
    add = router.add
    both = {**answers(Received), **answers(Received, 201)}
    add("POST", "/api/events", receive_one, Operation(both, body={JSON: Event}, errors=(507,)))
    told = Operation(answers(BatchReceived, 201), body={JSON: wire.Batch}, errors=(507,))
    add("POST", "/api/events/batch", receive_batch, told)
    add("GET", "/api/events", list_events, Operation(answers(EventList), EventsQuery))
    add("GET", "/api/filter-options", filter_options, Operation(answers(FilterOptions)))


def takes(runtime: Runtime) -> dict[bytes, Take]:
    """The calls that bring events, by path, as functions of their bodies: for where nothing is
    to be waited for but the store."""
    if runtime.settings.projects_dir is not None:  # branches are looked up on the way
        return {}

    def take_one(body: bytes, reply: Answer) -> None:
        runtime.pipeline.take(
            lambda: [wire.event_from_json(body)], lambda ids: reply(_received(ids)), reply
        )

    def take_batch(body: bytes, reply: Answer) -> None:
        rejected: list[wire.Rejected] = []

        def bring() -> list[Event]:
            events, faulty = wire.batch_from_json(body)
            rejected.extend(faulty)
            return events

        runtime.pipeline.take(bring, lambda ids: reply(_batch_received(ids, rejected)), reply)

    return {b"/api/events": take_one, b"/api/events/batch": take_batch}


async def receive_one(request: Request, runtime: Runtime) -> Response:
    """Store one event; 200 instead of 201 says that it was there already."""
    event = wire.event_from_json(await request.body())
    await runtime.locate([event])
    return _received(await runtime.pipeline.ingest([event]))


async def receive_batch(request: Request, runtime: Runtime) -> Response:
    """Store the sound events of a batch and name the others."""
    events, rejected = wire.batch_from_json(await request.body())
    await runtime.locate(events)
    return _batch_received(await runtime.pipeline.ingest(events), rejected)


def _received(outcome: list[int | None]) -> Response:
    (stored,) = outcome
    if stored is None:
        return json_response(Received(0, [], 1))
    return json_response(Received(1, [stored], 0), 201)


def _batch_received(outcome: list[int | None], rejected: list[wire.Rejected]) -> Response:
    ids = [number for number in outcome if number is not None]
    return json_response(BatchReceived(len(ids), ids, len(outcome) - len(ids), rejected), 201)


async def list_events(request: Request, runtime: Runtime) -> Reply:
    """Events by filter, newest first."""
    asked = decode(request, EventsQuery)
    where = EventFilter(
        agent_type=asked.agent_type,
        event_type=asked.event_type,
        tool_name=asked.tool_name,
        session_id=asked.session_id,
        branch=asked.branch,
        project=asked.project,
        model=asked.model,
        source=asked.source,
        since=instant("since", asked.since),
        until=instant("until", asked.until),
    )
    limit = rows(asked.limit)
    found, total = await runtime.read(runtime.engine.events, where, limit, asked.offset)
    return json_response(EventList(list(found), total))


async def filter_options(request: Request, runtime: Runtime) -> Reply:
    """The values that the filters can take."""
    return json_response(await runtime.read(runtime.engine.filter_options))
