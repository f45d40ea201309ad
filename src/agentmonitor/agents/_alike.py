"""Keys of what is reported without an id that all channels know: by what it is like."""

from typing import Any

from agentmonitor.agents._attributes import MAX_ID, fingerprint
from agentmonitor.model.event import LIKENESS

SPAN_MS = 60_000


def near(agent_type: str, kind: str, session_id: str, what: str, at: int) -> tuple[str, str]:
    """A thing of ``kind`` that happened in a session at about ``at``. Two reports of it within
    half a span share at least one of the keys."""
    known = f"{LIKENESS}{agent_type}:{kind}:{session_id[:MAX_ID]}:{what}"
    return f"{known}:a{at // SPAN_MS}", f"{known}:b{(at + SPAN_MS // 2) // SPAN_MS}"


def call(agent_type: str, session_id: str, tool: str, given: Any, at: int) -> tuple[str, str]:
    """A tool call, by its input."""
    return near(agent_type, "tool", session_id, f"{tool[:100]}:{fingerprint(given)}", at)


def prompt(agent_type: str, session_id: str, length: int, at: int) -> tuple[str, str]:
    """A prompt, by its length: its text is not in every channel."""
    return near(agent_type, "prompt", session_id, str(length), at)


def length(text: str) -> int:
    """The length of a text as JavaScript counts it, in UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
