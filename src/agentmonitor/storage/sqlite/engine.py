"""The SQLite engine: lock, writer and readers of one database file."""

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

from agentmonitor.errors import Closed
from agentmonitor.model.clock import now_ms
from agentmonitor.model.event import Event
from agentmonitor.model.mark import Mark
from agentmonitor.model.quota import Quota
from agentmonitor.model.signal import SessionSignal
from agentmonitor.paths import make_private_folder
from agentmonitor.storage.engine import TaskDone, WriteDone
from agentmonitor.storage.sqlite import maintain
from agentmonitor.storage.sqlite.apply import Applier
from agentmonitor.storage.sqlite.connect import open_writer, translate
from agentmonitor.storage.sqlite.event_ids import identify
from agentmonitor.storage.sqlite.lock import DatabaseLock
from agentmonitor.storage.sqlite.migrate import migrate
from agentmonitor.storage.sqlite.quotas import check_quotas, store_quotas
from agentmonitor.storage.sqlite.reader import Reader
from agentmonitor.storage.sqlite.reprice import reprice
from agentmonitor.storage.sqlite.writer import Batch, Task, Writer


class SqliteEngine(Reader):
    """Serves the engine protocol from one SQLite file. See ``storage.engine``."""

    def __init__(self, path: Path, lingering: frozenset[str] = frozenset()) -> None:
        """``lingering``: agent types whose ended sessions go to idle first."""
        super().__init__(path)
        self.lock = DatabaseLock(path)
        self._lingering = lingering
        self._writing: sqlite3.Connection | None = None
        self._writer: Writer | None = None

    def open(self) -> None:
        """Lock, make or migrate the file, start the writer.

        Raises DatabaseInUse, DatabaseUnusable and StorageFull.
        """
        make_private_folder(self.path.parent)
        self.lock.acquire()
        try:
            self._writing = open_writer(self.path)
            migrate(self._writing, self.path)
            self._writer = Writer(self._writing, self.path, self._lingering)
        except sqlite3.Error as error:
            self._abandon()
            raise translate(error, self.path) from error
        except BaseException:
            self._abandon()
            raise
        self._writer.start()

    def close(self) -> None:
        """Store what is queued, close every connection, let the lock go."""
        if self._writer is not None:
            self._writer.stop()
            self._writer = None
        self.close_readers()
        self._abandon()

    def submit(
        self,
        events: Sequence[Event],
        signals: Sequence[SessionSignal],
        done: WriteDone,
        marks: Sequence[Mark] = (),
    ) -> None:
        """Queue a batch; ``done`` is called in the writer thread."""
        self._open_writer().submit(Batch(events, signals, done, identify(events), marks))

    def put_quotas(self, quotas: Sequence[Quota], done: TaskDone | None = None) -> None:
        """Queue reports of quotas; ``done`` is called in the writer thread."""
        kept = tuple(quotas)
        check_quotas(kept, now_ms())

        def work(connection: sqlite3.Connection, applier: Applier) -> None:
            store_quotas(connection, kept)

        self._open_writer().post(Task(work, done or (lambda error: None)))

    def sweep(self, now: int, timeout_ms: int) -> list[str]:
        """Make silent sessions idle, then ended; the ids of those that changed."""

        def work(connection: sqlite3.Connection, applier: Applier) -> list[str]:
            applier.fold()
            return maintain.sweep(connection, applier.sessions, now, timeout_ms)

        return self._open_writer().call(work)

    def reprice(self, prices: Sequence[tuple[int, float]]) -> int:
        """Set our cost of events (id, US dollars), and the totals with it."""
        return self._open_writer().call(lambda _, applier: reprice(applier, prices))

    def rebuild(self, progress: Callable[[int, int], None] | None = None) -> int:
        """Make every roll-up anew from the events, in one transaction."""

        def work(connection: sqlite3.Connection, applier: Applier) -> int:
            count = maintain.rebuild(connection, progress)
            applier.forget()
            return count

        return self._open_writer().call(work)

    def _open_writer(self) -> Writer:
        if self._writer is None:
            raise Closed("The database is not open.")
        return self._writer

    def _abandon(self) -> None:
        if self._writing is not None:
            self._writing.close()
            self._writing = None
        self.lock.release()
