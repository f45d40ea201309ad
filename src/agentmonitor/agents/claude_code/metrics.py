"""Claude Code's metrics and spans.

Source: the agent's monitoring reference. Metrics are sums by session and model without a request's
id: they count only where nothing better reports the session. Spans (beta) nest as interaction >
llm_request | tool > blocked_on_user, execution; those with an id enrich what other channels tell.
"""

from typing import Any

import msgspec

from agentmonitor.agents.base import Reading
from agentmonitor.agents.claude_code import keys, tools, values
from agentmonitor.agents.claude_code.values import PREFIX
from agentmonitor.model.event import MAX_COST_USD, MAX_INT, Event
from agentmonitor.model.signal import Signal
from agentmonitor.model.usage import Channel, Report
from agentmonitor.otlp.records import Point, Span

_STILL = Signal(kind="none")
_CLASSES = {
    "input": "tokens_in",
    "output": "tokens_out",
    "cacheRead": "cache_read",
    "cacheCreation": "cache_write",
}


class _Sum(msgspec.Struct, gc=False):
    """What one session used of one model up to one moment."""

    tokens_in: float = 0
    tokens_out: float = 0
    cache_read: float = 0
    cache_write: float = 0
    cost: float | None = None

    def add(self, point: Point) -> None:
        """Take in a point."""
        if point.name == f"{PREFIX}cost.usage":
            self.cost = (self.cost or 0) + point.value
            return
        name = _CLASSES.get(tools.name(point.attributes, "type"))
        if name is not None:
            setattr(self, name, getattr(self, name) + point.value)


def points(found: list[Point], at: int) -> Reading:
    """What the points of one request say; ``at``: its arrival, in ms.

    Lines of code are not read: they are in the edits, with their files.
    """
    sums: dict[tuple[str, str, int, bool], _Sum] = {}
    events = []
    for number, point in enumerate(found):
        session_id = values.session(point.attributes, point.resource)
        if not session_id or not 0 < point.value <= MAX_INT:
            continue
        time = point.time or at
        if point.name in (f"{PREFIX}token.usage", f"{PREFIX}cost.usage"):
            fast = tools.name(point.attributes, "speed") == "fast"
            key = (session_id, tools.name(point.attributes, "model"), time, fast)
            sums.setdefault(key, _Sum()).add(point)
        elif point.name == f"{PREFIX}commit.count":
            events.append(_commits(point, session_id, time, number))
    events += [_usage(*key, total) for key, total in sums.items()]
    return Reading(events=events)


def _usage(session_id: str, model: str, time: int, fast: bool, total: _Sum) -> Event:
    cost = total.cost
    return Event(
        session_id=session_id,
        agent_type=keys.AGENT_TYPE,
        event_type="llm_response",
        # With the figures: a collector may split what belongs together over two requests.
        event_id=values.once(
            session_id,
            "metric",
            model,
            time,
            "fast" if fast else "",
            _whole(total.tokens_in),
            _whole(total.tokens_out),
            _whole(total.cache_read),
            _whole(total.cache_write),
            cost,
        ),
        source="otel",
        channel=Channel.METRIC,
        occurred_at=time,
        model=model or None,
        tokens_in=_whole(total.tokens_in),
        tokens_out=_whole(total.tokens_out),
        cache_read_tokens=_whole(total.cache_read),
        cache_write_tokens=_whole(total.cache_write),
        cost_usd=cost if cost is not None and cost <= MAX_COST_USD else None,
        signal=_STILL,
        report=Report(fast=fast, session_wide=True),
    )


def _commits(point: Point, session_id: str, time: int, number: int) -> Event:
    return Event(
        session_id=session_id,
        agent_type=keys.AGENT_TYPE,
        event_type="git_commit",
        event_id=values.once(session_id, "commit", time, number),
        source="otel",
        channel=Channel.METRIC,
        occurred_at=time,
        metadata={"commits": _whole(point.value)},
        signal=_STILL,
    )


def span(found: Span, at: int) -> Reading:
    """What a span adds to the request or the call that it shows; one without an id says nothing
    that another channel does not say better."""
    attributes = found.attributes
    session_id = values.session(attributes, found.resource)
    kind = found.name.removeprefix(PREFIX)
    request_id = tools.name(attributes, "request_id")
    call_id = tools.name(attributes, "tool_use_id")
    fields: dict[str, Any]
    metadata = values.named(attributes, subagent_id="agent_id", query_source="query_source")
    if not session_id:
        return Reading()
    if kind == "llm_request" and request_id and values.flag(attributes, "success") is not False:
        metadata |= values.named(attributes, ttft_ms="ttft_ms", stop_reason="stop_reason")
        fields = {
            "event_type": "llm_response",
            "keys": (keys.request(request_id),),
            "report": Report(fast=tools.name(attributes, "speed") == "fast"),
            "model": tools.name(attributes, "model") or None,
            "duration_ms": _duration(found),
            "tokens_in": values.count(attributes, "input_tokens") or 0,
            "tokens_out": values.count(attributes, "output_tokens") or 0,
            "cache_read_tokens": values.count(attributes, "cache_read_tokens") or 0,
            "cache_write_tokens": values.count(attributes, "cache_creation_tokens") or 0,
        }
    elif kind == "tool" and call_id:
        # Without its duration, which holds the wait for a permission.
        fields = {
            "event_type": "tool_use",
            "keys": (keys.tool(call_id),),
            "tool_name": tools.name(attributes, "tool_name") or None,
            "status": "error" if _failed(found) else "success",
        }
    else:
        return Reading()
    event = Event(
        session_id=session_id,
        agent_type=keys.AGENT_TYPE,
        source="otel",
        channel=Channel.SPAN,
        occurred_at=values.moment(attributes, found.end, found.start, at),
        metadata=metadata,
        signal=_STILL,
        **fields,
    )
    return Reading(events=[event])


def _failed(found: Span) -> bool:
    return found.failed or values.flag(found.attributes, "success") is False


def _duration(found: Span) -> int | None:
    given = values.count(found.attributes, "duration_ms")
    if given is None and found.start is not None and found.end is not None:
        given = found.end - found.start
    return given if given is not None and 0 <= given <= MAX_INT else None


def _whole(value: float) -> int:
    return min(round(value), MAX_INT)
