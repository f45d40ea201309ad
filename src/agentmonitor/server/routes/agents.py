"""``GET /api/agents``: labels, colours and how to connect, for whoever shows agents."""

from agentmonitor.runtime import Runtime
from agentmonitor.server.http import Reply, Request, json_response
from agentmonitor.server.router import Router


def register(router: Router) -> None:
    """Add the routes of this module."""
    router.add("GET", "/api/agents", list_agents)


async def list_agents(request: Request, runtime: Runtime) -> Reply:
    """Every agent of the registry, and how many events a feed begins with."""
    rows = [
        {
            "agent_type": agent.agent_type,
            "label": agent.label,
            "short": agent.short,
            "colors": agent.colors,
            "connect": agent.connect,
        }
        for agent in runtime.registry.agents
    ]
    return json_response({"agents": rows, "max_feed": runtime.settings.max_feed})
