"""``/api/sessions``: the list, one session, its transcript."""

from agentmonitor.metadata import unpack_content
from agentmonitor.model.filters import SessionFilter
from agentmonitor.model.session import SessionRow
from agentmonitor.model.transcript import transcript_entry
from agentmonitor.runtime import Runtime
from agentmonitor.server.http import MAX_LIMIT, Reply, Request, error_response, json_response
from agentmonitor.server.router import Router


def register(router: Router) -> None:
    """Add the routes of this module."""
    router.add("GET", "/api/sessions", list_sessions)
    router.add("GET", "/api/sessions/{id}", one_session)
    router.add("GET", "/api/sessions/{id}/transcript", transcript)


async def list_sessions(request: Request, runtime: Runtime) -> Reply:
    """Sessions by filter: active, idle, ended, each newest first."""
    where = SessionFilter(
        status=request.query("status"),
        exclude_status=request.query("exclude_status"),
        agent_type=request.query("agent_type"),
        since=request.time("since"),
        live=request.query("live") in ("1", "true"),
    )
    limit = request.limit(50, least=0)
    rows, total = await runtime.read(runtime.engine.sessions, where, limit)
    return json_response({"sessions": rows, "total": total})


async def one_session(request: Request, runtime: Runtime) -> Reply:
    """A session with its newest events."""
    session = await _find(request, runtime)
    if session is None:
        return error_response(404, "There is no session with this id.")
    limit = min(request.number("event_limit", 10), MAX_LIMIT)
    read = runtime.engine.session_events
    events = await runtime.read(read, session.id, limit, newest_first=True)
    return json_response({"session": session, "events": events})


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
    return json_response({"session_id": session_id, "entries": entries})


async def _find(request: Request, runtime: Runtime) -> SessionRow | None:
    found = await runtime.read(runtime.engine.sessions_by_id, [request.parameters["id"]])
    return found[0] if found else None
