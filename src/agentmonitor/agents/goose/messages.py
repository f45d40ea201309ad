"""A message of Goose's, in its database and in its older files alike.

Format: block/goose, ``crates/goose/src/conversation/message.rs``. A message has a role, the second
in which it was made, and content: ``text``, ``thinking``, ``toolRequest`` {id, toolCall {status,
value {name, arguments}}}, ``toolResponse`` {id, toolResult {status, value, error}}.

A conversation that is summed up is stored anew, with the same messages under new row numbers; so
what was said is known by its session, second and words.
"""

import zlib
from collections.abc import Mapping
from typing import Any

import msgspec

from agentmonitor.agents.documents import (
    described,
    detail,
    excerpt,
    lines,
    mapping,
    name,
    replaced,
    text,
    took,
)
from agentmonitor.agents.scene import MAX_ID, Scene, tool_key
from agentmonitor.model.activity import MAX_DETAIL
from agentmonitor.model.event import Event
from agentmonitor.model.signal import SessionSignal, first_line

AGENT_TYPE = "goose"
MAX_CALLS = 32
"""Calls without an answer that are remembered."""


class Call(msgspec.Struct, omit_defaults=True):
    """A call that waits for its answer."""

    tool: str
    at: int
    about: dict[str, Any] = {}
    changes: tuple[int, int] | None = None


class Told(msgspec.Struct):
    """What messages say."""

    events: list[Event] = []
    signals: list[SessionSignal] = []


def tell(
    scene: Scene,
    role: Any,
    content: list[Mapping[str, Any]],
    at: int,
    calls: dict[str, Call],
    out: Told,
    *,
    is_shown: bool,
) -> None:
    """What one message says. ``is_shown``: the human can see it; ``calls`` are those that wait."""
    said = "\n".join(text(p.get("text")) for p in content if p.get("type") == "text").strip()
    requests = [part for part in content if part.get("type") == "toolRequest"]
    for part in content:
        if part.get("type") == "toolResponse":
            _answered(scene, part, at, calls, out)
    if said and is_shown and role == "user" and not scene.thread:
        signal = scene.signal("turn_started", title=scene.title or first_line(said))
        key = _said_key("prompt", scene, at, said)
        out.events.append(scene.event("user_prompt", at, {"prompt": said}, signal, (key,)))
    elif said and role == "assistant":
        if requests:
            signal = scene.signal("busy")
        elif scene.thread:
            signal = scene.signal("subagent_ended")
        else:
            signal = scene.signal("turn_ended", detail=said[:MAX_DETAIL])
        key = _said_key("response", scene, at, said)
        out.events.append(scene.event("response", at, {"text": said}, signal, (key,)))
    for part in requests:
        _called(scene, part, at, calls, out)


def _said_key(kind: str, scene: Scene, at: int, said: str) -> str:
    words = zlib.crc32(said.encode("utf-8", "replace"))
    session = (scene.thread or scene.session_id)[:MAX_ID]
    return f"{AGENT_TYPE}:{kind}:{session}:{at}:{words:08x}"


def _call_key(scene: Scene, call_id: str) -> str:
    return tool_key(AGENT_TYPE, scene.thread or scene.session_id, call_id)


def _called(
    scene: Scene, part: Mapping[str, Any], at: int, calls: dict[str, Call], out: Told
) -> None:
    call_id = name(part.get("id"))
    if not call_id:
        return
    value = mapping(mapping(part.get("toolCall")).get("value"))
    call = _begun(name(value.get("name")), mapping(value.get("arguments")), at)
    key = _call_key(scene, call_id)
    calls.pop(key, None)
    if len(calls) >= MAX_CALLS:
        calls.pop(next(iter(calls)))
    calls[key] = call
    shown = detail(call.about)
    out.signals.append(
        scene.report("tool_started", at, call_id=call_id, tool=call.tool or None, detail=shown)
    )


def _answered(
    scene: Scene, part: Mapping[str, Any], at: int, calls: dict[str, Call], out: Told
) -> None:
    call_id = name(part.get("id"))
    if not call_id:
        return
    key = _call_key(scene, call_id)
    call = calls.pop(key, None) or Call("", at)
    result = mapping(part.get("toolResult"))
    value = result.get("value")
    failed = (
        result.get("status") == "error"
        or mapping(value).get("isError") is True
        or mapping(value).get("is_error") is True
    )
    said = excerpt(result.get("error")) if failed else ""
    event = scene.tool(
        at, call_id, call.tool, call.about, (key,), failed=failed, said=said or excerpt(value),
        changes=call.changes, duration_ms=took(call.at, at) if call.tool else None,
    )  # fmt: skip
    out.events.append(event)


def _begun(tool: str, given: Mapping[str, Any], at: int) -> Call:
    """A call, with the lines that it will change if it succeeds."""
    changes = None
    before, after = given.get("old_str", given.get("before")), given.get("new_str")
    after = given.get("after") if after is None else after
    whole = given.get("file_text", given.get("content"))
    if isinstance(before, str) and isinstance(after, str):
        changes = replaced(before, after)
    elif isinstance(whole, str) and isinstance(given.get("path"), str):
        changes = lines(whole), 0
    return Call(tool, at, described(given), changes)
