"""Goose: what it is called, and where its sessions are.

``$XDG_DATA_HOME/goose/sessions``: ``sessions.db``, and older sessions as ``*.jsonl``. Its first
versions kept them under ``Block/goose``. ``GOOSE_PATH_ROOT`` (an absolute folder) moves all of its
data: sessions are in ``data/sessions`` below it.
"""

from collections.abc import Iterable
from pathlib import Path

from agentmonitor.agents.base import Agent, Colors, Palette, SessionDatabase, SessionFiles
from agentmonitor.agents.disk import data_folders, files_below
from agentmonitor.agents.goose.database import read_database
from agentmonitor.agents.goose.messages import AGENT_TYPE
from agentmonitor.agents.goose.transcript import TranscriptReader
from agentmonitor.paths import Folders


def roots(folders: Folders) -> list[Path]:
    """The folders that hold sessions."""
    homes = [*data_folders(folders, "goose"), *data_folders(folders, "Block/goose")]
    moved = Path(folders.variables.get("GOOSE_PATH_ROOT", "").strip())
    if moved.is_absolute():
        homes.insert(0, moved / "data")
    return [home / "sessions" for home in homes]


def find_files(folders: Folders) -> Iterable[Path]:
    """Every session of the older kind."""
    for root in roots(folders):
        yield from files_below(root, lambda name: name.endswith(".jsonl"), 0)


def find_databases(folders: Folders) -> Iterable[Path]:
    """Every database."""
    for root in roots(folders):
        yield from files_below(root, lambda name: name == "sessions.db", 0)


AGENT = Agent(
    agent_type=AGENT_TYPE,
    label="Goose",
    short="Go",
    colors=Colors(
        light=Palette(mark="#5d7a2a", text="#3b5213", soft="#eff5df"),
        dark=Palette(mark="#95b457", text="#c2da92", soft="#212b10"),
    ),
    # The first line of a session, which has its sums, is written anew with each message.
    files=SessionFiles(
        whole=lambda path: True, find=find_files, open=TranscriptReader, roots=roots
    ),
    database=SessionDatabase(find=find_databases, roots=roots, read=read_database),
    edit_tools=frozenset({"developer__edit", "developer__write"}),
)
