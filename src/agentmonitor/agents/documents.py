"""Values read from documents that nobody vouches for; shared by the agents' readers."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from agentmonitor.errors import UnreadableLine
from agentmonitor.model.clock import from_iso
from agentmonitor.model.event import MAX_COST_USD, MAX_INT, MAX_NAME

MAX_VALUE = 2000
"""Characters kept of a command, a path and the like."""
MAX_TEXT = 16_000
"""Characters kept of what somebody said."""
MAX_EXCERPT = 1000
"""Characters kept of what a tool answered."""

# Times outside of these are a fault: the agents are younger than the first.
_EARLIEST = from_iso("2020-01-01")
_LATEST = from_iso("2100-01-01")

_SHOWN = {
    "command": "command", "cmd": "command", "file_path": "file_path", "filePath": "file_path",
    "path": "path", "pattern": "pattern", "query": "query", "url": "url",
    "description": "description", "prompt": "prompt",
}  # fmt: skip
_PATCHED = re.compile(r"^\*\*\* (?:Add|Update|Delete) File: ([^\n]+)", re.MULTILINE)
_FIRST = ("command", "file_path", "pattern", "query", "url", "path", "description", "prompt")


def decoded(document: bytes | str) -> Any:
    """The JSON document. Raises UnreadableLine."""
    try:
        return msgspec.json.decode(document)
    except (ValueError, RecursionError) as error:
        raise UnreadableLine(f"no JSON: {error}") from None


def decoded_object(document: bytes | str) -> Mapping[str, Any]:
    """The JSON document, which is an object. Raises UnreadableLine."""
    found = decoded(document)
    if not isinstance(found, dict):
        raise UnreadableLine("no JSON object")
    return found


def nested(document: Any) -> Any:
    """A value that may be JSON text itself; None when that cannot be read."""
    if not isinstance(document, str | bytes):
        return document
    try:
        return msgspec.json.decode(document)
    except (ValueError, RecursionError):
        return None


def text(value: Any, limit: int = MAX_TEXT) -> str:
    """The first ``limit`` characters of a text; "" when it is none."""
    return value[:limit] if isinstance(value, str) else ""


def name(value: Any) -> str:
    """A name, an id or a path; such have at most MAX_NAME characters and no NUL."""
    return value[:MAX_NAME].replace("\0", "").strip() if isinstance(value, str) else ""


def word(value: Any) -> str:
    """A name, or a number that stands for one."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_INT:
        return str(value)
    return name(value)


def count(value: Any) -> int:
    """A whole number of at least 0, also as a float; 0 when it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MAX_INT:
        return 0
    return int(value)


def total(*counts: int) -> int:
    """A sum that stays a count."""
    return min(sum(counts), MAX_INT)


def dollars(value: Any) -> float | None:
    """An amount above 0. None otherwise: clients write 0 where they know no price."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 < value <= MAX_COST_USD else None


def moment(value: Any) -> int | None:
    """Milliseconds since the epoch, from an ISO timestamp, or seconds or milliseconds since it;
    None when it cannot be true."""
    if isinstance(value, str):
        try:
            at = from_iso(value)
        except (ValueError, OverflowError):
            return None
    elif isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < MAX_INT:
        return None
    else:
        at = int(value) if value > 1e11 else int(value * 1000)
    return at if _EARLIEST <= at <= _LATEST else None


def took(start: Any, end: Any) -> int | None:
    """Milliseconds between two moments; None when one is missing, or they are the wrong way."""
    since, until = moment(start), moment(end)
    return until - since if since is not None and until is not None and until >= since else None


def mapping(value: Any) -> Mapping[str, Any]:
    """``value`` if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def objects(value: Any) -> list[Mapping[str, Any]]:
    """The objects in a list; none when it is no list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def excerpt(value: Any, limit: int = MAX_EXCERPT) -> str:
    """The beginning of a tool's answer: a text, parts with texts, or an object around one."""
    for _ in range(4):
        if isinstance(value, str):
            return value[:limit]
        if isinstance(value, list):
            parts = [item if isinstance(item, str) else text(mapping(item).get("text"))
                     for item in value[:20]]  # fmt: skip
            return "\n".join(part for part in parts if part)[:limit]
        facts = mapping(value)
        keys = ("output", "content", "text", "message", "error", "result")
        value = next((facts[key] for key in keys if facts.get(key)), None)
    return ""


def described(given: Any) -> dict[str, Any]:
    """The parts of a tool's input that say what the call is about."""
    found: dict[str, Any] = {}
    facts = mapping(given)
    for key, shown in _SHOWN.items():
        value = facts.get(key)
        if isinstance(value, str) and value:
            found.setdefault(shown, value[:MAX_VALUE])
    return found


def detail(facts: Mapping[str, Any]) -> str | None:
    """The one line to show for a call."""
    return next((str(facts[key]) for key in _FIRST if facts.get(key)), None)


def changed(diff: Any) -> tuple[int, int] | None:
    """Lines added and removed in a unified diff; None when there is none."""
    if not isinstance(diff, str) or not diff:
        return None
    added = removed = 0
    for line in diff.split("\n"):
        if line.startswith("+"):
            added += not line.startswith("+++")
        elif line.startswith("-"):
            removed += not line.startswith("---")
    return added, removed


def replaced(before: str, after: str) -> tuple[int, int]:
    """Lines added and removed where ``after`` stands for ``before``. Lines that both have at their
    beginning or end did not change."""
    old, new = before.splitlines(), after.splitlines()
    same = 0
    while same < min(len(old), len(new)) and old[same] == new[same]:
        same += 1
    old, new = old[same:], new[same:]
    while old and new and old[-1] == new[-1]:
        old.pop()
        new.pop()
    return len(new), len(old)


def patch(document: Any) -> tuple[str, int, int] | None:
    """The first file of an ``apply_patch`` text, and the lines added and removed in all of them;
    None when it is no such text."""
    found = _PATCHED.search(document) if isinstance(document, str) else None
    if found is None:
        return None
    added, removed = changed(document) or (0, 0)
    return name(found[1]), added, removed


def lines(content: Any) -> int:
    """Lines of a new file."""
    return len(content.splitlines()) if isinstance(content, str) else 0
