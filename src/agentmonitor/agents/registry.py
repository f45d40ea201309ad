"""The agents that there are. A module joins by being named here."""

from importlib import import_module

from agentmonitor.agents.base import Agent, UsageWindows
from agentmonitor.config import Settings

_MODULES = ("claude_code", "codex", "gemini_cli")


class Registry:
    """Every known agent by its type."""

    def __init__(self, agents: list[Agent]) -> None:
        self.agents = agents
        self._by_type = {agent.agent_type: agent for agent in agents}
        self._by_hook = {agent.hook_slug: agent for agent in agents if agent.hook_slug}
        self.edit_tools = frozenset(tool for agent in agents for tool in agent.edit_tools)
        self.lingering = frozenset(agent.agent_type for agent in agents if agent.lingers)

    def by_type(self, agent_type: str) -> Agent | None:
        """The agent of that type; None when none is known."""
        return self._by_type.get(agent_type)

    def by_hook(self, slug: str) -> Agent | None:
        """The agent whose hooks arrive under that name."""
        return self._by_hook.get(slug)


def load_registry() -> Registry:
    """The registry of the agents that ship with the program."""
    modules = [import_module(f"agentmonitor.agents.{name}") for name in _MODULES]
    return Registry([module.AGENT for module in modules])


def usage_windows(agent: Agent, settings: Settings) -> UsageWindows | None:
    """The agent's usage windows with the user's overrides; None when it has no limit."""
    defaults = agent.usage
    if defaults is None:
        return None
    suffix = agent.agent_type.upper()
    unit = "TOKEN" if defaults.limit_type == "tokens" else "COST"

    def value(name: str, default: float) -> float:
        own = settings.usage.get(f"{name}_{suffix}")
        return own if own is not None else settings.usage.get(name, default)

    windows = UsageWindows(
        limit_type=defaults.limit_type,
        session_hours=value("SESSION_WINDOW_HOURS", defaults.session_hours),
        session_limit=value(f"SESSION_{unit}_LIMIT", defaults.session_limit),
        extended_hours=value("EXTENDED_WINDOW_HOURS", defaults.extended_hours),
        extended_limit=value(f"EXTENDED_{unit}_LIMIT", defaults.extended_limit),
        weekly_hours=value("WEEKLY_WINDOW_HOURS", defaults.weekly_hours),
        weekly_limit=value(f"WEEKLY_{unit}_LIMIT", defaults.weekly_limit),
    )
    has_limit = windows.session_limit or windows.extended_limit or windows.weekly_limit
    return windows if has_limit else None
