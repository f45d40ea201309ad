"""What Droid's things are known by."""

from agentmonitor.agents.scene import MAX_ID

AGENT_TYPE = "droid"


def session_key(session_id: str) -> str:
    """What a session used as a whole."""
    return f"droid:session:{session_id[:MAX_ID]}"
