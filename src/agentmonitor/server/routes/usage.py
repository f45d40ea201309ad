"""``/api/v2``: usage windows and blocks; ``/api/statusline``: the quotas that agents report."""

import asyncio
import contextlib

from agentmonitor.errors import InvalidInput, StorageError
from agentmonitor.model import wire
from agentmonitor.model.clock import now_ms
from agentmonitor.model.quota import Quota
from agentmonitor.runtime import Runtime
from agentmonitor.server.http import Reply, Request, Response, error_response, json_response
from agentmonitor.server.router import Router
from agentmonitor.usage.blocks import past_blocks
from agentmonitor.usage.windows import current_windows

DEFAULT_BLOCKS = 50


def register(router: Router) -> None:
    """Add the routes of this module."""
    router.add("GET", "/api/v2/windows", windows)
    router.add("GET", "/api/v2/blocks", blocks)
    router.add("POST", "/api/statusline/{agent}", statusline)


async def windows(request: Request, runtime: Runtime) -> Reply:
    """What each agent has used of its windows, how fast, and what that comes to."""
    found = await runtime.read(
        current_windows,
        runtime.engine,
        runtime.registry,
        runtime.settings,
        now_ms(),
        request.query("agent"),
    )
    return json_response({"windows": found})


async def blocks(request: Request, runtime: Runtime) -> Reply:
    """The provider's blocks, newest first."""
    found = await runtime.read(
        past_blocks,
        runtime.engine,
        runtime.registry,
        runtime.settings,
        now_ms(),
        agent_type=request.query("agent"),
        since=request.time("from"),
        until=request.time("to"),
        limit=request.limit(DEFAULT_BLOCKS),
    )
    return json_response({"blocks": found})


async def statusline(request: Request, runtime: Runtime) -> Reply:
    """Take in what an agent hands its status line. No body: it would be shown as the line."""
    slug = request.parameters["agent"]
    agent = runtime.registry.by_hook(slug)
    if agent is None or agent.parse_statusline is None:
        return error_response(404, f"No agent's status line arrives at {slug[:100]!r}.")
    payload = wire.decode_json(await request.body())
    if not isinstance(payload, dict):
        raise InvalidInput("A status line is a JSON object.", [("body", "must be a JSON object")])
    quotas = agent.parse_statusline(payload, now_ms())
    if quotas:
        await _store(runtime, quotas)
    return Response(200)


async def _store(runtime: Runtime, quotas: list[Quota]) -> None:
    """Store quotas and come back after the commit. Raises InvalidInput and StorageError."""
    loop = asyncio.get_running_loop()
    stored: asyncio.Future[None] = loop.create_future()

    def settle(error: StorageError | None) -> None:
        if not stored.done():
            if error is None:
                stored.set_result(None)
            else:
                stored.set_exception(error)

    def done(error: StorageError | None) -> None:
        # The loop is closed when the server ended before the writer: nobody waits any more.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(settle, error)

    runtime.engine.put_quotas(quotas, done)
    await stored
