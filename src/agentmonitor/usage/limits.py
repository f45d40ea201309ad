"""The limits that an agent's windows are compared with."""

from math import ceil

import msgspec

from agentmonitor.agents.base import UsageWindows
from agentmonitor.agents.registry import Registry, overridden
from agentmonitor.config import Settings

_NONE = UsageWindows(limit_type="tokens", session_limit=0)
"""For an agent that declares nothing: the usual lengths, no limit."""
_MAX_BLOCK_HOURS = 168
_SAME_LENGTH = 1.1
"""Agents report lengths such as 299 minutes for five hours."""


class Slot(msgspec.Struct, kw_only=True, frozen=True):
    """One of the windows that every agent has."""

    name: str
    hours: float
    limit: float
    """0: none."""
    is_block: bool = False
    declared_hours: float
    """The length without the user's overrides: what the agent itself goes by."""

    def fits(self, hours: float) -> bool:
        """Whether a window that the agent reports, of that length, is this one."""
        lengths = (self.hours, self.declared_hours)
        return any(hours <= own * _SAME_LENGTH and own <= hours * _SAME_LENGTH for own in lengths)


def limits(registry: Registry, settings: Settings, agent_type: str) -> UsageWindows:
    """The windows of any agent type, with the user's overrides."""
    return overridden(_declared(registry, agent_type), agent_type, settings)


def slots(registry: Registry, settings: Settings, agent_type: str) -> list[Slot]:
    """Session, extended, weekly."""
    own, declared = limits(registry, settings, agent_type), _declared(registry, agent_type)
    is_block = own.session_kind == "block"
    return [
        Slot(
            name="session",
            hours=block_hours(own) if is_block else own.session_hours,
            limit=own.session_limit,
            is_block=is_block,
            declared_hours=declared.session_hours,
        ),
        Slot(
            name="extended",
            hours=own.extended_hours,
            limit=own.extended_limit,
            declared_hours=declared.extended_hours,
        ),
        Slot(
            name="weekly",
            hours=own.weekly_hours,
            limit=own.weekly_limit,
            declared_hours=declared.weekly_hours,
        ),
    ]


def block_hours(windows: UsageWindows) -> int:
    """The length of a block: whole hours, because blocks begin on full hours."""
    return max(1, min(ceil(windows.session_hours), _MAX_BLOCK_HOURS))


def _declared(registry: Registry, agent_type: str) -> UsageWindows:
    agent = registry.by_type(agent_type)
    return _NONE if agent is None or agent.usage is None else agent.usage
