"""``/api/v2/live``: what goes on now, and who needs a human."""

from typing import TYPE_CHECKING

import msgspec

from agentmonitor.model.clock import IsoTime, now_ms, to_iso
from agentmonitor.model.live import Attention, attention
from agentmonitor.model.session import SessionRow
from agentmonitor.server import v2
from agentmonitor.server.http import Reply, Request, json_response
from agentmonitor.server.operation import Operation, answers
from agentmonitor.server.query import Limit, SessionFilters, rows
from agentmonitor.server.router import Router

if TYPE_CHECKING:
    from agentmonitor.runtime import Runtime

MAX_SESSIONS = 500


class LiveQuery(SessionFilters, kw_only=True, frozen=True):
    """Which sessions, and what is long."""

    long_running: Limit = 600
    """Seconds after which a tool call needs attention."""
    limit: Limit = MAX_SESSIONS
    """Sessions that are listed; 500 at most."""


class Live(msgspec.Struct, kw_only=True):
    """What goes on now."""

    at: IsoTime
    """When that was."""
    total: int
    counts: dict[str, int]
    """Sessions by state."""
    attention: list[Attention]
    sessions: list[SessionRow]
    """Those that run or wait, the latest first."""


def register(router: Router) -> None:
    """Add the routes of this module."""
    router.add("GET", "/api/v2/live", live, Operation(answers(Live), LiveQuery))


async def live(request: Request, runtime: "Runtime") -> Reply:
    """Sessions that run or wait, how many are in each state, and who needs attention."""
    asked = v2.decode(request, LiveQuery)
    where, limit = asked.selection(), rows(asked.limit, MAX_SESSIONS)
    found, counts = await runtime.read(runtime.engine.session_reads.live_sessions, where, limit)
    now = now_ms()
    answer = Live(
        at=to_iso(now),
        total=sum(counts.values()),
        counts=counts,
        attention=attention(found, now, asked.long_running * 1000),
        sessions=runtime.pricer.with_windows(found),
    )
    return json_response(answer)
