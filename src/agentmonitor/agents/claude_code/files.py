"""Where the session files are, and how one is opened.

Source: the agent's settings reference, and the folders of 43 versions. Under each configuration
folder: ``projects/<folder's slug>/<session>.jsonl``; sub-agents of a session in
``<session>/subagents/**/agent-<id>.jsonl`` or, from 2.0.x, beside it.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from agentmonitor.agents.base import FileReader, Folders, SessionFiles

_SUBAGENTS = "subagents"
_SUBAGENT = "agent-"
_ENDING = ".jsonl"
_JOURNAL = "journal.jsonl"
_DEPTH = 8
"""Folders in each other under ``subagents``."""
_MAX_META = 1024 * 1024


class _Meta(msgspec.Struct, rename="camel"):
    agent_type: str | None = None


def roots(folders: Folders) -> list[Path]:
    """The folders that hold session files, whether they exist or not."""
    named = folders.variables.get("CLAUDE_CONFIG_DIR", "").split(",")
    configured = [_expanded(name.strip(), folders.home) for name in named if name.strip()]
    usual = [folders.home / ".claude", folders.home / ".config" / "claude"]
    return list(dict.fromkeys(folder / "projects" for folder in [*configured, *usual]))


def find(folders: Folders) -> Iterator[Path]:
    """Every session file."""
    seen: set[tuple[int, int]] = set()
    for root in roots(folders):
        for project in _folders(root, seen):
            yield from _project(project, seen)


def open_file(path: Path, saved: bytes | None) -> FileReader:
    """A reader of ``path``."""
    from agentmonitor.agents.claude_code.lines import Reader  # an idle server reads nothing

    stem = path.name.removesuffix(_ENDING)
    if not stem.startswith(_SUBAGENT):
        return Reader(own=stem, saved=saved)
    parts = path.parts
    parent = ""
    if _SUBAGENTS in parts:
        below = len(parts) - 1 - parts[::-1].index(_SUBAGENTS)
        parent = parts[below - 1] if below else ""
    meta = path.with_name(f"{stem}.meta.json")
    return Reader(
        own=parent,
        fallback=parent or stem,
        agent_id=stem.removeprefix(_SUBAGENT) or stem,
        agent_type=lambda: _agent_type(meta),
        saved=saved,
    )


FILES = SessionFiles(find=find, open=open_file, roots=roots)


def _expanded(name: str, home: Path) -> Path:
    return home / name[2:] if name.startswith("~/") else home if name == "~" else Path(name)


def _project(folder: str, seen: set[tuple[int, int]]) -> Iterator[Path]:
    """Sessions in one project's folder, and their sub-agents."""
    for entry in _scan(folder):
        if _is_file(entry):
            if entry.name.endswith(_ENDING) and entry.name != _JOURNAL:
                yield Path(entry.path)
        elif _is_new(entry.path, seen):
            # Beside its sub-agents a session keeps large outputs there, which are not looked at.
            yield from _subagents(os.path.join(entry.path, _SUBAGENTS), seen, _DEPTH)


def _subagents(folder: str, seen: set[tuple[int, int]], depth: int) -> Iterator[Path]:
    for entry in _scan(folder):
        if _is_file(entry):
            if entry.name.endswith(_ENDING) and entry.name.startswith(_SUBAGENT):
                yield Path(entry.path)
        elif depth and _is_new(entry.path, seen):
            yield from _subagents(entry.path, seen, depth - 1)


def _folders(root: Path, seen: set[tuple[int, int]]) -> Iterator[str]:
    if _is_new(str(root), seen):
        for entry in _scan(str(root)):
            if not _is_file(entry) and _is_new(entry.path, seen):
                yield entry.path


def _scan(folder: str) -> list[os.DirEntry[str]]:
    """What is in a folder; nothing when it cannot be read."""
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except (OSError, ValueError):
        return []


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:
        return False


def _is_new(folder: str, seen: set[tuple[int, int]]) -> bool:
    """Whether it is a folder that was not entered before, by whatever path."""
    try:
        found = os.stat(folder)
    except (OSError, ValueError):
        return False
    key = (found.st_dev, found.st_ino)
    if key in seen:
        return False
    seen.add(key)
    return True


def _agent_type(meta: Path) -> str | None:
    """The kind of a sub-agent, from the file beside its own."""
    from agentmonitor.agents.claude_code.place import optional  # as above

    try:
        with open(meta, "rb") as file:
            return optional(msgspec.json.decode(file.read(_MAX_META), type=_Meta).agent_type)
    except (OSError, ValueError, msgspec.MsgspecError, RecursionError):
        return None
