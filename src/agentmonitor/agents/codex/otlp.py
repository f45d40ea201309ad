"""Codex's log records.

Format: openai/codex, ``codex-rs/otel`` (SessionTelemetry). Everything is in the attributes:
``event.name`` (``codex.…``), ``event.timestamp``, ``conversation.id`` (the thread), ``model``,
``slug``. Numbers and truth values may come as text. The service's name is the client that started
the agent (its originator).

Only ``sse_event`` records about ``response.completed`` have tokens; cached tokens are part of the
input. A sub-agent's records have its own thread's id and do not name its parent.

Metrics have no conversation and spans repeat the records, so neither is read. No record moves a
session's state: they arrive seconds late.
"""

from collections.abc import Callable
from typing import Any

from agentmonitor.agents.base import Reading
from agentmonitor.agents.codex import names
from agentmonitor.agents.codex.calls import MAX_ERROR, described
from agentmonitor.agents.codex.names import AGENT_TYPE
from agentmonitor.agents.codex.usage import Totals
from agentmonitor.agents.codex.values import MAX_TEXT, MAX_VALUE, count, moment, name, text
from agentmonitor.model.event import LIKENESS, Event, EventType
from agentmonitor.model.signal import Signal, first_line
from agentmonitor.model.usage import Channel, Report
from agentmonitor.otlp.records import LogRecord

PREFIX = "codex."
_COMPLETED = "response.completed"
_REDACTED = "[REDACTED]"
_DENIED = frozenset({"denied", "abort", "aborted", "rejected", "timed_out"})


def log(record: LogRecord, at: int) -> Reading:
    """What a record says; ``at``: its arrival, in ms."""
    attributes = record.attributes
    full = name(attributes.get("event.name")) or record.event_name or text(record.body, 200)
    thread = name(attributes.get("conversation.id")) or name(record.resource.get("conversation.id"))
    handler = _HANDLERS.get(full.removeprefix(PREFIX)) if full.startswith(PREFIX) else None
    if handler is None or not thread:
        return Reading()
    event = handler(_Record(record, full.removeprefix(PREFIX), thread, at))
    return Reading(events=[event]) if event is not None else Reading()


class _Record:
    """One record under translation."""

    def __init__(self, record: LogRecord, event_name: str, thread: str, at: int) -> None:
        self.attributes = record.attributes
        self.name = event_name
        self.thread = thread
        told = moment(record.time) or moment(self.attributes.get("event.timestamp"))
        self.at = told or record.observed or at

    def text(self, key: str, limit: int = MAX_VALUE) -> str:
        """A text attribute, also of a number."""
        value = self.attributes.get(key)
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = str(value)
        return text(value, limit)

    def count(self, key: str) -> int | None:
        """A whole number, also as text."""
        return count(self.attributes.get(key))

    def flag(self, key: str) -> bool | None:
        """A truth value, also as text."""
        value = self.attributes.get(key)
        if isinstance(value, str):
            value = {"true": True, "false": False}.get(value.strip().lower())
        return value if isinstance(value, bool) else None

    def event(
        self,
        event_type: EventType,
        metadata: dict[str, Any],
        keys: tuple[str, ...] = (),
        *,
        once: str = "",
        title: str | None = None,
        **fields: Any,
    ) -> Event:
        """An event. Without a name among its keys it has an id, so that a repetition is known."""
        event_id = None
        if all(key.startswith(LIKENESS) for key in keys):
            event_id = f"codex:otel:{self.thread}:{self.name}:{self.at}:{once}"[:512]
        return Event(
            session_id=self.thread,
            agent_type=AGENT_TYPE,
            event_type=event_type,
            event_id=event_id,
            source="otel",
            channel=Channel.LOG,
            occurred_at=self.at,
            model=name(self.attributes.get("model")) or name(self.attributes.get("slug")) or None,
            metadata=metadata,
            signal=Signal(kind="none", title=title),
            keys=keys,
            **fields,
        )


def _session_start(record: _Record) -> Event:
    kept = {
        "originator": "originator", "version": "app.version", "provider": "provider_name",
        "approval_policy": "approval_policy", "sandbox_policy": "sandbox_policy",
        "effort": "reasoning_effort",
    }  # fmt: skip
    metadata = {key: value for key, own in kept.items() if (value := record.text(own, 200))}
    return record.event("session_start", metadata, (names.session_key(record.thread, "start"),))


