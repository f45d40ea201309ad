"""Parts of a message: what was said, and tool calls. Format: sst/opencode, ``message-v2.ts``."""

from collections.abc import Mapping
from typing import Any

import msgspec

from agentmonitor.agents.documents import (
    changed,
    count,
    described,
    detail,
    excerpt,
    lines,
    mapping,
    moment,
    name,
    objects,
    text,
    took,
)
from agentmonitor.agents.opencode.names import call_keys, said_keys, thing_key
from agentmonitor.agents.scene import Scene
from agentmonitor.model.event import Event
from agentmonitor.model.signal import SessionSignal, first_line

_RUNNING = frozenset({"pending", "running"})
_OVER = frozenset({"completed", "error"})


class Told(msgspec.Struct):
    """What a part says."""

    events: list[Event] = []
    signals: list[SessionSignal] = []
    is_open: bool = False
    """It may change yet."""


def tell(
    scene: Scene, part_id: str, part: Mapping[str, Any], message_id: str,
    message: Mapping[str, Any],
) -> Told:  # fmt: skip
    """What a part of ``message`` says."""
    at = moment(mapping(message.get("time")).get("created"))
    kind = part.get("type")
    if kind == "tool":
        return _tool(scene, part, at)
    if at is None:
        return Told()
    if kind == "text" and part.get("synthetic") is not True and part.get("ignored") is not True:
        if message.get("role") == "user":
            return prompt(scene, message_id, text(part.get("text")), at)
        if message.get("role") == "assistant":
            return _response(scene, part_id, part, at)
    if kind == "compaction":
        metadata = {"trigger": "auto" if part.get("auto") is True else "manual"}
        key = thing_key("part", part_id)
        event = scene.event("compaction", at, metadata, scene.signal("busy"), (key,))
        return Told(events=[event])
    return Told()


def prompt(scene: Scene, message_id: str, said: str, at: int) -> Told:
    """What a human asked; a sub-agent is asked by its parent."""
    said = said.strip()
    if scene.thread:
        signal = scene.signal("subagent_started")
        key = thing_key("subagent", scene.thread)
        return Told(events=[scene.event("subagent_start", at, {}, signal, (key,))])
    if not said:
        return Told()
    signal = scene.signal("turn_started", title=scene.title or first_line(said))
    keys = said_keys("prompt", message_id, at, said)
    return Told(events=[scene.event("user_prompt", at, {"prompt": said}, signal, keys)])


def _response(scene: Scene, part_id: str, part: Mapping[str, Any], at: int) -> Told:
    said, time = text(part.get("text")).strip(), mapping(part.get("time"))
    if time and moment(time.get("end")) is None:
        return Told(is_open=True)
    if not said:
        return Told()
    at = moment(time.get("end")) or at
    keys = said_keys("part", part_id, at, said)
    return Told(events=[scene.event("response", at, {"text": said}, scene.signal("busy"), keys)])


def _tool(scene: Scene, part: Mapping[str, Any], at: int | None) -> Told:
    call_id, state = name(part.get("callID")), mapping(part.get("state"))
    time, status = mapping(state.get("time")), text(state.get("status"))
    start, end = moment(time.get("start")), moment(time.get("end"))
    return call(
        scene, call_id, name(part.get("tool")), state, status, start or at, end,
        metadata=mapping(state.get("metadata")), answer=state.get("output"),
    )  # fmt: skip


def call(
    scene: Scene, call_id: str, tool: str, state: Mapping[str, Any], status: str,
    start: int | None, end: int | None, *, metadata: Mapping[str, Any], answer: Any,
) -> Told:  # fmt: skip
    """A tool call. ``metadata``: what the tool itself tells of it."""
    if not call_id or start is None:
        return Told()
    given = mapping(state.get("input"))
    about = described(given)
    if status in _RUNNING:
        started = scene.report(
            "tool_started", start, call_id=call_id, tool=tool or None, detail=detail(about)
        )
        return Told(signals=[started], is_open=True)
    if status not in _OVER:
        return Told()
    code = metadata.get("exit")
    failed = status == "error" or (isinstance(code, int) and code != 0)
    error = excerpt(state.get("error")) if failed else ""
    path = _path(metadata)
    if path and "file_path" not in about:
        about["file_path"] = path
    event = scene.tool(
        end or start,
        call_id,
        tool,
        about,
        call_keys(scene, call_id, start),
        failed=failed,
        said=error or excerpt(answer),
        changes=_changes(given, metadata),
        duration_ms=took(start, end),
    )
    return Told(events=[event])


def _path(metadata: Mapping[str, Any]) -> str:
    files = objects(metadata.get("files"))
    return name(mapping(metadata.get("filediff")).get("file")) or (
        name(files[0].get("filePath")) if files else ""
    )


def _changes(given: Mapping[str, Any], metadata: Mapping[str, Any]) -> tuple[int, int] | None:
    """Lines added and removed, as the tool counted them, or by its diff, or for a new file."""
    counted = [metadata.get("filediff"), *objects(metadata.get("files"))]
    counted += [result.get("filediff") for result in objects(metadata.get("results"))]
    diffs = [d for each in counted if "additions" in (d := mapping(each))]
    if diffs:
        return (
            sum(count(diff.get("additions")) for diff in diffs),
            sum(count(diff.get("deletions")) for diff in diffs),
        )
    if (found := changed(metadata.get("diff"))) is not None:
        return found
    if metadata.get("exists") is False and isinstance(given.get("content"), str):
        return lines(given["content"]), 0
    return None
