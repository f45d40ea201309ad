"""The agents that there are. A module joins by being named here, a package by an entry point."""

from importlib import import_module

from agentmonitor.agents.base import Agent, Telemetry, UsageWindows
from agentmonitor.agents.genai import GENERIC
from agentmonitor.agents.plugins import plugin_agents
from agentmonitor.config import Settings

_MODULES = (
    "claude_code", "codex", "gemini_cli", "qwen_code", "opencode", "copilot_cli", "amp", "goose",
    "droid",
)  # fmt: skip


class Registry:
    """Every known agent by its type."""

    def __init__(self, agents: list[Agent]) -> None:
        self.agents = agents
        self._by_type = {agent.agent_type: agent for agent in agents}
        self._by_hook = {agent.hook_slug: agent for agent in agents if agent.hook_slug}
        self._by_prefix = {
            agent.telemetry.event_prefix.rstrip("."): agent.telemetry
            for agent in agents
            if agent.telemetry is not None and agent.telemetry.event_prefix
        }
        self._by_service = {
            service: agent.telemetry
            for agent in agents
            if agent.telemetry is not None
            for service in agent.telemetry.services
        }
        self._types = {
            service: agent.agent_type
            for agent in agents
            if agent.telemetry is not None
            for service in agent.telemetry.services
        }
        self.edit_tools = frozenset(tool for agent in agents for tool in agent.edit_tools)
        self.lingering = frozenset(agent.agent_type for agent in agents if agent.lingers)

    def by_type(self, agent_type: str) -> Agent | None:
        """The agent of that type; None when none is known."""
        return self._by_type.get(agent_type)

    def telemetry_of(self, service: str, event: str = "") -> Telemetry:
        """What reads the OTLP records of a service, or of the log event of that name; what nobody
        knows is read generically."""
        known = self.telemetry_of_service(service)
        if known is None and "." in event:
            known = self._by_prefix.get(event.partition(".")[0])
        return known or GENERIC

    def telemetry_of_service(self, service: str) -> Telemetry | None:
        """The same where the service's name alone tells; None when it does not."""
        return self._by_service.get(service)

    def type_of(self, service: str) -> str | None:
        """The type of the agent whose service that is; None when it is nobody's."""
        return self._types.get(service)

    def by_hook(self, slug: str) -> Agent | None:
        """The agent whose hooks arrive under that name."""
        return self._by_hook.get(slug)


def load_registry() -> Registry:
    """The registry of the agents that ship with the program and those of other packages."""
    modules = [import_module(f"agentmonitor.agents.{name}") for name in _MODULES]
    own = [module.AGENT for module in modules]
    return Registry(own + plugin_agents(own))


def usage_windows(agent: Agent, settings: Settings) -> UsageWindows | None:
    """The agent's usage windows with the user's overrides; None when it has no limit."""
    if agent.usage is None:
        return None
    windows = overridden(agent.usage, agent.agent_type, settings)
    has_limit = windows.session_limit or windows.extended_limit or windows.weekly_limit
    return windows if has_limit else None


def overridden(defaults: UsageWindows, agent_type: str, settings: Settings) -> UsageWindows:
    """``defaults`` with the user's overrides for that agent type."""
    suffix = agent_type.upper()
    unit = "TOKEN" if defaults.limit_type == "tokens" else "COST"

    def value(name: str, default: float) -> float:
        own = settings.usage.get(f"{name}_{suffix}")
        return own if own is not None else settings.usage.get(name, default)

    return UsageWindows(
        limit_type=defaults.limit_type,
        session_kind=defaults.session_kind,
        session_hours=value("SESSION_WINDOW_HOURS", defaults.session_hours),
        session_limit=value(f"SESSION_{unit}_LIMIT", defaults.session_limit),
        extended_hours=value("EXTENDED_WINDOW_HOURS", defaults.extended_hours),
        extended_limit=value(f"EXTENDED_{unit}_LIMIT", defaults.extended_limit),
        weekly_hours=value("WEEKLY_WINDOW_HOURS", defaults.weekly_hours),
        weekly_limit=value(f"WEEKLY_{unit}_LIMIT", defaults.weekly_limit),
    )
