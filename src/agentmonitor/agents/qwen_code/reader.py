"""Reads a session file line by line into events and signals.

Source: the agent's ChatRecordingService. Each line has ``uuid``, ``sessionId``, ``timestamp``,
``type`` (user, assistant, tool_result, system), ``cwd`` and ``gitBranch``; ``message`` holds the
content as the API has it, ``systemPayload`` what is on a system line. A branched session begins
with copies of its parent's lines, which keep their ``uuid`` and have ``forkedFrom``.

A call counts when its result comes, which tells how it went.

A sub-agent's file has the same lines, each with ``agentId`` and ``isSidechain``, and its session's
id. What it used stands in the session's file: here it is not counted again.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from agentmonitor.agents import _alike, _attributes, documents, scene
from agentmonitor.agents._counts import Counts
from agentmonitor.agents._eventlog import counts_of
from agentmonitor.agents._parts import answered, changed, parts, said, spoken
from agentmonitor.agents.base import Reading
from agentmonitor.agents.qwen_code.line import Call, Line, restored, saved
from agentmonitor.agents.qwen_code.names import AGENT_TYPE, DIALECT, subagent_key
from agentmonitor.model.signal import first_line

_HUMAN = (None, "real_user")
_TYPED = (None, "mid_turn_user_message")
_WAITING = 32
"""Calls that wait for their result."""
_KEPT = 500
"""Characters kept of each part of a call that waits."""


class ChatReader:
    """Reads the lines of one session file, from its beginning or from a saved state on."""

    def __init__(self, path: Path, state: bytes | None) -> None:
        self._session = documents.name(path.stem) or "session"
        self._state = restored(state)

    def save(self) -> bytes:
        """What a new reader needs to go on after the last line."""
        return saved(self._state)

    def read(self, line: bytes) -> Reading:
        """What one whole line says. Raises UnreadableLine."""
        record = documents.decoded_object(line)
        kind = record.get("type")
        handler = _HANDLERS.get(kind) if isinstance(kind, str) else None
        if handler is None:
            return Reading()
        begins = not self._state.at
        found = Line(record, self._session, self._state)
        if begins and self._state.at and found.scene.thread:
            _subagent(found)
        handler(found)
        return Reading(events=found.events, signals=found.signals)


def _subagent(line: Line) -> None:
    signal = line.scene.signal("subagent_started")
    keys = (subagent_key(line.session, line.scene.thread),)
    line.events.append(line.scene.event("subagent_start", line.state.at, {}, signal, keys))


def _user(line: Line) -> None:
    record = line.record
    shown = documents.text(line.payload.get("displayText"))
    text = spoken(line.message)
    # Other lines in the user's name hold what the agent tells itself.
    is_human = record.get("provenance") in _HUMAN and record.get("subtype") in _TYPED
    if not is_human or record.get("isSidechain") or not (shown or text).strip():
        return
    shown = shown or text[: documents.MAX_TEXT]
    prompt_id = documents.name(record.get("promptId"))
    known = (DIALECT.key("prompt", prompt_id),) if prompt_id and not record.get("subtype") else ()
    size = _alike.length(text or shown)
    line.events.append(
        line.scene.event(
            "user_prompt",
            line.state.at,
            {"prompt": shown},
            line.scene.signal("turn_started", title=first_line(shown)),
            (line.key, *known, *DIALECT.prompt_keys(line.session, size, line.state.at)),
        )
    )


def _assistant(line: Line) -> None:
    counts = _counts(line.record.get("usageMetadata"))
    text = said(line.message)
    if line.scene.thread:
        if text.strip():
            busy = line.scene.signal("busy")
            line.events.append(
                line.scene.event("response", line.state.at, {"text": text}, busy, (line.key,))
            )
    elif counts.any or text.strip():
        keys = (line.key, *DIALECT.request_keys(line.session, "", counts))
        other = line.state.requests.of_answer(line.key, counts) if counts.any else None
        line.usage(
            counts,
            {"text": text} if text.strip() else {},
            keys if other is None else (*keys, other),
            model=documents.name(line.record.get("model")) or None,
        )
    for part in parts(line.message):
        call = documents.mapping(part.get("functionCall"))
        call_id = documents.name(call.get("id"))
        if call_id:
            _called(line, call_id, call)


def _called(line: Line, call_id: str, call: Mapping[str, Any]) -> None:
    state, given = line.state, call.get("args")
    tool, about = documents.name(call.get("name")), documents.described(given)
    state.waiting[call_id] = Call(
        name=tool,
        at=state.at,
        given=_attributes.fingerprint(given),
        facts={key: value[:_KEPT] for key, value in about.items()},
    )
    while len(state.waiting) > _WAITING:
        del state.waiting[next(iter(state.waiting))]
    if not line.is_copy:
        detail = documents.detail(about)
        line.signals.append(
            line.scene.report(
                "tool_started", state.at, call_id=call_id, tool=tool or None, detail=detail
            )
        )


def _result(line: Line) -> None:
    state = line.state
    told = documents.mapping(line.record.get("toolCallResult"))
    response = next(
        (found for part in parts(line.message)
         if (found := documents.mapping(part.get("functionResponse")))), {}
    )  # fmt: skip
    call_id = documents.name(told.get("callId")) or documents.name(response.get("id"))
    call = state.waiting.pop(call_id, None)
    tool = call.name if call else documents.name(response.get("name"))
    if not call_id or not tool:
        return
    answer = documents.mapping(response.get("response"))
    status = told.get("status")
    failed = status in ("error", "cancelled") or (status is None and bool(answer.get("error")))
    words = answered(line.message)
    keys = [scene.tool_key(AGENT_TYPE, line.session, call_id), line.key]
    if call:
        keys += _alike.near(
            AGENT_TYPE, "tool", line.session, f"{tool[:100]}:{call.given}", state.at
        )
    duration = documents.count(told.get("durationMs")) or (call and documents.took(
        call.at, state.at))  # fmt: skip
    line.events.append(
        line.scene.tool(
            state.at,
            call_id,
            tool,
            dict(call.facts) if call else {},
            tuple(keys),
            failed=failed,
            said=words or (str(status) if failed and status else ""),
            changes=changed(told.get("resultDisplay")),
            duration_ms=duration or None,
        )
    )


def _system(line: Line) -> None:
    subtype, payload, at = line.record.get("subtype"), line.payload, line.state.at
    if subtype == "ui_telemetry":
        told = documents.mapping(payload.get("uiEvent"))
        name = documents.name(told.get("event.name")).removeprefix(DIALECT.prefix)
        if name == "api_response":
            _response(line, told)
        elif name == "api_error":
            _error(line, told)
    elif subtype == "custom_title":
        title = first_line(documents.text(payload.get("customTitle")))
        if title and at:
            line.signals.append(line.scene.report("none", at, title=title))
    elif subtype == "chat_compression":
        info = documents.mapping(payload.get("info"))
        metadata = _attributes.named(
            info, pre_tokens="originalTokenCount", post_tokens="newTokenCount"
        )
        keys = (line.key, *_alike.near(AGENT_TYPE, "compaction", line.session, "", at))
        signal = line.scene.signal("busy")
        line.events.append(line.scene.event("compaction", at, metadata, signal, keys))


def _response(line: Line, told: Mapping[str, Any]) -> None:
    counts = counts_of(told)
    response_id = documents.name(told.get("response_id"))
    known = DIALECT.key("response", response_id) if response_id else line.key
    other = line.state.requests.of_record(known, counts)
    if not counts.any:
        return
    keys = (line.key, *DIALECT.request_keys(line.session, response_id, counts))
    line.usage(
        counts,
        _attributes.named(
            told, prompt_id="prompt_id", subagent_type="subagent_name", subagent_id="subagent_id"
        ),
        keys if other is None else (*keys, other),
        model=documents.name(told.get("model")) or None,
        duration_ms=_attributes.count(told, "duration_ms"),
    )


def _error(line: Line, told: Mapping[str, Any]) -> None:
    at = line.state.at
    message = _attributes.words(told, "error_message", "error.message", "error")
    code = _attributes.first(told, "error_type") or str(
        _attributes.count(told, "status_code") or ""
    )
    metadata = _attributes.named(told, status_code="status_code", subagent_type="subagent_name")
    metadata |= {"error": code or message[:80] or "error", "message": message or code}
    line.events.append(
        line.scene.event(
            "error",
            at,
            metadata,
            line.scene.signal("none"),  # it may try again
            (line.key, *_alike.near(AGENT_TYPE, "error", line.session, "", at)),
            model=documents.name(told.get("model")) or None,
            status="error",
        )
    )


def _counts(usage: Any) -> Counts:
    found = documents.mapping(usage)
    return Counts(
        prompt=documents.count(found.get("promptTokenCount")),
        output=documents.count(found.get("candidatesTokenCount")),
        cached=documents.count(found.get("cachedContentTokenCount")),
        thoughts=documents.count(found.get("thoughtsTokenCount")),
        tool=documents.count(found.get("toolUsePromptTokenCount")),
        total=documents.count(found.get("totalTokenCount")),
    )


_HANDLERS: dict[str, Callable[[Line], None]] = {
    "user": _user,
    "assistant": _assistant,
    "tool_result": _result,
    "system": _system,
}
