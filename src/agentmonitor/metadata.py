"""An event's metadata on its way to the store: secrets taken out, size capped, facts drawn."""

import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from agentmonitor.config import Capture
from agentmonitor.model.activity import MAX_DETAIL
from agentmonitor.model.event import MAX_INT, Event
from agentmonitor.model.signal import IMPLIED, Signal, first_line
from agentmonitor.model.span import SessionSpan
from agentmonitor.redact import redact, redact_text, suspects

SUMMARY_KEYS = (
    "command", "file_path", "query", "pattern", "error", "message", "tool_name", "path", "type",
)  # fmt: skip
"""What a summary keeps of metadata that is too large."""

CONTENT_KEYS = frozenset({
    "prompt", "text", "message", "content", "output", "input", "error", "command", "query",
    "pattern", "diff", "thinking", "description", "old_string", "new_string", "tool_input",
    "tool_response", "last_assistant_message", "summary", "compact_summary", "reason", "url",
})  # fmt: skip
"""Metadata that is what people and agents said, not what about it can be counted."""

MAX_DEPTH = 100
"""Deeper metadata is replaced by a summary: everything that reads it would need the same care."""
_SPOKEN = frozenset({"user_prompt", "error", "turn_end", "permission_request"})
"""Types whose words are shown on the session's card."""
_WORDS = ("message", "prompt", "text", "error", "command", "content")

_NESTING = (dict, list)

_encode = msgspec.json.Encoder().encode


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of what agents say."""

    max_bytes: int
    """Metadata larger than this (UTF-8 bytes of its JSON) is shown as a summary."""
    edit_tools: frozenset[str]
    max_item_bytes: int = 256 * 1024
    """Of each text (a prompt, an output) that the summary cannot hold, so many bytes are kept."""
    capture: Capture = "full"
    by_agent: Mapping[str, Capture] = {}
    """Agents for which another ``capture`` holds."""


def prepare(events: Sequence[Event], rules: Rules) -> None:
    """Fill the events' metadata_json, payload_truncated, content, file_path and line counts."""
    for event in events:
        _prepare(event, rules)
    # One look at all of them, since mostly there is nothing to find.
    for place in suspects([event.metadata_json for event in events]):
        _conceal(events[place], rules)


def _prepare(event: Event, rules: Rules) -> None:
    metadata = event.metadata
    if metadata is None:
        metadata = {}
    encoded = _encode(metadata)
    size = len(encoded)
    if isinstance(metadata, dict):
        kind = event.event_type
        if (
            event.tool_name in rules.edit_tools
            or kind == "file_change"
            or "lines_added" in metadata
            or "lines_removed" in metadata
        ):
            _draw_changes(event, metadata)
        if kind in _SPOKEN and event.signal is None:
            event.signal = _implied(event, metadata)
    by_agent = rules.by_agent
    capture = by_agent.get(event.agent_type, rules.capture) if by_agent else rules.capture
    if capture != "full":
        metadata = _withhold(event, metadata, capture)
        encoded = _encode(metadata)
        size = len(encoded)
    # Each level is at least two characters: most metadata is too short to be deep.
    too_deep = size > 2 * MAX_DEPTH and _is_deep(metadata, encoded)
    max_bytes = rules.max_bytes
    if too_deep or size > max_bytes:
        event.payload_truncated = True
        if not too_deep:
            event.content = pack_content(metadata, rules.max_item_bytes)
        encoded = _encode(summarise(None if too_deep else metadata, size, max_bytes))
        if event.file_path is not None:  # the summary may lack it
            event.file_path = redact_text(event.file_path)
    event.metadata_json = encoded.decode()
    event.metadata = None
    signal = event.signal
    if signal is not None and (signal.detail or signal.title):
        detail = redact_text(signal.detail) if signal.detail else None
        title = redact_text(signal.title) if signal.title else None
        if detail != signal.detail or title != signal.title:
            event.signal = msgspec.structs.replace(signal, detail=detail, title=title)


def _conceal(event: Event, rules: Rules) -> None:
    """Take secrets out of the metadata, and of what was drawn from it."""
    if event.file_path is not None:
        event.file_path = redact_text(event.file_path)
    text = event.metadata_json
    metadata = redact(msgspec.json.decode(text))
    encoded = _encode(metadata)
    if len(encoded) > rules.max_bytes:  # a mark can be longer than what it stands for
        event.payload_truncated = True
        size = len(text.encode())
        encoded = _encode(summarise(metadata, size, rules.max_bytes))
    event.metadata_json = encoded.decode()


