"""A call of a tool that failed, in a few words: what was asked, and what came of it."""

from typing import Any

import msgspec

from agentmonitor.model.clock import IsoTime
from agentmonitor.model.session import EventRow
from agentmonitor.model.story import StoryRow, story_entry

MAX_COMMAND = 400
MAX_ERROR = 800
"""Characters that are shown of each; the session's transcript has all of them."""
_NAMED = (
    "command", "file_path", "path", "pattern", "query", "url", "skill", "subagent_type",
    "description", "prompt",
)  # fmt: skip
"""What says best what a call was about, the best first."""
_NESTED = ("input", "tool_input")


class Failure(msgspec.Struct, kw_only=True):
    """One call that was no success. Command and error are untrusted text."""

    event_id: int
    session_id: str
    session_title: str | None
    agent_type: str
    project: str | None
    branch: str | None
    model: str | None
    tool: str
    time: IsoTime
    """ISO 8601 UTC."""
    status: str
    """`error` or `timeout`."""
    duration_ms: int | None
    command: str | None
    """The command, path, query or address of the call; its beginning, when it is long."""
    error: str | None
    """What the agent gave as the error, else the output; its beginning, when it is long."""


def failure(event: EventRow, title: str | None, metadata: Any) -> Failure:
    """The failure of ``event``; ``metadata``: all of it."""
    entry = story_entry(
        StoryRow(
            event=event, metadata=metadata, subagent=None, file=None, lines_added=0, lines_removed=0
        )
    )
    error = entry.error or entry.output or entry.text
    return Failure(
        event_id=event.id,
        session_id=event.session_id,
        session_title=title,
        agent_type=event.agent_type,
        project=event.project,
        branch=event.branch,
        model=event.model,
        tool=event.tool_name or "",
        time=entry.time,
        status=event.status,
        duration_ms=event.duration_ms,
        command=_cut(_asked(entry.input or {}), MAX_COMMAND),
        error=_cut(error, MAX_ERROR),
    )


def _asked(given: dict[str, Any]) -> str | None:
    for facts in (given, *(given.get(name) for name in _NESTED)):
        if isinstance(facts, dict):
            for name in _NAMED:
                value = facts.get(name)
                if isinstance(value, str) and value:
                    return value
        elif isinstance(facts, str) and facts:
            return facts
    return None


def _cut(text: str | None, limit: int) -> str | None:
    text = (text or "").strip()
    if not text:
        return None
    return text if len(text) <= limit else text[: limit - 1] + "…"
