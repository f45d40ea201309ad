"""The SQLite engine: lock, writer and readers of one database file."""

import sqlite3
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from agentmonitor.errors import Closed
from agentmonitor.model.clock import now_ms
from agentmonitor.model.database import PruneLimits, PruneStep
from agentmonitor.model.event import Event
from agentmonitor.model.mark import Mark
from agentmonitor.model.quota import Quota
from agentmonitor.model.search import Search, SearchPage
from agentmonitor.model.signal import SessionSignal
from agentmonitor.model.span import SessionSpan
from agentmonitor.paths import make_private_folder
from agentmonitor.storage.engine import TaskDone, WriteDone
from agentmonitor.storage.sqlite import maintain
from agentmonitor.storage.sqlite.apply import Applier
from agentmonitor.storage.sqlite.connect import open_writer, translate
from agentmonitor.storage.sqlite.event_ids import identify
from agentmonitor.storage.sqlite.folds import catch_up
from agentmonitor.storage.sqlite.lock import DatabaseLock
from agentmonitor.storage.sqlite.migrate import migrate
from agentmonitor.storage.sqlite.quotas import check_quotas, store_quotas
from agentmonitor.storage.sqlite.rare_events import RareEvents
from agentmonitor.storage.sqlite.reader import Reader
from agentmonitor.storage.sqlite.search_indexer import Indexer, Pace
from agentmonitor.storage.sqlite.search_reader import SearchReader
from agentmonitor.storage.sqlite.search_source import forget_changes
from agentmonitor.storage.sqlite.session_parts import SessionParts
from agentmonitor.storage.sqlite.spans import store_spans
from agentmonitor.storage.sqlite.write_queue import Batch, Task
from agentmonitor.storage.sqlite.writer import Writer


