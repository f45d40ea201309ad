"""Session files on disk, and those that an import would read."""

import itertools
import time
from collections.abc import Mapping
from pathlib import Path

import msgspec

from agentmonitor.agents.base import Agent, Folders
from agentmonitor.importer.importer import look
from agentmonitor.model.mark import FileRead

MAX_FILES = 50_000
"""Files of one agent that are looked at."""


class OnDisk(msgspec.Struct, frozen=True, kw_only=True):
    """One agent's session files."""

    folders: list[str]
    """Where they are looked for; a folder need not exist."""
    files: int
    bytes: int
    new_files: int
    """Of ``files``, those that an import would read: never read, or changed since."""
    new_bytes: int
    """What an import would read of them, about: of one that grew, what came after."""
    newest_at: int | None
    """When the newest file was written, ms."""
    complete: bool
    """False: there are more files, or looking took too long."""


def look_on_disk(
    agent: Agent, folders: Folders, read: Mapping[str, FileRead], deadline: float
) -> OnDisk:
    """The session files of ``agent``; ``read`` are those that were imported, by path. Stops at
    ``deadline`` (of the monotonic clock, s)."""
    files = size = new_files = new_bytes = newest_ns = 0
    complete = True
    for path in itertools.islice(_paths(agent, folders), MAX_FILES + 1):
        if files == MAX_FILES or time.monotonic() > deadline:
            complete = False
            break
        try:
            bytes_, mtime_ns, inode = look(path)
        except OSError:  # gone since it was found
            continue
        files, size, newest_ns = files + 1, size + bytes_, max(newest_ns, mtime_ns)
        known = read.get(str(path))
        if known is None or (bytes_, mtime_ns, inode) != (known.size, known.mtime_ns, known.inode):
            grew = known is not None and known.inode == inode and bytes_ > known.offset
            new_files += 1
            new_bytes += bytes_ - known.offset if known is not None and grew else bytes_
    return OnDisk(
        folders=[str(root) for root in agent.roots(folders)],
        files=files,
        bytes=size,
        new_files=new_files,
        new_bytes=new_bytes,
        newest_at=newest_ns // 1_000_000 if files else None,
        complete=complete,
    )


def _paths(agent: Agent, folders: Folders) -> "itertools.chain[Path]":
    sources = (agent.files, agent.database)
    return itertools.chain.from_iterable(s.find(folders) for s in sources if s is not None)
