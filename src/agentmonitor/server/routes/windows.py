"""``/api/v2/windows`` and ``/api/v2/blocks``: what is used of the agents' limits."""

from typing import TYPE_CHECKING

import msgspec

from agentmonitor.model.clock import now_ms
from agentmonitor.model.windows import Block, UsageWindow
from agentmonitor.server.http import Reply, Request, json_response
from agentmonitor.server.operation import Operation, answers
from agentmonitor.server.query import Instant, Limit, decode, instant, rows
from agentmonitor.server.router import Router
from agentmonitor.usage.blocks import past_blocks
from agentmonitor.usage.windows import current_windows

if TYPE_CHECKING:
    from agentmonitor.runtime import Runtime


class WindowsQuery(msgspec.Struct, kw_only=True, frozen=True):
    """Whose windows."""

    agent: str | None = None
    """The agent's type."""


class BlocksQuery(msgspec.Struct, kw_only=True, frozen=True):
    """Whose blocks, and which."""

    agent: str | None = None
    """The agent's type; without it those whose provider counts in blocks."""
    since: Instant | None = msgspec.field(name="from", default=None)
    """An ISO 8601 time; without an offset it is UTC. 30 days before `to` if absent."""
    until: Instant | None = msgspec.field(name="to", default=None)
    """An ISO 8601 time; without an offset it is UTC. Now if absent."""
    limit: Limit = 50
    """Blocks; 10,000 at most."""


class WindowList(msgspec.Struct):
    """``GET /api/v2/windows``."""

    windows: list[UsageWindow]


class BlockList(msgspec.Struct):
    """``GET /api/v2/blocks``, newest first."""

    blocks: list[Block]


def register(router: Router) -> None:
    """Add the routes of this module."""
    add = router.add
    add("GET", "/api/v2/windows", windows, Operation(answers(WindowList), WindowsQuery))
    add("GET", "/api/v2/blocks", blocks, Operation(answers(BlockList), BlocksQuery))


async def windows(request: Request, runtime: "Runtime") -> Reply:
    """What each agent has used of its windows, how fast, and what that comes to."""
    found = await runtime.read(
        current_windows,
        runtime.engine,
        runtime.registry,
        runtime.settings,
        now_ms(),
        decode(request, WindowsQuery).agent,
    )
    return json_response(WindowList(list(found)))


async def blocks(request: Request, runtime: "Runtime") -> Reply:
    """The provider's blocks, newest first."""
    asked = decode(request, BlocksQuery)
    found = await runtime.read(
        past_blocks,
        runtime.engine,
        runtime.registry,
        runtime.settings,
        now_ms(),
        agent_type=asked.agent,
        since=instant("from", asked.since),
        until=instant("to", asked.until),
        limit=rows(asked.limit),
    )
    return json_response(BlockList(list(found)))