def prepare_span(span: SessionSpan, rules: Rules) -> None:
    """Fill ``span``'s attributes_json, by the same rules. Where words are not to be kept, only its
    numbers and truth values are."""
    attributes = span.attributes
    capture = rules.by_agent.get(span.agent_type, rules.capture)
    if capture != "full":
        kept = {} if capture == "off" else attributes
        attributes = {k: v for k, v in kept.items() if isinstance(v, int | float)}
    event = Event(
        session_id="-", agent_type=span.agent_type, event_type="hook", metadata=attributes
    )
    prepare([event], msgspec.structs.replace(rules, capture="full", by_agent={}))
    span.attributes_json = event.metadata_json


def summarise(metadata: Any, size: int, max_bytes: int) -> dict[str, Any]:
    """What stands for metadata of ``size`` bytes: some of its values, whole, if they fit."""
    bare: dict[str, Any] = {"_truncated": True, "_original_bytes": size}
    kept = metadata if isinstance(metadata, dict) else {}
    summary = bare | {key: kept[key] for key in SUMMARY_KEYS if key in kept}
    return next((s for s in (summary, bare) if len(_encode(s)) <= max_bytes), {})


def pack_content(metadata: Any, max_item_bytes: int) -> bytes:
    """Metadata for the transcript: each text cut to the limit, secrets taken out, compressed."""
    whole = redact(_cut(metadata, max_item_bytes))
    return zlib.compress(_encode(whole), 1)


def unpack_content(content: bytes) -> Any:
    """What ``pack_content`` packed."""
    return msgspec.json.decode(zlib.decompress(content))


def _cut(value: Any, most: int) -> Any:
    if isinstance(value, str):
        # Characters first: only a text that may be too long is encoded.
        if len(value) * 4 <= most or len(encoded := value.encode("utf-8", "replace")) <= most:
            return value
        return encoded[:most].decode("utf-8", "ignore")
    if isinstance(value, list):
        return [_cut(item, most) for item in value]
    if isinstance(value, dict):
        return {key: _cut(item, most) for key, item in value.items()}
    return value


def _withhold(event: Event, metadata: Any, capture: Capture) -> Any:
    """What is left of metadata when content is not wanted."""
    signal = event.signal
    if signal is not None:
        event.signal = msgspec.structs.replace(signal, detail=None, title=None)
    if capture == "off":
        event.file_path = None
        return {}
    if isinstance(metadata, dict):
        return {key: value for key, value in metadata.items() if key not in CONTENT_KEYS}
    return {} if isinstance(metadata, str) else metadata


def _is_deep(value: Any, encoded: bytes) -> bool:
    """Whether lists and objects stand in each other more than MAX_DEPTH times."""
    if type(value) is dict and not any(isinstance(v, _NESTING) for v in value.values()):
        return False  # the most frequent kind
    if encoded.count(b"[") + encoded.count(b"{") <= MAX_DEPTH:
        return False
    level = [value]
    for _ in range(MAX_DEPTH):
        nested: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                nested += item.values()
            elif isinstance(item, list):
                nested += item
        level = nested
        if not level:
            return False
    return True


def _implied(event: Event, metadata: dict[Any, Any]) -> Signal:
    """The signal that the event's type implies, with the words that its metadata has for it."""
    words = next((w for key in _WORDS if isinstance(w := metadata.get(key), str) and w.strip()), "")
    implied = IMPLIED[event.event_type]
    if event.event_type == "user_prompt":
        return msgspec.structs.replace(implied, title=first_line(words))
    detail = words[:MAX_DETAIL] or None
    return msgspec.structs.replace(implied, detail=detail, tool=event.tool_name)


def _draw_changes(event: Event, metadata: dict[Any, Any]) -> None:
    """Which file an edit touched, and the lines it added and removed."""
    if event.status != "success":
        return
    added = _count(metadata.get("lines_added"))
    removed = _count(metadata.get("lines_removed"))
    event.lines_added = added or 0
    event.lines_removed = removed or 0
    path = metadata.get("file_path") or metadata.get("path")
    if isinstance(path, str) and "\0" not in path:
        event.file_path = path[:1024]


def _count(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_INT:
        return None
    return value