class SqliteEngine(Reader):
    """Serves the engine protocol from one SQLite file. See ``storage.engine``."""

    def __init__(
        self, path: Path, lingering: frozenset[str] = frozenset(), *, shrinks: bool = False
    ) -> None:
        """``lingering``: agent types whose ended sessions go to idle first; ``shrinks``: a new
        file can give free pages back in small steps, which costs ingest a few hundredths."""
        super().__init__(path)
        self.lock = DatabaseLock(path)
        self._lingering = lingering
        self._shrinks = shrinks
        self._writing: sqlite3.Connection | None = None
        self._writer: Writer | None = None
        self.indexer = Indexer(path, self._forget_changes, self.queued)
        self._searches = SearchReader(self.indexer)
        self._parts = SessionParts(self._snapshot, self._names, self._write)
        self._rare = RareEvents(self._snapshot, self._write)

    def open(self) -> None:
        """Lock, make or migrate the file, start the writer.

        Raises DatabaseInUse, DatabaseUnusable and StorageFull.
        """
        make_private_folder(self.path.parent)
        self.lock.acquire()
        try:
            self._writing = open_writer(self.path, shrinks=self._shrinks)
            migrate(self._writing, self.path)
            catch_up(self._writing, now_ms())
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
        self.indexer.stop()
        self._searches.close()
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
        *,
        patient: bool = False,
    ) -> None:
        """Queue a batch; ``done`` is called in the writer thread."""
        batch = Batch(events, signals, done, identify(events), marks, patient)
        self._open_writer().queue.submit(batch)

    def queued(self) -> int:
        """Events and signals that wait to be written."""
        return 0 if self._writer is None else self._writer.queue.waiting

    def is_writing(self) -> bool:
        """Whether batches are being written just now; a ``done`` is called when they are."""
        return self._writer is not None and self._writer.writing

    def put_quotas(self, quotas: Sequence[Quota], done: TaskDone | None = None) -> None:
        """Queue reports of quotas; ``done`` is called in the writer thread."""
        kept = tuple(quotas)
        check_quotas(kept, now_ms())

        def work(connection: sqlite3.Connection, applier: Applier) -> None:
            store_quotas(connection, kept)

        self._open_writer().queue.post(Task(work, done or (lambda error: None)))

    def put_spans(self, spans: Sequence[SessionSpan], done: TaskDone | None = None) -> None:
        """Queue spans; ``done`` is called in the writer thread."""
        kept = tuple(spans)

        def work(connection: sqlite3.Connection, applier: Applier) -> None:
            store_spans(connection, kept)

        self._open_writer().queue.post(Task(work, done or (lambda error: None)))

    def sweep(self, now: int, timeout_ms: int) -> list[str]:
        """Make silent sessions idle, then ended; the ids of those that changed."""

        def work(connection: sqlite3.Connection, applier: Applier) -> list[str]:
            applier.fold(now)
            return maintain.sweep(connection, applier.sessions, now, timeout_ms)

        changed = self._open_writer().call(work)
        self._parts.keep_up()
        self._rare.keep_up()
        return changed

    def reprice(self, prices: Sequence[tuple[int, float]]) -> int:
        """Set our cost of events (id, US dollars), and the totals with it."""
        from agentmonitor.storage.sqlite.reprice import reprice  # seldom, as all such here

        return self._open_writer().call(lambda _, applier: reprice(applier, prices))

    def rebuild(self, progress: Callable[[int, int], None] | None = None) -> int:
        """Make every roll-up anew from events and what pruned ones left, in one transaction."""

        def work(connection: sqlite3.Connection, applier: Applier) -> int:
            applier.release()
            count = maintain.rebuild(connection, progress)
            applier.forget()
            return count

        try:
            return self._open_writer().call(work)
        finally:
            for kept in self._tool_sums:
                kept.forget()

    def prune_page(self, limits: PruneLimits, after: int, count: int) -> PruneStep:
        """Prune the oldest events with a time from ``after`` on, ``count`` at most."""
        from agentmonitor.storage.sqlite import prune

        return self._open_writer().call(
            lambda connection, applier: prune.prune_page(connection, applier, limits, after, count)
        )

    def shrink(self, pages: int) -> int:
        """Give free pages back to the disk; how many more could be."""
        from agentmonitor.storage.sqlite import prune

        return self._open_writer().call(lambda connection, _: prune.shrink(connection, pages))

    def back_up(self, target: Path, progress: Callable[[int, int], None] | None = None) -> int:
        """Copy the database as it is now to the new file ``target``; its size in bytes."""
        from agentmonitor.storage.sqlite.backup import back_up

        return back_up(self.path, target, progress=progress)

    def keep_index(self) -> None:
        """Keep the search index up to date from now on, in a thread that gives way to all else."""
        self._open_writer().committed = self.indexer.nudge
        if self.last_event_id():
            self.indexer.nudge()

    def index_meanwhile(self) -> AbstractContextManager[None]:
        """Index in another process, as far as it comes. Not beside ``keep_index``."""
        from agentmonitor.storage.sqlite.index_helper import index_meanwhile

        return index_meanwhile(self.path, self._forget_changes)

    def complete_index(self, tell: Callable[[int, int], None], stop: threading.Event) -> None:
        """Index in this thread, and without a rest, all that is stored, until ``stop`` is set.
        ``tell`` hears (events indexed, events in all). Not beside ``keep_index``."""
        self.indexer.catch_up(Pace(tell, stop))

    def search(self, asked: Search) -> SearchPage:
        """The events that match, best first."""
        with self._snapshot() as connection:
            return self._searches.search(connection, self._names, asked)

    def _write(self, work: Callable[[sqlite3.Connection], None]) -> None:
        self._open_writer().call(lambda connection, _: work(connection))

    def _forget_changes(self, upto: int) -> None:
        self._open_writer().call(lambda connection, _: forget_changes(connection, upto))

    def _open_writer(self) -> Writer:
        if self._writer is None:
            raise Closed("The database is not open.")
        return self._writer

    def _abandon(self) -> None:
        if self._writing is not None:
            self._writing.close()
            self._writing = None
        self.lock.release()
