"""From a working folder to a project's name and a branch, by reading files: git is never run.

Reading a disk can hang (a network share, a sleeping drive), and no agent may wait for it: look-ups
run on threads of their own, and who asks waits only for a moment and takes what is known.
"""

import asyncio
import logging
import queue
import threading
import time
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import msgspec

from agentmonitor.repository import project_and_branch

log = logging.getLogger(__name__)

PATIENCE_S = 0.02
"""How long a caller waits for a look-up."""
FRESH_S = 1.0
"""How long a branch is taken as still current."""
MAX_KNOWN = 1000
THREADS = 2


class Workspace(msgspec.Struct, frozen=True):
    """Where an agent works."""

    project: str | None = None
    branch: str | None = None


NOWHERE = Workspace()


def inspect(folder: Path) -> Workspace:
    """The project and the branch of ``folder``."""
    return Workspace(*project_and_branch(str(folder)))


@lru_cache(MAX_KNOWN)
def project_of(cwd: str) -> str | None:
    """The project of a folder, remembered; for history, where it does not change any more."""
    if not cwd.startswith("/") or "\0" in cwd or len(cwd) > 4096:
        return None
    return inspect(Path(cwd)).project


class _Known(msgspec.Struct):
    workspace: Workspace
    read_at: float


_Job = tuple[Path, Callable[[Workspace], None]]


class Workspaces:
    """Look-ups with a memory. Belongs to the event loop's thread."""

    def __init__(self, find: Callable[[Path], Workspace] = inspect) -> None:
        self._find = find
        self._known: dict[str, _Known] = {}
        self._running: dict[str, asyncio.Future[Workspace]] = {}
        self._queue: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._closed = False

    async def look_up(self, cwd: str) -> tuple[Workspace, asyncio.Future[Workspace] | None]:
        """What is known of ``cwd``, and the look-up that still runs, if it takes too long."""
        if not cwd.startswith("/") or "\0" in cwd or len(cwd) > 4096:
            return NOWHERE, None
        known = self._known.get(cwd)
        if known is not None and time.monotonic() - known.read_at < FRESH_S:
            return known.workspace, None
        running = self._running.get(cwd) or self._start(cwd)
        done, _ = await asyncio.wait([running], timeout=PATIENCE_S)
        if done:
            return running.result(), None
        return (known.workspace if known else NOWHERE), running

    def close(self) -> None:
        """Stop. A look-up that hangs is left behind; its thread does not hold up the exit."""
        self._closed = True
        for _ in self._threads:
            self._queue.put(None)

    def _start(self, cwd: str) -> "asyncio.Future[Workspace]":
        loop = asyncio.get_running_loop()
        running: asyncio.Future[Workspace] = loop.create_future()
        if self._closed:
            running.set_result(NOWHERE)
            return running
        while len(self._threads) < THREADS:
            thread = threading.Thread(target=self._work, name="workspace", daemon=True)
            self._threads.append(thread)
            thread.start()

        def found(workspace: Workspace) -> None:
            try:
                loop.call_soon_threadsafe(self._finish, cwd, running, workspace)
            except RuntimeError:  # the loop is closed: nobody waits any more
                log.debug("A look-up came after the end")

        self._running[cwd] = running
        self._queue.put((Path(cwd), found))
        return running

    def _work(self) -> None:
        while (job := self._queue.get()) is not None:
            folder, found = job
            try:
                workspace = self._find(folder)
            except Exception:
                log.exception("The project of a folder could not be found")
                workspace = NOWHERE
            found(workspace)

    def _finish(self, cwd: str, running: "asyncio.Future[Workspace]", found: Workspace) -> None:
        self._running.pop(cwd, None)
        if not running.done():
            running.set_result(found)
        if len(self._known) >= MAX_KNOWN:
            self._known.clear()
        self._known[cwd] = _Known(found, time.monotonic())
