"""Codex CLI: what it is called, how it is connected, what its limits are."""

from agentmonitor.agents.base import (
    Agent,
    Colors,
    Connect,
    Palette,
    Telemetry,
    UsageWindows,
    lazily,
)
from agentmonitor.agents.codex.files import SESSION_FILES
from agentmonitor.agents.codex.names import AGENT_TYPE, HOOK_EVENTS, SERVICES

# Its hooks can only run commands. What a command prints would be read as an instruction.
_COMMAND = (
    "curl -s -m 2 -o /dev/null -X POST -H 'Content-Type: application/json'"
    " --data-binary @- {origin}/api/hooks/codex || true"
)
_HOOK = f'[{{ "hooks": [{{ "type": "command", "command": "{_COMMAND}", "timeout": 5 }}] }}]'
_ENTRIES = ",\n".join(f'    "{name}": {_HOOK}' for name in HOOK_EVENTS)

AGENT = Agent(
    agent_type=AGENT_TYPE,
    label="Codex CLI",
    short="Cx",
    colors=Colors(
        light=Palette(mark="#006a60", text="#02574c", soft="#dcf7f1"),
        dark=Palette(mark="#56cdbd", text="#5fd4bf", soft="#06302a"),
    ),
    hook_slug="codex",
    parse_hook=lazily("agentmonitor.agents.codex.hooks:parse_hook"),
    telemetry=Telemetry(
        services=SERVICES, event_prefix="codex.", log=lazily("agentmonitor.agents.codex.otlp:log")
    ),
    files=SESSION_FILES,
    connect=Connect(
        title="Point Codex's hooks here",
        file="~/.codex/hooks.json",
        snippet=f'{{\n  "hooks": {{\n{_ENTRIES}\n  }}\n}}',
    ),
    setup=lazily("agentmonitor.agents.codex.connect:setup"),
    usage=UsageWindows(
        limit_type="cost", session_limit=500, extended_hours=168, extended_limit=1500
    ),
    edit_tools=frozenset({"apply_patch"}),
)
