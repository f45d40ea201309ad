"""The conventions' token metric. It does not know requests, so that it counts only for sessions
of which nothing better reports the usage, and says nothing where it names no session."""

from agentmonitor.agents import _attributes
from agentmonitor.agents._attributes import first
from agentmonitor.agents.base import Reading
from agentmonitor.agents.genai.facts import MODEL, SESSION, agent_type
from agentmonitor.model.event import MAX_INT, Event
from agentmonitor.model.signal import Signal
from agentmonitor.model.usage import Channel, Report
from agentmonitor.otlp.records import Point

_NAME = "gen_ai.client.token.usage"
_TYPES = {"input": 0, "output": 1, "completion": 1}


def points(found: list[Point], at: int) -> Reading:
    """What the points of one request say; ``at``: their arrival, in ms."""
    sums: dict[tuple[str, str, str, int], list[float]] = {}
    for point in found:
        kind = _TYPES.get(first(point.attributes, "gen_ai.token.type"))
        if point.name != _NAME or kind is None or not 0 < point.value <= MAX_INT:
            continue
        session_id = first(point.attributes, *SESSION) or first(point.resource, *SESSION)
        if session_id:
            agent = agent_type(point.resource, point.attributes)
            key = (agent, session_id, first(point.attributes, *MODEL), point.time or at)
            sums.setdefault(key, [0, 0])[kind] += point.value
    return Reading(events=[_event(*key, *used) for key, used in sums.items()])


def _event(agent: str, session_id: str, model: str, at: int, given: float, made: float) -> Event:
    tokens_in, tokens_out = min(round(given), MAX_INT), min(round(made), MAX_INT)
    return Event(
        session_id=session_id,
        agent_type=agent,
        event_type="llm_response",
        # With the figures: a collector may split what belongs together over two requests.
        event_id=_attributes.once(agent, session_id, "metric", model, at, tokens_in, tokens_out),
        source="otel",
        channel=Channel.METRIC,
        occurred_at=at,
        model=model or None,
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        signal=Signal(kind="none"),  # a sum tells nothing of what happens now
        report=Report(session_wide=True),
    )
