"""What Qwen Code's things are called, in its files and its telemetry alike.

A model request has the id of its answer in the telemetry, and in the ``ui_telemetry`` lines of the
session's file, but not on the line of the answer itself. For most providers the output holds the
thoughts.
"""

from agentmonitor.agents._eventlog import Dialect

AGENT_TYPE = "qwen_code"

HOOK_EVENTS = (
    "SessionStart", "UserPromptSubmit", "PreToolUse", "PostToolUse", "PostToolUseFailure",
    "PermissionRequest", "PermissionDenied", "Notification", "SubagentStart", "SubagentStop",
    "PreCompact", "PostCompact", "Stop", "StopFailure", "SessionEnd",
)  # fmt: skip
"""The events to subscribe to."""

DIALECT = Dialect(
    agent_type=AGENT_TYPE,
    services=frozenset({"qwen-code"}),
    prefix="qwen-code.",
    metric="qwen-code.token.usage",
    holds_thoughts=True,
)


def line_key(uuid: str) -> str:
    """A line of a session file; copies of the line have the same uuid."""
    return DIALECT.key("line", uuid)


def subagent_key(session_id: str, thread: str) -> str:
    """The start of a sub-agent."""
    return DIALECT.key("subagent", f"{session_id[:128]}:{thread[:120]}")
