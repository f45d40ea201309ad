"""The spans of a request as they are stored for their sessions' time lines."""

from collections.abc import Iterable

from agentmonitor.agents import _attributes, documents
from agentmonitor.agents.genai.facts import SESSION, Facts
from agentmonitor.agents.genai.records import NO_SESSION
from agentmonitor.model.event import MAX_INT
from agentmonitor.model.span import SessionSpan
from agentmonitor.otlp.records import Span

_SESSION = (*SESSION, "conversation.id")
_MAX_ID = 64


def session_spans(spans: Iterable[tuple[Span, str | None]]) -> list[SessionSpan]:
    """Those that are about an agent's session. With each span the type of the agent whose service
    sent it; None: the service is nobody's, and only what names a session or is about generative AI
    counts, with all of the same trace in the same request."""
    found: list[SessionSpan] = []
    sessions: dict[str, str] = {}
    traces: set[str] = set()
    """Those that are about generative AI and name no session: they stand for one."""
    known: set[int] = set()
    for span, agent_type in spans:
        if not span.trace_id or not span.span_id or span.start is None:
            continue
        facts = Facts(span.attributes, span.resource)
        told = _told(span, span.start, agent_type or facts.agent_type)
        found.append(told)
        if told.session_id:
            sessions.setdefault(told.trace_id, told.session_id)
        elif agent_type is not None:
            known.add(id(told))
        elif facts.is_genai:
            traces.add(told.trace_id)
    for told in found:
        trace = told.trace_id
        if told.session_id is None and (trace in sessions or trace in traces):
            told.session_id = sessions.get(trace) or f"{NO_SESSION}{trace}"
    return [told for told in found if told.session_id is not None or id(told) in known]


def _told(span: Span, start: int, agent_type: str) -> SessionSpan:
    attributes, resource = span.attributes, span.resource
    session = _attributes.first(attributes, *_SESSION) or _attributes.first(resource, *_SESSION)
    duration = None
    if span.end is not None and span.end >= start:
        duration = min(span.end - start, MAX_INT)
    about = dict(attributes)
    if span.status_message:
        about.setdefault("status_message", span.status_message)
    return SessionSpan(
        session_id=session or None,
        agent_type=agent_type,
        trace_id=span.trace_id[:_MAX_ID],
        span_id=span.span_id[:_MAX_ID],
        parent_id=span.parent_id[:_MAX_ID] or None,
        name=documents.name(span.name) or "span",
        start=start,
        duration_ms=duration,
        failed=span.failed,
        attributes=about,
    )
