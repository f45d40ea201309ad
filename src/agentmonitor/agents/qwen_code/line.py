"""One line of a session file, and what a reader keeps between two of them: small, and bounded."""

from collections.abc import Mapping
from typing import Any

import msgspec

from agentmonitor.agents import _attributes, documents, scene
from agentmonitor.agents._counts import Counts
from agentmonitor.agents._eventlog import spent
from agentmonitor.agents.qwen_code.names import AGENT_TYPE, DIALECT, line_key
from agentmonitor.agents.qwen_code.requests import Requests
from agentmonitor.agents.scene import Scene
from agentmonitor.model.event import Event
from agentmonitor.model.signal import SessionSignal
from agentmonitor.model.usage import Report

_COPY = Report(is_copy=True)


class Call(msgspec.Struct, omit_defaults=True):
    """A call that waits for its result."""

    name: str
    at: int
    given: str
    """The fingerprint of its input."""
    facts: dict[str, Any] = {}


class State(msgspec.Struct, omit_defaults=True):
    """One file, as far as it has been read."""

    at: int = 0
    waiting: dict[str, Call] = {}
    requests: Requests = msgspec.field(default_factory=Requests)


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(State).decode


def saved(state: State) -> bytes:
    """The state, to go on from later."""
    return _encode(state)


def restored(document: bytes | None) -> State:
    """The state that an earlier reader saved. One that cannot be read is replaced: what is told
    again is recognised by its keys."""
    try:
        return _decode(document) if document else State()
    except (ValueError, RecursionError):
        return State()


class Line:
    """One line under translation."""

    def __init__(self, record: Mapping[str, Any], session: str, state: State) -> None:
        self.record = record
        self.state = state
        state.at = documents.moment(record.get("timestamp")) or state.at
        self.message = documents.mapping(record.get("message")).get("parts")
        self.payload = documents.mapping(record.get("systemPayload"))
        self.is_copy = bool(record.get("forkedFrom"))
        # A sub-agent has a file of its own; its lines name it.
        thread = documents.name(record.get("agentId")) if record.get("isSidechain") else ""
        self.scene = Scene(
            agent_type=AGENT_TYPE,
            session_id=documents.name(record.get("sessionId")) or session,
            thread=thread,
            thread_type=documents.name(record.get("agentName")) or None if thread else None,
            cwd=documents.name(record.get("cwd")) or None,
            branch=documents.name(record.get("gitBranch")) or None,
        )
        uuid = documents.name(record.get("uuid"))
        self.key = line_key(uuid or f"{self.session[:128]}:{_attributes.fingerprint(record)}")
        self.events: list[Event] = []
        self.signals: list[SessionSignal] = []

    @property
    def session(self) -> str:
        """The session's id."""
        return self.scene.session_id

    def usage(
        self, counts: Counts, metadata: dict[str, Any], keys: tuple[str, ...], **fields: Any
    ) -> None:
        """A model request."""
        if counts.thoughts:
            metadata["reasoning_tokens"] = counts.thoughts
        self.events.append(
            self.scene.event(
                "llm_response",
                self.state.at,
                metadata,
                self.scene.signal("busy"),
                keys,
                report=_COPY if self.is_copy else scene.USAGE,
                **spent(DIALECT, counts),
                **fields,
            )
        )
