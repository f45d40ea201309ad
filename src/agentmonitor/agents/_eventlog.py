"""The event log of clients that share one telemetry: their names differ by a prefix alone.

Source: the clients' own telemetry types. Each record has ``event.name`` (with the prefix),
``event.timestamp`` and ``session.id`` on the record; the body is a sentence. ``api_response`` has
the counts of the model's answer.

No record moves the session's state: records arrive seconds late.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from agentmonitor.agents import _alike, _attributes, documents, scene
from agentmonitor.agents._counts import Counts
from agentmonitor.agents.base import Reading
from agentmonitor.model.event import LIKENESS, Event, EventType
from agentmonitor.model.signal import Signal, first_line
from agentmonitor.model.usage import Channel, Report
from agentmonitor.otlp.records import LogRecord

_STILL = Signal(kind="none")
_NOTHING = Reading()
_UTILITY = "utility_"


class Dialect(msgspec.Struct, frozen=True, kw_only=True):
    """What one client does in its own way."""

    agent_type: str
    services: frozenset[str]
    prefix: str
    metric: str
    """The name of the metric that counts tokens."""
    holds_thoughts: bool = False
    """Whether the output holds the thoughts where the total does not tell."""

    def key(self, kind: str, known: str) -> str:
        """What a thing is known by in every channel."""
        return f"{self.agent_type}:{kind}:{known[: _attributes.MAX_ID]}"

    def request_keys(self, session_id: str, response_id: str, counts: Counts) -> tuple[str, ...]:
        """A model request: by its answer's id, and by what it used."""
        known = (self.key("response", response_id),) if response_id else ()
        if not counts.any:
            return known
        return (*known, f"{LIKENESS}{self.key('request', session_id)}:{counts.stamp}")

    def tool_keys(self, session_id: str, tool: str, given: Any, at: int) -> tuple[str, ...]:
        """A tool call that is reported without an id."""
        return _alike.call(self.agent_type, session_id, tool, given, at)

    def prompt_keys(self, session_id: str, length: int, at: int) -> tuple[str, ...]:
        """A prompt that is reported without an id."""
        return _alike.prompt(self.agent_type, session_id, length, at)


def read_log(dialect: Dialect, record: LogRecord, at: int) -> Reading:
    """What a log record says; ``at``: its arrival, in ms."""
    name = _attributes.first(record.attributes, "event.name") or record.event_name
    handler = _HANDLERS.get(name.removeprefix(dialect.prefix))
    session_id = _attributes.first(record.attributes, "session.id") or _attributes.first(
        record.resource, "session.id"
    )
    if handler is None or not session_id:
        return _NOTHING
    event = handler(_Record(dialect, record, name.removeprefix(dialect.prefix), session_id, at))
    return Reading(events=[event]) if event is not None else _NOTHING


class _Record:
    """One record under translation."""

    def __init__(
        self, dialect: Dialect, record: LogRecord, name: str, session_id: str, at: int
    ) -> None:
        self.dialect = dialect
        self.attributes = record.attributes
        self.name = name
        self.session_id = session_id
        self.at = _attributes.moment(record.attributes, record.time, record.observed) or at

    def text(self, *keys: str) -> str:
        """An attribute that is a name."""
        return _attributes.first(self.attributes, *keys)

    def count(self, *keys: str) -> int | None:
        """An attribute that is a whole number."""
        return _attributes.count(self.attributes, *keys)

    def event(
        self,
        event_type: EventType,
        metadata: dict[str, Any],
        known: tuple[str, ...] = (),
        *,
        signal: Signal = _STILL,
        **fields: Any,
    ) -> Event:
        """An event, by which its repetition is known as well."""
        stamp = _attributes.fingerprint(self.attributes)
        told = _attributes.once(self.dialect.agent_type, self.session_id, self.name, self.at, stamp)
        event_id, keys = _attributes.identified(known, told)
        about = _attributes.named(
            self.attributes, prompt_id="prompt_id", role="role", subagent_type="subagent_name"
        )
        return Event(
            session_id=self.session_id, agent_type=self.dialect.agent_type, event_type=event_type,
            event_id=event_id, source="otel", channel=Channel.LOG, occurred_at=self.at,
            metadata=about | metadata, signal=signal, keys=keys, **fields,
        )  # fmt: skip


def counts_of(attributes: _attributes.Attributes) -> Counts:
    """The counts of an ``api_response``."""

    def count(key: str) -> int:
        return _attributes.count(attributes, key) or 0

    return Counts(
        prompt=count("input_token_count"),
        output=count("output_token_count"),
        cached=count("cached_content_token_count"),
        thoughts=count("thoughts_token_count"),
        tool=count("tool_token_count"),
        total=count("total_token_count"),
    )


