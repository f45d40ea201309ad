"""``GET /api/health``."""

from agentmonitor.runtime import Runtime
from agentmonitor.server.http import Reply, Request, json_response
from agentmonitor.server.router import Router


def register(router: Router) -> None:
    """Add the routes of this module."""
    router.add("GET", "/api/health", health)


async def health(request: Request, runtime: Runtime) -> Reply:
    """That the server lives, and how much it holds."""
    return json_response(
        {
            "status": "ok",
            "uptime": runtime.uptime_s,
            "db_size_bytes": runtime.engine.size_bytes(),
            "sse_clients": len(runtime.streams),
        }
    )
