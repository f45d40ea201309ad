"""Log records and spans of the GenAI conventions.

A request or a call may come as a record, as a span, and from two services: it is recognised by the
id of the answer or of the call, else by its trace and what it used. A span's place in its trace is
kept in the metadata.
"""

from typing import Any

from agentmonitor.agents import _attributes, documents, scene
from agentmonitor.agents._attributes import MAX_ID
from agentmonitor.agents.base import Reading
from agentmonitor.agents.genai import kinds
from agentmonitor.agents.genai.facts import CALL, MODEL, RESPONSE, TOOL, Facts, Usage
from agentmonitor.model.event import LIKENESS, MAX_INT, Event, EventType
from agentmonitor.model.usage import Channel
from agentmonitor.otlp.records import LogRecord, Span

_NOTHING = Reading()
NO_SESSION = "trace-"
_KEPT = {
    "operation": "gen_ai.operation.name", "provider": "gen_ai.provider.name",
    "system": "gen_ai.system", "agent_id": "gen_ai.agent.id", "agent_name": "gen_ai.agent.name",
    "request_model": "gen_ai.request.model", "error_type": "error.type",
    "output_type": "gen_ai.output.type", "tool_type": "gen_ai.tool.type",
}  # fmt: skip
_READ = frozenset({
    "session_id", "agent_type", "event_type", "tool_name", "model", "input_tokens",
    "output_tokens", "cache_read_tokens", "cache_write_tokens", "cost_usd", "duration_ms",
    "project", "branch", "tool_call_id", "tool_use_id", "event_id",
})  # fmt: skip
"""What of a body is not metadata."""


def log(record: LogRecord, at: int) -> Reading:
    """What a log record says; ``at``: its arrival, in ms."""
    body = _attributes.document(record.body)
    facts = Facts(record.attributes, record.resource, body)
    name = _attributes.first(record.attributes, "event.name", "event_name") or record.event_name
    kind = kinds.of_log(facts, name, record.severity)
    if kind is None or not (facts.is_genai or facts.session):
        return _NOTHING
    metadata: dict[str, Any] = {"event_name": name} if name else {}
    if body:
        metadata |= {key: value for key, value in body.items() if key not in _READ}
    elif isinstance(record.body, str) and kind == "error":
        metadata["message"] = record.body[: documents.MAX_TEXT]
    found = _Found(
        facts, kind, Channel.LOG, record.trace_id, record.span_id,
        _attributes.moment(record.attributes, record.time, record.observed) or at,
    )  # fmt: skip
    stamp = _attributes.fingerprint([dict(record.attributes), record.body])
    told = _attributes.first(facts.body, "event_id")
    return found.reading(metadata, told or ("log", name, found.at, record.span_id, stamp))


def span(found: Span, at: int) -> Reading:
    """What a span says; ``at``: its arrival, in ms."""
    facts = Facts(found.attributes, found.resource)
    if not facts.is_genai:
        return _NOTHING
    kind = kinds.of_span(facts, is_root=not found.parent_id)
    if kind is None:
        return _NOTHING
    metadata = {"span_name": found.name[: documents.MAX_VALUE]} if found.name else {}
    if found.parent_id:
        metadata["parent_id"] = found.parent_id
    if found.failed:
        metadata["error"] = found.status_message[: documents.MAX_VALUE]
    duration = facts.duration
    if found.start is not None and found.end is not None and found.end >= found.start:
        duration = min(found.end - found.start, MAX_INT)
    event = _Found(
        facts, kind, Channel.SPAN, found.trace_id, found.span_id,
        found.end or found.start or at, failed=found.failed, duration=duration,
    )  # fmt: skip
    return event.reading(metadata, ("span", found.trace_id, found.span_id))


