"""``/api/v2/search``: events by their words."""

from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from agentmonitor.model.search import MAX_QUERY, Search, SearchPage, parse_place, parse_words
from agentmonitor.server import v2
from agentmonitor.server.http import Reply, Request
from agentmonitor.server.operation import Operation, answers
from agentmonitor.server.query import Cursor, Filters, Limit, moment, rows, time_zone
from agentmonitor.server.router import Router

if TYPE_CHECKING:
    from agentmonitor.runtime import Runtime

MAX_HITS = 100
"""Each hit needs its text: a page stays small."""


class SearchQuery(Filters, kw_only=True, frozen=True):
    """What to look for, where, and which page."""

    q: Annotated[str, msgspec.Meta(max_length=MAX_QUERY)] = ""
    """Words, `"phrases"`, `begin*`, `one OR another`, `-without`; one word at least."""
    event_type: str | None = msgspec.field(name="type", default=None)
    """The type of the events."""
    tool: str | None = None
    group: Literal["session"] | None = None
    """The best hit of each session."""
    limit: Limit = 20
    """Hits of the page; 100 at most, and fewer do not mean that it is the last one."""
    cursor: Cursor | None = None
    """The `next` of the page before."""


def register(router: Router) -> None:
    """Add the routes of this module."""
    told = Operation(answers(SearchPage), SearchQuery, errors=(501,))
    router.add("GET", "/api/v2/search", search, told)


async def search(request: Request, runtime: "Runtime") -> Reply:
    """The events that match, best first."""
    asked = v2.decode(request, SearchQuery)
    zone = time_zone(asked.tz)
    until = moment("to", asked.until, zone, is_end=True)
    wanted = Search(
        words=parse_words(asked.q),
        agent_type=asked.agent,
        event_type=asked.event_type,
        tool_name=asked.tool,
        session_id=asked.session,
        branch=asked.branch,
        project=asked.project,
        model=asked.model,
        since=moment("from", asked.since, zone),
        # The index asks for times at or before.
        until=None if until is None else until - 1,
        limit=rows(asked.limit, MAX_HITS),
        place=None if asked.cursor is None else parse_place(asked.cursor),
        by_session=asked.group is not None,
    )
    page = await runtime.read(runtime.engine.search, wanted)
    return v2.linked_response(request, page, page.next)