def _prompt(record: _Record) -> Event:
    prompt = record.text("prompt", MAX_TEXT)
    length = record.count("prompt_length")
    if prompt == _REDACTED and length != len(_REDACTED):
        prompt = ""
    if length is None:
        length = len(text(record.attributes.get("prompt"), 1 << 30))
    metadata: dict[str, Any] = {"prompt": prompt} if prompt else {"prompt_length": length}
    return record.event(
        "user_prompt",
        metadata,
        names.prompt_keys(record.thread, length, record.at),
        once=str(length),
        title=first_line(prompt) if prompt else None,
    )


def _stream(record: _Record) -> Event | None:
    """A piece of a response: its end with what it used, or its failure."""
    if record.text("error.message"):
        return _failure(record)
    read = record.count("input_token_count"), record.count("output_token_count")
    if record.text("event.kind") != _COMPLETED or read == (None, None):
        return None
    used = Totals(
        read[0] or 0,
        record.count("cached_token_count") or 0,
        record.count("cache_write_token_count") or 0,
        read[1] or 0,
        record.count("reasoning_token_count") or 0,
    ).sound()
    if not used.any:
        return None
    counts = (used.input, used.cached, used.output, used.reasoning)
    return record.event(
        "llm_response",
        {"reasoning_tokens": used.reasoning} if used.reasoning else {},
        names.request_keys(record.thread, counts, record.at),
        once=".".join(map(str, counts)),
        tokens_in=used.uncached,
        tokens_out=used.output,
        cache_read_tokens=used.cached,
        cache_write_tokens=used.written,
        # In a session whose file is read, a record that no line is alike counts for nothing.
        report=Report(session_wide=True),
    )


def _request(record: _Record) -> Event | None:
    """A request or a connection; only those that failed are news."""
    status = record.count("http.response.status_code")
    failed = record.flag("success") is False or bool(record.text("error.message"))
    return _failure(record) if failed or (status is not None and status >= 400) else None


def _failure(record: _Record) -> Event:
    status = record.text("http.response.status_code", 10)
    message = record.text("error.message") or f"{record.name} failed"
    metadata: dict[str, Any] = {"message": message, "error": status or record.name}
    attempt = record.count("attempt")
    if attempt is not None:
        metadata["attempt"] = attempt
    return record.event(
        "error",
        metadata,
        once=f"{status}:{attempt}",
        status="error",
        duration_ms=record.count("duration_ms"),
    )


def _tool_result(record: _Record) -> Event:
    call_id = name(record.attributes.get("call_id"))
    arguments = record.attributes.get("arguments")
    call = described(name(record.attributes.get("tool_name")) or "tool", arguments)
    metadata = dict(call.facts)
    server = record.text("mcp_server", 200)
    if server:
        metadata["mcp_server"] = server
    failed = record.flag("success") is False
    if failed:
        metadata["error"] = record.text("output", MAX_ERROR) or "failed"
    return record.event(
        "tool_use",
        metadata,
        (names.tool_key(record.thread, call_id),) if call_id else (),
        once=call.name,
        tool_name=call.name,
        status="error" if failed else "success",
        duration_ms=record.count("duration_ms"),
    )


def _tool_decision(record: _Record) -> Event | None:
    """A refused call. A call that was allowed tells its result."""
    decision = record.text("decision", 40).strip().lower()
    call_id = name(record.attributes.get("call_id"))
    if decision not in _DENIED or not call_id:
        return None
    return record.event(
        "tool_use",
        {"error": f"permission {decision}", "decision_source": record.text("source", 40)},
        (names.tool_key(record.thread, call_id),),
        tool_name=name(record.attributes.get("tool_name")) or "tool",
        status="error",
    )


_HANDLERS: dict[str, Callable[[_Record], Event | None]] = {
    "conversation_starts": _session_start,
    "user_prompt": _prompt,
    "sse_event": _stream,
    "websocket_event": _stream,
    "api_request": _request,
    "websocket_connect": _request,
    "websocket_request": _request,
    "tool_result": _tool_result,
    "tool_decision": _tool_decision,
}
"""What is not here is bookkeeping: phases of the start, times, sandboxes, sign-in."""
