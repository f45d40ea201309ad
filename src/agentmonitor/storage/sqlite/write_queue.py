"""What waits for the writer, and which of it goes into one transaction.

Agents wait until their hooks are answered, and nobody waits for an import: its batches are patient.
They come in turn with what others want, each in a transaction of its own.
"""

import queue
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Sequence

import msgspec

from agentmonitor.errors import Closed, Overloaded, StorageError
from agentmonitor.model.event import Event
from agentmonitor.model.mark import Mark
from agentmonitor.model.signal import SessionSignal
from agentmonitor.storage.engine import WriteDone
from agentmonitor.storage.sqlite.apply import Applier
from agentmonitor.storage.sqlite.event_ids import Identities

MAX_GROUP = 2000
"""Events in one transaction at most (a single batch may be larger)."""
MAX_QUEUED = 40_000
"""Events that may wait; beyond that callers are told to come again."""
GATHER_S = 0.004
"""How long the next of those who were just answered is waited for, at most."""
EARLY = 500
"""Events from which on something can be done for some before all are there."""
_ANY_NUMBER = 2**31
"""More than a queue ever holds."""


class Batch(msgspec.Struct):
    """What one caller wants to have written."""

    events: Sequence[Event]
    signals: Sequence[SessionSignal]
    done: WriteDone
    identities: Identities
    marks: Sequence[Mark] = ()
    patient: bool = False
    """Nobody waits for it."""

    @property
    def size(self) -> int:
        """Events and signals."""
        return len(self.events) + len(self.signals)


class Task(msgspec.Struct):
    """Work of another kind that needs the writer, in a transaction of its own."""

    work: Callable[[sqlite3.Connection, Applier], None]
    done: Callable[[StorageError | None], None]


class _Look:
    """Wakes the writer: something patient is there."""


_LOOK = _Look()


class WriteQueue:
    """Many threads put, the writer's takes."""

    def __init__(self) -> None:
        self._items: queue.SimpleQueue[Batch | Task | _Look | None] = queue.SimpleQueue()
        self._patient: deque[Batch] = deque()
        self._patients_turn = False
        self._left: list[Task] = []
        """What ``gather`` took and left out: one at most."""
        self._guard = threading.Lock()
        self._closed = False
        self._queued = 0
        self._written = 0
        self._callers = 1
        """How many were gathered last."""
        self._wanted = _ANY_NUMBER
        self._complete = threading.Event()
        """Set when ``_wanted`` items are there."""

    @property
    def waiting(self) -> int:
        """Events and signals that are not written yet."""
        return max(0, self._queued - self._written)

    def submit(self, batch: Batch) -> None:
        """Put a batch. Raises Overloaded when too much waits, Closed after ``close``."""
        with self._guard:
            if self._closed:
                raise Closed("The server is shutting down; send this again later.")
            waiting = self._queued - self._written
            if waiting and waiting + batch.size > MAX_QUEUED:
                raise Overloaded("Too much is waiting to be written; send this again in a second.")
            self._queued += batch.size
            if batch.patient:
                self._patient.append(batch)
                self._items.put(_LOOK)
            else:
                self._items.put(batch)
            if self._items.qsize() >= self._wanted:
                self._complete.set()

    def post(self, task: Task) -> None:
        """Put a task. Raises Closed."""
        with self._guard:
            if self._closed:
                raise Closed("The server is shutting down; send this again later.")
            self._items.put(task)

    def close(self) -> None:
        """Take no more; what is there comes before the end. Safe to call twice."""
        with self._guard:
            if not self._closed:
                self._closed = True
                self._items.put(None)

    def take(self) -> Batch | Task | None:
        """Wait for the next; None at the end."""
        if self._left:
            return self._left.pop()
        # To be woken for the first of several would take the event loop's time, which decodes them.
        while self._callers > 1 and self.waiting < EARLY and self._await_more(self._callers):
            pass
        while True:
            if self._patient and (self._patients_turn or self._items.empty()):
                self._patients_turn = False
                return self._patient.popleft()
            item = self._items.get()
            if item is None and self._patient:
                self._items.put(None)
                self._patients_turn = True
            elif not isinstance(item, _Look):
                self._patients_turn = True
                return item

    def gather(self, first: Batch, meanwhile: Callable[[Sequence[Batch]], object]) -> list[Batch]:
        """``first`` and what goes with it into one transaction.

        If those of the last transaction were several they mostly come again at once, and one for
        all of them costs hardly more than one for the first: they are waited for.
        ``meanwhile`` is called with what is there, when that is worth it.
        """
        if first.patient:
            return [first]
        group = [first]
        size, told = first.size, 0
        while size < MAX_GROUP:
            try:
                item = self._items.get_nowait()
            except queue.Empty:
                if len(group) >= self._callers:
                    break
                if size - told >= EARLY:
                    meanwhile(group)
                    told = size
                elif not self._await_more(self._callers - len(group)) and self._items.empty():
                    break
                continue
            if isinstance(item, _Look):
                continue
            if item is None:
                self._items.put(None)  # nothing comes behind it but what is patient
                break
            if isinstance(item, Task):
                self._left.append(item)
                break
            group.append(item)
            size += item.size
        self._callers = len(group)
        return group

    def wrote(self, group: Sequence[Batch]) -> None:
        """``group`` waits no more: its callers are about to hear of it."""
        self._written += sum(batch.size for batch in group)

    def _await_more(self, wanted: int) -> bool:
        """Wait a moment for ``wanted``; whether there are more than before, and still less."""
        self._complete.clear()
        self._wanted = wanted
        before = self._items.qsize()
        if before < wanted:
            self._complete.wait(GATHER_S)
        self._wanted = _ANY_NUMBER
        return before < self._items.qsize() < wanted
