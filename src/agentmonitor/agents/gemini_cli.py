"""Gemini CLI."""

from agentmonitor.agents.base import Agent, Colors, Palette

AGENT = Agent(
    agent_type="gemini_cli",
    label="Gemini CLI",
    short="Ge",
    colors=Colors(
        light=Palette(mark="#3797e9", text="#014e90", soft="#e6f2ff"),
        dark=Palette(mark="#3b86da", text="#91c4fe", soft="#14283e"),
    ),
    edit_tools=frozenset({"replace", "write_file"}),
)
