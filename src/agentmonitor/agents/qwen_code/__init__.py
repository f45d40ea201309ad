"""Qwen Code: what it is called, and where its sessions are."""

from agentmonitor.agents._telemetry import telemetry
from agentmonitor.agents.base import Agent, Colors, Palette
from agentmonitor.agents.qwen_code.files import SESSION_FILES
from agentmonitor.agents.qwen_code.names import AGENT_TYPE, DIALECT

AGENT = Agent(
    agent_type=AGENT_TYPE,
    label="Qwen Code",
    short="Qw",
    colors=Colors(
        light=Palette(mark="#7450d4", text="#49279c", soft="#f1ebff"),
        dark=Palette(mark="#9b80f2", text="#cbbaff", soft="#251a45"),
    ),
    telemetry=telemetry(DIALECT),
    files=SESSION_FILES,
    edit_tools=frozenset({"edit", "replace", "write_file"}),
)