def spent(dialect: Dialect, counts: Counts) -> dict[str, Any]:
    """An event's fields for what a request used."""
    return {
        "tokens_in": counts.tokens_in,
        "tokens_out": counts.tokens_out(holds_thoughts=dialect.holds_thoughts),
        "cache_read_tokens": counts.cache_read,
    }


def _response(record: _Record) -> Event:
    counts = counts_of(record.attributes)
    response_id = record.text("response_id")
    # What the client asks of a model for itself stands in no session file.
    is_own = record.text("role").startswith(_UTILITY)
    metadata = {"reasoning_tokens": counts.thoughts} if counts.thoughts else {}
    known = record.dialect.request_keys(record.session_id, response_id, counts)
    return record.event(
        "llm_response",
        metadata,
        () if is_own and not response_id else known,
        report=Report(session_wide=not response_id and not is_own),
        model=record.text("model") or None,
        duration_ms=record.count("duration_ms"),
        **spent(record.dialect, counts),
    )


def _error(record: _Record) -> Event:
    found = record.attributes
    message = _attributes.words(found, "error.message", "error_message", "error")
    kind = record.text("error.type", "error_type", "status_code")
    kind = kind or str(record.count("status_code") or "")
    metadata = _attributes.named(found, status_code="status_code")
    return record.event(
        "error",
        metadata | {"error": kind or message[:80] or record.name, "message": message or kind},
        _alike.near(record.dialect.agent_type, "error", record.session_id, "", record.at),
        model=record.text("model", "model_name") or None,
        duration_ms=record.count("duration_ms", "duration"),
        status="error",
    )


def _tool(record: _Record) -> Event:
    found = record.attributes
    tool = record.text("function_name")
    given = documents.nested(found.get("function_args"))
    failed = _attributes.flag(found, "success") is False
    metadata = documents.described(given) | _attributes.named(
        found, decision="decision", tool_type="tool_type", mcp_server="mcp_server_name",
        agent_id="agent_id",
    )  # fmt: skip
    changes = _attributes.document(found.get("metadata"))
    if failed:
        error = _attributes.words(found, "error", "error.message") or record.text("error_type")
        metadata["error"] = error[: documents.MAX_VALUE] or record.text("status") or "error"
    elif changes:
        added, removed = _changed(changes)
        if added is not None or removed is not None:
            metadata["lines_added"], metadata["lines_removed"] = added or 0, removed or 0
    call_id = record.text("call_id", "tool_call_id")
    known: tuple[str, ...] = ()
    if call_id:
        known = (scene.tool_key(record.dialect.agent_type, record.session_id, call_id),)
    return record.event(
        "tool_use",
        metadata,
        known + record.dialect.tool_keys(record.session_id, tool, given, record.at),
        tool_name=tool or None,
        status="error" if failed else "success",
        duration_ms=record.count("duration_ms"),
    )


def _changed(changes: _attributes.Attributes) -> tuple[int | None, int | None]:
    added = _attributes.count(changes, "model_added_lines")
    return added, _attributes.count(changes, "model_removed_lines")


def _prompt(record: _Record) -> Event:
    prompt = _attributes.words(record.attributes, "prompt")
    prompt_id = record.text("prompt_id")
    length = record.count("prompt_length")
    if length is None:
        length = _alike.length(prompt)
    known = (record.dialect.key("prompt", prompt_id),) if prompt_id else ()
    metadata: dict[str, Any] = {"prompt": prompt} if prompt else {"prompt_length": length}
    return record.event(
        "user_prompt",
        metadata,
        known + record.dialect.prompt_keys(record.session_id, length, record.at),
        signal=Signal(kind="none", title=first_line(prompt)) if prompt else _STILL,
    )


def _compaction(record: _Record) -> Event:
    metadata = _attributes.named(
        record.attributes, pre_tokens="tokens_before", post_tokens="tokens_after"
    )
    agent_type = record.dialect.agent_type
    known = _alike.near(agent_type, "compaction", record.session_id, "", record.at)
    return record.event("compaction", metadata, known)


def _subagent(record: _Record) -> Event:
    begins = record.name == "agent.start"
    metadata = _attributes.named(
        record.attributes, subagent_id="agent_id", subagent_type="agent_name",
        terminate_reason="terminate_reason", turns="turn_count",
    )  # fmt: skip
    return record.event(
        "subagent_start" if begins else "subagent_end",
        metadata,
        duration_ms=record.count("duration_ms"),
    )


_HANDLERS: dict[str, Callable[[_Record], Event | None]] = {
    "api_response": _response,
    "api_error": _error,
    "tool_call": _tool,
    "user_prompt": _prompt,
    "chat_compression": _compaction,
    "agent.start": _subagent,
    "agent.finish": _subagent,
}
"""What is not here is bookkeeping, or repeats one of these."""
