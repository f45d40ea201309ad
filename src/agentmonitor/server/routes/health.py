"""``GET /api/health``."""

from typing import Literal

import msgspec

from agentmonitor.runtime import Runtime
from agentmonitor.server.http import Reply, Request, json_response
from agentmonitor.server.operation import Operation, answers
from agentmonitor.server.router import Router


class Health(msgspec.Struct, kw_only=True):
    """``GET /api/health``."""

    status: Literal["ok"]
    uptime: float
    """Seconds since the start."""
    db_size_bytes: int
    sse_clients: int
    """Clients of the live stream."""


def register(router: Router) -> None:
    """Add the routes of this module."""
    router.add("GET", "/api/health", health, Operation(answers(Health)))


async def health(request: Request, runtime: Runtime) -> Reply:
    """That the server lives, and how much it holds."""
    return json_response(
        Health(
            status="ok",
            uptime=runtime.uptime_s,
            db_size_bytes=runtime.engine.size_bytes(),
            sse_clients=len(runtime.streams),
        )
    )
