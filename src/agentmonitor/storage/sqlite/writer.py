"""The single writer: one thread, one connection, group commit.

All that waits when the thread comes round goes into one transaction. Callers hear of the result
after the commit, in the order in which they queued.
"""

import logging
import queue
import sqlite3
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from agentmonitor.errors import Closed, Overloaded, StorageError
from agentmonitor.model.event import Event
from agentmonitor.model.mark import Mark
from agentmonitor.model.signal import SessionSignal
from agentmonitor.storage.engine import WriteDone, WriteResult
from agentmonitor.storage.sqlite.apply import Applier
from agentmonitor.storage.sqlite.chores import Chores
from agentmonitor.storage.sqlite.connect import translate
from agentmonitor.storage.sqlite.event_ids import Identities
from agentmonitor.storage.sqlite.marks import save_marks

log = logging.getLogger(__name__)

T = TypeVar("T")

MAX_GROUP = 2000
"""Events in one transaction at most (a single batch may be larger)."""
GATHER_S = 0.004
"""How long the next of those who were just answered is waited for, at most."""
TURN_S = 0.0001
"""After how long the writer asks another thread for the interpreter's lock while it tidies."""
_ANY_NUMBER = 2**31
"""More than a queue ever holds."""
MAX_QUEUED = 40_000
"""Events that may wait; beyond that callers are told to come again."""


class Batch(msgspec.Struct):
    """What one caller wants to have written."""

    events: Sequence[Event]
    signals: Sequence[SessionSignal]
    done: WriteDone
    identities: Identities
    marks: Sequence[Mark] = ()

    @property
    def size(self) -> int:
        """Events and signals."""
        return len(self.events) + len(self.signals)


class Task(msgspec.Struct):
    """Work of another kind that needs the writer, in a transaction of its own."""

    work: Callable[[sqlite3.Connection, Applier], None]
    done: Callable[[StorageError | None], None]


_NOTHING = Task(lambda connection, applier: None, lambda error: None)
"""Stands for an empty queue."""


