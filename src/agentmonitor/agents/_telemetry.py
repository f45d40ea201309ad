"""Telemetry of clients that share one: their event log, and the metric that counts tokens.

The counts of ``api_response`` records come again as the metric ``<prefix>token.usage`` and, from
some versions on, as ``gen_ai.client.token.usage``. Only the first metric is read, and it counts
only where no record does.
"""

from agentmonitor.agents import _attributes
from agentmonitor.agents._counts import Counts
from agentmonitor.agents._eventlog import Dialect, read_log, spent
from agentmonitor.agents.base import Reading, Telemetry
from agentmonitor.model.event import MAX_INT, Event
from agentmonitor.model.signal import Signal
from agentmonitor.model.usage import Channel, Report
from agentmonitor.otlp.records import LogRecord, Point

_STILL = Signal(kind="none")
_TYPES = {
    "input": "prompt", "output": "output", "cache": "cached", "thought": "thoughts",
    "tool": "tool",
}  # fmt: skip


def telemetry(dialect: Dialect) -> Telemetry:
    """What the client's records mean. Its spans repeat them."""

    def log(record: LogRecord, at: int) -> Reading:
        return read_log(dialect, record, at)

    def points(found: list[Point], at: int) -> Reading:
        return read_points(dialect, found, at)

    return Telemetry(services=dialect.services, log=log, points=points)


def read_points(dialect: Dialect, found: list[Point], at: int) -> Reading:
    """What the points of one request say; ``at``: their arrival, in ms."""
    sums: dict[tuple[str, str, int], dict[str, float]] = {}
    for point in found:
        kind = _TYPES.get(_attributes.first(point.attributes, "type"))
        session_id = _attributes.first(point.attributes, "session.id") or _attributes.first(
            point.resource, "session.id"
        )
        if point.name != dialect.metric or kind is None or not session_id:
            continue
        if not 0 < point.value <= MAX_INT:
            continue
        model = _attributes.first(point.attributes, "model")
        used = sums.setdefault((session_id, model, point.time or at), {})
        used[kind] = used.get(kind, 0) + point.value
    return Reading(events=[_sum(dialect, *key, used) for key, used in sums.items()])


def _sum(dialect: Dialect, session_id: str, model: str, at: int, used: dict[str, float]) -> Event:
    counts = Counts(**{kind: min(round(value), MAX_INT) for kind, value in used.items()})
    return Event(
        session_id=session_id,
        agent_type=dialect.agent_type,
        event_type="llm_response",
        # With the figures: a collector may split what belongs together over two requests.
        event_id=_attributes.once(
            dialect.agent_type, session_id, "metric", model, at, counts.stamp, counts.tool
        ),
        source="otel",
        channel=Channel.METRIC,
        occurred_at=at,
        model=model or None,
        signal=_STILL,
        report=Report(session_wide=True),
        **spent(dialect, counts),
    )