class _Found:
    """One event under translation."""

    def __init__(
        self,
        facts: Facts,
        kind: EventType,
        channel: Channel,
        trace_id: str,
        span_id: str,
        at: int,
        *,
        failed: bool = False,
        duration: int | None = None,
    ) -> None:
        self.facts = facts
        self.kind = kind
        self.channel = channel
        self.trace_id = trace_id
        self.span_id = span_id
        self.at = at
        self.duration = facts.duration if duration is None else duration
        self.session = facts.session
        if not self.session and trace_id:
            self.session = f"{NO_SESSION}{trace_id}"
        self.failed = failed or self._has_failed()
        if self.failed and kind == "llm_response" and not facts.usage.any:
            self.kind = "error"

    def reading(self, metadata: dict[str, Any], told: str | tuple[object, ...]) -> Reading:
        """The event. ``told``: its id, or what makes one."""
        if not self.session:
            return _NOTHING
        facts, kind = self.facts, self.kind
        agent_type = facts.agent_type
        usage = facts.usage if kind == "llm_response" else Usage()
        keys = self._keys(usage)
        parts = (told,) if isinstance(told, str) else told
        once = _attributes.once(agent_type, self.session, *parts)
        event_id, keys = _attributes.identified(keys, once)
        metadata = metadata | self._about(metadata)
        if facts.reasoning and kind == "llm_response":
            metadata["reasoning_tokens"] = facts.reasoning
        event = Event(
            session_id=self.session,
            agent_type=agent_type,
            event_type=kind,
            event_id=event_id,
            status="error" if self.failed or kind == "error" else "success",
            tool_name=facts.name(TOOL) or None if kind in ("tool_use", "file_change") else None,
            branch=facts.place("branch"),
            project=facts.place("project"),
            model=facts.name(MODEL) or None,
            source="otel",
            tokens_in=usage.tokens_in,
            tokens_out=usage.tokens_out,
            cache_read_tokens=usage.cache_read_tokens,
            cache_write_tokens=usage.cache_write_tokens,
            duration_ms=self.duration,
            cost_usd=facts.cost if kind == "llm_response" else None,
            metadata=metadata,
            occurred_at=self.at,
            channel=self.channel,
            keys=keys,
            report=scene.USAGE if kind == "llm_response" else None,
        )
        return Reading(events=[event])

    def _keys(self, usage: Usage) -> tuple[str, ...]:
        facts = self.facts
        if self.kind == "llm_response":
            response_id = facts.name(RESPONSE)
            known = (f"genai:response:{response_id[:MAX_ID]}",) if response_id else ()
            if not usage.any:
                return known
            used = f"{usage.tokens_in}.{usage.tokens_out}.{usage.cache_read_tokens}"
            place = (self.trace_id or self.session)[:MAX_ID]
            return (*known, f"{LIKENESS}genai:request:{place}:{used}")
        if self.kind == "tool_use":
            call_id = facts.name(CALL)
            if call_id:
                return (scene.tool_key("genai", self.session, call_id),)
        if self.kind in ("tool_use", "error") and self.span_id:
            return (f"{LIKENESS}genai:{self.kind}:{self.trace_id}:{self.span_id}",)
        return ()

    def _has_failed(self) -> bool:
        facts = self.facts
        told = _attributes.first(facts.found, "error.type", "status")
        return (
            bool(_attributes.first(facts.found, "error.type"))
            or told.lower() in ("error", "failed", "failure")
            or _attributes.flag(facts.found, "success") is False
        )

    def _about(self, known: dict[str, Any]) -> dict[str, Any]:
        """What the attributes say for people."""
        facts = self.facts
        about = _attributes.named(facts.attributes, **_KEPT)
        if self.trace_id:
            about["trace_id"] = self.trace_id
        if self.span_id:
            about["span_id"] = self.span_id
        if self.kind == "tool_use":
            given = facts.found.get("gen_ai.tool.call.arguments")
            about |= documents.described(_attributes.document(given) or given)
            if output := documents.excerpt(facts.found.get("gen_ai.tool.call.result")):
                about["output"] = output
            if call_id := facts.name(CALL):
                about["tool_use_id"] = call_id
        elif self.kind == "user_prompt" and (prompt := facts.words("prompt", "gen_ai.prompt")):
            about["prompt"] = prompt
        if self.failed or self.kind == "error":
            error = facts.words("error.message", "exception.message", "error", "error.type")
            about["error"] = known.get("error") or error[: documents.MAX_VALUE] or "error"
            if self.kind == "error":
                about.setdefault("message", known.get("message") or error or about["error"])
        return about
