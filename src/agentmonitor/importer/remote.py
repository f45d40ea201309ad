"""Reading session files in another process, ``agentmonitor.reading``.

To read takes more work than to store, and all threads of a process share one interpreter lock. So
where much is to be read, another process does it, and what it makes of the files comes back ready
to be stored. One file at a time: the order in which they are stored stays the same.

Both processes are of the same program and talk by pickles over a pipe that nobody else has.
"""

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

import msgspec

from agentmonitor.agents.base import Agent
from agentmonitor.command import module_command
from agentmonitor.config import Settings
from agentmonitor.importer.batches import InFlight, Sink, Span, hand_over
from agentmonitor.importer.outcome import FileOutcome
from agentmonitor.model.event import Event
from agentmonitor.model.mark import FileMark, Mark
from agentmonitor.model.quota import Quota
from agentmonitor.model.signal import SessionSignal

if TYPE_CHECKING:
    import subprocess

MODULE = "agentmonitor.reading"
WORTH_BYTES = 32 << 20
"""What takes a second or so, several times as long as to start a process."""


class Order(msgspec.Struct, frozen=True):
    """What to read, and from where on."""

    agent_type: str
    path: Path
    mark: FileMark | None
    span: Span | None
    batch: int


class Part(msgspec.Struct, frozen=True):
    """Some of what a file says, ready to be stored."""

    events: Sequence[Event]
    signals: Sequence[SessionSignal]
    marks: Sequence[Mark]


class Quotas(msgspec.Struct, frozen=True):
    """What it says of quotas."""

    quotas: list[Quota]


class End(msgspec.Struct, frozen=True):
    """The file is read; or could not be, because of ``error``."""

    outcome: FileOutcome
    error: OSError | EOFError | None


class Gone(Exception):
    """The other process has ended, or never began."""


class RemoteImporter:
    """Reads session files as ``Importer`` does, of history alone. Belongs to one thread."""

    def __init__(
        self,
        sink: Sink,
        put_quotas: Callable[[list[Quota]], object],
        *,
        span: Span | None,
        batch: int,
        settings: Settings,
        busy: int = 1,
    ) -> None:
        """``sink`` takes what is prepared already, by ``settings``; ``busy``: processor cores that
        the program keeps busy anyway."""
        self._sink = sink
        self._put_quotas = put_quotas
        self._span = span
        self._batch = batch
        self._settings = settings
        self._busy = busy
        self._process: subprocess.Popen[bytes] | None = None
        self._in_flight = InFlight()

    def is_worth(self, size: int) -> bool:
        """Whether to read ``size`` bytes is worth a process, and a core is left for it."""
        cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
        return size >= WORTH_BYTES and cores > self._busy

    def read(self, agent: Agent, path: Path, mark: FileMark | None, outcome: FileOutcome) -> None:
        """Take in what ``path`` has beyond ``mark``. Raises OSError, EOFError and StorageError as
        ``Importer`` does, and Gone: then the file is not marked as read to its end."""
        try:
            orders, answers = self._pipes()
            send(orders, Order(agent.agent_type, path, mark, self._span, self._batch))
            while not isinstance(found := receive(answers), End):
                if isinstance(found, Quotas):
                    self._put_quotas(found.quotas)
                elif isinstance(found, Part):
                    answer = hand_over(self._sink, found.events, found.signals, found.marks)
                    self._in_flight.add(answer, outcome)
        except (OSError, EOFError) as error:
            raise Gone(str(error)) from error
        outcome.add(found.outcome)
        if found.error is not None:
            raise found.error

    def settle(self) -> None:
        """Wait until all that was read is stored. Raises StorageError."""
        self._in_flight.settle()

    def close(self) -> None:
        """Let the other process end."""
        process, self._process = self._process, None
        if process is not None:
            for pipe in (process.stdin, process.stdout):
                # What a process that has died did not take is of no use any more.
                with suppress(BrokenPipeError):
                    cast(BinaryIO, pipe).close()
            process.wait()

    def _pipes(self) -> tuple[BinaryIO, BinaryIO]:
        import subprocess  # no part of a server's start, as what follows

        process = self._process
        if process is None:
            process = self._process = subprocess.Popen(  # noqa: S603 - our words, and no shell
                module_command(MODULE), stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
            send(cast(BinaryIO, process.stdin), self._settings)
        return cast(BinaryIO, process.stdin), cast(BinaryIO, process.stdout)


def send(pipe: BinaryIO, message: Settings | Order | Part | Quotas | End) -> None:
    """Raises OSError."""
    import pickle

    data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    pipe.write(len(data).to_bytes(8, "big"))
    pipe.write(data)
    pipe.flush()


def receive(pipe: BinaryIO) -> object:
    """The next message. Raises EOFError at the end, and OSError."""
    import pickle

    size = pipe.read(8)
    data = pipe.read(int.from_bytes(size, "big"))
    if len(size) < 8 or not data:
        raise EOFError("the other process has ended")
    return pickle.loads(data)  # noqa: S301 - from our own program, by a pipe of its own
