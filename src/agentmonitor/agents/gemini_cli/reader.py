"""Reads a session file into events and signals.

Source: the agent's ChatRecordingService. Older versions keep one JSON document that is written
anew with each message; newer ones append lines: a header, messages, ``{"$set": {...}}`` for what
changed in the header, ``{"$rewindTo": id}``. A message is appended again whenever something joins
it, so that its last line is the whole of it.

Decisions that are not plain from the format:

- What was rewound was done and paid for: it counts.
- ``$set`` with ``messages`` rewrites the history for the model: its new user messages are
  summaries and answers of tools, not prompts.
- What a sub-agent is told is not a human's prompt.
- The file does not tell the end of a turn.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from agentmonitor.agents import documents, scene
from agentmonitor.agents._alike import length
from agentmonitor.agents._counts import Counts
from agentmonitor.agents._eventlog import spent
from agentmonitor.agents._parts import answered, changed, said, spoken
from agentmonitor.agents.base import Reading
from agentmonitor.agents.gemini_cli import place
from agentmonitor.agents.gemini_cli.names import AGENT_TYPE, DIALECT, message_key
from agentmonitor.agents.scene import Scene
from agentmonitor.model.activity import MAX_DETAIL
from agentmonitor.model.event import Event
from agentmonitor.model.signal import SessionSignal, first_line

_CONTEXT = ("<session_context>", "<state_snapshot>", "<system-reminder>")
"""How texts begin that the agent writes in the user's name."""
_DONE = ("success", "error", "cancelled")
_REMEMBERED = 64


class State(msgspec.Struct, omit_defaults=True):
    """One file, as far as it has been read."""

    session: str
    thread: str = ""
    is_subagent: bool = False
    cwd: str = ""
    has_looked: bool = False
    at: int = 0
    """The time of the latest message that had one."""
    done: list[str] = []
    """Calls that were told lately: a message brings them again."""


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(State).decode


