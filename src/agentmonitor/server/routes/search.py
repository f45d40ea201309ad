"""``/api/v2/search``: events by their words."""

from agentmonitor.errors import InvalidInput
from agentmonitor.model.search import Search, parse_place, parse_words
from agentmonitor.runtime import Runtime
from agentmonitor.server.http import Reply, Request, json_response
from agentmonitor.server.router import Router

DEFAULT_HITS = 20
MAX_HITS = 100
"""Each hit needs its text: a page stays small."""


def register(router: Router) -> None:
    """Add the routes of this module."""
    router.add("GET", "/api/v2/search", search)


async def search(request: Request, runtime: Runtime) -> Reply:
    """The events that match, best first."""
    group = request.query("group")
    if group not in (None, "session"):
        raise InvalidInput("Invalid group: must be session.", [("group", "must be session")])
    cursor = request.query("cursor")
    asked = Search(
        words=parse_words(request.query("q") or ""),
        agent_type=request.query("agent"),
        event_type=request.query("type"),
        tool_name=request.query("tool"),
        session_id=request.query("session"),
        branch=request.query("branch"),
        project=request.query("project"),
        model=request.query("model"),
        since=request.time("from"),
        until=request.time("to"),
        limit=min(request.limit(DEFAULT_HITS), MAX_HITS),
        place=None if cursor is None else parse_place(cursor),
        by_session=group is not None,
    )
    return json_response(await runtime.read(runtime.engine.search, asked))
