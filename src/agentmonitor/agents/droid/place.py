"""Which session a transcript belongs to.

A sub-agent's transcript lies among the others. Its first line, ``session_start``, names the session
whose call started it, ``callingSessionId``; that may be a sub-agent's as well.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agentmonitor.agents.documents import decoded_object, name
from agentmonitor.errors import UnreadableLine

_DEEP = 8
"""Sub-agents within each other that are followed."""
_FIRST_LINE = 1 << 20
"""Bytes of a first line at most."""


def caller(start: Mapping[str, Any]) -> str:
    """The session that started the one with this ``session_start``; "" when a human did."""
    return name(start.get("callingSessionId"))


def owner(transcript: Path, start: Mapping[str, Any]) -> tuple[str, str]:
    """The session of a transcript, and its thread in it: "" is the main one."""
    own = name(start.get("id")) or name(transcript.name.removesuffix(".jsonl")) or "session"
    seen, session = {own}, caller(start)
    for _ in range(_DEEP):
        found = _beside(transcript, session)
        above = caller(beginning(found)) if found is not None else ""
        if not above or above in seen:
            break
        seen.add(session)
        session = above
    return (session, own) if session and session != own else (own, "")


def beginning(transcript: Path) -> Mapping[str, Any]:
    """The ``session_start`` of a transcript; nothing when it has none or cannot be read."""
    try:
        with transcript.open("rb") as file:
            start = decoded_object(file.readline(_FIRST_LINE))
    except (OSError, UnreadableLine):
        return {}
    return start if start.get("type") == "session_start" else {}


def _beside(transcript: Path, session: str) -> Path | None:
    """The transcript of another session: in the same folder, or in another project's."""
    file = f"{session}.jsonl"
    if not session or Path(file).name != file:
        return None
    near = transcript.with_name(file)
    try:
        if near.is_file():
            return near
        folders = [each for each in transcript.parent.parent.iterdir() if each.is_dir()]
        return next((path for each in folders if (path := each / file).is_file()), None)
    except OSError:
        return None
