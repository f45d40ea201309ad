"""Whether agents are connected: which channels their settings point at us."""

from collections.abc import Iterable
from typing import Literal

import msgspec

from agentmonitor.agents.base import Agent
from agentmonitor.agents.setup import Channel, SettingsFile, Wanted
from agentmonitor.connect.files import read_bytes
from agentmonitor.connect.plan import edited
from agentmonitor.errors import AgentMonitorError

State = Literal["here", "partly", "no", "elsewhere"]
"""here: all of it comes to us. partly: some of it. no: it is not set. elsewhere: the user has set
it otherwise."""


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """One installed agent whose settings can point at us."""

    agent_type: str
    label: str
    files: list[str]
    channels: dict[Channel, State] = {}
    notes: list[str] = []
    fault: str | None = None
    """Why its settings cannot be read."""


def connections(agents: Iterable[Agent], wanted: Wanted) -> list[Connection]:
    """The installed agents that have something to set, and how it is set. Reads files only."""
    found = []
    for agent in agents:
        if agent.setup is None:
            continue
        channels: dict[Channel, list[bool]] = {}
        files: list[str] = []
        notes: list[str] = []
        fault = None
        try:
            setup = agent.setup(wanted)
            if setup is None:
                continue
            files += [str(file.path) for file in setup.files]
            for file in setup.files:
                notes += _look(file, channels)
        except AgentMonitorError as error:
            channels, fault = {}, str(error)
        found.append(
            Connection(
                agent_type=agent.agent_type,
                label=agent.label,
                files=files,
                channels={channel: _state(there) for channel, there in channels.items()},
                notes=notes,
                fault=fault,
            )
        )
    return found


def _look(file: SettingsFile, channels: dict[Channel, list[bool]]) -> list[str]:
    """Add for each edit whether it is there; the notes."""
    for edit in file.changes({}).edits:
        channels.setdefault(edit.channel, [])
    found = edited(file, read_bytes(file.path))
    missing = [done.edit for done in found.done]
    for edit in found.wanted.edits:
        channels.setdefault(edit.channel, []).append(edit not in missing)
    return found.wanted.notes


def _state(there: list[bool]) -> State:
    if not there:
        return "elsewhere"
    return "here" if all(there) else "partly" if any(there) else "no"
