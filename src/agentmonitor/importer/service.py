"""The server's own import: history at the start and now and then, and files as they grow."""

import asyncio
import logging
import queue
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

from agentmonitor.agents.base import Agent, Folders
from agentmonitor.agents.registry import Registry
from agentmonitor.errors import AgentMonitorError
from agentmonitor.importer.history import (
    Found,
    History,
    ImportOutcome,
    Progress,
    find_files,
)
from agentmonitor.importer.importer import Importer
from agentmonitor.importer.live import Live
from agentmonitor.importer.notify import Inotify, Poll
from agentmonitor.importer.outcome import FileOutcome
from agentmonitor.importer.remote import RemoteImporter
from agentmonitor.storage.engine import Readable

log = logging.getLogger(__name__)

GATHER_S = 0.1
"""How long changes are collected before they are read: a line often comes in pieces."""
POLL_S = 0.5

Told = Callable[[ImportOutcome], None]
Job = Callable[[], None]


class FileService:
    """Imports and follows session files on one thread of its own, next to the event loop."""

    def __init__(
        self,
        store: Readable,
        registry: Registry,
        folders: Folders,
        importer: Importer,
        remote: Callable[[], RemoteImporter],
        live: Live,
        imported: Told,
    ) -> None:
        """``remote`` makes what reads much history; ``imported`` is told of each import of history,
        in the service's thread."""
        self._store = store
        self._agents = [agent for agent in registry.agents if agent.has_sessions]
        self._folders = folders
        self._importer = importer
        self._remote = remote
        self._live = live
        self._imported = imported
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="importer", daemon=True)
        self._known: dict[str, Agent] = {}
        self._changed: set[str] = set()
        self._notifier: Inotify | None = None
        self._poll: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._gathering = False

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to watch, and import what is there."""
        self._loop = loop
        self._thread.start()
        self._jobs.put(self._begin)

    def import_all(self) -> None:
        """Import what is new, soon."""
        self._jobs.put(self._history)

    def stop(self) -> None:
        """End after the batch that is being read. Belongs to the event loop's thread."""
        self._stop.set()
        self._jobs.put(None)
        if self._poll is not None:
            self._poll.cancel()
        if self._notifier is not None and self._loop is not None:
            self._loop.remove_reader(self._notifier.fileno())
            self._notifier.close()
            self._notifier = None

    def join(self) -> None:
        """Wait for the thread to end; after ``stop``, while the store still serves."""
        if self._thread.is_alive():
            self._thread.join(timeout=30)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            if self._stop.is_set():
                return
            try:
                job()
            except AgentMonitorError as error:
                log.error("Session files could not be read: %s", error)
            except Exception:
                log.exception("Session files could not be read")

    def _begin(self) -> None:
        # Watching first: what is written during the import is not missed.
        roots = {root for agent in self._agents for root in agent.roots(self._folders)}
        loop = self._loop
        notifier = None
        if sys.platform == "linux":
            try:
                notifier = Inotify(roots)
            except OSError as error:
                log.warning("Files are looked at in turns instead of being watched: %s", error)
        self._history()
        if loop is None or self._stop.is_set():
            return
        loop.call_soon_threadsafe(self._watch, notifier)

    def _watch(self, notifier: Inotify | None) -> None:
        loop = asyncio.get_running_loop()
        if self._stop.is_set():
            if notifier is not None:
                notifier.close()
        elif notifier is None:
            self._poll = loop.create_task(self._look())
        else:
            self._notifier = notifier
            loop.add_reader(notifier.fileno(), self._readable)
            self._readable()

    async def _look(self) -> None:
        poll = await asyncio.to_thread(Poll, lambda: [str(f.path) for f in self._find()])
        while True:
            await asyncio.sleep(POLL_S)
            self._note(await asyncio.to_thread(poll.read))

    def _readable(self) -> None:
        if self._notifier is not None:
            changed, missed = self._notifier.read()
            self._note(changed)
            if missed:
                self.import_all()

    def _note(self, changed: Iterable[str]) -> None:
        self._changed.update(changed)
        if self._changed and not self._gathering and self._loop is not None:
            self._gathering = True
            self._loop.call_later(GATHER_S, self._hand_over)

    def _hand_over(self) -> None:
        changed, self._changed, self._gathering = self._changed, set(), False
        self._jobs.put(lambda: self._follow(changed))

    def _follow(self, changed: set[str]) -> None:
        # What a database commits comes into its log first.
        changed = {path.removesuffix("-wal") for path in changed}
        if any(path not in self._known for path in changed):
            self._find()
        for path in sorted(changed):
            agent = self._known.get(path)
            if agent is None or self._stop.is_set():
                continue
            try:
                mark = self._store.file_mark(path)
                self._importer.read(agent, Path(path), mark, FileOutcome(), self._live)
            except OSError as error:
                log.debug("%s could not be read: %s", path, error)
        self._importer.settle()

    def _find(self) -> list[Found]:
        found = find_files(self._agents, self._folders)
        self._known = {str(file.path): file.agent for file in found}
        return found

    def _history(self) -> None:
        marks = {mark.path: mark for mark in self._store.file_marks()}
        history = History(
            self._importer, marks, remote=self._remote(), stop=self._stop, live=self._live
        )
        outcome = history.run(self._find(), self._agents, _nobody)
        self._imported(outcome)


def _nobody(progress: Progress) -> None:
    return None
