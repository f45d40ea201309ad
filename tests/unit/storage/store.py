"""The engines under test, and a wrapper that waits for what it wrote."""

import queue
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from agentmonitor.errors import StorageError
from agentmonitor.model.event import Event
from agentmonitor.model.signal import SessionSignal
from agentmonitor.storage.engine import Engine, WriteResult
from agentmonitor.storage.sqlite.engine import SqliteEngine
from tests.unit.builders import LINGERING

Factory = Callable[[Path], Engine]
"""Makes an engine, not yet open, that keeps its data at the given path."""

ENGINES: dict[str, Factory] = {
    "sqlite": lambda path: SqliteEngine(path, frozenset({LINGERING})),
}

PATIENCE_S = 60


class Store:
    """An open engine whose writes are waited for."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def write(self, *events: Event, signals: Sequence[SessionSignal] = ()) -> WriteResult:
        """Store one batch. Raises what the engine answered."""
        answers: queue.SimpleQueue[WriteResult | StorageError] = queue.SimpleQueue()
        self.engine.submit(events, signals, answers.put)
        answer = answers.get(timeout=PATIENCE_S)
        rest(self.engine)
        if isinstance(answer, StorageError):
            raise answer
        return answer


def rest(engine: Engine) -> None:
    """Wait until the writer has done what it puts off until it has answered."""
    if isinstance(engine, SqliteEngine):
        engine._open_writer().call(lambda connection, applier: None)


@contextmanager
def opened(make: Factory, path: Path | None = None) -> Iterator[Store]:
    """An engine at ``path``, or in a folder that goes away with it."""
    with TemporaryDirectory() as folder:
        engine = make(path or Path(folder) / "events.db")
        engine.open()
        try:
            yield Store(engine)
        finally:
            engine.close()
