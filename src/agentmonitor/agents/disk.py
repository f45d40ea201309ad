"""Where agents keep files, and which there are."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from agentmonitor.paths import Folders


def data_folders(folders: Folders, program: str) -> list[Path]:
    """Where ``program`` keeps its data after the XDG rules: a relative folder does not count."""
    moved = Path(folders.variables.get("XDG_DATA_HOME", ""))
    base = moved if moved.is_absolute() else folders.home / ".local" / "share"
    return [base / program]


def expanded(value: str, home: Path) -> Path:
    """A folder as a user names it in a variable."""
    return home / value[2:] if value.startswith("~/") else home if value == "~" else Path(value)


def files_below(folder: Path, accept: Callable[[str], bool], depth: int) -> Iterator[Path]:
    """Files whose name is accepted, in folders up to ``depth`` deep; links to folders are not
    followed, and what cannot be read is passed over."""
    below: list[str] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    below.append(entry.path)
                elif accept(entry.name):
                    yield Path(entry.path)
    except (OSError, ValueError):
        pass
    if depth:
        for path in below:
            yield from files_below(Path(path), accept, depth - 1)
