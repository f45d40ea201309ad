"""GitHub Copilot CLI: what it is called, and where its sessions are.

``$COPILOT_HOME`` or ``~/.copilot``: ``session-state/<session>/events.jsonl``, in older versions
``session-state/<session>.jsonl``. ``session-store.db`` beside it lists the requests of newer ones.
"""

from collections.abc import Iterable
from pathlib import Path

from agentmonitor.agents.base import (
    Agent,
    Colors,
    Palette,
    SessionDatabase,
    SessionFiles,
    lazily,
)
from agentmonitor.agents.copilot_cli.reader import AGENT_TYPE, EventReader
from agentmonitor.agents.disk import expanded, files_below
from agentmonitor.paths import Folders


def roots(folders: Folders) -> list[Path]:
    """The folders that hold sessions. The database lies beside them and is not watched: the
    agent's own logs do so as well, which change all the time. It is read with each import."""
    moved = folders.variables.get("COPILOT_HOME", "").strip()
    home = expanded(moved, folders.home) if moved else folders.home / ".copilot"
    return [home / "session-state"]


def find(folders: Folders) -> Iterable[Path]:
    """Every session."""
    for root in roots(folders):
        for path in files_below(root, lambda name: name.endswith(".jsonl"), 1):
            if path.parent == root or path.name == "events.jsonl":
                yield path


def stores(folders: Folders) -> Iterable[Path]:
    """The database of each home."""
    for root in roots(folders):
        yield from files_below(root.parent, lambda name: name == "session-store.db", 0)


AGENT = Agent(
    agent_type=AGENT_TYPE,
    label="Copilot CLI",
    short="Cp",
    colors=Colors(
        light=Palette(mark="#b8408f", text="#7d1f5d", soft="#fdebf6"),
        dark=Palette(mark="#dd70b6", text="#f3b0d9", soft="#371529"),
    ),
    files=SessionFiles(find=find, open=EventReader, roots=roots),
    database=SessionDatabase(
        find=stores, roots=roots, read=lazily("agentmonitor.agents.copilot_cli.store:read_store")
    ),
    edit_tools=frozenset({"apply_patch", "create", "edit"}),
)
