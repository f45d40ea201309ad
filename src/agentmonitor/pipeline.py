"""The one write path: redact, cap, price, store, publish. Nothing else writes events."""

import asyncio
from collections import deque
from collections.abc import Sequence

import msgspec

from agentmonitor.bus import Bus
from agentmonitor.errors import StorageError
from agentmonitor.metadata import prepare
from agentmonitor.model.clock import now_ms, to_iso
from agentmonitor.model.event import MAX_COST_USD, SCHEMA_VERSION, Event
from agentmonitor.model.session import EventRow
from agentmonitor.model.signal import SessionSignal
from agentmonitor.pricing.engine import Pricer
from agentmonitor.redact import redact_text
from agentmonitor.storage.engine import Engine, WriteResult


class Pipeline:
    """Takes events in on the event loop's thread and answers after the commit."""

    def __init__(
        self,
        engine: Engine,
        bus: Bus,
        pricer: Pricer,
        *,
        max_payload_bytes: int,
        edit_tools: frozenset[str],
    ) -> None:
        self._engine = engine
        self._bus = bus
        self._pricer = pricer
        self._max_payload_bytes = max_payload_bytes
        self._edit_tools = edit_tools
        self._outcomes: deque[_Outcome] = deque()
        self._woken = False
        self.changed_sessions: set[str] = set()
        """Ids of sessions with news for those who listen to session rows."""

    async def ingest(
        self, events: Sequence[Event], signals: Sequence[SessionSignal] = ()
    ) -> list[int | None]:
        """Store a batch whole and publish what is new.

        The ids in the order of ``events``, None for a duplicate. Raises StorageError (nothing
        was stored) and Overloaded.
        """
        if not events and not signals:
            return []
        now = now_ms()
        for event in events:
            self._prepare(event, now)
        signals = [_redacted(signal) for signal in signals]
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[list[int | None]] = loop.create_future()

        def done(result: WriteResult | StorageError) -> None:
            self._outcomes.append((answer, result, signals))
            if not self._woken:
                self._woken = True
                loop.call_soon_threadsafe(self._deliver)

        self._engine.submit(events, signals, done)
        return await answer

    def _prepare(self, event: Event, now: int) -> None:
        event.created_at = now
        if event.status is None:
            event.status = "error" if event.event_type == "error" else "success"
        prepare(event, self._max_payload_bytes, self._edit_tools)
        if event.model is not None and event.cost_usd is None:
            self._price(event, event.model)

    def _price(self, event: Event, model: str) -> None:
        tokens = (
            event.tokens_in, event.tokens_out, event.cache_read_tokens, event.cache_write_tokens,
        )  # fmt: skip
        if any(tokens):
            cost = self._pricer.cost(model, *tokens, event.time)
            # A price beyond the limit is that of a count that cannot be true.
            event.cost_usd = cost if cost is None or cost <= MAX_COST_USD else None

    def _deliver(self) -> None:
        """Publish what was committed, in the order of the commits, and answer the callers."""
        self._woken = False
        rows: list[EventRow] = []
        last_id = 0
        while self._outcomes:
            answer, result, signals = self._outcomes.popleft()
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
                    self.changed_sessions.update(event.session_id for event in result.stored)
                    self.changed_sessions.update(signal.session_id for signal in signals)
        if rows:
            self._bus.publish_events(rows)
        elif last_id:
            self._bus.last_event_id = last_id


_Outcome = tuple[
    "asyncio.Future[list[int | None]]", WriteResult | StorageError, Sequence[SessionSignal]
]


def _redacted(report: SessionSignal) -> SessionSignal:
    signal = report.signal
    if signal.detail is None:
        return report
    detail = redact_text(signal.detail)
    if detail == signal.detail:
        return report
    return msgspec.structs.replace(report, signal=msgspec.structs.replace(signal, detail=detail))


def event_row(event: Event) -> EventRow:
    """A stored event as reads show it."""
    return EventRow(
        id=event.id,
        event_id=event.event_id,
        schema_version=SCHEMA_VERSION,
        session_id=event.session_id,
        agent_type=event.agent_type,
        event_type=event.event_type,
        tool_name=event.tool_name,
        status=event.status or "success",
        tokens_in=event.tokens_in,
        tokens_out=event.tokens_out,
        branch=event.branch,
        project=event.project,
        duration_ms=event.duration_ms,
        created_at=to_iso(event.created_at),
        client_timestamp=None if event.occurred_at is None else to_iso(event.occurred_at),
        metadata=event.metadata_json,
        payload_truncated=int(event.payload_truncated),
        model=event.model,
        cost_usd=event.cost_usd,
        cache_read_tokens=event.cache_read_tokens,
        cache_write_tokens=event.cache_write_tokens,
        source=event.source,
    )
