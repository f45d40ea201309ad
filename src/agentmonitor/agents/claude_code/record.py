"""One log record of Claude Code on its way to an event."""

from typing import Any

from agentmonitor.agents.claude_code import keys, tools, values
from agentmonitor.model.event import LIKENESS, Event, EventType
from agentmonitor.model.signal import Signal
from agentmonitor.model.usage import Channel
from agentmonitor.otlp.records import LogRecord

_STILL = Signal(kind="none")
_KEPT = (
    ("prompt_id", "prompt.id"), ("query_source", "query_source"), ("subagent_type", "agent.name"),
    ("skill", "skill.name"), ("plugin", "plugin.name"), ("effort", "effort"),
)  # fmt: skip
"""What is kept of any record; the names are those of ``Event.metadata``."""


class Record:
    """One record under translation."""

    __slots__ = ("at", "attributes", "name", "prompt_id", "sequence", "session_id")

    def __init__(self, record: LogRecord, name: str, session_id: str, at: int) -> None:
        self.attributes = record.attributes
        self.name = name
        self.session_id = session_id
        self.at = values.moment(self.attributes, record.time, record.observed, at) or at
        self.prompt_id = tools.name(self.attributes, "prompt.id")
        self.sequence = values.count(self.attributes, "event.sequence")

    def text(self, key: str) -> str:
        """An attribute that is a name."""
        return tools.name(self.attributes, key)

    def step(self, back: int = 0) -> str | None:
        """What tells the record from all others of the prompt, or the one ``back`` before it."""
        if self.sequence is None:
            return None
        return f"{self.prompt_id[:64]}:{self.sequence - back}"

    def event(
        self,
        event_type: EventType,
        metadata: dict[str, Any],
        known: tuple[str, ...] = (),
        *,
        title: str | None = None,
        **fields: Any,
    ) -> Event:
        """An event. Without a name among its keys it has an id, so that a repetition is known."""
        event_id = None
        # A name, if there is one, stands first.
        if not known or known[0].startswith(LIKENESS):
            sequence = "" if self.sequence is None else self.sequence
            event_id = values.once(self.session_id, sequence, self.name, self.at)
        values.note(metadata, self.attributes, _KEPT)
        return Event(
            session_id=self.session_id,
            agent_type=keys.AGENT_TYPE,
            event_type=event_type,
            event_id=event_id,
            source="otel",
            channel=Channel.LOG,
            occurred_at=self.at,
            metadata=metadata,
            signal=Signal(kind="none", title=title) if title else _STILL,
            keys=known,
            **fields,
        )
