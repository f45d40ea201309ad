"""Reads a transcript line by line.

``~/.factory/sessions/<folder>/<session>.jsonl``: ``session_start`` {id, title, sessionTitle, cwd},
``message`` {id, timestamp, message {role, content}} with blocks as Anthropic's API has them,
``todo_state``, ``compaction_state``. Usage stands in the file beside it (``settings``). What the
client says in the human's name is marked ``visibility: llm_only`` or begins with
``<system-reminder>``. A call that failed may have no ``is_error``; the client then says so in the
first words of its answer. A sub-agent has a transcript of its own (``place``), and what it is told
there is not a human's prompt.
"""

import re
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from agentmonitor.agents.base import Reading
from agentmonitor.agents.documents import (
    decoded_object,
    described,
    detail,
    excerpt,
    lines,
    mapping,
    moment,
    name,
    objects,
    patch,
    replaced,
    text,
    took,
)
from agentmonitor.agents.droid.names import AGENT_TYPE
from agentmonitor.agents.droid.place import owner
from agentmonitor.agents.scene import Scene, own_key, tool_key
from agentmonitor.errors import UnreadableLine
from agentmonitor.model.activity import MAX_DETAIL
from agentmonitor.model.event import Event
from agentmonitor.model.signal import SessionSignal, SignalKind, first_line

__all__ = ["AGENT_TYPE", "LineReader"]

MAX_CALLS = 32
"""Calls without an answer that are remembered."""
_FAILED = re.compile(r"Error: Command failed \(exit code: \d+\)")
_REMINDER = "<system-reminder>"


class _Call(msgspec.Struct, omit_defaults=True):
    """A call that waits for its answer."""

    tool: str
    at: int
    about: dict[str, Any] = {}
    changes: tuple[int, int] | None = None


class _State(msgspec.Struct, omit_defaults=True):
    """What a reader knows after a line."""

    session_id: str = ""
    own: str = ""
    """The transcript's own id: of a sub-agent its thread's."""
    has_begun: bool = False
    cwd: str | None = None
    title: str | None = None
    at: int | None = None
    calls: dict[str, _Call] = {}


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_State).decode


