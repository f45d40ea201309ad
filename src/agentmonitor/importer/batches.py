"""What readers bring, on its way to the pipeline: in batches, each with its mark."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future

import msgspec

from agentmonitor.agents.base import Reading
from agentmonitor.errors import Overloaded, StorageError
from agentmonitor.importer.growing import absorb
from agentmonitor.importer.live import Live, enliven
from agentmonitor.importer.outcome import FileOutcome
from agentmonitor.model.clock import now_ms
from agentmonitor.model.event import Event
from agentmonitor.model.mark import FileMark, Mark
from agentmonitor.model.quota import Quota
from agentmonitor.model.signal import SessionSignal
from agentmonitor.model.windows import believable

ALONE = 500
"""Events in one transaction, where nobody else writes."""
AMONG_OTHERS = 100
"""The same where agents wait meanwhile until their hooks are stored, which come in between."""
_IN_FLIGHT = 4
"""Batches that may wait for the writer while the next one is read."""

Answer = Future[list[int | None]]
Sink = Callable[[Sequence[Event], Sequence[SessionSignal], Sequence[Mark]], Answer]
"""Takes a batch in: ``Pipeline.ingest_from_thread``, or what a dry run has in its place."""


class Span(msgspec.Struct, frozen=True):
    """A stretch of time, ms since the epoch, its end excluded."""

    start: int
    end: int

    def holds(self, at: int) -> bool:
        """Whether ``at`` lies within."""
        return self.start <= at < self.end


class Ways(msgspec.Struct, frozen=True, kw_only=True):
    """Where readings go to."""

    sink: Sink
    locate: Callable[[str], str | None]
    """From a working folder to its project's name."""
    put_quotas: Callable[[list[Quota]], object]
    span: Span | None = None
    """Take in only what happened then; no file counts as read by that."""
    batch: int = ALONE
    """Events in one transaction, about."""


def hand_over(
    sink: Sink, events: Sequence[Event], signals: Sequence[SessionSignal], marks: Sequence[Mark]
) -> Answer:
    """Give a batch to ``sink``; waits as long as that is overloaded."""
    while True:
        try:
            return sink(events, signals, marks)
        except Overloaded:
            time.sleep(0.05)


class InFlight:
    """Batches that the writer has not answered yet: few, so that memory stays bounded."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Answer, FileOutcome]] = deque()

    def add(self, answer: Answer, outcome: FileOutcome) -> None:
        """Remember a batch of ``outcome``; waits while there are many. Raises StorageError."""
        self._waiting.append((answer, outcome))
        while len(self._waiting) > _IN_FLIGHT:
            self._settle()

    def settle(self) -> None:
        """Wait until all is stored. Raises StorageError."""
        while self._waiting:
            self._settle()

    def _settle(self) -> None:
        answer, outcome = self._waiting.popleft()
        try:
            outcome.new += sum(number is not None for number in answer.result())
        except StorageError:
            self._waiting.clear()
            raise


class Batches:
    """Gathers the readings of one file and sends them on."""

    def __init__(
        self, ways: Ways, in_flight: InFlight, outcome: FileOutcome, live: Live | None
    ) -> None:
        self._ways = ways
        self._in_flight = in_flight
        self._outcome = outcome
        self._live = live
        self._events: list[Event] = []
        self._signals: list[SessionSignal] = []
        self._growing: dict[tuple[str, ...], Event] = {}
        self._quotas: list[Quota] = []
        self._last_quotas: dict[tuple[str, str], Quota] = {}

    @property
    def is_full(self) -> bool:
        """Whether it is time to send."""
        return len(self._events) >= self._ways.batch

    def add(self, reading: Reading) -> None:
        """Gather what was read."""
        if reading.signals:
            self._signals += reading.signals
        for event in reading.events:
            if event.report is not None and event.keys:
                known = self._growing.get(event.keys)
                if known is not None and absorb(known, event):
                    continue
                self._growing[event.keys] = event
            self._events.append(event)
        for quota in reading.quotas:
            # Agents repeat their quota with each answer: what counts is when it changed.
            window = (quota.agent_type, quota.window)
            last = self._last_quotas.get(window)
            if last is None or last.used_percent != quota.used_percent:
                self._quotas.append(quota)
            self._last_quotas[window] = quota

    def send(self, mark: FileMark) -> None:
        """Hand over what was gathered; all of it lies before ``mark``. Raises StorageError."""
        events, signals = self._events, self._signals
        self._events, self._signals = [], []
        self._growing.clear()
        ways = self._ways
        if ways.span is not None:
            events = [event for event in events if ways.span.holds(event.occurred_at or 0)]
            signals = [signal for signal in signals if ways.span.holds(signal.at)]
        for event in events:
            signal = event.signal
            if event.project is None and signal is not None and signal.cwd:
                event.project = ways.locate(signal.cwd)
        signals = enliven(events, signals, self._live)
        self._outcome.events += len(events)
        marks = () if ways.span else (mark,)
        self._in_flight.add(hand_over(ways.sink, events, signals, marks), self._outcome)

    def finish(self) -> None:
        """The file is read."""
        if self._quotas:
            quotas = [*self._quotas, *self._last_quotas.values()]
            self._ways.put_quotas(believable(quotas, now_ms()))
