"""One session file on its way to the pipeline: from where it was left, in bounded memory."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import BinaryIO

from agentmonitor.agents.base import Agent, FileReader, SessionDatabase, SessionFiles
from agentmonitor.errors import UnreadableLine
from agentmonitor.importer.batches import Batches, InFlight, Ways
from agentmonitor.importer.lines import Lines, TooLong, fingerprint
from agentmonitor.importer.live import Live
from agentmonitor.importer.outcome import FileOutcome
from agentmonitor.model.mark import FileMark

ZSTD = ".zst"
MAX_DOCUMENT = 64 << 20
"""A larger file that is one document is passed over and counted."""
_UNFINISHED = -1
"""The mtime of a mark inside a file: whatever the file's is, there is more to read."""


class Importer:
    """Reads session files. Belongs to one thread."""

    def __init__(self, ways: Ways) -> None:
        self.ways = ways
        self._in_flight = InFlight()

    def read(
        self,
        agent: Agent,
        path: Path,
        mark: FileMark | None,
        outcome: FileOutcome,
        live: Live | None = None,
    ) -> None:
        """Take in what ``path`` has beyond ``mark``, and add to ``outcome`` what came of it; its
        count of new events is true after ``settle``. Raises OSError and StorageError.

        A file that shrank or was replaced is read from its beginning: what is known already is
        recognised by its keys.
        """
        if self.ways.span is not None:
            mark = None
        batches = Batches(self.ways, self._in_flight, outcome, live)
        run = _Run(path, agent, mark, outcome, batches)
        if agent.database is not None and is_database(path):
            run.read_database(agent.database)
        elif agent.files is not None:
            run.read_file(agent.files)

    def settle(self) -> None:
        """Wait until all that was read is stored. Raises StorageError."""
        self._in_flight.settle()


class _Run:
    """One pass over one file."""

    def __init__(
        self,
        path: Path,
        agent: Agent,
        mark: FileMark | None,
        outcome: FileOutcome,
        batches: Batches,
    ) -> None:
        self._path = path
        self._agent = agent
        self._mark = mark
        self._outcome = outcome
        self._batches = batches
        # Taken before: what is appended while we read shows as a change the next time.
        self._size, self._mtime_ns, self._inode = look(path)
        self._line = 0
        self._unreadable = -outcome.unreadable
        """Of this file before this pass; ``outcome`` may hold other files'."""

    def read_file(self, files: SessionFiles) -> None:
        """Read to the end of the file."""
        with _opened(self._path) as file:
            if files.whole(self._path):
                self._read_whole(file, files)
            else:
                self._read_lines(file, files)
        self._batches.finish()

    def read_database(self, database: SessionDatabase) -> None:
        """Read what is new in an agent's own database."""
        state = self._mark.state if self._mark is not None else b""
        try:
            for reading, behind in database.read(self._path, state or None):
                state = behind
                self._batches.add(reading)
                if self._batches.is_full:
                    self._batches.send(self._marked(0, b"", state, finished=False))
        except UnreadableLine as error:
            self._outcome.fault(str(self._path), 0, str(error))
        self._batches.send(self._marked(0, b"", state))
        self._batches.finish()

    def _read_whole(self, file: BinaryIO, files: SessionFiles) -> None:
        reader = files.open(self._path, None)
        data = file.read(MAX_DOCUMENT + 1)
        self._outcome.bytes_read += len(data)
        self._take(reader, data if len(data) <= MAX_DOCUMENT else TooLong(MAX_DOCUMENT))
        self._batches.send(self._marked(len(data), b"", b""))

    def _read_lines(self, file: BinaryIO, files: SessionFiles) -> None:
        start = self._start(file)
        reader = files.open(self._path, None if start is None else start.state or None)
        offset = begin = 0 if start is None else start.offset
        if start is not None:
            self._line = start.lines
            self._unreadable += start.unreadable
        lines = Lines(file, offset)
        for line, offset in lines:
            self._take(reader, line)
            if self._batches.is_full:
                mark = self._marked(
                    offset, self._print(file, offset), reader.save(), finished=False
                )
                self._batches.send(mark)
        if lines.rest and self._take_last(reader, lines.rest):
            offset += len(lines.rest)
        self._outcome.bytes_read += offset - begin
        self._batches.send(self._marked(offset, self._print(file, offset), reader.save()))

    def _start(self, file: BinaryIO) -> FileMark | None:
        """The mark to go on from; None to begin anew."""
        mark = self._mark
        if mark is None or self._path.suffix == ZSTD or self._size < mark.offset:
            return None
        return mark if fingerprint(file, mark.offset) == mark.fingerprint else None

    def _take(self, reader: FileReader, line: bytes | TooLong) -> None:
        self._line += 1
        self._outcome.lines += 1
        try:
            if isinstance(line, TooLong):
                raise UnreadableLine(f"longer than {line.limit >> 20} MiB")
            reading = reader.read(line)
            if reading.events or reading.signals or reading.quotas:
                self._batches.add(reading)
        except UnreadableLine as error:
            self._outcome.fault(str(self._path), self._line, str(error))

    def _take_last(self, reader: FileReader, line: bytes) -> bool:
        """Whether the last line is whole although its end is missing; a torn one comes later."""
        try:
            self._batches.add(reader.read(line))
        except UnreadableLine:
            return False
        self._line += 1
        self._outcome.lines += 1
        return True

    def _print(self, file: BinaryIO, offset: int) -> bytes:
        """The fingerprint up to ``offset``; the file stays where it is."""
        if self._path.suffix == ZSTD:
            return b""
        at = file.tell()
        try:
            return fingerprint(file, offset)
        finally:
            file.seek(at)

    def _marked(
        self, offset: int, fingerprint: bytes, state: bytes, *, finished: bool = True
    ) -> FileMark:
        return FileMark(
            path=str(self._path),
            agent_type=self._agent.agent_type,
            size=self._size,
            mtime_ns=self._mtime_ns if finished else _UNFINISHED,
            inode=self._inode,
            offset=offset,
            fingerprint=fingerprint,
            state=state,
            lines=self._line,
            unreadable=self._unreadable + self._outcome.unreadable,
        )


def is_database(path: Path) -> bool:
    """Whether ``path`` is named like a database."""
    return path.suffix in (".db", ".sqlite", ".sqlite3")


def look(path: Path) -> tuple[int, int, int]:
    """(size, mtime_ns, inode) of a file; a database's log is part of it. Raises OSError."""
    stat = path.stat()
    size, mtime_ns = stat.st_size, stat.st_mtime_ns
    if is_database(path):
        try:
            log = os.stat(f"{path}-wal")
        except FileNotFoundError:
            pass
        else:
            size, mtime_ns = size + log.st_size, max(mtime_ns, log.st_mtime_ns)
    return size, mtime_ns, stat.st_ino


def unchanged(path: Path, mark: FileMark | None) -> bool:
    """Whether nothing happened to ``path`` since it was read. Raises OSError."""
    return mark is not None and look(path) == (mark.size, mark.mtime_ns, mark.inode)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """The file's bytes, decompressed where its name says that it is compressed. Raises OSError and
    EOFError, also while they are read."""
    if path.suffix != ZSTD:
        with path.open("rb") as file:
            yield file
        return
    zstd = import_module("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")
    try:
        with zstd.open(path, "rb") as file:
            yield file
    except zstd.ZstdError as error:
        raise OSError(f"It is damaged: {error}.") from error
