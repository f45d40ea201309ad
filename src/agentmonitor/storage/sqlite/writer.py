"""The single writer: one thread, one connection, group commit.

All that waits when the thread comes round goes into one transaction. Callers hear of the result
after the commit, in the order in which they queued.
"""

import logging
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from agentmonitor.errors import StorageError
from agentmonitor.storage.engine import WriteResult
from agentmonitor.storage.sqlite.apply import Applier
from agentmonitor.storage.sqlite.chores import Chores
from agentmonitor.storage.sqlite.connect import translate
from agentmonitor.storage.sqlite.marks import save_marks
from agentmonitor.storage.sqlite.write_queue import Batch, Task, WriteQueue

log = logging.getLogger(__name__)

T = TypeVar("T")

TURN_S = 0.0001
"""After how long the writer asks another thread for the interpreter's lock, where it is not the
only one at work."""
_INTERVAL_S = sys.getswitchinterval()
"""The usual time. Asked once: another database's writer may have set its own just now."""


@contextmanager
def _quick_turns() -> Iterator[None]:
    """For work beside the event loop, which computes. Each statement lets go of the interpreter's
    lock, and to get it back would take a whole interval, in the end as long as the statements."""
    sys.setswitchinterval(TURN_S)
    try:
        yield
    finally:
        sys.setswitchinterval(_INTERVAL_S)


class Writer:
    """Owns the writing connection from ``start`` to ``stop``."""

    def __init__(
        self, connection: sqlite3.Connection, path: Path, lingering: frozenset[str]
    ) -> None:
        self._connection = connection
        self._path = path
        self._applier = Applier(connection, lingering)
        made = self._applier
        self._chores = Chores(connection, made.folds, made.lists, made.event_ids, made.keys)
        self.queue = WriteQueue()
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
        self.queue.close()
        if self._thread.is_alive():
            self._thread.join()

    def call(self, work: Callable[[sqlite3.Connection, Applier], T]) -> T:
        """Run ``work`` in the writer thread and wait. Raises what it raised, and Closed."""
        finished = threading.Event()
        outcome: list[T] = []
        failure: list[StorageError] = []

        def run(connection: sqlite3.Connection, applier: Applier) -> None:
            outcome.append(work(connection, applier))

        def done(error: StorageError | None) -> None:
            if error is not None:
                failure.append(error)
            finished.set()

        self.queue.post(Task(run, done))
        finished.wait()
        if failure:
            raise failure[0]
        return outcome[0]

    def _run(self) -> None:
        while (item := self.queue.take()) is not None:
            if isinstance(item, Task):
                self._run_task(item)
                self._tidy(0)
            else:
                group = self.queue.gather(item, self._expect)
                self._write(group)
                self._tidy(sum(batch.size for batch in group))
                self.committed()
        # The next start need not look for what is in no list.
        self._run_task(Task(lambda _, applier: applier.list_events(), lambda error: None))

    def _expect(self, group: Sequence[Batch]) -> None:
        """Look up what is known of ``group`` while others are waited for, who are decoded."""
        with _quick_turns():
            try:
                self._look_up(group)
            except Exception:
                # The transaction begins with nothing looked up, and tells whose fault it is.
                log.debug("Events could not be looked up early", exc_info=True)
                self._stale = True

    def _look_up(self, group: Sequence[Batch]) -> None:
        self._applier.expect([each.events for each in group], [each.identities for each in group])

    def _write(self, group: Sequence[Batch]) -> None:
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
        self.writing = False
        self.queue.wrote(group)
        for batch, result in zip(group, results, strict=True):
            try:
                batch.done(result)
            except Exception:
                # The batch is stored; whoever waited for it is gone.
                log.exception("Nobody took the result of a batch")

    def _transaction(self, group: Sequence[Batch]) -> list[WriteResult]:
        connection, applier = self._connection, self._applier
        self._begin()
        try:
            self._look_up(group)
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
        try:
            with _quick_turns():
                try:
                    self._chores.run(written, self._applier.last_id, self._begin)
                except BaseException:
                    self._roll_back()
                    raise
        except Exception as error:
            self._failure(error)

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