class Writer:
    """Owns the writing connection from ``start`` to ``stop``."""

    def __init__(
        self, connection: sqlite3.Connection, path: Path, lingering: frozenset[str]
    ) -> None:
        self._connection = connection
        self._path = path
        self._applier = Applier(connection, lingering)
        self._chores = Chores(
            connection, self._applier.folds, self._applier.lists, self._applier.key_tables
        )
        self._queue: queue.SimpleQueue[Batch | Task | None] = queue.SimpleQueue()
        self._guard = threading.Lock()
        self._queued = 0
        self._written = 0
        self._wanted = _ANY_NUMBER
        self._complete = threading.Event()
        """Set when ``_wanted`` items are in the queue."""
        self._stopping = False
        self._stale = False
        self.writing = False
        """Whether batches are being written; false again before their callers hear of it."""
        self.committed: Callable[[], object] = lambda: None
        """Called in the writer thread when batches have been written. Must not raise or block."""
        self._thread = threading.Thread(target=self._run, name="storage-writer", daemon=True)

    def start(self) -> None:
        """Begin to serve the queue."""
        self._thread.start()

    def stop(self) -> None:
        """Write what is queued, then end. Safe to call twice."""
        with self._guard:
            if not self._stopping:
                self._stopping = True
                self._queue.put(None)
        if self._thread.is_alive():
            self._thread.join()

    def submit(self, batch: Batch) -> None:
        """Queue a batch. Raises Overloaded when too much waits, Closed after ``stop``."""
        with self._guard:
            if self._stopping:
                raise Closed("The server is shutting down; send this again later.")
            waiting = self._queued - self._written
            if waiting and waiting + batch.size > MAX_QUEUED:
                raise Overloaded("Too much is waiting to be written; send this again in a second.")
            self._queued += batch.size
            self._queue.put(batch)
            if self._queue.qsize() >= self._wanted:
                self._complete.set()

    @property
    def waiting(self) -> int:
        """Events and signals that are not written yet."""
        return max(0, self._queued - self._written)

    def post(self, task: Task) -> None:
        """Queue a task; its ``done`` is called in the writer thread. Raises Closed."""
        with self._guard:
            if self._stopping:
                raise Closed("The server is shutting down; send this again later.")
            self._queue.put(task)

    def call(self, work: Callable[[sqlite3.Connection, Applier], T]) -> T:
        """Run ``work`` in the writer thread and wait. Raises what it raised."""
        finished = threading.Event()
        outcome: list[T] = []
        failure: list[StorageError] = []

        def run(connection: sqlite3.Connection, applier: Applier) -> None:
            outcome.append(work(connection, applier))

        def done(error: StorageError | None) -> None:
            if error is not None:
                failure.append(error)
            finished.set()

        with self._guard:
            if self._stopping:
                raise Closed("The database is closed.")
            self._queue.put(Task(run, done))
        finished.wait()
        if failure:
            raise failure[0]
        return outcome[0]

    def _run(self) -> None:
        item = self._queue.get()
        while item is not None:
            if isinstance(item, Task):
                self._run_task(item)
                self._tidy(0)
                item = self._queue.get()
                continue
            group = [item]
            item = self._gather(group)
            self._write(group)
            self._tidy(sum(batch.size for batch in group))
            self.committed()
            if item is _NOTHING:
                self._await_return(len(group))
                item = self._queue.get()

    def _await_return(self, callers: int) -> None:
        """Those who were just answered, if they are several, mostly come again at once, and a
        transaction for all of them costs hardly more than one for the first."""
        if callers == 1:
            return
        self._wanted = callers
        self._complete.clear()
        while (count := self._queue.qsize()) < callers:
            if not self._complete.wait(GATHER_S) and self._queue.qsize() == count:
                break
        self._wanted = _ANY_NUMBER

    def _gather(self, group: list[Batch]) -> "Batch | Task | None":
        """Add what waits to ``group``, up to a limit; what came after that, or _NOTHING."""
        size = group[0].size
        while size < MAX_GROUP:
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                return _NOTHING
            if not isinstance(item, Batch):
                return item
            group.append(item)
            size += item.size
        return _NOTHING

    def _write(self, group: list[Batch]) -> None:
        results: Sequence[WriteResult | StorageError]
        self.writing = True
        try:
            results = self._transaction(group)
        except Exception as error:
            if len(group) > 1:
                # One batch may be the cause: the others shall not suffer from it.
                for batch in group:
                    self._write([batch])
                return
            results = [self._failure(error)]
        self._written += sum(batch.size for batch in group)
        self.writing = False
        for batch, result in zip(group, results, strict=True):
            try:
                batch.done(result)
            except Exception:
                # The batch is stored; whoever waited for it is gone.
                log.exception("Nobody took the result of a batch")

    def _transaction(self, group: list[Batch]) -> list[WriteResult]:
        connection, applier = self._connection, self._applier
        self._begin()
        try:
            applier.begin([batch.events for batch in group], (batch.identities for batch in group))
            results = [applier.apply(batch.events, batch.signals) for batch in group]
            for batch in group:
                if batch.marks:
                    save_marks(connection, batch.marks)
            applier.flush()
            connection.execute("COMMIT")
        except BaseException:
            self._roll_back()
            raise
        return results

    def _run_task(self, task: Task) -> None:
        try:
            self._begin()
            try:
                task.work(self._connection, self._applier)
                self._applier.flush()
                self._connection.execute("COMMIT")
            except BaseException:
                self._roll_back()
                raise
        except Exception as error:
            task.done(self._failure(error))
        else:
            task.done(None)

    def _tidy(self, written: int) -> None:
        """Do what nobody waits for. What fails is due again after the next transaction."""
        # The event loop computes meanwhile. Each statement lets go of the interpreter's lock, and
        # to get it back would take a whole interval, in the end as long as the statements.
        interval = sys.getswitchinterval()
        sys.setswitchinterval(TURN_S)
        try:
            try:
                self._chores.run(written, self._applier.last_id, self._begin)
            except BaseException:
                self._roll_back()
                raise
        except Exception as error:
            self._failure(error)
        finally:
            sys.setswitchinterval(interval)

    def _begin(self) -> None:
        """Begin a transaction, with nothing in memory that is not in the file."""
        if self._stale:
            self._roll_back()
        self._connection.execute("BEGIN IMMEDIATE")

    def _roll_back(self) -> None:
        # On a failing disk this can fail as well; then the next transaction begins with it.
        self._stale = True
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")
        self._applier.forget()
        self._stale = False

    def _failure(self, error: Exception) -> StorageError:
        """``error`` as something that a caller can act on, logged once."""
        if isinstance(error, StorageError):
            return error
        if isinstance(error, sqlite3.Error):
            translated = translate(error, self._path)
            log.error("%s", translated)
            return translated
        log.error("A batch could not be written", exc_info=error)
        return StorageError("The batch could not be written; see the server's log.")
