"""Codex CLI."""

from agentmonitor.agents.base import Agent, Colors, Palette, UsageWindows

AGENT = Agent(
    agent_type="codex",
    label="Codex CLI",
    short="Cx",
    colors=Colors(
        light=Palette(mark="#006a60", text="#02574c", soft="#dcf7f1"),
        dark=Palette(mark="#56cdbd", text="#5fd4bf", soft="#06302a"),
    ),
    usage=UsageWindows(
        limit_type="cost", session_limit=500, extended_hours=168, extended_limit=1500
    ),
    edit_tools=frozenset({"apply_patch"}),
)
