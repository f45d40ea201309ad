"""Which files a patch changes, and by how many lines.

Format: openai/codex, ``codex-rs/apply-patch`` (the patch text that models write) and
``codex-rs/protocol`` (FileChange: what was really changed, as a map from the path).
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from agentmonitor.agents._excerpts import MAX_DIFF, bounded, count, whole
from agentmonitor.agents.codex.values import MAX_VALUE, mapping, name

MAX_FILES = 64
"""Files that are named; of further ones only the lines are counted."""
BEGIN = "*** Begin Patch"
_END = "\n*** End Patch"

_FILE = re.compile(r"\*\*\* (Update|Add|Delete) File: (.*)")
_MOVED = "*** Move to: "
_COMMAND = re.compile(r"\s*(?:cd\s+\S+\s*(?:&&|;)\s*)?apply_?patch\b")
_ABSOLUTE = re.compile(r"[/\\]|[A-Za-z]:[/\\]|~")


class Change(msgspec.Struct, omit_defaults=True):
    """What became of one file."""

    path: str
    kind: str
    added: int = 0
    removed: int = 0


def from_text(patch: str) -> list[Change]:
    """The changes that a patch asks for. Of a deleted file the lines are not known."""
    changes: list[Change] = []
    current: Change | None = None
    for line in patch.split("\n"):
        first = line[:1]
        if first == "+":
            if current is not None:
                current.added += 1
        elif first == "-":
            if current is not None:
                current.removed += 1
        elif first == "*":
            found = _FILE.match(line)
            if found:
                current = Change(name(found[2]), found[1].lower())
                changes.append(current)
            elif current is not None and line.startswith(_MOVED):
                current.path = name(line[len(_MOVED) :]) or current.path
    return _limited(changes)


def from_map(changes: Any) -> list[Change]:
    """What was really changed, from a map of path to change."""
    found = []
    for path, change in mapping(changes).items():
        if not isinstance(change, Mapping):
            continue
        kind, facts = _kind(change)
        content, diff = facts.get("content"), facts.get("unified_diff")
        added = removed = 0
        if kind == "update":
            added, removed = _diff_lines(diff) if isinstance(diff, str) else (0, 0)
        elif isinstance(content, str):
            lines = count(content)
            added, removed = (lines, 0) if kind == "add" else (0, lines)
        moved = facts.get("move_path")
        found.append(Change(name(moved) or name(path), kind[:20], added, removed))
    return _limited(found)


def diff_of_text(patch: str) -> str:
    """The diff in a patch as the model wrote it, without what stands around it; "" for none."""
    begin = patch.find(BEGIN)
    if begin < 0:
        return ""
    end = patch.rfind(_END)
    return bounded(patch[begin:end] if end > begin else patch[begin:])


def diff_of_map(changes: Any) -> str:
    """The diff of what was really changed, file by file; "" when nothing tells the lines."""
    parts: list[str] = []
    size = beyond = 0
    for path, change in mapping(changes).items():
        if not isinstance(change, Mapping):
            continue
        kind, facts = _kind(change)
        told = facts.get("unified_diff" if kind == "update" else "content")
        if not isinstance(told, str) or not told:
            continue
        if size > MAX_DIFF:
            beyond += count(told)
            continue
        if kind != "update":
            told, left = whole(told, "+" if kind == "add" else "-")
            beyond += left
        if not told.startswith("--- "):
            old, new = name(path), name(facts.get("move_path")) or name(path)
            old = "/dev/null" if kind == "add" else _side("a", old)
            new = "/dev/null" if kind == "delete" else _side("b", new)
            told = f"--- {old}\n+++ {new}\n{told}"
        parts.append(told.removesuffix("\n"))
        size += len(told)
    return bounded("\n".join(parts), beyond)


def script_patch(command: Any) -> str | None:
    """The patch in a shell command, where old versions put it; None when it runs something else."""
    if isinstance(command, str):
        script = command
    elif isinstance(command, list) and command and all(isinstance(c, str) for c in command):
        if command[0] in ("apply_patch", "applypatch"):
            return str(command[1]) if len(command) > 1 else None
        script = command[-1]
    else:
        return None
    return script if BEGIN in script and _COMMAND.match(script) else None


def located(changes: list[Change], folder: str) -> list[Change]:
    """With the paths that are relative put below ``folder``."""
    for change in changes:
        if folder and not _ABSOLUTE.match(change.path):
            separator = "\\" if "\\" in folder and "/" not in folder else "/"
            change.path = f"{folder.rstrip('/').rstrip(separator)}{separator}{change.path}"
    return changes


def described(changes: list[Change]) -> dict[str, Any]:
    """The metadata of an event about ``changes``."""
    facts: dict[str, Any] = {
        "lines_added": sum(change.added for change in changes),
        "lines_removed": sum(change.removed for change in changes),
    }
    named = [change for change in changes if change.path]
    if named:
        facts["file_path"] = named[0].path
    if len(named) > 1:
        facts["files"] = [change.path for change in named]
    return facts


def detail(changes: list[Change]) -> str:
    """The line to show for a patch."""
    return ", ".join(change.path for change in changes if change.path)[:MAX_VALUE]


def _kind(change: Mapping[Any, Any]) -> tuple[str, Mapping[str, Any]]:
    """What became of a file, and the facts of it."""
    kind = change.get("type")
    if isinstance(kind, str):
        return kind, change
    # An older shape: {"add": {…}}.
    kind = next((k for k in ("add", "delete", "update") if k in change), "update")
    return kind, mapping(change.get(kind))


def _side(letter: str, path: str) -> str:
    """A path as the head of a diff has it, on one line."""
    path = path.replace("\n", " ")
    return path if _ABSOLUTE.match(path) else f"{letter}/{path}"


def _limited(changes: list[Change]) -> list[Change]:
    kept, rest = changes[:MAX_FILES], changes[MAX_FILES:]
    if rest:
        added, removed = sum(c.added for c in rest), sum(c.removed for c in rest)
        kept.append(Change("", "update", added, removed))
    return kept


def _diff_lines(diff: str) -> tuple[int, int]:
    """Lines added and removed in a unified diff, which may lack its file headers."""
    added = removed = 0
    header = diff.startswith("---")
    for line in diff.split("\n"):
        first = line[:1]
        if first == "@":
            header = False
        elif header:
            continue
        elif first == "+":
            added += 1
        elif first == "-":
            removed += 1
    return added, removed