class SessionReader:
    """Reads the lines of one session file, or the document that it is."""

    def __init__(self, path: Path, saved: bytes | None) -> None:
        self._path = path
        self._state = _restored(path, saved)
        self._events: list[Event] = []
        self._signals: list[SessionSignal] = []

    def save(self) -> bytes:
        """What a new reader needs to go on after the last line."""
        return _encode(self._state)

    def read(self, line: bytes) -> Reading:
        """What a line, or the whole document, says. Raises UnreadableLine."""
        record = documents.decoded_object(line)
        self._events, self._signals = [], []
        self._look()
        if isinstance(changes := record.get("$set"), dict):
            self._header(changes, is_change=True)
        elif "sessionId" in record:
            self._header(record)
        elif documents.name(record.get("id")):
            self._message(record)
        return Reading(events=self._events, signals=self._signals)

    def _look(self) -> None:
        """Find the project's folder, once."""
        state = self._state
        if not state.has_looked:
            state.has_looked = True
            state.cwd = place.project_root(self._path)

    @property
    def _scene(self) -> Scene:
        state = self._state
        return Scene(
            agent_type=AGENT_TYPE,
            session_id=state.session,
            thread=state.thread,
            cwd=state.cwd or None,
        )

    def _header(self, record: Mapping[str, Any], *, is_change: bool = False) -> None:
        state = self._state
        if not state.thread:
            state.session = documents.name(record.get("sessionId")) or state.session
        state.is_subagent = state.is_subagent or record.get("kind") == "subagent"
        directories = record.get("directories")
        if not state.cwd and isinstance(directories, list) and directories:
            state.cwd = documents.name(directories[0])
        state.at = state.at or documents.moment(record.get("startTime")) or 0
        title = None if state.thread else first_line(documents.text(record.get("summary")))
        if state.at and (title or (state.cwd and not is_change)):
            self._signals.append(self._scene.report("none", state.at, title=title))
        for message in documents.objects(record.get("messages")):
            if not is_change or message.get("type") == "gemini":
                self._message(message)

    def _message(self, message: Mapping[str, Any]) -> None:
        state = self._state
        state.at = documents.moment(message.get("timestamp")) or state.at
        message_id = documents.name(message.get("id"))
        kind = message.get("type")
        if not message_id or not isinstance(kind, str):
            return
        if kind == "gemini":
            self._answer(message, message_key(message_id))
            for call in documents.objects(message.get("toolCalls")):
                self._call(call)
        elif kind == "user":
            self._prompt(message, message_key(message_id))
        elif kind == "error":
            text = said(message.get("content")) or "error"
            signal = self._scene.signal("turn_failed", detail=text[:MAX_DETAIL])
            metadata = {"error": text[:80], "message": text}
            self._add("error", metadata, signal, (message_key(message_id),), status="error")

    def _add(self, *given: Any, **fields: Any) -> None:
        event_type, *rest = given
        self._events.append(self._scene.event(event_type, self._state.at, *rest, **fields))

    def _prompt(self, message: Mapping[str, Any], key: str) -> None:
        state = self._state
        text = spoken(message.get("content"))
        if state.is_subagent or not text.strip() or text.lstrip().startswith(_CONTEXT):
            return
        shown = said(message.get("displayContent")) or text[: documents.MAX_TEXT]
        keys = (key, *DIALECT.prompt_keys(state.session, length(text), state.at))
        signal = self._scene.signal("turn_started", title=first_line(shown))
        self._add("user_prompt", {"prompt": shown}, signal, keys)

    def _answer(self, message: Mapping[str, Any], key: str) -> None:
        state = self._state
        counts = _counts(message.get("tokens"))
        text = said(message.get("content"))
        if not counts.any and not text.strip():
            return
        metadata: dict[str, Any] = {"text": text} if text.strip() else {}
        if counts.thoughts:
            metadata["reasoning_tokens"] = counts.thoughts
        self._add(
            "llm_response",
            metadata,
            self._scene.signal("busy"),
            (key, *DIALECT.request_keys(state.session, "", counts)),
            model=documents.name(message.get("model")) or None,
            report=scene.USAGE,
            **spent(DIALECT, counts),
        )

    def _call(self, call: Mapping[str, Any]) -> None:
        state = self._state
        call_id, tool = documents.name(call.get("id")), documents.name(call.get("name"))
        if not call_id or call.get("status") not in _DONE or call_id in state.done:
            return
        state.done = [*state.done, call_id][-_REMEMBERED:]
        at = documents.moment(call.get("timestamp")) or state.at
        given = call.get("args")
        metadata = documents.described(given)
        agent_id = documents.name(call.get("agentId"))
        if agent_id:
            metadata["agent_id"] = agent_id
        failed = call.get("status") != "success"
        said_by_tool = answered(call.get("result"))
        if call.get("status") == "cancelled":
            said_by_tool = said_by_tool or "cancelled"
        known = scene.tool_key(AGENT_TYPE, state.session, call_id)
        self._events.append(
            self._scene.tool(
                at,
                call_id,
                tool,
                metadata,
                (known, *DIALECT.tool_keys(state.session, tool, given, at)),
                failed=failed,
                said=said_by_tool,
                changes=changed(call.get("resultDisplay")),
            )
        )


def _counts(tokens: Any) -> Counts:
    found = documents.mapping(tokens)
    return Counts(
        prompt=documents.count(found.get("input")),
        output=documents.count(found.get("output")),
        cached=documents.count(found.get("cached")),
        thoughts=documents.count(found.get("thoughts")),
        tool=documents.count(found.get("tool")),
        total=documents.count(found.get("total")),
    )


def _restored(path: Path, saved: bytes | None) -> State:
    if saved:
        try:
            return _decode(saved)
        except (ValueError, RecursionError):
            pass  # what is told again is recognised by its keys
    session, thread = place.session_of(path)
    return State(
        session=session, thread=thread, is_subagent=bool(thread), at=place.started(path) or 0
    )
