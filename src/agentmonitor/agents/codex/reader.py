"""Reads a rollout line by line into events, signals and quotas.

Decisions that are not plain from the format:

- A prompt is an ``event_msg`` ``user_message`` (or the ``UserMessage`` item that replaces it in
  paginated histories): the ``message`` items in the user's name hold injected context, too. What
  a sub-agent is told is not a human's prompt.
- What the agent says is a ``response`` event; the ``llm_response`` events hold the usage and no
  text, and the end of a turn repeats nothing.
- A call counts when its answer comes, which tells how it went. A call that has no answer when its
  turn ends is counted then: as a success if the turn was completed, else as an error.
- Nested calls, which a script makes (``exec``), count if they changed files or went to an MCP
  server; their commands are part of the script.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from agentmonitor.agents.base import Reading
from agentmonitor.agents.codex import calls as tool_calls
from agentmonitor.agents.codex import state as states
from agentmonitor.agents.codex import threads
from agentmonitor.agents.codex.calls import PATCH_TOOL, Call
from agentmonitor.agents.codex.lines import (
    CALLS,
    HOSTED,
    OUTPUTS,
    TURN_ENDS,
    TURN_STARTS,
    Line,
    Payload,
    read_line,
)
from agentmonitor.agents.codex.outcomes import Outcome, outcome, words
from agentmonitor.agents.codex.prompts import content_text, folder, is_context, request
from agentmonitor.agents.codex.usage import quotas
from agentmonitor.agents.codex.values import decode, mapping, name, text
from agentmonitor.agents.codex.writer import Writer

_NOTHING = Reading()
_FAST = frozenset({"fast", "priority"})
_ITEM_EVENTS = {
    "FileChange": "patch_apply_end",
    "McpToolCall": "mcp_tool_call_end",
    "CommandExecution": "exec_command_end",
    "UserMessage": "user_message",
    "AgentMessage": "agent_message",
}
"""Items of paginated histories, and the events that they stand for."""


class RolloutReader:
    """Reads the lines of one rollout, from its beginning or from a saved state on."""

    def __init__(self, path: Path, state: bytes | None) -> None:
        self._path = path
        self._state = states.restored(path, state)

    def save(self) -> bytes:
        """What a new reader needs to go on after the last line."""
        return states.saved(self._state)

    def read(self, line: bytes) -> Reading:
        """What one whole line says. Raises UnreadableLine."""
        found = read_line(line)
        state = self._state
        state.lines += 1
        if found.at is not None:
            state.at = found.at
        payload = found.payload
        if found.outer == "session_meta":
            if payload is None:
                return _NOTHING
            writer = Writer(state)
            threads.begin(writer, found, payload, self._path)
            return writer.reading()
        if not state.gate.is_open:
            turn = ""
            if payload is not None and (
                found.outer == "turn_context" or found.inner in TURN_STARTS
            ):
                turn = name(payload.turn_id)
            if not state.gate.passes(found.at, found.ordinal, turn):
                if payload is not None:
                    self._pass_over(found, payload)
                return _NOTHING
        handler = _HANDLERS.get(found.inner or found.outer)
        if handler is None or (payload is None and found.outer != "compacted"):
            return _NOTHING
        writer = Writer(state)
        handler(writer, payload or Payload(), found)
        return writer.reading()

    def _pass_over(self, line: Line, payload: Payload) -> None:
        """A line of the parent's: it counts for nothing, but the totals go on from there."""
        if line.inner == "token_count":
            self._state.meter.skip(payload.info)
        elif line.outer == "turn_context":
            _settings(self._state, payload)


def _settings(state: states.State, payload: Payload) -> None:
    """The model and the folder that hold from now on."""
    state.model = name(payload.model) or state.model
    effort = name(payload.effort) or name(payload.reasoning_effort)
    state.effort = effort or state.effort
    state.cwd = name(payload.cwd) or state.cwd
    if isinstance(payload.service_tier, str):
        state.fast = payload.service_tier.lower() in _FAST


def _turn_context(writer: Writer, payload: Payload, line: Line) -> None:
    _settings(writer.state, payload)


def _new_settings(writer: Writer, payload: Payload, line: Line) -> None:
    facts = mapping(payload.thread_settings)
    names = ("model", "effort", "reasoning_effort", "cwd", "service_tier")
    settings: dict[str, Any] = {key: facts.get(key) for key in names}
    _settings(writer.state, Payload(**settings))


def _token_count(writer: Writer, payload: Payload, line: Line) -> None:
    state = writer.state
    used = state.meter.take(payload.info)
    if used is not None:
        writer.usage(used)
    limits = bytes(payload.rate_limits)
    if limits == state.limits:  # nearly always
        return
    # Some tell how long it takes from now on, which the same words mean anew each time.
    repeats = len(limits) < states.MAX_LIMITS and b"resets_in" not in limits
    state.limits = limits if repeats else b""
    for quota in quotas(decode(limits), state.at):
        told: list[Any] = [quota.used_percent, quota.resets_at]
        if state.quotas.get(quota.window) != told and len(state.quotas) < 16:
            state.quotas[quota.window] = told
            writer.quotas.append(quota)


def _turn_started(writer: Writer, payload: Payload, line: Line) -> None:
    state = writer.state
    _unanswered(writer, completed=False)
    state.turn = name(payload.turn_id)
    state.turns += 1
    state.is_working, state.has_failed = True, False
    writer.say("subagent_started" if state.is_subagent else "turn_started")


