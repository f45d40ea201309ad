"""Events and signals as the readers of session documents make them."""

from typing import Any

import msgspec

from agentmonitor.model.event import Event, EventType
from agentmonitor.model.signal import SessionSignal, Signal, SignalKind
from agentmonitor.model.usage import Channel, Report

MAX_ID = 256
"""Characters of an id in a key."""
_UNIQUE = 20

USAGE = Report()
SUM = Report(session_wide=True)
"""Of usage that a client tells for a session as a whole."""


def is_unique(call_id: str) -> bool:
    """Whether a provider draws such ids at random; some number their calls anew in each session:
    ``call_1``, ``functions.bash:12``."""
    return len(call_id) >= _UNIQUE and not any(mark in call_id for mark in ":. ")


def own_key(agent_type: str, kind: str, session_id: str, own_id: str) -> str:
    """What a thing with an id of its own is known by."""
    known = own_id if is_unique(own_id) else f"{session_id[:MAX_ID]}:{own_id}"
    return f"{agent_type}:{kind}:{known[: 2 * MAX_ID]}"


def tool_key(agent_type: str, session_id: str, call_id: str) -> str:
    """What a tool call is known by."""
    return own_key(agent_type, "tool", session_id, call_id)


class Scene(msgspec.Struct, kw_only=True):
    """Where things happen: a session, or a sub-agent's thread in it."""

    agent_type: str
    session_id: str
    thread: str = ""
    thread_type: str | None = None
    cwd: str | None = None
    branch: str | None = None
    title: str | None = None

    def signal(self, kind: SignalKind, **fields: Any) -> Signal:
        """A signal of this thread."""
        return Signal(
            kind=kind, thread=self.thread, thread_type=self.thread_type, cwd=self.cwd, **fields
        )

    def report(self, kind: SignalKind, at: int, **fields: Any) -> SessionSignal:
        """A signal without an event."""
        return SessionSignal(
            session_id=self.session_id, agent_type=self.agent_type, at=at, branch=self.branch,
            signal=self.signal(kind, **fields),
        )  # fmt: skip

    def event(
        self,
        event_type: EventType,
        at: int,
        metadata: dict[str, Any],
        signal: Signal,
        keys: tuple[str, ...],
        **fields: Any,
    ) -> Event:
        """An event that a file tells of."""
        if self.thread:
            metadata["subagent_id"] = self.thread
            if self.thread_type:
                metadata["subagent_type"] = self.thread_type
        return Event(
            session_id=self.session_id, agent_type=self.agent_type, event_type=event_type,
            branch=self.branch, source="import", channel=Channel.FILE, occurred_at=at,
            metadata=metadata, signal=signal, keys=keys, **fields,
        )  # fmt: skip

    def tool(
        self,
        at: int,
        call_id: str,
        tool: str,
        metadata: dict[str, Any],
        keys: tuple[str, ...],
        *,
        failed: bool = False,
        said: str = "",
        changes: tuple[int, int] | None = None,
        **fields: Any,
    ) -> Event:
        """A tool call that is over; ``said``: its answer, or what went wrong."""
        metadata["tool_use_id"] = call_id
        if failed:
            metadata["error"] = said or "error"
        elif said:
            metadata["output"] = said
        if changes is not None and not failed:
            metadata["lines_added"], metadata["lines_removed"] = changes
        signal = self.signal("tool_finished", call_id=call_id, tool=tool or None)
        return self.event(
            "tool_use", at, metadata, signal, keys, tool_name=tool or None,
            status="error" if failed else "success", **fields,
        )  # fmt: skip
