"""Where a line of a session file belongs, and what its reader has to remember for later lines."""

from typing import Any

import msgspec

from agentmonitor.agents.claude_code import tools
from agentmonitor.agents.claude_code.keys import AGENT_TYPE
from agentmonitor.model.event import Event, EventType
from agentmonitor.model.signal import SessionSignal, Signal, SignalKind
from agentmonitor.model.usage import Channel, Report

MAX_CALLS = 64
"""Tool calls without a result that are remembered. Interrupted ones never get theirs."""
MAX_ABOUT = 4000
"""Characters kept of what such a call is about."""
INLINE = "sidechain"
"""The thread of a sub-agent that has no id: old versions wrote its lines among the others."""

_COPY = Report(is_copy=True)


class Call(msgspec.Struct, omit_defaults=True):
    """A tool call whose result has not been read."""

    name: str
    at: int
    about: dict[str, Any] = {}


class State(msgspec.Struct, omit_defaults=True):
    """What a reader knows after a line. Saved as JSON; every part of it is bounded."""

    session_id: str = ""
    at: int | None = None
    cwd: str | None = None
    branch: str | None = None
    mode: str = ""
    thread_type: str | None = None
    title: str | None = None
    title_rank: int = 0
    untold: bool = False
    """The title came before any time was known, and waits for one."""
    calls: dict[str, Call] = {}

    def begin(self, call_id: str, call: Call) -> None:
        """Remember a call; of too many the oldest is forgotten."""
        kept = MAX_ABOUT
        about = {}
        for key, value in call.about.items():
            about[key] = value[:kept]
            kept -= len(about[key])
            if kept <= 0:
                break
        call.about = about
        self.calls.pop(call_id, None)
        if len(self.calls) >= MAX_CALLS:
            self.calls.pop(next(iter(self.calls)))
        self.calls[call_id] = call


class Place(msgspec.Struct, kw_only=True, gc=False):
    """The session, time, folder and thread of one line, and whether the line is a copy."""

    session_id: str
    at: int
    cwd: str | None
    branch: str | None
    thread: str = ""
    thread_type: str | None = None
    is_copy: bool = False

    def signal(self, kind: SignalKind, **fields: Any) -> Signal:
        """A signal of the line's thread."""
        return Signal(
            kind=kind, thread=self.thread, thread_type=self.thread_type, cwd=self.cwd, **fields
        )

    def metadata(self) -> dict[str, Any]:
        """What an event says of the sub-agent that it comes from."""
        if not self.thread:
            return {}
        if self.thread == INLINE:
            return {"is_sidechain": True}
        found = {"subagent_id": self.thread}
        if self.thread_type:
            found["subagent_type"] = self.thread_type
        return found


class Out:
    """What a line said so far."""

    __slots__ = ("events", "signals")

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.signals: list[SessionSignal] = []

    def event(
        self,
        place: Place,
        event_type: EventType,
        metadata: dict[str, Any],
        signal: Signal,
        keys: tuple[str, ...],
        report: Report | None = None,
        **fields: Any,
    ) -> None:
        """One event."""
        if report is None and place.is_copy:
            report = _COPY
        self.events.append(
            Event(
                session_id=place.session_id,
                agent_type=AGENT_TYPE,
                event_type=event_type,
                branch=place.branch,
                source="import",
                channel=Channel.FILE,
                occurred_at=place.at,
                metadata=metadata,
                signal=signal,
                keys=keys,
                report=report,
                **fields,
            )
        )

    def signal(self, place: Place, signal: Signal) -> None:
        """A change of state that is no event of its own."""
        self.signals.append(
            SessionSignal(
                session_id=place.session_id,
                agent_type=AGENT_TYPE,
                at=place.at,
                signal=signal,
                branch=place.branch,
            )
        )


def optional(value: Any) -> str | None:
    """A name, or None."""
    return None if value is None else tools.word(value) or None
