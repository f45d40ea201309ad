"""Messages of version 2: one row holds all of a message.

Format: sst/opencode, ``packages/core/src/session-message.ts``; table ``session_message`` with the
message's ``type`` beside its ``data``. Version 1 fills the table, too, while it is being replaced:
a session that has rows in ``message`` is read from there.
"""

from collections.abc import Mapping
from typing import Any

from agentmonitor.agents.documents import mapping, moment, name, objects, text
from agentmonitor.agents.opencode import messages, parts
from agentmonitor.agents.opencode.names import thing_key
from agentmonitor.agents.opencode.parts import Told
from agentmonitor.agents.scene import Scene


def tell(scene: Scene, message_id: str, kind: Any, data: Mapping[str, Any]) -> Told:
    """What a message says."""
    at = moment(mapping(data.get("time")).get("created"))
    if at is None:
        return Told()
    if kind == "user":
        return parts.prompt(scene, message_id, text(data.get("text")), at)
    if kind == "compaction":
        metadata = {"trigger": name(data.get("reason"))} if name(data.get("reason")) else {}
        key = thing_key("part", message_id)
        event = scene.event("compaction", at, metadata, scene.signal("busy"), (key,))
        return Told(events=[event])
    if kind != "assistant":
        return Told()
    content = objects(data.get("content"))
    out = Told(is_open=not messages.is_over(data))
    for part in content:
        if part.get("type") == "tool":
            told = _call(scene, part, at)
            out.events += told.events
            out.signals += told.signals
            out.is_open = out.is_open or told.is_open
    if messages.is_over(data):
        said = "\n".join(
            text(part.get("text")) for part in content
            if part.get("type") == "text" and part.get("synthetic") is not True
        ).strip()  # fmt: skip
        out.events += messages.tell(scene, message_id, data, (), said)
    return out


def _call(scene: Scene, part: Mapping[str, Any], at: int) -> Told:
    state, time = mapping(part.get("state")), mapping(part.get("time"))
    start = moment(time.get("ran")) or moment(time.get("created")) or at
    return parts.call(
        scene, name(part.get("id")), name(part.get("name")), state, text(state.get("status")),
        start, moment(time.get("completed")), metadata=mapping(state.get("structured")),
        answer=state.get("content"),
    )  # fmt: skip
