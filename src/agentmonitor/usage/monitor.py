"""The usage monitor of contract version 1: what each agent has used of its guessed limits."""

from agentmonitor.agents.registry import Registry, usage_windows
from agentmonitor.config import Settings
from agentmonitor.model.clock import HOUR_MS, MINUTE_MS
from agentmonitor.model.stats import AgentUsage, Window
from agentmonitor.storage.engine import Readable


def usage_monitor(
    store: Readable, registry: Registry, settings: Settings, now: int
) -> list[AgentUsage]:
    """One entry for each agent type that was seen and has a limit. ``now``: ms."""
    result = []
    # This minute as a whole; what is dated ahead of it is not used yet.
    end = now // MINUTE_MS * MINUTE_MS + MINUTE_MS
    for agent_type in store.agent_types():
        agent = registry.by_type(agent_type)
        windows = None if agent is None else usage_windows(agent, settings)
        if windows is None:
            continue
        is_tokens = windows.limit_type == "tokens"

        def window(hours: float, limit: float, by_tokens: bool, of: str) -> Window:
            use = store.used_between(of, now - int(hours * HOUR_MS), end)
            used = use.tokens if by_tokens else use.cost_usd
            return Window(used=used, limit=limit, window_hours=hours)

        session = window(windows.session_hours, windows.session_limit, is_tokens, agent_type)
        extended = weekly = None
        if windows.extended_limit:
            extended = window(windows.extended_hours, windows.extended_limit, is_tokens, agent_type)
        if windows.weekly_limit:
            weekly = window(windows.weekly_hours, windows.weekly_limit, is_tokens, agent_type)
        result.append(
            AgentUsage(
                agent_type=agent_type,
                limitType=windows.limit_type,
                session=session,
                extended=extended,
                weekly=weekly,
            )
        )
    return result
