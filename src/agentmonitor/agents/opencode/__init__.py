"""OpenCode: what it is called, and where its sessions are.

``$XDG_DATA_HOME/opencode``: ``opencode.db``, one ``opencode-<channel>.db`` for each other channel
of releases, and under ``storage`` the JSON documents of versions before 1.2, which stay where they
are when their content is taken into the database.
"""

from collections.abc import Iterable
from pathlib import Path

from agentmonitor.agents.base import Agent, Colors, Palette, SessionDatabase, SessionFiles
from agentmonitor.agents.disk import data_folders, files_below
from agentmonitor.agents.opencode.database import read_database
from agentmonitor.agents.opencode.files import DocumentReader
from agentmonitor.agents.opencode.names import AGENT_TYPE
from agentmonitor.paths import Folders


def roots(folders: Folders) -> list[Path]:
    """The folders that hold databases."""
    return data_folders(folders, "opencode")


def document_roots(folders: Folders) -> list[Path]:
    """The folders that hold messages and their parts; the oldest versions had them one deeper."""
    homes = [root / "storage" for root in roots(folders)]
    return [
        place / kind
        for home in homes
        for place in (home, home / "session")
        for kind in ("message", "part")
    ]


def find_databases(folders: Folders) -> Iterable[Path]:
    """Every database."""
    for root in roots(folders):
        yield from files_below(
            root, lambda name: name.startswith("opencode") and name.endswith(".db"), 0
        )


def find_documents(folders: Folders) -> Iterable[Path]:
    """Every message and every part of one."""
    for root in document_roots(folders):
        yield from files_below(root, lambda name: name.endswith(".json"), 2)


AGENT = Agent(
    agent_type=AGENT_TYPE,
    label="OpenCode",
    short="OC",
    colors=Colors(
        light=Palette(mark="#5b6472", text="#3a4250", soft="#eceff4"),
        dark=Palette(mark="#9aa5b8", text="#c9d1de", soft="#222831"),
    ),
    files=SessionFiles(
        whole=lambda path: True, find=find_documents, open=DocumentReader, roots=document_roots
    ),
    database=SessionDatabase(find=find_databases, roots=roots, read=read_database),
    edit_tools=frozenset({"apply_patch", "edit", "multiedit", "patch", "write"}),
)