def _turn_ended(writer: Writer, payload: Payload, line: Line) -> None:
    state = writer.state
    error = mapping(payload.error)
    _unanswered(writer, completed=not error)
    message = text(error.get("message"))
    if error and not state.has_failed:
        writer.error(message or "error", name(error.get("codex_error_info")))
    writer.turn_end(
        name(payload.turn_id), "", text(payload.last_agent_message), payload.duration_ms
    )


def _turn_aborted(writer: Writer, payload: Payload, line: Line) -> None:
    _unanswered(writer, completed=False)
    reason = name(payload.reason) or "interrupted"
    writer.turn_end(name(payload.turn_id), reason, "", payload.duration_ms)


def _error(writer: Writer, payload: Payload, line: Line) -> None:
    message = text(payload.message) or "error"
    if line.inner == "stream_error":  # it tries again
        writer.notification("stream_error", message)
    else:
        writer.error(message, name(payload.codex_error_info))


def _user_message(writer: Writer, payload: Payload, line: Line) -> None:
    message = payload.message
    if not isinstance(message, str):
        message = content_text(payload.content)
    if payload.kind not in (None, "plain") or is_context(message):
        return
    writer.prompt(message, request(message))


def _agent_message(writer: Writer, payload: Payload, line: Line) -> None:
    message = payload.message
    if not isinstance(message, str):
        message = content_text(payload.content)
    if message.strip():
        writer.response(message, name(payload.phase))


def _bare_message(writer: Writer, payload: Payload, line: Line) -> None:
    message = content_text(payload.content)
    if payload.role == "assistant":
        _agent_message(writer, Payload(message=message), line)
    elif payload.role == "user":
        writer.state.cwd = folder(message) or writer.state.cwd
        _user_message(writer, Payload(message=message), line)


def _called(writer: Writer, payload: Payload, line: Line) -> None:
    state = writer.state
    call_id = name(payload.call_id) or name(payload.id)
    call = tool_calls.call_from(payload, line.inner, state.at, state.cwd)
    if not call_id:
        writer.tool(call, "", Outcome())
        return
    if len(state.waiting) >= states.MAX_WAITING:
        oldest = next(iter(state.waiting))
        writer.tool(state.waiting.pop(oldest), oldest, Outcome())
    state.waiting[call_id] = call
    writer.say("tool_started", call_id=call_id, tool=call.name, detail=call.detail or None)


def _answered(writer: Writer, payload: Payload, line: Line) -> None:
    call_id = name(payload.call_id)
    call = writer.state.waiting.pop(call_id, None)
    if call is not None:  # otherwise the call was the parent's, or its line was broken
        writer.tool(call, call_id, outcome(payload.output, call))


def _hosted(writer: Writer, payload: Payload, line: Line) -> None:
    call = tool_calls.hosted(payload, line.inner, writer.state.at)
    status = Outcome(status="error" if call.failed else "success")
    writer.tool(call, name(payload.call_id) or name(payload.id), status)


def _noted(writer: Writer, payload: Payload, line: Line) -> None:
    """An event about a call, which may be nested in another one."""
    state = writer.state
    call_id = name(payload.call_id) or name(payload.id)
    call = state.waiting.get(call_id)
    if call is not None:
        tool_calls.note(call, line.inner, payload, state.cwd)
        return
    if line.inner not in ("patch_apply_end", "mcp_tool_call_end") or call_id in state.done:
        return
    invocation = mapping(payload.invocation)
    server = name(invocation.get("server")) or name(payload.server)
    tool = name(invocation.get("tool")) or name(payload.tool)
    if line.inner == "mcp_tool_call_end":
        arguments = invocation.get("arguments", payload.arguments)
        call = tool_calls.described(f"mcp__{server}__{tool}", arguments, state.at, state.cwd)
    else:
        call = Call(PATCH_TOOL, state.at)
    tool_calls.note(call, line.inner, payload, state.cwd)
    result = mapping(payload.result)
    output = "" if call.failed else words(result.get("Ok", result))
    writer.tool(call, call_id, Outcome("error" if call.failed else "success", output=output))


def _item(writer: Writer, payload: Payload, line: Line) -> None:
    item = payload.item
    event = _ITEM_EVENTS.get(item.type) if item is not None and isinstance(item.type, str) else None
    if item is None or event is None:
        return
    line.inner = event
    if event == "mcp_tool_call_end" and isinstance(item.result, dict):
        item.result = {"Ok": item.result}
    _HANDLERS[event](writer, item, line)


def _compacted(writer: Writer, payload: Payload, line: Line) -> None:
    writer.compaction()


def _unanswered(writer: Writer, *, completed: bool) -> None:
    """The turn is over: what waits for an answer gets none any more."""
    state = writer.state
    for call_id, call in state.waiting.items():
        failed = call.failed if call.failed is not None else not completed
        error = "" if completed else "interrupted"
        writer.tool(call, call_id, Outcome("error" if failed else "success", None, error))
    state.waiting = {}


_HANDLERS: dict[str, Callable[[Writer, Payload, Line], None]] = {
    "turn_context": _turn_context,
    "thread_settings_applied": _new_settings,
    "compacted": _compacted,
    "token_count": _token_count,
    "turn_aborted": _turn_aborted,
    "error": _error,
    "stream_error": _error,
    "user_message": _user_message,
    "agent_message": _agent_message,
    "message": _bare_message,
    "patch_apply_begin": _noted,
    "patch_apply_end": _noted,
    "exec_command_end": _noted,
    "mcp_tool_call_end": _noted,
    "item_completed": _item,
    **dict.fromkeys(CALLS, _called),
    **dict.fromkeys(OUTPUTS, _answered),
    **dict.fromkeys(HOSTED, _hosted),
    **dict.fromkeys(TURN_STARTS, _turn_started),
    **dict.fromkeys(TURN_ENDS, _turn_ended),
}
