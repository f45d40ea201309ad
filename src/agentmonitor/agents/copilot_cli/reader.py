"""Reads a session's log line by line.

Format: github/copilot-sdk, ``session-events.schema.json``: each line is an event {type, id,
timestamp, data}. What is ephemeral (deltas, ``assistant.usage``, the end of a human's turn) is not
in the log. ``assistant.turn_end`` ends a round with the model, not the turn. What a sub-agent does
has its ``parentToolCallId`` or an ``agentId``.
"""

import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from agentmonitor.agents.base import Reading
from agentmonitor.agents.copilot_cli.tools import Call, begun, changes
from agentmonitor.agents.copilot_cli.usage import period_key, rests
from agentmonitor.agents.documents import (
    count,
    decoded_object,
    detail,
    excerpt,
    mapping,
    moment,
    name,
    text,
    took,
)
from agentmonitor.agents.scene import MAX_ID, USAGE, Scene, own_key, tool_key
from agentmonitor.errors import UnreadableLine
from agentmonitor.model.activity import MAX_DETAIL
from agentmonitor.model.event import Event
from agentmonitor.model.signal import SessionSignal, first_line

AGENT_TYPE = "copilot_cli"
MAX_CALLS = 32
"""Calls without an answer that are remembered."""
MAX_NAMES = 32
"""Models and sub-agents that are remembered."""


class _State(msgspec.Struct, omit_defaults=True):
    """What a reader knows after a line."""

    session_id: str = ""
    cwd: str | None = None
    branch: str | None = None
    model: str = ""
    at: int | None = None
    entered: int = 0
    """When the session was entered last."""
    spoken: dict[str, int] = {}
    """Output that answers told of since the session was entered, by model."""
    agents: dict[str, str] = {}
    """Names of sub-agents by the call that started them."""
    calls: dict[str, Call] = {}


class _Line(msgspec.Struct):
    """One event of the log, and where it belongs."""

    scene: Scene
    data: Mapping[str, Any]
    key: str
    at: int


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_State).decode


