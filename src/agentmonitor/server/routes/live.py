"""``/api/v2/live``: what goes on now, and who needs a human."""

from agentmonitor.model.clock import now_ms, to_iso
from agentmonitor.model.live import attention
from agentmonitor.runtime import Runtime
from agentmonitor.server import v2
from agentmonitor.server.http import Reply, Request, json_response
from agentmonitor.server.router import Router

LONG_RUNNING_S = 600
MAX_SESSIONS = 500


def register(router: Router) -> None:
    """Add the routes of this module."""
    router.add("GET", "/api/v2/live", live)


async def live(request: Request, runtime: Runtime) -> Reply:
    """Sessions that run or wait, how many are in each state, and who needs attention."""
    long_running_s = request.number("long_running", LONG_RUNNING_S, least=1)
    limit = min(request.limit(MAX_SESSIONS), MAX_SESSIONS)
    where = v2.selection(request)
    rows, counts = await runtime.read(runtime.engine.session_reads.live_sessions, where, limit)
    now = now_ms()
    return json_response(
        {
            "at": to_iso(now),
            "total": sum(counts.values()),
            "counts": counts,
            "attention": attention(rows, now, long_running_s * 1000),
            "sessions": rows,
        }
    )
