"""Where the session files are. ``GEMINI_CLI_HOME`` stands for the user's home."""

import os
from collections.abc import Iterator
from pathlib import Path

from agentmonitor.agents.base import Folders, SessionFiles
from agentmonitor.agents.disk import expanded, files_below
from agentmonitor.agents.gemini_cli.place import CHATS
from agentmonitor.agents.gemini_cli.reader import SessionReader

_DOCUMENT = ".json"


def roots(folders: Folders) -> list[Path]:
    """The folder that holds a folder for each project."""
    moved = folders.variables.get("GEMINI_CLI_HOME", "").strip()
    home = expanded(moved, folders.home) if moved else folders.home
    return [home / ".gemini" / "tmp"]


def find(folders: Folders) -> Iterator[Path]:
    """Every session file; of a session that went on in the newer format only the newer file."""
    for root in roots(folders):
        for project in _folders(root):
            found = set(files_below(project / CHATS, _is_session, 1))
            for path in found:
                if path.suffix != _DOCUMENT or path.with_suffix(".jsonl") not in found:
                    yield path


def is_document(path: Path) -> bool:
    """Whether the file is one document, which is written anew each time."""
    return path.suffix == _DOCUMENT


SESSION_FILES = SessionFiles(whole=is_document, find=find, open=SessionReader, roots=roots)


def _is_session(name: str) -> bool:
    # A sub-agent's file is named for its id alone.
    return name.endswith(".jsonl") or (name.startswith("session-") and name.endswith(_DOCUMENT))


def _folders(root: Path) -> list[Path]:
    try:
        with os.scandir(root) as entries:
            return [Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)]
    except (OSError, ValueError):
        return []
