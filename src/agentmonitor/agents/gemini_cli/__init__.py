"""Gemini CLI: what it is called and how it is connected."""

from agentmonitor.agents._telemetry import telemetry
from agentmonitor.agents.base import Agent, Colors, Connect, Palette, lazily
from agentmonitor.agents.gemini_cli.files import SESSION_FILES
from agentmonitor.agents.gemini_cli.hooks import HOOK_EVENTS, parse_hook
from agentmonitor.agents.gemini_cli.names import AGENT_TYPE, DIALECT

# Its hooks can only run commands. What a command prints would be read as an instruction.
_COMMAND = (
    "curl -s -m 2 -o /dev/null -X POST -H 'Content-Type: application/json'"
    " --data-binary @- {origin}/api/hooks/gemini-cli || true"
)
_HOOK = f'[{{ "hooks": [{{ "type": "command", "command": "{_COMMAND}", "timeout": 5000 }}] }}]'
_ENTRIES = ",\n".join(f'    "{name}": {_HOOK}' for name in HOOK_EVENTS)

AGENT = Agent(
    agent_type=AGENT_TYPE,
    label="Gemini CLI",
    short="Ge",
    colors=Colors(
        light=Palette(mark="#3797e9", text="#014e90", soft="#e6f2ff"),
        dark=Palette(mark="#3b86da", text="#91c4fe", soft="#14283e"),
    ),
    hook_slug="gemini-cli",
    parse_hook=parse_hook,
    telemetry=telemetry(DIALECT),
    files=SESSION_FILES,
    connect=Connect(
        title="Point Gemini CLI's hooks here",
        file="~/.gemini/settings.json",
        snippet=f'{{\n  "hooks": {{\n{_ENTRIES}\n  }}\n}}',
    ),
    setup=lazily("agentmonitor.agents.gemini_cli.connect:setup"),
    edit_tools=frozenset({"replace", "write_file"}),
)
