"""What a call of Claude Code changed in a file, by the client's own account of the result.

Format: ``structuredPatch``, a list of hunks (``oldStart``, ``oldLines``, ``newStart``,
``newLines``, ``lines``, each with its sign), and ``type: create`` with the ``content`` of a new
file, whose patch is empty.
"""

from collections.abc import Mapping
from typing import Any

from agentmonitor.agents._excerpts import MAX_DIFF, bounded, count, whole
from agentmonitor.agents.claude_code import tools


def changes(response: Any) -> dict[str, Any]:
    """Metadata of the change: lines added and removed, and the ``diff``; {} when there is none."""
    if not isinstance(response, Mapping):
        return {}
    patch = response.get("structuredPatch")
    if isinstance(patch, list) and patch:
        return _patched(patch)
    if response.get("type") != "create":
        return {}
    content = response.get("content")
    if not isinstance(content, str):
        return {"lines_added": 0, "lines_removed": 0}
    return _described(count(content), 0, bounded(*whole(content, "+")))


def _patched(patch: list[Any]) -> dict[str, Any]:
    hunks: list[str] = []
    size = added = removed = beyond = 0
    for hunk in patch:
        lines = hunk.get("lines") if isinstance(hunk, Mapping) else None
        if not isinstance(lines, list) or not lines:
            continue
        try:
            text = "\n" + "\n".join(lines)
        except TypeError:  # a line that is no text
            lines = [line for line in lines if isinstance(line, str)]
            text = "\n" + "\n".join(lines)
        plus, minus = text.count("\n+"), text.count("\n-")
        added += plus
        removed += minus
        if size > MAX_DIFF:
            beyond += len(lines)
            continue
        old = tools.count(hunk.get("oldStart")) or 0
        new = tools.count(hunk.get("newStart")) or old
        both = len(lines) - text.count("\n\\")  # "\ No newline at end of file" is no line
        head = f"@@ -{old},{both - plus} +{new},{both - minus} @@"
        hunks.append(head + text)
        size += len(text)
    return _described(added, removed, bounded("\n".join(hunks), beyond))


def _described(added: int, removed: int, diff: str) -> dict[str, Any]:
    found: dict[str, Any] = {"lines_added": added, "lines_removed": removed}
    if diff:
        found["diff"] = diff
    return found
