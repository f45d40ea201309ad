"""Signals: what a report says about the state that a session is in, whatever the agent."""

from typing import Literal

import msgspec

SignalKind = Literal[
    "session_started",
    "session_ended",
    "turn_started",
    "turn_ended",
    "turn_failed",
    "tool_started",
    "tool_finished",
    "permission_asked",
    "permission_settled",
    "input_asked",
    "input_settled",
    "subagent_started",
    "subagent_ended",
    "compacting",
    "busy",
    "none",
]

MAX_TITLE = 120
"""Characters in a title at most."""


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """One change of a session's state, in neutral words.

    ``thread`` is the sub-agent it comes from ("" is the main one), ``call_id`` the tool call,
    ``reason`` a short machine word, ``detail`` what a human should read.
    """

    kind: SignalKind
    thread: str = ""
    thread_type: str | None = None
    call_id: str | None = None
    tool: str | None = None
    detail: str | None = None
    reason: str | None = None
    title: str | None = None
    is_name: bool = False
    """``title`` is the name that the agent or its human gave the session; otherwise only its
    first prompt."""
    cwd: str | None = None
    implied: bool = False
    """Guessed from an event's type."""


class SessionSignal(msgspec.Struct, frozen=True, kw_only=True):
    """A signal that comes without an event of its own. ``at``: milliseconds since the epoch."""

    session_id: str
    agent_type: str
    at: int
    signal: Signal
    project: str | None = None
    branch: str | None = None
    model: str | None = None
    is_history: bool = False
    """It describes a session that is known from events, and makes none come to life."""


IMPLIED: dict[str, Signal] = {
    "session_start": Signal(kind="session_started", implied=True),
    "session_end": Signal(kind="session_ended", implied=True),
    "user_prompt": Signal(kind="turn_started", implied=True),
    "turn_end": Signal(kind="turn_ended", implied=True),
    "error": Signal(kind="turn_failed", implied=True),
    "permission_request": Signal(kind="permission_asked", implied=True),
    "notification": Signal(kind="none", implied=True),
    "hook": Signal(kind="none", implied=True),
}
"""What an event of a type says when its sender gave no signal; any other type is work."""
BUSY = Signal(kind="busy", implied=True)


def first_line(text: str) -> str | None:
    """The first line of ``text`` with something in it, as a title."""
    line = next((part.strip() for part in text.splitlines() if part.strip()), "")
    return (line[: MAX_TITLE - 1] + "…" if len(line) > MAX_TITLE else line) or None
