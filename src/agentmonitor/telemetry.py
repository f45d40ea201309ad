"""OTLP records on their way to the pipeline: whose they are, and what they say."""

from collections.abc import Iterable

import msgspec

from agentmonitor.agents.base import Reading, Telemetry
from agentmonitor.agents.registry import Registry
from agentmonitor.model.clock import now_ms
from agentmonitor.model.event import Event
from agentmonitor.model.mark import SeriesMark
from agentmonitor.model.quota import Quota
from agentmonitor.model.signal import BUSY, IMPLIED, SessionSignal
from agentmonitor.model.windows import believable
from agentmonitor.otlp.deltas import Deltas
from agentmonitor.otlp.records import Attributes, LogRecord, Point, Span
from agentmonitor.pipeline import Pipeline
from agentmonitor.storage.engine import Engine
from agentmonitor.witnesses import Witness, Witnesses

FRESH_MS = 60_000
"""Exporters send every few seconds, and again after a failure: what is older is no news."""


class TelemetryIntake:
    """Stores what exporters report. Belongs to the event loop's thread."""

    def __init__(
        self, engine: Engine, registry: Registry, pipeline: Pipeline, witnesses: Witnesses
    ) -> None:
        self._engine = engine
        self._witnesses = witnesses
        self._registry = registry
        self._pipeline = pipeline
        self._deltas: Deltas | None = None

    async def logs(self, records: Iterable[LogRecord]) -> None:
        """Store log records. Raises what ``Pipeline.ingest`` raises."""
        now = now_ms()
        gathered = _Gathered()
        resource: Attributes | None = None
        own: Telemetry | None = None
        for record in records:
            if record.resource is not resource:
                resource = record.resource
                own = self._registry.telemetry_of_service(_service(resource))
            telemetry = own
            if telemetry is None:
                event = record.event_name or str(record.attributes.get("event.name") or "")
                telemetry = self._telemetry(record.resource, event)
            if telemetry.log is not None:
                gathered.add(telemetry.log(record, now))
        self._enliven(gathered.events, now)
        await self._store(gathered)

    async def spans(self, spans: Iterable[Span]) -> None:
        """Store spans and what they tell. Raises what ``Pipeline.ingest`` raises."""
        now = now_ms()
        gathered = _Gathered()
        whose: list[tuple[Span, str | None]] = []
        for span in spans:
            telemetry = self._telemetry(span.resource)
            if telemetry.span is not None:
                gathered.add(telemetry.span(span, now))
            whose.append((span, self._registry.type_of(_service(span.resource))))
        self._enliven(gathered.events, now)
        await self._store(gathered)
        from agentmonitor.agents.traces import session_spans  # few send spans at all

        await self._pipeline.ingest_spans(session_spans(whose))

    async def points(self, points: Iterable[Point]) -> None:
        """Store what metrics tell: of cumulative ones what they add, once, restarts included.

        Raises what ``Pipeline.ingest`` raises; then the next points tell it again.
        """
        if self._deltas is None:
            self._deltas = Deltas()
            self._deltas.load(
                (mark.key, mark.start, mark.value, mark.count, mark.time)
                for mark in self._engine.series_marks()
            )
        deltas = self._deltas.apply(points)
        marks = [SeriesMark(*series) for series in self._deltas.changes()]
        by_agent: dict[int, tuple[Telemetry, list[Point]]] = {}
        for point in deltas:
            telemetry = self._telemetry(point.resource)
            by_agent.setdefault(id(telemetry), (telemetry, []))[1].append(point)
        gathered = _Gathered()
        now = now_ms()
        for telemetry, some in by_agent.values():
            if telemetry.points is not None:
                gathered.add(telemetry.points(some, now))
        try:
            await self._store(gathered, marks)
        except BaseException:
            self._deltas.undo(deltas)
            raise

    def _enliven(self, events: list[Event], now: int) -> None:
        """Let what happened just now move the state of sessions that nobody better tells of."""
        since = now - FRESH_MS
        for event in events:
            if (event.occurred_at or 0) < since:
                continue
            signal = event.signal
            if signal is None or signal.kind != "none":
                continue
            if self._witnesses.is_best(event.session_id, Witness.TELEMETRY):
                implied = IMPLIED.get(event.event_type, BUSY)
                event.signal = (
                    None
                    if signal.title is None
                    else msgspec.structs.replace(implied, title=signal.title)
                )

    def _telemetry(self, resource: Attributes, event: str = "") -> Telemetry:
        return self._registry.telemetry_of(_service(resource), event)

    async def _store(self, gathered: "_Gathered", marks: list[SeriesMark] | None = None) -> None:
        await self._pipeline.ingest(gathered.events, gathered.signals, marks or ())
        if gathered.quotas:
            self._engine.put_quotas(believable(gathered.quotas, now_ms()))


def _service(resource: Attributes) -> str:
    return str(resource.get("service.name") or "")


class _Gathered:
    """The readings of one request in one."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.signals: list[SessionSignal] = []
        self.quotas: list[Quota] = []

    def add(self, reading: Reading) -> None:
        if reading.events:
            self.events += reading.events
        if reading.signals:
            self.signals += reading.signals
        if reading.quotas:
            self.quotas += reading.quotas
