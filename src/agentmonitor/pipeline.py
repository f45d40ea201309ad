"""The one write path: redact, cap, price, store, publish. Nothing else writes events."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from time import perf_counter

import msgspec

from agentmonitor.bus import Bus, ChangedSessions
from agentmonitor.errors import StorageError
from agentmonitor.metadata import Rules, prepare, prepare_span
from agentmonitor.model.clock import now_ms
from agentmonitor.model.event import MAX_COST_USD, Event
from agentmonitor.model.histogram import LATENCIES_S, Histogram
from agentmonitor.model.mark import Mark
from agentmonitor.model.session import EventRow, event_row
from agentmonitor.model.signal import SessionSignal
from agentmonitor.model.span import SessionSpan
from agentmonitor.model.usage import Channel, Report, TokenUsage
from agentmonitor.pricing.engine import Pricer
from agentmonitor.redact import redact_text
from agentmonitor.storage.engine import Engine, WriteResult


class Pipeline:
    """Takes events in on any thread and answers after the commit."""

    def __init__(
        self,
        engine: Engine,
        bus: Bus,
        pricer: Pricer,
        rules: Rules,
    ) -> None:
        self._engine = engine
        self._bus = bus
        self._pricer = pricer
        self._rules = rules
        self._loop: asyncio.AbstractEventLoop | None = None
        self._outcomes: deque[_Outcome] = deque()
        self._woken = False
        self._waiting: list[Callable[[], None]] = []
        """What goes on after the next ``_deliver``."""
        self.changed_sessions = ChangedSessions()
        """For those who listen to session rows."""
        self.latency = Histogram(LATENCIES_S)
        """Seconds from the acceptance of a batch to its commit; the writer's thread observes."""

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Publish what other threads bring on ``loop``; without one, nobody listens."""
        self._loop = loop

    @property
    def serves(self) -> bool:
        """Whether agents may send at any time."""
        return self._loop is not None

    async def ingest(
        self,
        events: Sequence[Event],
        signals: Sequence[SessionSignal] = (),
        marks: Sequence[Mark] = (),
    ) -> list[int | None]:
        """Store a batch whole and publish what is new.

        The ids in the order of ``events``, None for what was known. Raises StorageError (nothing
        was stored) and Overloaded.
        """
        if not events and not signals and not marks:
            return []
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[list[int | None]] = loop.create_future()
        self._submit(events, signals, marks, answer, loop)
        return await answer

    def take(
        self,
        bring: Callable[[], Sequence[Event]],
        stored: Callable[[list[int | None]], None],
        failed: Callable[[Exception], None],
    ) -> None:
        """The same without waiting, on the attached loop: ``stored`` or ``failed`` is called there.

        ``bring`` is called now, or, while the store writes, right after that: threads that compute
        at the same time only take the interpreter's lock from each other.
        """

        def go() -> None:
            try:
                events = bring()
                if events:
                    self._submit(events, (), (), _Call(stored, failed), self._loop)
            except Exception as error:
                failed(error)
                return
            if not events:
                stored([])

        if self._engine.is_writing():
            self._waiting.append(go)
        else:
            go()

    async def ingest_spans(self, spans: Sequence[SessionSpan]) -> None:
        """Store spans. Raises StorageError (none was stored)."""
        if not spans:
            return
        for span in spans:
            prepare_span(span, self._rules)
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[None] = loop.create_future()

        def settle(error: StorageError | None) -> None:
            if answer.done():
                return
            if error is None:
                answer.set_result(None)
            else:
                answer.set_exception(error)

        def done(error: StorageError | None) -> None:
            loop.call_soon_threadsafe(settle, error)

        self._engine.put_spans(spans, done)
        await answer

    def ingest_from_thread(
        self,
        events: Sequence[Event],
        signals: Sequence[SessionSignal] = (),
        marks: Sequence[Mark] = (),
        *,
        prepared: bool = False,
    ) -> "Future[list[int | None]]":
        """The same for other threads, which no agent waits for; the future has the result or what
        was raised. ``prepared``: it went through ``prepare`` already, in another process."""
        answer: Future[list[int | None]] = Future()
        self._submit(events, signals, marks, answer, self._loop, patient=True, prepared=prepared)
        return answer

    def prepare(
        self, events: Sequence[Event], signals: Sequence[SessionSignal]
    ) -> list[SessionSignal]:
        """Make ``events`` ready to be stored: redact, cap, price. The signals, redacted too."""
        self._prepare(events)
        return [self._clean(signal) for signal in signals]

    def _submit(
        self,
        events: Sequence[Event],
        signals: Sequence[SessionSignal],
        marks: Sequence[Mark],
        answer: "_Answer",
        loop: asyncio.AbstractEventLoop | None,
        *,
        patient: bool = False,
        prepared: bool = False,
    ) -> None:
        accepted = perf_counter()
        if not prepared:
            signals = self.prepare(events, signals)

        def done(result: WriteResult | StorageError) -> None:
            if not isinstance(result, StorageError):
                self.latency.observe(perf_counter() - accepted)
            self._outcomes.append((answer, result, events, signals))
            if loop is None:
                self._deliver()
            elif not self._woken:
                self._woken = True
                loop.call_soon_threadsafe(self._deliver)

        self._engine.submit(events, signals, done, marks, patient=patient)

    def _prepare(self, events: Sequence[Event]) -> None:
        now = now_ms()
        for event in events:
            event.created_at = now
            if event.status is None:
                event.status = "error" if event.event_type == "error" else "success"
        prepare(events, self._rules)
        for event in events:
            if event.model is not None:
                self._price(event, event.model)
            elif event.cost_usd is not None:
                event.client_cost_usd = event.cost_usd

    def _price(self, event: Event, model: str) -> None:
        tokens = (
            event.tokens_in, event.tokens_out, event.cache_read_tokens, event.cache_write_tokens,
        )  # fmt: skip
        own = None
        if any(tokens):
            if event.report is None:
                own = self._pricer.cost_of(model, *tokens, event.time)
            else:
                own = self._pricer.cost(model, token_usage(event), event.time)
            # A price beyond the limit is that of a count that cannot be true.
            if own is not None and own > MAX_COST_USD:
                own = None
        if event.cost_usd is None:
            event.cost_usd = own
            return
        event.client_cost_usd = event.cost_usd
        event.own_cost_usd = own
        if own is not None and event.channel is not Channel.API:
            # Contract v1 keeps the cost that a client names; elsewhere it is an estimate.
            event.cost_usd = own

    def _clean(self, report: SessionSignal) -> SessionSignal:
        """Without secrets, and without words where they are not to be kept."""
        signal, rules = report.signal, self._rules
        detail, title = signal.detail, signal.title
        if rules.by_agent.get(report.agent_type, rules.capture) != "full":
            detail = title = None
        detail = detail and redact_text(detail)
        title = title and redact_text(title)
        if (detail, title) == (signal.detail, signal.title):
            return report
        signal = msgspec.structs.replace(signal, detail=detail, title=title)
        return msgspec.structs.replace(report, signal=signal)

    def _deliver(self) -> None:
        """Publish what was committed, in the order of the commits, and answer the callers."""
        self._woken = False
        rows: list[EventRow] = []
        last_id = 0
        while self._outcomes:
            answer, result, events, signals = self._outcomes.popleft()
            if isinstance(result, StorageError):
                if not answer.done():
                    answer.set_exception(result)
                continue
            if not answer.done():
                answer.set_result(result.ids)
            if result.stored:
                last_id = result.stored[-1].id
            if len(self._bus):
                rows += [event_row(event) for event in result.stored]
                if self._bus.wants_sessions:
                    self.changed_sessions.add(event.session_id for event in events)
                    self.changed_sessions.add(signal.session_id for signal in signals)
        if rows:
            self._bus.publish_events(rows)
        elif last_id:
            self._bus.last_event_id = last_id
        waiting, self._waiting = self._waiting, []
        for go in waiting:
            go()


class _Call:
    """A future for those who are called back at once."""

    __slots__ = ("set_exception", "set_result")

    def __init__(
        self,
        stored: Callable[[list[int | None]], None],
        failed: Callable[[Exception], None],
    ) -> None:
        self.set_result = stored
        self.set_exception = failed

    def done(self) -> bool:
        """Nobody takes a call back."""
        return False


_Answer = _Call | asyncio.Future[list[int | None]] | Future[list[int | None]]
_Outcome = tuple[_Answer, WriteResult | StorageError, Sequence[Event], Sequence[SessionSignal]]


def token_usage(event: Event) -> TokenUsage:
    """What the model request that ``event`` reports used."""
    report = event.report or Report()
    return TokenUsage(
        tokens_in=event.tokens_in,
        tokens_out=event.tokens_out,
        cache_read=event.cache_read_tokens,
        cache_write=event.cache_write_tokens,
        cache_write_1h=report.cache_write_1h,
        web_searches=report.web_searches,
        fast=report.fast,
        batch=report.batch,
    )
