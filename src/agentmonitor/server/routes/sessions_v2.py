"""``/api/v2/sessions``: the list, and all there is to know of one session."""

from typing import TYPE_CHECKING, Annotated

import msgspec

from agentmonitor.model.activity import State
from agentmonitor.model.detail import FileTouched, SessionDetail
from agentmonitor.model.selection import SessionChoice, SessionSort, StoryChoice
from agentmonitor.model.session import EventRow, SessionRow, SessionStatus
from agentmonitor.model.span import SpanRow
from agentmonitor.model.story import StoryEntry, story_entry
from agentmonitor.model.turns import TurnRow, turn_row
from agentmonitor.server import v2
from agentmonitor.server.export import EXPORTS, Format, JsonExport, export_reply
from agentmonitor.server.http import Reply, Request, Response, error_response
from agentmonitor.server.operation import JSON, Operation, answers, tagged
from agentmonitor.server.query import (
    Cursor,
    Flag,
    Limit,
    Order,
    SessionFilters,
    is_set,
    rows,
)
from agentmonitor.server.router import Router
from agentmonitor.storage.session_reads import EventPlace, ListPlace, SessionReads, TurnPlace

if TYPE_CHECKING:
    from agentmonitor.runtime import Runtime

MAX_PAGE = 500
"""Rows of one page at most."""


class SessionsQuery(SessionFilters, kw_only=True, frozen=True):
    """Which sessions, in which order, and which page."""

    status: SessionStatus | None = None
    state: State | None = None
    sort: SessionSort = "last_activity"
    """`tokens` counts those of every class."""
    order: Order = "desc"
    limit: Limit = 50
    """Rows of the page; 500 at most."""
    cursor: Cursor | None = None
    """The `next` of the page before."""


class PageQuery(msgspec.Struct, kw_only=True, frozen=True):
    """Which page."""

    limit: Limit = 200
    """Rows of the page; 500 at most."""
    cursor: Cursor | None = None
    """The `next` of the page before."""


class TurnsQuery(PageQuery, kw_only=True, frozen=True):
    """Which page of the turns, and how much of them."""

    spans: Flag = "0"
    """Also where in a turn its time went."""


class StoryQuery(msgspec.Struct, kw_only=True, frozen=True):
    """Which of a session's events, in which order, and which page."""

    event_type: str | None = msgspec.field(name="type", default=None)
    """The type of the events."""
    tool: str | None = None
    file: str | None = None
    """Only edits of this file."""
    errors: Flag = "0"
    """Only what is no success."""
    at: Annotated[int, msgspec.Meta(ge=1)] | None = None
    """The number of the event with which the first page begins."""
    order: Order = "asc"
    limit: Limit = 100
    """Rows of the page; 500 at most."""
    cursor: Cursor | None = None
    """The `next` of the page before."""


class ExportQuery(msgspec.Struct, kw_only=True, frozen=True):
    """In which format."""

    form: Format = msgspec.field(name="format", default="md")


class SessionPage(v2.Paged, kw_only=True):
    """Sessions in the order that was asked for."""

    sessions: list[SessionRow]
    total: int
    """On all pages together."""


class TurnPage(v2.Paged, kw_only=True):
    """A session's turns, oldest first."""

    session_id: str
    turns: list[TurnRow]


class TranscriptPage(v2.Paged, kw_only=True):
    """What was said and done in a session."""

    session_id: str
    entries: list[StoryEntry]


class EventPage(v2.Paged, kw_only=True):
    """A session's stored rows."""

    events: list[EventRow]


class SpanPage(v2.Paged, kw_only=True):
    """The spans of a session's traces, by their start."""

    session_id: str
    spans: list[SpanRow]


class FilePage(v2.Paged, kw_only=True):
    """The files that a session edited, by path."""

    files: list[FileTouched]
    total: int
    """On all pages together."""


def register(router: Router) -> None:
    """Add the routes of this module."""
    one = "/api/v2/sessions/{id}"
    add = router.add
    add("GET", "/api/v2/sessions", list_sessions, Operation(answers(SessionPage), SessionsQuery))
    add("GET", one, detail, tagged(SessionDetail))
    add("GET", f"{one}/turns", turns, Operation(answers(TurnPage), TurnsQuery))
    add("GET", f"{one}/transcript", transcript, Operation(answers(TranscriptPage), StoryQuery))
    add("GET", f"{one}/events", events, Operation(answers(EventPage), StoryQuery))
    add("GET", f"{one}/files", files, Operation(answers(FilePage), PageQuery))
    add("GET", f"{one}/spans", spans, Operation(answers(SpanPage), PageQuery))
    files_of = {JSON: JsonExport, "text/markdown": str, "text/html": str}
    add("GET", f"{one}/export", export, Operation({200: files_of}, ExportQuery))


