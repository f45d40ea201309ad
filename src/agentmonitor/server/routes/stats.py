"""``/api/stats``: totals, tools, cost and usage windows."""

from agentmonitor.runtime import Runtime
from agentmonitor.server.http import Reply, Request, json_response
from agentmonitor.server.router import Router


def register(router: Router) -> None:
    """Add the routes of this module."""
    router.add("GET", "/api/stats", stats)
    router.add("GET", "/api/stats/tools", tools)
    router.add("GET", "/api/stats/cost", cost)
    router.add("GET", "/api/stats/usage-monitor", usage_monitor)


async def stats(request: Request, runtime: Runtime) -> Reply:
    """Totals and breakdowns."""
    agent, since = request.query("agent_type"), request.time("since")
    return json_response(await runtime.read(runtime.engine.stats, agent, since))


async def tools(request: Request, runtime: Runtime) -> Reply:
    """Calls and failures by tool."""
    agent, since = request.query("agent_type"), request.time("since")
    return json_response({"tools": await runtime.read(runtime.engine.tools, agent, since)})


async def cost(request: Request, runtime: Runtime) -> Reply:
    """Cost by hour, project and model."""
    agent, since = request.query("agent_type"), request.time("since")
    limit = request.limit(10)
    return json_response(await runtime.read(runtime.engine.cost, agent, since, limit))


async def usage_monitor(request: Request, runtime: Runtime) -> Reply:
    """What each agent has used of its windows."""
    return json_response(await runtime.read(runtime.usage_monitor))
