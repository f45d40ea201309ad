"""``GET /api/agents``: labels, colours and how to connect, for whoever shows agents."""

import msgspec

from agentmonitor.agents.base import Colors, Connect
from agentmonitor.runtime import Runtime
from agentmonitor.server.http import Reply, Request, json_response
from agentmonitor.server.operation import Operation, answers
from agentmonitor.server.router import Router


class AgentRow(msgspec.Struct, kw_only=True):
    """An agent, for whoever shows it."""

    agent_type: str
    label: str
    short: str
    """Its letters, at most two."""
    colors: Colors
    connect: Connect | None
    """How to point it here; null: its session files are read."""


class KnownAgents(msgspec.Struct):
    """``GET /api/agents``."""

    agents: list[AgentRow]
    max_feed: int
    """How many events a feed begins with."""


def register(router: Router) -> None:
    """Add the routes of this module."""
    router.add("GET", "/api/agents", list_agents, Operation(answers(KnownAgents)))


async def list_agents(request: Request, runtime: Runtime) -> Reply:
    """Every agent of the registry, and how many events a feed begins with."""
    rows = [
        AgentRow(
            agent_type=agent.agent_type,
            label=agent.label,
            short=agent.short,
            colors=agent.colors,
            connect=agent.connect,
        )
        for agent in runtime.registry.agents
    ]
    return json_response(KnownAgents(rows, runtime.settings.max_feed))
