"""``/api/stats``: totals, tools, cost and usage windows."""

import msgspec

from agentmonitor.model.stats import AgentUsage, Cost, Stats, ToolStats
from agentmonitor.runtime import Runtime
from agentmonitor.server.http import Reply, Request, json_response
from agentmonitor.server.operation import Operation, answers
from agentmonitor.server.query import Instant, Limit, decode, instant, rows
from agentmonitor.server.router import Router


class StatsQuery(msgspec.Struct, kw_only=True, frozen=True):
    """Which events."""

    agent_type: str | None = None
    since: Instant | None = None
    """At or after, by the events' own time."""


class CostQuery(StatsQuery, kw_only=True, frozen=True):
    """Which events, and how many projects."""

    limit: Limit = 10
    """Projects; the dearest come."""


class ToolList(msgspec.Struct):
    """``GET /api/stats/tools``."""

    tools: list[ToolStats]


def register(router: Router) -> None:
    """Add the routes of this module."""
    add = router.add
    add("GET", "/api/stats", stats, Operation(answers(Stats), StatsQuery))
    add("GET", "/api/stats/tools", tools, Operation(answers(ToolList), StatsQuery))
    add("GET", "/api/stats/cost", cost, Operation(answers(Cost), CostQuery))
    told = Operation(answers(list[AgentUsage]))
    add("GET", "/api/stats/usage-monitor", usage_monitor, told)


async def stats(request: Request, runtime: Runtime) -> Reply:
    """Totals and breakdowns."""
    asked = decode(request, StatsQuery)
    since = instant("since", asked.since)
    return json_response(await runtime.read(runtime.engine.stats, asked.agent_type, since))


async def tools(request: Request, runtime: Runtime) -> Reply:
    """Calls and failures by tool."""
    asked = decode(request, StatsQuery)
    since = instant("since", asked.since)
    found = await runtime.read(runtime.engine.tools, asked.agent_type, since)
    return json_response(ToolList(list(found)))


async def cost(request: Request, runtime: Runtime) -> Reply:
    """Cost by hour, project and model."""
    asked = decode(request, CostQuery)
    since, limit = instant("since", asked.since), rows(asked.limit)
    return json_response(await runtime.read(runtime.engine.cost, asked.agent_type, since, limit))


async def usage_monitor(request: Request, runtime: Runtime) -> Reply:
    """What each agent has used of its windows."""
    return json_response(await runtime.read(runtime.usage_monitor))
