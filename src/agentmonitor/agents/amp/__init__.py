"""Amp: what it is called, and where its threads are."""

from collections.abc import Iterable
from pathlib import Path

from agentmonitor.agents.amp.thread import AGENT_TYPE, ThreadReader
from agentmonitor.agents.base import Agent, Colors, Palette, SessionFiles
from agentmonitor.agents.disk import data_folders, files_below
from agentmonitor.paths import Folders


def roots(folders: Folders) -> list[Path]:
    """The folders that hold threads."""
    return [folder / "threads" for folder in data_folders(folders, "amp")]


def find(folders: Folders) -> Iterable[Path]:
    """Every thread."""
    for root in roots(folders):
        yield from files_below(root, lambda n: n.startswith("T-") and n.endswith(".json"), 1)


AGENT = Agent(
    agent_type=AGENT_TYPE,
    label="Amp",
    short="Am",
    colors=Colors(
        light=Palette(mark="#c8372d", text="#8f1d15", soft="#ffebe8"),
        dark=Palette(mark="#e8655b", text="#ffaea6", soft="#3b1714"),
    ),
    files=SessionFiles(whole=lambda path: True, find=find, open=ThreadReader, roots=roots),
    edit_tools=frozenset({"apply_patch", "create_file", "edit_file"}),
)
