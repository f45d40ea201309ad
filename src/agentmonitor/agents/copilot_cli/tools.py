"""Tool calls: what they are about, and the lines that they change."""

from collections.abc import Mapping
from typing import Any

import msgspec

from agentmonitor.agents.documents import (
    changed,
    described,
    lines,
    mapping,
    nested,
    patch,
    replaced,
    text,
)
from agentmonitor.model.event import MAX_INT

_VIEWS = frozenset({"undo_edit", "view"})


class Call(msgspec.Struct, omit_defaults=True):
    """A call that waits for its answer."""

    tool: str
    at: int
    about: dict[str, Any] = {}
    changes: tuple[int, int] | None = None


def begun(tool: str, arguments: Any, at: int) -> Call:
    """A call. Its arguments are an object, JSON text, or a patch as it is."""
    found = patch(arguments)
    if found is not None:
        return Call(tool, at, {"file_path": found[0]} if found[0] else {}, found[1:])
    given = mapping(nested(arguments))
    told = None
    if text(given.get("command")) not in _VIEWS:
        old, new, whole = given.get("old_str"), given.get("new_str"), given.get("file_text")
        if isinstance(old, str) and isinstance(new, str):
            told = replaced(old, new)
        elif isinstance(whole, str):
            told = lines(whole), 0
    about = described(given)
    if not about and isinstance(arguments, str) and not given:
        about = described({"command": arguments})
    return Call(tool, at, about, told)


def changes(data: Mapping[str, Any], call: Call) -> tuple[int, int] | None:
    """Lines added and removed: as the client counted them, or by its diff, or by the arguments."""
    metrics = mapping(mapping(data.get("toolTelemetry")).get("metrics"))
    if _is_count(metrics.get("linesAdded")) and _is_count(metrics.get("linesRemoved")):
        return metrics["linesAdded"], metrics["linesRemoved"]
    if call.changes is None:
        return None
    shown = mapping(data.get("result")).get("detailedContent")
    if isinstance(shown, str) and shown.lstrip().startswith(("diff --git", "--- ")):
        return changed(shown)
    return call.changes


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_INT
