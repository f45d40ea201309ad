"""What an activity is known by in every channel: hooks, session files and telemetry.

Events that share a key are one activity; see ``Event.keys``.
"""

import re
from typing import Any
from zlib import crc32

from agentmonitor.model.event import LIKENESS

AGENT_TYPE = "claude_code"

MAX_ID = 256
"""Characters of an id in a key; real ones have about 40."""
_SPAN = 60_000
_MOMENT = 1_000
_CALLS_NAMED = (2, 1, 119)
"""The version whose telemetry first has the ids of tool calls."""
_VERSION = re.compile(r"(\d{1,6})\.(\d{1,6})\.(\d{1,6})")
_USED = f"{LIKENESS}claude_code:used:"
_COMPARED = 500
"""Characters by which prompts are compared."""


def request(request_id: str) -> str:
    """A model request, by the id that the API gave it."""
    return f"claude_code:request:{request_id[:MAX_ID]}"


def message(message_id: str) -> str:
    """A model request, by the id of the message that answered it."""
    return f"claude_code:message:{message_id[:MAX_ID]}"


def figures(session_id: str, fresh: int, output: int, read: int, written: int) -> str:
    """A model request, by what it used: some lines of session files lack the request's id, which
    is all that telemetry has."""
    return f"{_USED}{session_id[:MAX_ID]}:{fresh}:{output}:{read}:{written}"


def tool(call_id: str) -> str:
    """A tool call."""
    return f"claude_code:tool:{call_id[:MAX_ID]}"


def names_calls(version: Any) -> bool:
    """Whether the telemetry of a client's version has the ids of tool calls."""
    found = _VERSION.match(version) if isinstance(version, str) else None
    return found is None or tuple(map(int, found.groups())) >= _CALLS_NAMED


def likely_call(session_id: str, name: str, at: int) -> str:
    """A tool call whose id telemetry does not have, by the second in which it ended: the session's
    file and the telemetry write their lines within a few milliseconds of each other.

    It is one key, not two that overlap: those would make one of two calls that each share one with
    a third report. So a call that ends with a second may count twice, as does all but one of the
    calls of the same tool that end in the same second; no two are taken for one.
    """
    # Telemetry hides the names of MCP servers.
    known = "mcp" if name.startswith("mcp_") else name[:100]
    return f"{LIKENESS}claude_code:call:{session_id[:MAX_ID]}:{known}:{at // _MOMENT}"


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
