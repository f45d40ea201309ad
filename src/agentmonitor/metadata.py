"""An event's metadata on its way to the store: secrets taken out, size capped, facts drawn."""

from typing import Any

import msgspec

from agentmonitor.model.activity import IMPLIED, MAX_DETAIL
from agentmonitor.model.event import MAX_INT, Event
from agentmonitor.model.signal import Signal, first_line
from agentmonitor.redact import may_hold_secret, redact, redact_text

SUMMARY_KEYS = (
    "command", "file_path", "query", "pattern", "error", "message", "tool_name", "path", "type",
)  # fmt: skip
"""What a summary keeps of metadata that is too large."""

_SPOKEN = frozenset({"user_prompt", "error", "turn_end", "permission_request"})
"""Types whose words are shown on the session's card."""
_WORDS = ("message", "prompt", "text", "error", "command", "content")

_encode = msgspec.json.Encoder().encode


def prepare(event: Event, max_bytes: int, edit_tools: frozenset[str]) -> None:
    """Fill ``event``'s metadata_json, payload_truncated, file_path and line counts."""
    metadata = event.metadata
    if metadata is None:
        metadata = {}
    encoded = _encode(metadata)
    text = encoded.decode()
    if may_hold_secret(text):
        metadata = redact(metadata)
        encoded = _encode(metadata)
        text = encoded.decode()
    if isinstance(metadata, dict) and metadata:
        _draw_changes(event, metadata, edit_tools)
        if event.signal is None and event.event_type in _SPOKEN:
            event.signal = _implied(event, metadata)
    if len(encoded) > max_bytes:
        event.payload_truncated = True
        text = summarise(metadata, len(encoded), max_bytes)
    event.metadata_json = text
    event.metadata = None
    signal = event.signal
    if signal is not None and (signal.detail or signal.title):
        detail = redact_text(signal.detail) if signal.detail else None
        title = redact_text(signal.title) if signal.title else None
        if detail != signal.detail or title != signal.title:
            event.signal = msgspec.structs.replace(signal, detail=detail, title=title)


def summarise(metadata: Any, size: int, max_bytes: int) -> str:
    """The JSON text that stands for metadata of ``size`` bytes: whole values or none."""
    summary: dict[str, Any] = {"_truncated": True, "_original_bytes": size}
    bare = _encode(summary)
    if isinstance(metadata, dict):
        for key in SUMMARY_KEYS:
            if key in metadata:
                summary[key] = metadata[key]
    for candidate in (_encode(summary), bare):
        if len(candidate) <= max_bytes:
            return candidate.decode()
    return "{}"


def _implied(event: Event, metadata: dict[Any, Any]) -> Signal:
    """The signal that the event's type implies, with the words that its metadata has for it."""
    words = next((w for key in _WORDS if isinstance(w := metadata.get(key), str) and w.strip()), "")
    implied = IMPLIED[event.event_type]
    if event.event_type == "user_prompt":
        return msgspec.structs.replace(implied, title=first_line(words))
    detail = words[:MAX_DETAIL] or None
    return msgspec.structs.replace(implied, detail=detail, tool=event.tool_name)


def _draw_changes(event: Event, metadata: dict[Any, Any], edit_tools: frozenset[str]) -> None:
    """Which file an edit touched, and the lines it added and removed."""
    added = _count(metadata.get("lines_added"))
    removed = _count(metadata.get("lines_removed"))
    is_edit = (
        event.event_type == "file_change"
        or event.tool_name in edit_tools
        or added is not None
        or removed is not None
    )
    if not is_edit or event.status != "success":
        return
    event.lines_added = added or 0
    event.lines_removed = removed or 0
    path = metadata.get("file_path") or metadata.get("path")
    if isinstance(path, str) and "\0" not in path:
        event.file_path = path[:1024]


def _count(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_INT:
        return None
    return value
