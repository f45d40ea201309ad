"""Claude Code's log records: one for each thing that happened.

Source: the agent's monitoring reference. The attribute ``event.name`` has the name without, the
body has it with the prefix; identity is on each record; numbers and truth values may be text. All
have ``event.timestamp`` and ``event.sequence``, which counts anew in each process.

No record names a state: records come seconds late. What they imply counts only while neither hooks
nor the session file tell of the session (see ``telemetry``).
"""

from collections.abc import Callable
from typing import Any

from agentmonitor.agents.base import Reading
from agentmonitor.agents.claude_code import keys, tools, values
from agentmonitor.agents.claude_code.record import Record
from agentmonitor.agents.claude_code.values import PREFIX
from agentmonitor.model.event import Event
from agentmonitor.model.signal import first_line
from agentmonitor.model.usage import Report
from agentmonitor.otlp.records import LogRecord

_MAIN = frozenset({"", "main", "sdk"})
_NOTHING = Reading()

_REPORTS = (Report(), Report(session_wide=True))
_REFUSED = "reject"


def log(record: LogRecord, at: int) -> Reading:
    """What a record says; ``at``: its arrival, in ms."""
    attributes = record.attributes
    name = tools.name(attributes, "event.name") or record.event_name
    if not name and isinstance(record.body, str):
        name = record.body
    name = name.removeprefix(PREFIX)
    handler = _HANDLERS.get(name)
    # The most frequent record tells nothing, as a rule.
    if handler is None or (
        handler is _tool_decision and tools.name(attributes, "decision") != _REFUSED
    ):
        return _NOTHING
    session_id = values.session(attributes, record.resource)
    if not session_id:
        return _NOTHING
    event = handler(Record(record, name, session_id, at))
    return _NOTHING if event is None else Reading(events=[event])


def _request(record: Record) -> Event:
    found, count, name = record.attributes, values.count, tools.name
    request_id = name(found, "request_id")
    fresh, output = count(found, "input_tokens") or 0, count(found, "output_tokens") or 0
    read = count(found, "cache_read_tokens") or 0
    written = count(found, "cache_creation_tokens") or 0
    known: tuple[str, ...] = ()
    if request_id:
        figures = keys.figures(record.session_id, fresh, output, read, written)
        known = (keys.request(request_id), figures)
    fast = name(found, "speed") == "fast"
    return record.event(
        "llm_response",
        {},
        known,
        report=Report(fast=True, session_wide=not request_id) if fast else _REPORTS[not request_id],
        model=name(found, "model") or None,
        tokens_in=fresh,
        tokens_out=output,
        cache_read_tokens=read,
        cache_write_tokens=written,
        duration_ms=count(found, "duration_ms"),
        cost_usd=values.dollars(found),
    )


def _response(record: Record) -> Event | None:
    """An answer's text. Its tokens are in the request's own record, or in its file."""
    request_id, text = record.text("request_id"), values.words(record.attributes, "response")
    if not request_id or not text:
        return None
    return record.event(
        "llm_response",
        {"text": text},
        (keys.request(request_id),),
        report=Report(approximate=True),
        model=record.text("model") or None,
    )


def _failed_request(record: Record) -> Event | None:
    """A request failed for good, all of its attempts included."""
    if values.flag(record.attributes, "server_fallback_hop"):
        return None  # refused, and passed on to another model
    error = values.words(record.attributes, "error")
    kind = record.text("category") if record.name == "api_refusal" else record.text("status_code")
    metadata = values.named(
        record.attributes, status_code="status_code", attempt="attempt", category="category",
        total_attempts="total_attempts",
    )  # fmt: skip
    message = error or record.name
    request_id, known = record.text("request_id"), []
    if request_id:
        known.append(keys.failed_request(request_id))
    # The record about exhausted retries follows at once upon that of the error, and repeats it.
    step = record.step(back=1 if record.name == "api_retries_exhausted" else 0)
    if step is not None:
        known.append(keys.failed_request(f"{record.session_id[: keys.MAX_ID // 2]}:{step}"))
    source = record.text("query_source")
    if source in _MAIN or source.startswith("repl_main_thread"):
        known += keys.likely("error", record.session_id, record.at)
    return record.event(
        "error",
        metadata | {"error": error[:80] or kind or record.name, "message": message},
        tuple(known),
        model=record.text("model") or None,
        duration_ms=values.count(record.attributes, "duration_ms"),
        status="error",
    )


def _tool_result(record: Record) -> Event:
    found = record.attributes
    failed = values.flag(found, "success") is False
    metadata = _called(record)
    if failed:
        error = values.words(found, "error") or record.text("error_type")
        metadata["error"] = error[: tools.MAX_VALUE] or "error"
    return record.event(
        "tool_use",
        metadata,
        _call_keys(record),
        tool_name=record.text("tool_name") or None,
        status="error" if failed else "success",
        duration_ms=values.count(found, "duration_ms"),
    )


