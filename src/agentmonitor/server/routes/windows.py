"""``/api/v2/windows`` and ``/api/v2/blocks``: what is used of the agents' limits."""

from typing import TYPE_CHECKING

import msgspec

from agentmonitor.model.analytics import Where
from agentmonitor.model.clock import now_ms
from agentmonitor.model.periods import EARLIEST, LATEST
from agentmonitor.model.windows import Block, UsageWindow
from agentmonitor.server import v2
from agentmonitor.server.http import Reply, Request, json_response
from agentmonitor.server.operation import Operation, answers
from agentmonitor.server.query import Filters, Limit, invalid, moment, rows, time_zone
from agentmonitor.server.router import Router
from agentmonitor.usage.blocks import past_blocks
from agentmonitor.usage.windows import current_windows

if TYPE_CHECKING:
    from agentmonitor.runtime import Runtime


class WindowsQuery(Filters, kw_only=True, frozen=True):
    """Whose windows. Other filters than `agent` choose what is added up and measured by its limits;
    the windows and their limits are always the agent's."""


class BlocksQuery(Filters, kw_only=True, frozen=True):
    """Whose blocks, and which: those of the last 30 days if there is no range. Other filters choose
    what is added up; blocks without any of it are left out."""

    agent: str | None = None
    """The agent's type; without it those whose provider counts in blocks."""
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
    asked = v2.decode(request, WindowsQuery)
    zone = time_zone(asked.tz)
    since = moment("from", asked.since, zone)
    until = moment("to", asked.until, zone, is_end=True)
    if since is not None and until is not None and since >= until:
        raise invalid("from", "must be before the end of the range")
    found = await runtime.read(
        current_windows,
        runtime.engine,
        runtime.registry,
        runtime.settings,
        now_ms(),
        asked.agent,
        _where(asked, since, until),
    )
    return json_response(WindowList(list(found)))


async def blocks(request: Request, runtime: "Runtime") -> Reply:
    """The provider's blocks, newest first."""
    asked = v2.decode(request, BlocksQuery)
    zone = time_zone(asked.tz)
    found = await runtime.read(
        past_blocks,
        runtime.engine,
        runtime.registry,
        runtime.settings,
        now_ms(),
        agent_type=asked.agent,
        since=moment("from", asked.since, zone),
        until=moment("to", asked.until, zone, is_end=True),
        limit=rows(asked.limit),
        where=_where(asked, None, None),
    )
    return json_response(BlockList(list(found)))


def _where(asked: Filters, since: int | None, until: int | None) -> Where | None:
    """What is added up; None: all of an agent's use, which its own sums tell."""
    given = (asked.project, asked.branch, asked.model, asked.session, asked.q, since, until)
    if given.count(None) == len(given):
        return None
    return asked.where(EARLIEST if since is None else since, LATEST if until is None else until)
