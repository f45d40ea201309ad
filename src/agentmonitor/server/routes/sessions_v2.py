"""``/api/v2/sessions``: the list, and all there is to know of one session."""

from agentmonitor.model.activity import State
from agentmonitor.model.selection import SessionChoice, SessionSort, StoryChoice
from agentmonitor.model.session import SessionStatus
from agentmonitor.model.story import story_entry
from agentmonitor.model.turns import turn_row
from agentmonitor.runtime import Runtime
from agentmonitor.server import v2
from agentmonitor.server.export import EXPORTS, Format, export_reply
from agentmonitor.server.http import Reply, Request, Response, error_response
from agentmonitor.server.router import Router
from agentmonitor.storage.session_reads import EventPlace, ListPlace, SessionReads, TurnPlace

MAX_PAGE = 500
"""Rows of one page at most."""


def register(router: Router) -> None:
    """Add the routes of this module."""
    one = "/api/v2/sessions/{id}"
    router.add("GET", "/api/v2/sessions", list_sessions)
    router.add("GET", one, detail)
    router.add("GET", f"{one}/turns", turns)
    router.add("GET", f"{one}/transcript", transcript)
    router.add("GET", f"{one}/events", events)
    router.add("GET", f"{one}/files", files)
    router.add("GET", f"{one}/export", export)


async def list_sessions(request: Request, runtime: Runtime) -> Reply:
    """Sessions by filter and order."""
    sort: SessionSort = v2.choice(request, "sort", SessionSort)
    choice = SessionChoice(
        where=v2.selection(request),
        status=v2.one_of(request, "status", SessionStatus),
        state=v2.one_of(request, "state", State),
        sort=sort,
        descending=v2.is_descending(request, default=True),
    )
    kind = f"sessions {sort} {'desc' if choice.descending else 'asc'}"
    place: ListPlace | None = v2.place(request, kind, ListPlace)
    page = await runtime.read(_reads(runtime).session_list, choice, _limit(request), place)
    content = {"sessions": page.rows, "total": page.total}
    return v2.page_response(request, content, kind, page.next)


async def detail(request: Request, runtime: Runtime) -> Reply:
    """One session with what it used."""
    found = await runtime.read(_reads(runtime).session_detail, request.parameters["id"])
    return _missing() if found is None else v2.tagged_response(request, found)


async def turns(request: Request, runtime: Runtime) -> Reply:
    """A session's turns, oldest first."""
    place: TurnPlace | None = v2.place(request, "turns", TurnPlace)
    session = request.parameters["id"]
    limit = _limit(request, 200)
    page = await runtime.read(_reads(runtime).session_turns, session, limit, place)
    if page is None:
        return _missing()
    content = {"session_id": session, "turns": [turn_row(turn) for turn in page.rows]}
    return v2.page_response(request, content, "turns", page.next)


async def transcript(request: Request, runtime: Runtime) -> Reply:
    """What was said and done, with full texts."""
    choice, kind, place = _story(request, "transcript")
    session = request.parameters["id"]
    read = _reads(runtime).session_story
    page = await runtime.read(read, session, choice, _limit(request, 100), place)
    if page is None:
        return _missing()
    content = {"session_id": session, "entries": [story_entry(row) for row in page.rows]}
    return v2.page_response(request, content, kind, page.next)


async def events(request: Request, runtime: Runtime) -> Reply:
    """The session's stored rows."""
    choice, kind, place = _story(request, "events")
    session = request.parameters["id"]
    read = _reads(runtime).session_page
    page = await runtime.read(read, session, choice, _limit(request, 100), place)
    if page is None:
        return _missing()
    return v2.page_response(request, {"events": page.rows}, kind, page.next)


async def files(request: Request, runtime: Runtime) -> Reply:
    """The files that the session edited, by path."""
    place: tuple[str] | None = v2.place(request, "files", tuple[str])
    read, limit = _reads(runtime).session_files, _limit(request, 200)
    session = request.parameters["id"]
    page = await runtime.read(read, session, limit, None if place is None else place[0])
    if page is None:
        return _missing()
    content = {"files": page.rows, "total": page.total}
    return v2.page_response(request, content, "files", page.next)


async def export(request: Request, runtime: Runtime) -> Reply:
    """The whole session as a file."""
    form: Format = v2.choice(request, "format", Format)
    found = await runtime.read(runtime.engine.sessions_by_id, [request.parameters["id"]])
    if not found:
        return _missing()
    return export_reply(runtime, found[0], EXPORTS[form])


def _story(request: Request, name: str) -> tuple[StoryChoice, str, EventPlace | None]:
    choice = StoryChoice(
        event_type=request.query("type"),
        tool=request.query("tool"),
        errors=v2.flag(request, "errors"),
        descending=v2.is_descending(request, default=False),
    )
    kind = f"{name} {'desc' if choice.descending else 'asc'}"
    return choice, kind, v2.place(request, kind, EventPlace)


def _limit(request: Request, default: int = 50) -> int:
    return min(request.limit(default), MAX_PAGE)


def _reads(runtime: Runtime) -> SessionReads:
    return runtime.engine.session_reads


def _missing() -> Response:
    return error_response(404, "There is no session with this id.")
