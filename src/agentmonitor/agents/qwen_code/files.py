"""Where the session files are.

``~/.qwen/projects/<project>/chats/<session>.jsonl``; ``QWEN_HOME`` stands for ``~/.qwen``, and
``QWEN_RUNTIME_DIR`` for the same where files are written. The transcripts of sub-agents lie beside
``chats``, in ``subagents/<session>/agent-<id>.jsonl``.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from agentmonitor.agents.base import Folders, SessionFiles
from agentmonitor.agents.disk import expanded, files_below
from agentmonitor.agents.qwen_code.reader import ChatReader


def roots(folders: Folders) -> list[Path]:
    """The folders that hold a folder for each project."""
    homes = [folders.home / ".qwen"]
    for name in ("QWEN_HOME", "QWEN_RUNTIME_DIR"):
        moved = folders.variables.get(name, "").strip()
        if moved:
            homes.insert(0, expanded(moved, folders.home))
    return list(dict.fromkeys(home / "projects" for home in homes))


def find(folders: Folders) -> Iterator[Path]:
    """Every session file."""
    for root in roots(folders):
        for project in _folders(root):
            yield from files_below(project / "chats", lambda name: name.endswith(".jsonl"), 0)
            yield from files_below(project / "subagents", _is_transcript, 1)


def _is_transcript(name: str) -> bool:
    return name.startswith("agent-") and name.endswith(".jsonl")


SESSION_FILES = SessionFiles(find=find, open=ChatReader, roots=roots)


def _folders(root: Path) -> list[Path]:
    try:
        with os.scandir(root) as entries:
            return [Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)]
    except (OSError, ValueError):
        return []
