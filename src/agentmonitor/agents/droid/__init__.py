"""Droid (Factory): what it is called, and where its sessions are."""

from collections.abc import Iterable
from pathlib import Path

from agentmonitor.agents.base import Agent, Colors, FileReader, Palette, SessionFiles
from agentmonitor.agents.disk import files_below
from agentmonitor.agents.droid.lines import AGENT_TYPE, LineReader
from agentmonitor.agents.droid.settings import ENDING, SettingsReader
from agentmonitor.paths import Folders


def roots(folders: Folders) -> list[Path]:
    """The folders that hold sessions."""
    return [folders.home / ".factory" / "sessions"]


def find(folders: Folders) -> Iterable[Path]:
    """Every transcript, and every file with a session's settings and usage."""
    for root in roots(folders):
        yield from files_below(root, lambda name: name.endswith((".jsonl", ENDING)), 2)


def is_settings(path: Path) -> bool:
    """Whether a file holds a session's settings."""
    return path.name.endswith(ENDING)


def open_file(path: Path, state: bytes | None) -> FileReader:
    """A reader for either kind of file."""
    return SettingsReader(path) if is_settings(path) else LineReader(path, state)


AGENT = Agent(
    agent_type=AGENT_TYPE,
    label="Droid",
    short="Dr",
    colors=Colors(
        light=Palette(mark="#9a7400", text="#5c4500", soft="#fbf1d5"),
        dark=Palette(mark="#d3a518", text="#f0cf72", soft="#332807"),
    ),
    files=SessionFiles(whole=is_settings, find=find, open=open_file, roots=roots),
    edit_tools=frozenset({"ApplyPatch", "Create", "Edit", "MultiEdit"}),
)
