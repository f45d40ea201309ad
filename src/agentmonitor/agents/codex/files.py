"""Where Codex keeps its rollouts.

``$CODEX_HOME`` or ``~/.codex``: ``sessions/YYYY/MM/DD/rollout-<time>-<thread id>.jsonl``, after a
while compressed (``.jsonl.zst``), and ``archived_sessions/`` for what the user put away.
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from agentmonitor.agents.base import Folders, SessionFiles, lazily

_SUFFIXES = (".jsonl", ".jsonl.zst")
_DEEPEST = 6
"""Folders below the roots; the agent makes three."""


def roots(folders: Folders) -> list[Path]:
    """The folders to watch."""
    moved = folders.variables.get("CODEX_HOME", "").strip()
    if moved == "~" or moved.startswith("~/"):
        moved = f"{folders.home}{moved[1:]}"
    home = Path(moved) if moved else folders.home / ".codex"
    return [home / "sessions", home / "archived_sessions"]


def find(folders: Folders) -> Iterable[Path]:
    """Every rollout once: the active one before an archived one, the plain one before the
    compressed one."""
    chosen: dict[str, Path] = {}
    for root in roots(folders):
        here: dict[str, Path] = {}
        for path in _rollouts(root, _DEEPEST):
            rollout = path.name.removesuffix(".zst")
            if rollout not in here or path.name == rollout:
                here[rollout] = path
        chosen = here | chosen
    return chosen.values()


def _rollouts(folder: Path, deeper: int) -> Iterator[Path]:
    below: list[Path] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith("rollout-") and entry.name.endswith(_SUFFIXES):
                    yield Path(entry.path)
                elif deeper and entry.is_dir(follow_symlinks=False):
                    below.append(Path(entry.path))
    except OSError:
        pass  # what cannot be read is passed over
    for path in below:
        yield from _rollouts(path, deeper - 1)


_open = lazily("agentmonitor.agents.codex.reader:RolloutReader")
SESSION_FILES = SessionFiles(find=find, open=_open, roots=roots)
