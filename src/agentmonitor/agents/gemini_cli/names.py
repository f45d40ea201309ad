"""What Gemini CLI's things are called, in its files, its telemetry and its hooks alike.

No id of a model request is in more than one channel: a request is recognised by what it used, and
its record counts only as long as the session's file tells of no usage.
"""

from agentmonitor.agents._eventlog import Dialect

AGENT_TYPE = "gemini_cli"

DIALECT = Dialect(
    agent_type=AGENT_TYPE,
    services=frozenset({"gemini-cli"}),
    prefix="gemini_cli.",
    metric="gemini_cli.token.usage",
)


def message_key(message_id: str) -> str:
    """A message of a session file, which is also its model request."""
    return DIALECT.key("message", message_id)
