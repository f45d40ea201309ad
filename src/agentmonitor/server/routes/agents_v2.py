"""``GET /api/v2/agents``: the known agents, and through which channels they are connected."""

import asyncio
import time
from collections.abc import Mapping

import msgspec

from agentmonitor.agents.base import Agent, Colors, Connect
from agentmonitor.importer.waiting import OnDisk, look_on_disk
from agentmonitor.model.channels import Way, WayUse, uses_by_way
from agentmonitor.model.clock import IsoTime, to_iso
from agentmonitor.model.mark import FileRead
from agentmonitor.runtime import Runtime
from agentmonitor.server import v2
from agentmonitor.server.http import Reply, Request
from agentmonitor.server.operation import tagged
from agentmonitor.server.router import Router

KEPT_S = 5.0
"""For so long what is on disk is not looked at again."""
LOOK_S = 3.0
"""How long a look at the disk may take, all agents together."""


class DiskView(msgspec.Struct, kw_only=True):
    """An agent's session files; see ``importer.waiting.OnDisk``."""

    folders: list[str]
    files: int
    bytes: int
    new_files: int
    new_bytes: int
    newest_at: IsoTime | None
    complete: bool


class ChannelView(msgspec.Struct, kw_only=True):
    """One channel of an agent."""

    channel: Way
    events: int
    last_event_at: IsoTime | None
    disk: DiskView | None = None
    """Only of ``files``."""


class AgentView(msgspec.Struct, kw_only=True):
    """An agent as this call shows it."""

    agent_type: str
    label: str
    short: str
    colors: Colors
    connect: Connect | None
    last_event_at: IsoTime | None
    channels: list[ChannelView]


class AgentsQuery(msgspec.Struct, kw_only=True, frozen=True):
    """Which agents."""

    agent: str | None = None
    """The agent's type."""


class AgentList(msgspec.Struct, kw_only=True):
    """The answer."""

    agents: list[AgentView]
    auto_import_minutes: int
    """How often the server itself imports session files; 0: it does not."""


class Disk:
    """The last look at the disk, shared by all who ask within a few seconds."""

    def __init__(self) -> None:
        self._looking: asyncio.Task[dict[str, OnDisk]] | None = None
        self._until = 0.0

    async def look(self, runtime: Runtime) -> dict[str, OnDisk]:
        """By agent type. Raises StorageError."""
        if self._looking is None or (self._looking.done() and time.monotonic() > self._until):
            self._looking = asyncio.create_task(self._find(runtime))
        # One who goes away does not end it for the others.
        return await asyncio.shield(self._looking)

    async def _find(self, runtime: Runtime) -> dict[str, OnDisk]:
        self._until = 0.0
        read = await runtime.read(runtime.engine.files_read)
        # Not on the threads of reads: a slow disk must not hold them up.
        found = await asyncio.to_thread(_look, runtime, read)
        self._until = time.monotonic() + KEPT_S
        return found


def register(router: Router) -> None:
    """Add the routes of this module."""
    disk = Disk()

    async def list_agents(request: Request, runtime: Runtime) -> Reply:
        """Every agent of the registry with its channels."""
        asked = v2.decode(request, AgentsQuery)
        uses = uses_by_way(await runtime.read(runtime.engine.channel_uses))
        on_disk = await disk.look(runtime)
        rows = [
            _view(agent, uses.get(agent.agent_type, {}), on_disk.get(agent.agent_type))
            for agent in runtime.registry.agents
            if asked.agent in (None, agent.agent_type)
        ]
        minutes = runtime.settings.auto_import_minutes
        return v2.tagged_response(request, AgentList(agents=rows, auto_import_minutes=minutes))

    router.add("GET", "/api/v2/agents", list_agents, tagged(AgentList, AgentsQuery))


def _look(runtime: Runtime, read: Mapping[str, FileRead]) -> dict[str, OnDisk]:
    deadline = time.monotonic() + LOOK_S
    folders = runtime.settings.folders
    agents = [agent for agent in runtime.registry.agents if agent.has_sessions]
    return {agent.agent_type: look_on_disk(agent, folders, read, deadline) for agent in agents}


def _view(agent: Agent, uses: Mapping[Way, WayUse], disk: OnDisk | None) -> AgentView:
    ways: dict[Way, bool] = {
        "hook": agent.parse_hook is not None,
        "otlp": agent.telemetry is not None,
        "files": agent.has_sessions,
        "api": False,
        "earlier": False,
    }
    return AgentView(
        agent_type=agent.agent_type,
        label=agent.label,
        short=agent.short,
        colors=agent.colors,
        connect=agent.connect,
        last_event_at=_iso(max((use.last_at for use in uses.values()), default=None)),
        channels=[
            _channel(way, uses.get(way), disk if way == "files" else None)
            for way, offered in ways.items()
            if offered or way in uses
        ],
    )


def _channel(way: Way, use: WayUse | None, disk: OnDisk | None) -> ChannelView:
    return ChannelView(
        channel=way,
        events=0 if use is None else use.events,
        last_event_at=None if use is None else _iso(use.last_at),
        disk=None if disk is None else _disk(disk),
    )


def _disk(found: OnDisk) -> DiskView:
    return DiskView(**msgspec.structs.asdict(found) | {"newest_at": _iso(found.newest_at)})


def _iso(at: int | None) -> str | None:
    return None if at is None else to_iso(at)
