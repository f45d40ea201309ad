"""One hook call of clients whose hooks share an envelope: ``session_id``, ``hook_event_name``,
``cwd``, ``timestamp``, and within a sub-agent ``agent_id``."""

from collections.abc import Mapping
from typing import Any

from agentmonitor.agents import documents
from agentmonitor.agents._attributes import MAX_ID, fingerprint, identified
from agentmonitor.agents.base import HookReport
from agentmonitor.errors import InvalidInput
from agentmonitor.model.event import Event, EventType
from agentmonitor.model.signal import SessionSignal, Signal, SignalKind
from agentmonitor.model.usage import Channel

_SKEW_MS = 3_600_000
"""A clock that differs by more is not believed."""


class HookCall:
    """A hook call under translation; ``at``: its arrival, in ms. Raises InvalidInput."""

    def __init__(self, agent_type: str, payload: Mapping[str, Any], at: int) -> None:
        self.agent_type = agent_type
        self.payload = payload
        self.session_id = documents.name(payload.get("session_id"))
        if not self.session_id:
            raise InvalidInput(
                "A hook payload needs a session_id.",
                [("session_id", "must be a non-empty string")],
            )
        told = documents.moment(payload.get("timestamp"))
        self.at = told if told is not None and abs(told - at) < _SKEW_MS else at
        self.name = documents.name(payload.get("hook_event_name"))
        self.cwd = documents.name(payload.get("cwd")) or None
        self.tool = documents.name(payload.get("tool_name"))
        self.thread = documents.name(payload.get("agent_id"))
        self.thread_type = documents.name(payload.get("agent_type")) or None

    def text(self, key: str) -> str:
        """A field that is a text."""
        return documents.text(self.payload.get(key))

    def signal(self, kind: SignalKind, **fields: Any) -> Signal:
        """A signal of the thread (main or sub-agent) that the hook ran in."""
        thread_type = self.thread_type if self.thread else None
        return Signal(
            kind=kind, cwd=self.cwd, **{"thread": self.thread, "thread_type": thread_type} | fields
        )

    def state_only(self, *signals: Signal) -> HookReport:
        """Changes of state that are no events of their own."""
        return HookReport(
            signals=[
                SessionSignal(
                    session_id=self.session_id,
                    agent_type=self.agent_type,
                    at=self.at,
                    signal=signal,
                    model=documents.name(self.payload.get("model")) or None,
                )
                for signal in signals
            ],
            cwd=self.cwd,
        )

    def event(
        self,
        event_type: EventType,
        metadata: dict[str, Any],
        signal: Signal,
        keys: tuple[str, ...] = (),
        **fields: Any,
    ) -> HookReport:
        """One event; a repeated delivery of it has the same id."""
        event_id = None
        if documents.moment(self.payload.get("timestamp")) is not None:
            stamp = fingerprint(self.payload)
            told = (
                f"{self.agent_type}:{self.session_id[:MAX_ID]}:{self.name[:64]}:{self.at}:{stamp}"
            )
            event_id, keys = identified(keys, told)
        about: dict[str, Any] = {"hook_event": self.name or "unknown"}
        if self.thread:
            about["subagent_id"] = self.thread
            if self.thread_type:
                about["subagent_type"] = self.thread_type
        event = Event(
            session_id=self.session_id,
            agent_type=self.agent_type,
            event_type=event_type,
            event_id=event_id,
            model=documents.name(self.payload.get("model")) or None,
            source="hook",
            channel=Channel.HOOK,
            metadata=about | metadata,
            signal=signal,
            keys=keys,
            **fields,
        )
        return HookReport(events=[event], cwd=self.cwd)


_ENVELOPE = frozenset(
    {
        "session_id", "hook_event_name", "cwd", "timestamp", "agent_id", "agent_type", "model",
        "transcript_path",
    }
)  # fmt: skip


def unknown(hook: HookCall) -> HookReport:
    """An event of which nothing is known: all that it says is kept."""
    about = {key: value for key, value in hook.payload.items() if key not in _ENVELOPE}
    return hook.event("hook", about, hook.signal("none"))
