"""``POST /api/hooks/<agent>``: the agents' own hook payloads, as they are."""

from typing import Any

from agentmonitor.errors import InvalidInput
from agentmonitor.model import wire
from agentmonitor.model.clock import now_ms
from agentmonitor.runtime import Runtime
from agentmonitor.server.http import Reply, Request, Response, error_response
from agentmonitor.server.operation import JSON, Operation
from agentmonitor.server.router import Router

MAX_HOOK_BODY = 16 * 1024 * 1024
"""A hook carries whole tool answers, which may be large; little of them is kept."""


def register(router: Router) -> None:
    """Add the routes of this module."""
    told = Operation({200: {}}, body={JSON: dict[str, Any]}, errors=(404, 507))
    router.add("POST", "/api/hooks/{agent}", receive, told)


async def receive(request: Request, runtime: Runtime) -> Reply:
    """Take in one hook call. The answer has no body: any text would be an instruction."""
    slug = request.parameters["agent"]
    agent = runtime.registry.by_hook(slug)
    if agent is None or agent.parse_hook is None:
        return error_response(404, f"No agent's hooks arrive at {slug[:100]!r}.")
    payload = wire.decode_json(await request.body(MAX_HOOK_BODY))
    if not isinstance(payload, dict):
        raise InvalidInput("A hook payload is a JSON object.", [("body", "must be a JSON object")])
    await runtime.hooks.take(agent.parse_hook(payload, now_ms()))
    return Response(200)