class EventReader:
    """Reads the lines of one log."""

    def __init__(self, path: Path, state: bytes | None) -> None:
        self._state = _restored(state)
        if not self._state.session_id:
            own = path.parent.name if path.name == "events.jsonl" else path.stem
            self._state.session_id = name(own) or "session"
        self._events: list[Event] = []
        self._signals: list[SessionSignal] = []

    def save(self) -> bytes:
        """What a new reader needs to go on."""
        return _encode(self._state)

    def read(self, line: bytes) -> Reading:
        """What one line says. Raises UnreadableLine."""
        told = decoded_object(line)
        kind = told.get("type")
        if not isinstance(kind, str):
            raise UnreadableLine("an event without a type")
        state, data = self._state, mapping(told.get("data"))
        state.at = moment(told.get("timestamp")) or state.at
        say = _TYPES.get(kind)
        if say is None or told.get("ephemeral") is True:
            return Reading()
        if state.at is None:
            raise UnreadableLine("no timestamp, and none before it")
        own = name(told.get("id")) or f"{zlib.crc32(line):08x}-{len(line)}"
        thread = name(data.get("parentToolCallId")) or name(told.get("agentId"))
        if kind.startswith("subagent."):
            thread = name(data.get("toolCallId")) or thread
        self._events, self._signals = [], []
        key = own_key(AGENT_TYPE, "line", state.session_id, own)
        say(self, _Line(self._scene(thread), data, key, state.at))
        return Reading(events=self._events, signals=self._signals)

    def _scene(self, thread: str) -> Scene:
        state = self._state
        return Scene(
            agent_type=AGENT_TYPE, session_id=state.session_id, thread=thread,
            thread_type=state.agents.get(thread), cwd=state.cwd, branch=state.branch,
        )  # fmt: skip

    def _entered(self, line: _Line) -> None:
        """The session begins, or somebody comes back to it: sums begin anew."""
        state, data = self._state, line.data
        state.session_id = name(data.get("sessionId")) or state.session_id
        state.model = name(data.get("selectedModel")) or state.model
        state.spoken, state.calls, state.entered = {}, {}, line.at
        self._place(mapping(data.get("context")))
        scene = self._scene("")
        reason = "resume" if "resumeTime" in data else "startup"
        self._signals.append(scene.report("session_started", line.at, reason=reason))

    def _moved(self, line: _Line) -> None:
        self._place(line.data)

    def _place(self, context: Mapping[str, Any]) -> None:
        state = self._state
        state.cwd = name(context.get("cwd")) or state.cwd
        state.branch = name(context.get("branch")) or state.branch

    def _model(self, line: _Line) -> None:
        self._state.model = name(line.data.get("newModel")) or self._state.model

    def _prompt(self, line: _Line) -> None:
        said = text(line.data.get("content")).strip()
        if not said or line.scene.thread or text(line.data.get("source")) not in ("", "user"):
            return  # a skill's words, or those of an agent to its sub-agent
        signal = line.scene.signal("turn_started", title=first_line(said))
        self._add(line.scene.event("user_prompt", line.at, {"prompt": said}, signal, (line.key,)))

    def _message(self, line: _Line) -> None:
        data, scene, state = line.data, line.scene, self._state
        said = text(data.get("content")).strip()
        model = name(data.get("model")) or state.model
        out = count(data.get("outputTokens"))
        if out and (model[:MAX_ID] in state.spoken or len(state.spoken) < MAX_NAMES):
            state.spoken[model[:MAX_ID]] = state.spoken.get(model[:MAX_ID], 0) + out
        if not said and not out:
            return
        if data.get("toolRequests") or scene.thread:
            signal = scene.signal("busy")
        else:
            signal = scene.signal("turn_ended", detail=said[:MAX_DETAIL] or None)
        message_id = name(data.get("messageId"))
        own = own_key(AGENT_TYPE, "message", state.session_id, message_id)
        keys = (own if message_id else line.key,)
        self._add(
            scene.event(
                "llm_response" if out else "response", line.at, {"text": said} if said else {},
                signal, keys, report=USAGE if out else None, model=model or None, tokens_out=out,
            )
        )  # fmt: skip

    def _called(self, line: _Line) -> None:
        call_id, calls = name(line.data.get("toolCallId")), self._state.calls
        if not call_id:
            return
        call = begun(name(line.data.get("toolName")), line.data.get("arguments"), line.at)
        calls.pop(call_id, None)
        if len(calls) >= MAX_CALLS:
            calls.pop(next(iter(calls)))
        calls[call_id] = call
        self._signals.append(
            line.scene.report(
                "tool_started", line.at, call_id=call_id, tool=call.tool or None,
                detail=detail(call.about),
            )
        )  # fmt: skip

    def _answered(self, line: _Line) -> None:
        data, scene = line.data, line.scene
        call_id = name(data.get("toolCallId"))
        if not call_id:
            return
        call = self._state.calls.pop(call_id, None) or Call("", line.at)
        failed = data.get("success") is False or (
            data.get("success") is not True and bool(data.get("error"))
        )
        said = excerpt(data.get("error")) if failed else ""
        event = scene.tool(
            line.at,
            call_id,
            call.tool,
            call.about,
            (tool_key(AGENT_TYPE, scene.session_id, call_id),),
            failed=failed,
            said=said or excerpt(data.get("result")),
            changes=changes(data, call),
            duration_ms=took(call.at, line.at) if call.tool else None,
            model=name(data.get("model")) or None,
        )
        self._add(event)

    def _failed(self, line: _Line) -> None:
        error = name(line.data.get("errorType")) or "error"
        message = text(line.data.get("message"), MAX_DETAIL) or error
        if line.scene.thread:
            signal = line.scene.signal("busy")
        else:
            signal = line.scene.signal("turn_failed", reason=error[:80], detail=message)
        metadata = {"error": error, "message": message}
        self._add(line.scene.event("error", line.at, metadata, signal, (line.key,), status="error"))

    def _aborted(self, line: _Line) -> None:
        reason = text(line.data.get("reason"), 80) or "interrupted"
        signal = line.scene.signal("turn_ended", reason="interrupted")
        self._add(line.scene.event("turn_end", line.at, {"reason": reason}, signal, (line.key,)))

    def _compacted(self, line: _Line) -> None:
        before = count(line.data.get("preCompactionTokens"))
        metadata = {"pre_tokens": before} if before else {}
        signal = line.scene.signal("busy")
        self._add(line.scene.event("compaction", line.at, metadata, signal, (line.key,)))

    def _subagent_started(self, line: _Line) -> None:
        scene, agents = line.scene, self._state.agents
        kind = name(line.data.get("agentName"))
        if scene.thread and kind:
            agents.pop(scene.thread, None)
            if len(agents) >= MAX_NAMES:
                agents.pop(next(iter(agents)))
            agents[scene.thread] = scene.thread_type = kind
        signal = scene.signal("subagent_started")
        self._add(scene.event("subagent_start", line.at, {}, signal, (line.key,)))

    def _subagent_ended(self, line: _Line) -> None:
        error = excerpt(line.data.get("error"))
        signal = line.scene.signal("subagent_ended")
        metadata = {"error": error} if error else {}
        status = "error" if error else "success"
        self._add(
            line.scene.event("subagent_end", line.at, metadata, signal, (line.key,), status=status)
        )

    def _left(self, line: _Line) -> None:
        """The session is left: what it used since it was entered."""
        scene, data, state = line.scene, line.data, self._state
        for rest in rests(data.get("modelMetrics"), state.spoken):
            known = period_key(AGENT_TYPE, state.session_id, state.entered, rest.model)
            event = scene.event(
                "llm_response", line.at, rest.facts, scene.signal("none"),
                (f"{line.key}:{rest.model}", known), report=USAGE, model=rest.model,
                tokens_in=rest.tokens_in, tokens_out=rest.tokens_out,
                cache_read_tokens=rest.cache_read, cache_write_tokens=rest.cache_write,
            )  # fmt: skip
            self._add(event)
        state.spoken = {}
        reason = name(data.get("shutdownType"))
        metadata: dict[str, Any] = {"reason": reason} if reason else {}
        error = text(data.get("errorReason"), MAX_DETAIL)
        metadata |= {"error": error} if error else {}
        signal = scene.signal("session_ended", reason=reason or None)
        self._add(scene.event("session_end", line.at, metadata, signal, (line.key,)))

    def _add(self, event: Event) -> None:
        self._events.append(event)


def _restored(state: bytes | None) -> _State:
    if state:
        try:
            return _decode(state)
        except (ValueError, RecursionError):
            pass
    return _State()


_TYPES: dict[str, Callable[[EventReader, _Line], None]] = {
    "abort": EventReader._aborted,
    "assistant.message": EventReader._message,
    "session.compaction_complete": EventReader._compacted,
    "session.context_changed": EventReader._moved,
    "session.error": EventReader._failed,
    "session.model_change": EventReader._model,
    "session.resume": EventReader._entered,
    "session.shutdown": EventReader._left,
    "session.start": EventReader._entered,
    "subagent.completed": EventReader._subagent_ended,
    "subagent.failed": EventReader._subagent_ended,
    "subagent.started": EventReader._subagent_started,
    "tool.execution_complete": EventReader._answered,
    "tool.execution_start": EventReader._called,
    "user.message": EventReader._prompt,
}
