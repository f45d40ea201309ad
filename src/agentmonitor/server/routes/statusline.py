"""``/api/statusline``: the quotas that agents hand to their status lines."""

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from agentmonitor.errors import InvalidInput, StorageError
from agentmonitor.model import wire
from agentmonitor.model.clock import now_ms
from agentmonitor.model.quota import Quota
from agentmonitor.server.http import Reply, Request, Response, error_response
from agentmonitor.server.operation import JSON, Operation
from agentmonitor.server.router import Router

if TYPE_CHECKING:
    from agentmonitor.runtime import Runtime


def register(router: Router) -> None:
    """Add the routes of this module."""
    told = Operation({200: {}}, body={JSON: dict[str, Any]}, errors=(404, 507))
    router.add("POST", "/api/statusline/{agent}", statusline, told)


async def statusline(request: Request, runtime: "Runtime") -> Reply:
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


async def _store(runtime: "Runtime", quotas: list[Quota]) -> None:
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
