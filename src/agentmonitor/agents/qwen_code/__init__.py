"""Qwen Code: what it is called, and where its sessions are."""

from agentmonitor.agents._telemetry import telemetry
from agentmonitor.agents.base import Agent, Colors, Connect, Palette, lazily
from agentmonitor.agents.qwen_code.files import SESSION_FILES
from agentmonitor.agents.qwen_code.names import AGENT_TYPE, DIALECT, HOOK_EVENTS

_HOOK = '[{ "hooks": [{ "type": "http", "url": "{origin}/api/hooks/qwen-code", "timeout": 2 }] }]'
_ENTRIES = ",\n".join(f'    "{name}": {_HOOK}' for name in HOOK_EVENTS)

AGENT = Agent(
    agent_type=AGENT_TYPE,
    label="Qwen Code",
    short="Qw",
    colors=Colors(
        light=Palette(mark="#7450d4", text="#49279c", soft="#f1ebff"),
        dark=Palette(mark="#9b80f2", text="#cbbaff", soft="#251a45"),
    ),
    hook_slug="qwen-code",
    parse_hook=lazily("agentmonitor.agents.qwen_code.hooks:parse_hook"),
    telemetry=telemetry(DIALECT),
    files=SESSION_FILES,
    connect=Connect(
        title="Point Qwen Code's hooks here",
        file="~/.qwen/settings.json",
        snippet=f'{{\n  "hooks": {{\n{_ENTRIES}\n  }}\n}}',
    ),
    setup=lazily("agentmonitor.agents.qwen_code.connect:setup"),
    edit_tools=frozenset({"edit", "replace", "write_file"}),
)
