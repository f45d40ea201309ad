"""``/api/sessions``: the list, one session, its transcript."""

from typing import Annotated

import msgspec

from agentmonitor.metadata import unpack_content
from agentmonitor.model.filters import SessionFilter
from agentmonitor.model.session import EventRow, SessionRow
from agentmonitor.model.transcript import TranscriptEntry, transcript_entry
from agentmonitor.runtime import Runtime
from agentmonitor.server.http import Reply, Request, error_response, json_response
from agentmonitor.server.operation import Operation, answers
from agentmonitor.server.query import Instant, decode, instant, is_set, rows
from agentmonitor.server.router import Router

NumberFromZero = Annotated[int, msgspec.Meta(ge=0)]


class SessionsQuery(msgspec.Struct, kw_only=True, frozen=True):
    """Which sessions."""

    status: str | None = None
    """`active`, `idle` or `ended`."""
    exclude_status: str | None = None
    agent_type: str | None = None
    since: Instant | None = None
    """Those with an event at or after."""
    live: str | None = None
    """`1` or `true`: not ended, or work goes on there or somebody is waited for."""
    limit: NumberFromZero = 50
    """Rows; 0 is all."""


class SessionQuery(msgspec.Struct, kw_only=True, frozen=True):
    """How much of a session."""

    event_limit: NumberFromZero = 10
    """Its newest events; 10,000 at most."""


class SessionList(msgspec.Struct):
    """``GET /api/sessions``: active, idle, ended, each newest first."""

    sessions: list[SessionRow]
    total: int
    """Sessions that match."""


class SessionWithEvents(msgspec.Struct):
    """``GET /api/sessions/{id}``."""

    session: SessionRow
    events: list[EventRow]
    """Newest first."""


class Transcript(msgspec.Struct):
    """``GET /api/sessions/{id}/transcript``, oldest first."""

    session_id: str
    entries: list[TranscriptEntry]


def register(router: Router) -> None:
    """Add the routes of this module."""
    one, add = "/api/sessions/{id}", router.add
    add("GET", "/api/sessions", list_sessions, Operation(answers(SessionList), SessionsQuery))
    add("GET", one, one_session, Operation(answers(SessionWithEvents), SessionQuery))
    add("GET", f"{one}/transcript", transcript, Operation(answers(Transcript)))


async def list_sessions(request: Request, runtime: Runtime) -> Reply:
    """Sessions by filter: active, idle, ended, each newest first."""
    asked = decode(request, SessionsQuery)
    where = SessionFilter(
        status=asked.status,
        exclude_status=asked.exclude_status,
        agent_type=asked.agent_type,
        since=instant("since", asked.since),
        live=is_set(asked.live),
    )
    limit = rows(asked.limit)
    found, total = await runtime.read(runtime.engine.sessions, where, limit)
    return json_response(SessionList(runtime.pricer.with_windows(found), total))


async def one_session(request: Request, runtime: Runtime) -> Reply:
    """A session with its newest events."""
    session = await _find(request, runtime)
    if session is None:
        return error_response(404, "There is no session with this id.")
    limit = rows(decode(request, SessionQuery).event_limit)
    read = runtime.engine.session_events
    events = await runtime.read(read, session.id, limit, newest_first=True)
    return json_response(SessionWithEvents(session, list(events)))


async def transcript(request: Request, runtime: Runtime) -> Reply:
    """A session's story, oldest first."""
    session_id = request.parameters["id"]
    read = runtime.engine.session_events
    events = await runtime.read(read, session_id, -1, newest_first=False)
    if not events:
        return error_response(404, "There is no transcript for this session id.")
    cut = [event.id for event in events if event.payload_truncated]
    packed = await runtime.read(runtime.engine.contents, cut) if cut else {}
    whole = {event: unpack_content(content) for event, content in packed.items()}
    entries = [transcript_entry(event, whole.get(event.id)) for event in events]
    return json_response(Transcript(session_id, entries))


async def _find(request: Request, runtime: Runtime) -> SessionRow | None:
    found = await runtime.read(runtime.engine.sessions_by_id, [request.parameters["id"]])
    return runtime.pricer.with_windows(found)[0] if found else None