def _tool_decision(record: Record) -> Event | None:
    """A refused call. It has no result here, but one in the session's file under the same id:
    without the id it would be counted there again. A call that was allowed tells its result."""
    call_id = record.text("tool_use_id")
    if record.text("decision") != _REFUSED or not call_id:
        return None
    return record.event(
        "tool_use",
        _called(record) | {"error": "permission denied"},
        (keys.tool(call_id),),
        tool_name=record.text("tool_name") or None,
        status="error",
    )


_CALLED = (
    ("tool_use_id", "tool_use_id"), ("decision_source", "decision_source"),
    ("decision", "decision_type"), ("source", "source"),
)  # fmt: skip


def _called(record: Record) -> dict[str, Any]:
    """What a call is about, as far as the client was told to send it."""
    found = record.attributes
    given = values.document(found, "tool_parameters")
    about = tools.describe(given)
    if "tool_input" in found:
        about = tools.describe(values.document(found, "tool_input")) | about
    command = values.words(given, "full_command") or values.words(given, "bash_command")
    if command:
        about.setdefault("command", command[: tools.MAX_VALUE])
    values.note(about, found, _CALLED)
    return about


def _call_keys(record: Record) -> tuple[str, ...]:
    call_id, step = record.text("tool_use_id"), record.step()
    if call_id:
        return (keys.tool(call_id),)
    likely = keys.likely_call(record.session_id, record.text("tool_name"), record.at)
    # A sequence without a prompt may come again in the session's next process.
    return (keys.tool(step), likely) if step is not None and record.prompt_id else (likely,)


def _prompt(record: Record) -> Event:
    prompt = values.words(record.attributes, "prompt")
    uuid = record.text("message.uuid")
    known: tuple[str, ...] = (keys.prompt(record.prompt_id),) if record.prompt_id else ()
    known += (keys.line(uuid),) if uuid else ()
    if prompt:
        known += keys.likely_prompt(record.session_id, record.at, prompt)
    metadata = values.named(
        record.attributes, prompt_length="prompt_length", command="command_name"
    )
    if prompt:
        metadata["prompt"] = prompt
    return record.event("user_prompt", metadata, known, title=first_line(prompt))


def _compaction(record: Record) -> Event:
    metadata = values.named(
        record.attributes, trigger="trigger", pre_tokens="pre_tokens", post_tokens="post_tokens",
        error="error",
    )  # fmt: skip
    return record.event(
        "compaction",
        metadata,
        keys.likely("compaction", record.session_id, record.at),
        duration_ms=values.count(record.attributes, "duration_ms"),
        status="error" if values.flag(record.attributes, "success") is False else "success",
    )


def _subagent(record: Record) -> Event:
    """A sub-agent is done. Its tokens are those of its last request alone: not to be counted."""
    kind = record.text("agent_type")
    metadata = values.named(
        record.attributes, subagent_type="agent_type", is_async="is_async",
        tool_uses="total_tool_uses",
    )  # fmt: skip
    return record.event(
        "subagent_end",
        metadata,
        keys.likely("subagent_end", record.session_id, record.at, kind),
        duration_ms=values.count(record.attributes, "duration_ms"),
    )


_ABOUT = (
    "from_mode", "to_mode", "trigger", "status", "transport_type", "server_scope", "server_name",
    "error", "error_code", "error_name", "action", "success", "auth_method", "skill_name",
    "plugin_name", "mention_type",
)  # fmt: skip


def _note(record: Record) -> Event | None:
    """Something that is worth a line in the feed, and no more. That a server was connected or an
    account was signed in is not: each start of the agent says so."""
    found = record.attributes
    if record.text("status") == "connected":
        return None
    if record.name == "auth" and values.flag(found, "success") is not False:
        return None
    about = values.named(found, **{name: name for name in _ABOUT})
    return record.event("hook", {"hook_event": record.name} | about)


_HANDLERS: dict[str, Callable[[Record], Event | None]] = {
    "api_request": _request,
    "assistant_response": _response,
    "api_error": _failed_request,
    "api_refusal": _failed_request,
    "api_retries_exhausted": _failed_request,
    "tool_result": _tool_result,
    "tool_decision": _tool_decision,
    "user_prompt": _prompt,
    "compaction": _compaction,
    "subagent_completed": _subagent,
    "permission_mode_changed": _note,
    "mcp_server_connection": _note,
    "internal_error": _note,
    "auth": _note,
    "skill_activated": _note,
    "plugin_installed": _note,
}
"""What is not here is bookkeeping: hooks' executions, bodies of requests, surveys."""
