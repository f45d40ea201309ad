"""Claude Code: what it is called, how it is connected, what its limits are."""

from agentmonitor.agents.base import (
    Agent,
    Colors,
    Connect,
    Palette,
    Telemetry,
    UsageWindows,
    lazily,
)
from agentmonitor.agents.claude_code.files import FILES
from agentmonitor.agents.claude_code.hooks import HTTP_EVENTS, parse_hook
from agentmonitor.agents.claude_code.keys import AGENT_TYPE
from agentmonitor.agents.claude_code.values import SERVICES

_HOOK = '[{ "hooks": [{ "type": "http", "url": "{origin}/api/hooks/claude-code" }] }]'
_ENTRIES = ",\n".join(f'    "{name}": {_HOOK}' for name in HTTP_EVENTS)

AGENT = Agent(
    agent_type=AGENT_TYPE,
    label="Claude Code",
    short="CC",
    colors=Colors(
        light=Palette(mark="#d97a3e", text="#823800", soft="#ffece3"),
        dark=Palette(mark="#e18045", text="#ffae84", soft="#371e11"),
    ),
    hook_slug="claude-code",
    parse_hook=parse_hook,
    parse_statusline=lazily("agentmonitor.agents.claude_code.statusline:parse_statusline"),
    files=FILES,
    telemetry=Telemetry(
        services=SERVICES,
        log=lazily("agentmonitor.agents.claude_code.otlp:log"),
        points=lazily("agentmonitor.agents.claude_code.metrics:points"),
        span=lazily("agentmonitor.agents.claude_code.metrics:span"),
    ),
    connect=Connect(
        title="Point Claude Code's hooks here",
        file="~/.claude/settings.json",
        snippet=f'{{\n  "hooks": {{\n{_ENTRIES}\n  }}\n}}',
    ),
    setup=lazily("agentmonitor.agents.claude_code.connect:setup"),
    usage=UsageWindows(
        limit_type="tokens", session_kind="block", session_limit=44_000, weekly_limit=293_000
    ),
    lingers=True,
    edit_tools=frozenset({"Edit", "MultiEdit", "NotebookEdit", "Write"}),
)