async def list_sessions(request: Request, runtime: "Runtime") -> Reply:
    """Sessions by filter and order."""
    asked = v2.decode(request, SessionsQuery)
    choice = SessionChoice(
        where=asked.selection(),
        status=asked.status,
        state=asked.state,
        sort=asked.sort,
        descending=asked.order == "desc",
    )
    kind = f"sessions {asked.sort} {asked.order}"
    place: ListPlace | None = v2.place(asked.cursor, kind, ListPlace)
    limit = rows(asked.limit, MAX_PAGE)
    page = await runtime.read(_reads(runtime).session_list, choice, limit, place)
    content = SessionPage(sessions=runtime.pricer.with_windows(page.rows), total=page.total or 0)
    return v2.page_response(request, content, kind, page.next)


async def detail(request: Request, runtime: "Runtime") -> Reply:
    """One session with what it used."""
    v2.decode(request, v2.NoParameters)
    found = await runtime.read(_reads(runtime).session_detail, request.parameters["id"])
    if found is None:
        return _missing()
    [found.session] = runtime.pricer.with_windows([found.session])
    return v2.tagged_response(request, found)


async def turns(request: Request, runtime: "Runtime") -> Reply:
    """A session's turns, oldest first."""
    asked = v2.decode(request, TurnsQuery)
    place: TurnPlace | None = v2.place(asked.cursor, "turns", TurnPlace)
    session = request.parameters["id"]
    limit = rows(asked.limit, MAX_PAGE)
    read, spans = _reads(runtime).session_turns, is_set(asked.spans)
    page = await runtime.read(read, session, limit, place, spans=spans)
    if page is None:
        return _missing()
    content = TurnPage(session_id=session, turns=[turn_row(turn) for turn in page.rows])
    return v2.page_response(request, content, "turns", page.next)


async def transcript(request: Request, runtime: "Runtime") -> Reply:
    """What was said and done, with full texts."""
    choice, kind, place, limit = _story(request, "transcript")
    session = request.parameters["id"]
    page = await runtime.read(_reads(runtime).session_story, session, choice, limit, place)
    if page is None:
        return _missing()
    entries = [story_entry(row) for row in page.rows]
    content = TranscriptPage(session_id=session, entries=entries)
    return v2.page_response(request, content, kind, page.next)


async def events(request: Request, runtime: "Runtime") -> Reply:
    """The session's stored rows."""
    choice, kind, place, limit = _story(request, "events")
    session = request.parameters["id"]
    page = await runtime.read(_reads(runtime).session_page, session, choice, limit, place)
    if page is None:
        return _missing()
    return v2.page_response(request, EventPage(events=page.rows), kind, page.next)


async def spans(request: Request, runtime: "Runtime") -> Reply:
    """The spans of the session's traces, by their start."""
    asked = v2.decode(request, PageQuery)
    place: EventPlace | None = v2.place(asked.cursor, "spans", EventPlace)
    session, limit = request.parameters["id"], rows(asked.limit, MAX_PAGE)
    page = await runtime.read(_reads(runtime).session_spans, session, limit, place)
    if page is None:
        return _missing()
    content = SpanPage(session_id=session, spans=page.rows)
    return v2.page_response(request, content, "spans", page.next)


async def files(request: Request, runtime: "Runtime") -> Reply:
    """The files that the session edited, by path."""
    asked = v2.decode(request, PageQuery)
    place: tuple[str] | None = v2.place(asked.cursor, "files", tuple[str])
    session, limit = request.parameters["id"], rows(asked.limit, MAX_PAGE)
    after = None if place is None else place[0]
    page = await runtime.read(_reads(runtime).session_files, session, limit, after)
    if page is None:
        return _missing()
    content = FilePage(files=page.rows, total=page.total or 0)
    return v2.page_response(request, content, "files", page.next)


async def export(request: Request, runtime: "Runtime") -> Reply:
    """The whole session as a file."""
    asked = v2.decode(request, ExportQuery)
    found = await runtime.read(runtime.engine.sessions_by_id, [request.parameters["id"]])
    if not found:
        return _missing()
    [session] = runtime.pricer.with_windows(found)
    return export_reply(runtime, session, EXPORTS[asked.form])


def _story(request: Request, name: str) -> tuple[StoryChoice, str, EventPlace | None, int]:
    asked = v2.decode(request, StoryQuery)
    choice = StoryChoice(
        event_type=asked.event_type,
        tool=asked.tool,
        file=asked.file,
        at=asked.at,
        errors=is_set(asked.errors),
        descending=asked.order == "desc",
    )
    kind = f"{name} {asked.order}"
    return choice, kind, v2.place(asked.cursor, kind, EventPlace), rows(asked.limit, MAX_PAGE)


def _reads(runtime: "Runtime") -> SessionReads:
    return runtime.engine.session_reads


def _missing() -> Response:
    return error_response(404, "There is no session with this id.")
