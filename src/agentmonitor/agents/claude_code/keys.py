"""What an activity is known by in every channel: hooks, session files and telemetry.

Events that share a key are one activity; see ``Event.keys``.
"""

from zlib import crc32

from agentmonitor.model.event import LIKENESS

AGENT_TYPE = "claude_code"

MAX_ID = 256
"""Characters of an id in a key; real ones have about 40."""
_SPAN = 60_000
_USED = f"{LIKENESS}claude_code:used:"
_COMPARED = 500
"""Characters by which prompts are compared."""


def request(request_id: str) -> str:
    """A model request, by the id that the API gave it."""
    return f"claude_code:request:{request_id[:MAX_ID]}"


def message(message_id: str) -> str:
    """A model request, by the id of the message that answered it."""
    return f"claude_code:message:{message_id[:MAX_ID]}"


def figures(session_id: str, *counts: int) -> str:
    """A model request, by what it used: some lines of session files lack the request's id, which
    is all that telemetry has."""
    return f"{_USED}{session_id[:MAX_ID]}:{':'.join(map(str, counts))}"


def tool(call_id: str) -> str:
    """A tool call."""
    return f"claude_code:tool:{call_id[:MAX_ID]}"


def prompt(prompt_id: str) -> str:
    """What a human asked."""
    return f"claude_code:prompt:{prompt_id[:MAX_ID]}"


def line(uuid: str) -> str:
    """A line of a session file; copies of the line have the same uuid."""
    return f"claude_code:line:{uuid[:MAX_ID]}"


def failed_request(request_id: str) -> str:
    """The error that a model request ended with."""
    return f"claude_code:error:{request_id[:MAX_ID]}"


def likely(kind: str, session_id: str, at: int, what: str = "") -> tuple[str, str]:
    """A thing of ``kind`` that happened in a session at about ``at``, reported without an id that
    all channels know. Two reports within half a span share at least one of the keys."""
    known = f"{LIKENESS}claude_code:{kind}:{session_id[:MAX_ID]}:{what}"
    return f"{known}:a{at // _SPAN}", f"{known}:b{(at + _SPAN // 2) // _SPAN}"


def likely_prompt(session_id: str, at: int, text: str) -> tuple[str, str]:
    """What a human asked, where not every report has the prompt's id."""
    beginning = " ".join(text[:_COMPARED].split())
    found = crc32(beginning.encode("utf-8", "replace"))
    return likely("prompt", session_id, at, f"{found:08x}")
