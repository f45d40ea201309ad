"""What Codex's things are known by, in its session files, its telemetry and its hooks alike.

Events that share a key are one activity; see ``Event.keys``.
"""

from zlib import crc32

from agentmonitor.model.event import LIKENESS

AGENT_TYPE = "codex"

# Shorter ids come from providers that number their calls anew in every session.
_UNIQUE = 20
_MAX = 256


def tool_key(thread: str, call_id: str) -> str:
    """A tool call."""
    if len(call_id) < _UNIQUE:
        return f"codex:tool:{thread}:{call_id}"[:_MAX]
    return f"codex:tool:{call_id}"[:_MAX]


def turn_key(thread: str, turn_id: str, part: str) -> str | None:
    """One part (``end``) of a turn. None for the numbers that old versions gave to turns: those
    begin anew when a session is resumed."""
    return f"codex:turn:{thread}:{turn_id}:{part}"[:_MAX] if len(turn_id) >= _UNIQUE else None


def prompt_key(thread: str, turn_id: str, prompt: str) -> str | None:
    """What a human said in a turn; one may say several things in it."""
    return turn_key(thread, turn_id, f"prompt:{crc32(prompt.encode('utf-8', 'replace')):08x}")


def session_key(thread: str, part: str) -> str:
    """One part (``start``) of a thread."""
    return f"codex:session:{thread}:{part}"[:_MAX]


def request_keys(thread: str, counts: tuple[int, int, int, int], at: int) -> tuple[str, str]:
    """A model request, by what it used (input, cached, output, reasoning) and when it ended.

    Neither the session files nor the telemetry name a request. Both have its thread and its
    counts, and both are written within a moment of each other.
    """
    return _likely(f"request:{thread}:" + ".".join(map(str, counts)), at, 6000)


def prompt_keys(thread: str, length: int, at: int) -> tuple[str, str]:
    """A prompt, by its length in characters: its text is hidden in telemetry unless the user
    wants it there."""
    return _likely(f"prompt:{thread}:{length}", at, 60_000)


def compaction_keys(thread: str, at: int) -> tuple[str, str]:
    """A compaction of the context."""
    return _likely(f"compaction:{thread}", at, 60_000)


def _likely(what: str, at: int, span: int) -> tuple[str, str]:
    """Two reports of the same thing within half a span share at least one of the keys."""
    stem = f"{LIKENESS}codex:{what}"[:_MAX]
    return f"{stem}:a{at // span}", f"{stem}:b{(at + span // 2) // span}"


HOOK_EVENTS = (
    "SessionStart", "UserPromptSubmit", "PreToolUse", "PermissionRequest", "PostToolUse",
    "PreCompact", "PostCompact", "SubagentStart", "SubagentStop", "Stop",
)  # fmt: skip
"""The events to subscribe to: those of every version with hooks that are on by default."""

SERVICES = frozenset(
    {
        "codex", "codex-cli", "codex_cli", "codex_cli_rs", "codex-tui", "codex_tui", "codex_exec",
        "codex-exec", "codex_vscode", "codex_sdk_ts", "codex_sdk_py", "codex_sdk_python",
        "codex_mcp_server", "codex-mcp-server", "codex-app-server", "codex_app_server",
        "codex_desktop", "codex-desktop", "Codex Desktop", "codex_work_desktop", "codex-acp",
        "codex_acp", "codex_xcode", "codex_jetbrains", "codex_github_action",
    }
)  # fmt: skip
"""Known originators. Others may be set by who embeds the agent."""