class LineReader:
    """Reads the lines of one transcript."""

    def __init__(self, path: Path, state: bytes | None) -> None:
        self._path = path
        self._state = _restored(state)
        known = self._state
        known.session_id = known.session_id or name(path.name.removesuffix(".jsonl")) or "session"
        known.own = known.own or known.session_id

    def save(self) -> bytes:
        """What a new reader needs to go on."""
        return _encode(self._state)

    def read(self, line: bytes) -> Reading:
        """What one line says. Raises UnreadableLine."""
        told = decoded_object(line)
        state = self._state
        state.at = moment(told.get("timestamp")) or state.at
        kind = told.get("type")
        if kind == "session_start":
            state.session_id, thread = owner(self._path, told)
            state.own = thread or state.session_id
            state.cwd = name(told.get("cwd")) or state.cwd
            title = text(told.get("sessionTitle")) or text(told.get("title"))
            state.title = first_line(title) or state.title
            return Reading()
        if kind not in ("message", "compaction_state"):
            return Reading()
        if state.at is None:
            raise UnreadableLine("no timestamp, and none before it")
        own = name(told.get("id")) or f"{zlib.crc32(line):08x}-{len(line)}"
        key = own_key(AGENT_TYPE, "message", state.own, own)
        if kind == "compaction_state":
            scene = self._scene()
            event = scene.event("compaction", state.at, {}, scene.signal("busy"), (key,))
            return Reading(events=[event])
        message = mapping(told.get("message"))
        if not message:
            raise UnreadableLine("a message without its content")
        content = message.get("content")
        blocks = objects(content)
        if isinstance(content, str):
            blocks = [{"type": "text", "text": content}]
        reading = Reading()
        if message.get("role") == "assistant":
            reading = self._assistant(blocks, key, state.at)
        elif message.get("role") == "user":
            reading = self._user(message, blocks, key, state.at)
        if self._thread and not state.has_begun:
            state.has_begun = True
            reading.events.insert(0, self._began(state.at))
        return reading

    @property
    def _thread(self) -> str:
        return self._state.own if self._state.own != self._state.session_id else ""

    def _scene(self) -> Scene:
        state = self._state
        return Scene(
            agent_type=AGENT_TYPE,
            session_id=state.session_id,
            thread=self._thread,
            cwd=state.cwd,
            title=None if self._thread else state.title,
        )

    def _began(self, at: int) -> Event:
        scene = self._scene()
        known = (own_key(AGENT_TYPE, "start", scene.session_id, scene.thread),)
        about = {"description": self._state.title} if self._state.title else {}
        return scene.event("subagent_start", at, about, scene.signal("subagent_started"), known)

    def _user(
        self, message: Mapping[str, Any], blocks: list[Mapping[str, Any]], key: str, at: int
    ) -> Reading:
        events = [
            event
            for block in blocks
            if block.get("type") == "tool_result" and (event := self._result(block, at)) is not None
        ]
        said = "\n".join(
            part for block in blocks if block.get("type") == "text"
            if (part := text(block.get("text")).strip()) and not part.startswith(_REMINDER)
        )  # fmt: skip
        if said and not self._thread and message.get("visibility") != "llm_only":
            scene = self._scene()
            signal = scene.signal("turn_started", title=scene.title or first_line(said))
            events.append(scene.event("user_prompt", at, {"prompt": said}, signal, (key,)))
        return Reading(events=events)

    def _assistant(self, blocks: list[Mapping[str, Any]], key: str, at: int) -> Reading:
        scene = self._scene()
        events: list[Event] = []
        signals: list[SessionSignal] = []
        calls = [b for b in blocks if b.get("type") == "tool_use" and name(b.get("id"))]
        said = "\n".join(text(b.get("text")) for b in blocks if b.get("type") == "text").strip()
        if said:
            end: SignalKind = "subagent_ended" if scene.thread else "turn_ended"
            signal = scene.signal("busy") if calls else scene.signal(end, detail=said[:MAX_DETAIL])
            events.append(scene.event("response", at, {"text": said}, signal, (key,)))
        for block in calls:
            call_id, tool = name(block.get("id")), name(block.get("name"))
            call = _begun(tool, mapping(block.get("input")), at)
            self._remember(call_id, call)
            signals.append(
                scene.report(
                    "tool_started", at, call_id=call_id, tool=tool or None,
                    detail=detail(call.about),
                )
            )  # fmt: skip
        return Reading(events=events, signals=signals)

    def _remember(self, call_id: str, call: _Call) -> None:
        calls = self._state.calls
        calls.pop(call_id, None)
        if len(calls) >= MAX_CALLS:
            calls.pop(next(iter(calls)))
        calls[call_id] = call

    def _result(self, block: Mapping[str, Any], at: int) -> Event | None:
        call_id = name(block.get("tool_use_id"))
        if not call_id:
            return None
        scene = self._scene()
        call = self._state.calls.pop(call_id, None) or _Call("", at)
        said = excerpt(block.get("content"))
        return scene.tool(
            at,
            call_id,
            call.tool,
            call.about,
            (tool_key(AGENT_TYPE, self._state.own, call_id),),
            failed=block.get("is_error") is True or _FAILED.match(said) is not None,
            said=said,
            changes=call.changes,
            duration_ms=took(call.at, at) if call.tool else None,
        )


def _begun(tool: str, given: Mapping[str, Any], at: int) -> _Call:
    """A call, with the lines that it will change if it succeeds."""
    about, changes = described(given), None
    if isinstance(given.get("old_str"), str) and isinstance(given.get("new_str"), str):
        changes = replaced(given["old_str"], given["new_str"])
    elif tool == "Create" and isinstance(given.get("content"), str):
        changes = lines(given["content"]), 0
    elif isinstance(given.get("input"), str) and (found := patch(given["input"])) is not None:
        about |= {"file_path": found[0]} if found[0] else {}
        changes = found[1:]
    return _Call(tool, at, about, changes)


def _restored(state: bytes | None) -> _State:
    if state:
        try:
            return _decode(state)
        except (ValueError, RecursionError):
            pass
    return _State()
