"""The single writer: one thread, one connection, group commit.

All that waits when the thread comes round goes into one transaction. Callers hear of the result
after the commit, in the order in which they queued.
"""

import logging
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from agentmonitor.errors import Closed, Overloaded, StorageError
from agentmonitor.model.event import Event
from agentmonitor.model.signal import SessionSignal
from agentmonitor.storage.engine import WriteDone, WriteResult
from agentmonitor.storage.sqlite.apply import Applier
from agentmonitor.storage.sqlite.connect import translate

log = logging.getLogger(__name__)

T = TypeVar("T")

MAX_GROUP = 2000
"""Events in one transaction at most (a single batch may be larger)."""
MAX_QUEUED = 40_000
"""Events that may wait; beyond that callers are told to come again."""


class Batch(msgspec.Struct):
    """What one caller wants to have written."""

    events: Sequence[Event]
    signals: Sequence[SessionSignal]
    done: WriteDone

    @property
    def size(self) -> int:
        """Events and signals."""
        return len(self.events) + len(self.signals)


class Task(msgspec.Struct):
    """Work of another kind that needs the writer, in a transaction of its own."""

    work: Callable[[sqlite3.Connection, Applier], None]
    done: Callable[[StorageError | None], None]


class Writer:
    """Owns the writing connection from ``start`` to ``stop``."""

    def __init__(
        self, connection: sqlite3.Connection, path: Path, lingering: frozenset[str]
    ) -> None:
        self._connection = connection
        self._path = path
        self._applier = Applier(connection, lingering)
        self._queue: deque[Batch | Task] = deque()
        self._queued = 0
        self._condition = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="storage-writer", daemon=True)

    def start(self) -> None:
        """Begin to serve the queue."""
        self._thread.start()

    def stop(self) -> None:
        """Write what is queued, then end. Safe to call twice."""
        with self._condition:
            self._stopping = True
            self._condition.notify()
        if self._thread.is_alive():
            self._thread.join()

    def submit(self, batch: Batch) -> None:
        """Queue a batch. Raises Overloaded when too much waits, Closed after ``stop``."""
        with self._condition:
            if self._stopping:
                raise Closed("The server is shutting down; send this again later.")
            if self._queue and self._queued + batch.size > MAX_QUEUED:
                raise Overloaded("Too much is waiting to be written; send this again in a second.")
            self._queue.append(batch)
            self._queued += batch.size
            self._condition.notify()

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

        with self._condition:
            if self._stopping:
                raise Closed("The database is closed.")
            self._queue.append(Task(run, done))
            self._condition.notify()
        finished.wait()
        if failure:
            raise failure[0]
        return outcome[0]

    def _run(self) -> None:
        while True:
            with self._condition:
                while not self._queue and not self._stopping:
                    self._condition.wait()
                if not self._queue:
                    return
                group = self._next_group()
            if isinstance(group, Task):
                self._run_task(group)
            else:
                self._write(group)

    def _next_group(self) -> list[Batch] | Task:
        """Take the batches that go into one transaction, or one task. Holds the condition."""
        group: list[Batch] = []
        size = 0
        while self._queue and size < MAX_GROUP:
            item = self._queue[0]
            if isinstance(item, Task):
                if group:
                    break
                self._queue.popleft()
                return item
            self._queue.popleft()
            group.append(item)
            size += item.size
        self._queued -= size
        return group

    def _write(self, group: list[Batch]) -> None:
        results: Sequence[WriteResult | StorageError]
        try:
            results = self._transaction(group)
        except Exception as error:
            if len(group) > 1:
                # One batch may be the cause: the others shall not suffer from it.
                for batch in group:
                    self._write([batch])
                return
            results = [self._failure(error)]
        for batch, result in zip(group, results, strict=True):
            try:
                batch.done(result)
            except Exception:
                # The batch is stored; whoever waited for it is gone.
                log.exception("Nobody took the result of a batch")

    def _transaction(self, group: list[Batch]) -> list[WriteResult]:
        connection, applier = self._connection, self._applier
        connection.execute("BEGIN IMMEDIATE")
        try:
            applier.begin(batch.events for batch in group)
            results = [applier.apply(batch.events, batch.signals) for batch in group]
            applier.flush()
            connection.execute("COMMIT")
        except BaseException:
            self._roll_back()
            raise
        return results

    def _run_task(self, task: Task) -> None:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
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

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")
        self._applier.forget()

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
