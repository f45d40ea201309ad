"""Importing all session files: find them, pass over what is known, read the rest."""

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from pathlib import Path

import msgspec

from agentmonitor.agents.base import Agent, Folders
from agentmonitor.errors import StorageError
from agentmonitor.importer.importer import Importer, look, unchanged
from agentmonitor.importer.live import Live
from agentmonitor.importer.outcome import FileOutcome
from agentmonitor.importer.remote import Gone, RemoteImporter
from agentmonitor.model.event import Event
from agentmonitor.model.mark import FileMark, Mark
from agentmonitor.model.signal import SessionSignal

log = logging.getLogger(__name__)


class AgentOutcome(FileOutcome, kw_only=True):
    """What an import found of one agent."""

    agent_type: str
    label: str
    found: int = 0
    """Files."""
    known: int = 0
    """Files in which nothing changed since they were read."""
    failed: int = 0
    """Files that could not be read at all."""


class ImportOutcome(msgspec.Struct, kw_only=True):
    """What an import did."""

    dry_run: bool
    finished: bool = True
    """False when it was interrupted; the next one goes on from there."""
    agents: list[AgentOutcome] = []

    @property
    def new(self) -> int:
        """Events that were not known yet, of all agents."""
        return sum(agent.new for agent in self.agents)


class Progress(msgspec.Struct, frozen=True):
    """How far an import is."""

    files: int
    all_files: int
    bytes: int
    all_bytes: int


class Found(msgspec.Struct, frozen=True):
    """A session file on disk."""

    path: Path
    agent: Agent
    size: int
    mtime_ns: int


class History:
    """One import."""

    def __init__(
        self,
        importer: Importer,
        marks: dict[str, FileMark],
        *,
        remote: RemoteImporter | None = None,
        dry_run: bool = False,
        stop: threading.Event | None = None,
        live: Live | None = None,
    ) -> None:
        """``marks``: by path, how far files were read; empty to read all from the beginning.
        ``remote`` reads in the importer's place, where that is worth it. ``stop`` ends the import
        after the file that is being read; by ``live``, what happened just now is no history."""
        self._importer = importer
        self._remote = remote
        self._marks = marks
        self._dry_run = dry_run
        self._stop = stop or threading.Event()
        self._live = live

    def run(
        self, found: Sequence[Found], agents: Iterable[Agent], tell: Callable[[Progress], None]
    ) -> ImportOutcome:
        """Read every file of ``found``, the oldest first, so that originals come before copies.

        Raises StorageError; a file that cannot be read is counted and passed over.
        """
        outcomes = {a.agent_type: AgentOutcome(agent_type=a.agent_type, label=a.label)
                    for a in agents}  # fmt: skip
        result = ImportOutcome(dry_run=self._dry_run, agents=list(outcomes.values()))
        whole = sum(file.size for file in found)
        done = 0
        remote = self._remote
        if remote is not None and not remote.is_worth(sum(map(self._unread, found))):
            self._remote = None
        try:
            for number, file in enumerate(sorted(found, key=lambda each: each.mtime_ns)):
                if self._stop.is_set():
                    result.finished = False
                    break
                self._one(file, outcomes[file.agent.agent_type])
                done += file.size
                tell(Progress(number + 1, len(found), done, whole))
            if remote is not None:
                remote.settle()
            self._importer.settle()
        finally:
            if remote is not None:
                remote.close()
        return result

    def _unread(self, file: Found) -> int:
        """How many bytes of the file are to be read, about."""
        mark = self._marks.get(str(file.path))
        if mark is None or self._importer.ways.span is not None:
            return file.size
        if (file.size, file.mtime_ns) == (mark.size, mark.mtime_ns):
            return 0
        # A file that has shrunk, or whose offsets are those of what it holds compressed, is read
        # from its beginning.
        return file.size - mark.offset if mark.offset <= file.size else file.size

    def _read(self, file: Found, mark: FileMark | None, outcome: AgentOutcome) -> None:
        """Raises OSError, EOFError and StorageError."""
        if self._remote is not None and self._is_past(file.path):
            try:
                self._remote.read(file.agent, file.path, mark, outcome)
            except Gone as error:
                log.warning("Session files are read without a process of their own (%s).", error)
                self._remote = None
            else:
                return
        self._importer.read(file.agent, file.path, mark, outcome, self._live)

    def _is_past(self, path: Path) -> bool:
        """Whether a file tells of nothing that happens now: it was written last long ago. It is
        asked anew, since many files may have been read after it was found. Raises OSError."""
        return self._live is None or self._live.is_past(look(path)[1])

    def _one(self, file: Found, outcome: AgentOutcome) -> None:
        outcome.found += 1
        mark = self._marks.get(str(file.path))
        try:
            if self._importer.ways.span is None and unchanged(file.path, mark):
                outcome.known += 1
                return
            self._read(file, mark, outcome)
        except StorageError:
            raise
        except (OSError, EOFError) as error:
            outcome.failed += 1
            outcome.note(str(file.path), 0, getattr(error, "strerror", None) or str(error))


def find_files(agents: Iterable[Agent], folders: Folders) -> list[Found]:
    """Every session file of ``agents``."""
    return [
        found
        for agent in agents
        for source in (agent.files, agent.database)
        if source is not None
        for path in source.find(folders)
        if (found := found_at(path, agent)) is not None
    ]


def found_at(path: Path, agent: Agent) -> Found | None:
    """The file as it is now; None when it is gone or may not be looked at."""
    try:
        size, mtime_ns, _ = look(path)
    except OSError:
        return None
    return Found(path, agent, size, mtime_ns)


def discard(
    events: Sequence[Event], signals: Sequence[SessionSignal], marks: Sequence[Mark]
) -> "Future[list[int | None]]":
    """The sink of a dry run: nothing is stored."""
    answer: Future[list[int | None]] = Future()
    answer.set_result([])
    return answer
