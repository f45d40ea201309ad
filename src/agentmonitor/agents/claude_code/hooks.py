"""Claude Code's hooks: one JSON object for each event, mapped to events and state.

Source of the format: the agent's hooks reference (31 event names in the autumn of 2026). A field
or a name that is not known is kept and never refused.
"""

from collections.abc import Callable, Mapping
from typing import Any

from agentmonitor.agents.base import HookReport
from agentmonitor.agents.claude_code import edits, keys, outputs, tools
from agentmonitor.agents.claude_code.keys import AGENT_TYPE
from agentmonitor.errors import InvalidInput
from agentmonitor.model.activity import REMINDER
from agentmonitor.model.event import Event, EventType
from agentmonitor.model.signal import SessionSignal, Signal, SignalKind, first_line
from agentmonitor.model.usage import Channel

HTTP_EVENTS = (
    "UserPromptSubmit", "PreToolUse", "PostToolUse", "PostToolUseFailure", "PermissionRequest",
    "PermissionDenied", "Notification", "Elicitation", "ElicitationResult", "Stop",
    "StopFailure", "SubagentStart", "SubagentStop", "PreCompact", "PostCompact", "SessionEnd",
)  # fmt: skip
"""The events to subscribe to by HTTP. SessionStart can only run a command, and WorktreeCreate
would replace git's own behaviour."""

Payload = Mapping[str, Any]
_ENVELOPE = (
    "prompt_id", "permission_mode", "agent_id", "agent_type", "tool_use_id", "transcript_path",
)  # fmt: skip
_NOTIFIED_INPUT = frozenset({"idle_prompt", "elicitation_dialog", "agent_needs_input"})


def parse_hook(payload: Payload, at: int) -> HookReport:
    """What a hook call says; ``at``: its arrival, in ms. Raises InvalidInput."""
    session_id = tools.name(payload, "session_id")
    if not session_id:
        raise InvalidInput(
            "A hook payload needs a session_id.", [("session_id", "must be a non-empty string")]
        )
    return _Hook(payload, session_id, at).report()


class _Hook:
    """One hook call under translation."""

    def __init__(self, payload: Payload, session_id: str, at: int) -> None:
        self.payload = payload
        self.session_id = session_id
        self.at = at
        self.name = tools.name(payload, "hook_event_name")
        self.cwd = tools.name(payload, "cwd") or None
        self.tool = tools.name(payload, "tool_name") or None

    def report(self) -> HookReport:
        """Events and signals of this call."""
        handler = _HANDLERS.get(self.name)
        return handler(self) if handler else self.event("hook", signal=self.signal("none"))

    def signal(self, kind: SignalKind, **fields: Any) -> Signal:
        """A signal of the thread (main or sub-agent) that the hook ran in."""
        fields.setdefault("thread", tools.name(self.payload, "agent_id"))
        fields.setdefault("thread_type", tools.name(self.payload, "agent_type") or None)
        return Signal(kind=kind, cwd=self.cwd, **fields)

    def tool_signal(self, kind: SignalKind, **fields: Any) -> Signal:
        """A signal about the call that the hook is about."""
        call_id = tools.name(self.payload, "tool_use_id") or None
        fields.setdefault("detail", tools.detail(self.payload.get("tool_input")))
        return self.signal(kind, call_id=call_id, tool=self.tool, **fields)

    def state_only(self, signal: Signal) -> HookReport:
        """A change of state that is no event of its own."""
        report = SessionSignal(
            session_id=self.session_id,
            agent_type=AGENT_TYPE,
            at=self.at,
            signal=signal,
            model=tools.model(self.payload),
        )
        return HookReport(signals=[report], cwd=self.cwd)

    def event(
        self,
        event_type: EventType,
        metadata: dict[str, Any] | None = None,
        *,
        signal: Signal,
        once: str | None = None,
        **fields: Any,
    ) -> HookReport:
        """One event. ``once``: what makes a repeated delivery of it recognisable."""
        kept = {key: self.payload[key] for key in _ENVELOPE if self.payload.get(key)}
        if "agent_id" in kept:
            kept["subagent_id"] = kept.pop("agent_id")
        if "agent_type" in kept:
            kept["subagent_type"] = kept.pop("agent_type")
        if metadata is None:  # nothing is known of this hook: keep all that it says
            known = {"session_id", "hook_event_name", "cwd"}
            metadata = {k: v for k, v in self.payload.items() if k not in known}
        event = Event(
            session_id=self.session_id,
            agent_type=AGENT_TYPE,
            event_type=event_type,
            event_id=f"{AGENT_TYPE}:{self.session_id}:{once}" if once else None,
            model=tools.model(self.payload),
            source="hook",
            channel=Channel.HOOK,
            metadata={"hook_event": self.name or "unknown"} | kept | metadata,
            signal=signal,
            **fields,
        )
        return HookReport(events=[event], cwd=self.cwd)


def _session_start(hook: _Hook) -> HookReport:
    source = tools.text(hook.payload, "source") or None
    # After a compaction the agent goes on with its turn.
    kind: SignalKind = "busy" if source == "compact" else "session_started"
    return hook.event("session_start", {"source": source}, signal=hook.signal(kind, reason=source))


def _session_end(hook: _Hook) -> HookReport:
    reason = tools.text(hook.payload, "reason") or None
    return hook.event(
        "session_end", {"reason": reason}, signal=hook.signal("session_ended", reason=reason)
    )


def _prompt(hook: _Hook) -> HookReport:
    prompt = tools.text(hook.payload, "prompt") or tools.text(hook.payload, "user_prompt")
    prompt_id = tools.name(hook.payload, "prompt_id")
    return hook.event(
        "user_prompt",
        {"prompt": prompt},
        signal=hook.signal("turn_started", title=first_line(prompt), thread=""),
        once=f"prompt:{prompt_id}" if prompt_id else None,
        keys=((keys.prompt(prompt_id),) if prompt_id else ())
        + keys.likely_prompt(hook.session_id, hook.at, prompt),
    )


def _pre_tool(hook: _Hook) -> HookReport:
    if hook.tool in tools.ASKING:
        question = tools.question(hook.payload.get("tool_input"))
        return hook.state_only(hook.tool_signal("input_asked", detail=question, reason="question"))
    return hook.state_only(hook.tool_signal("tool_started"))


def _post_tool(hook: _Hook) -> HookReport:
    failed = hook.name == "PostToolUseFailure"
    payload = hook.payload
    response = payload.get("tool_response")
    metadata = tools.call(hook.tool, payload.get("tool_input")) | edits.changes(response)
    output = outputs.said(payload.get("error") if failed else response)
    if failed:
        metadata["error"] = output[: tools.MAX_VALUE]
        if payload.get("is_interrupt"):
            metadata["is_interrupt"] = True
    if output and (not failed or len(output) > tools.MAX_VALUE):
        metadata["output"] = output
    call_id = tools.name(payload, "tool_use_id")
    # No hook tells the client's version, and so whether its telemetry names calls.
    likely = keys.likely_call(hook.session_id, hook.tool or "", hook.at)
    return hook.event(
        "tool_use",
        metadata,
        signal=hook.tool_signal("tool_finished"),
        once=f"tool:{call_id}" if call_id else None,
        keys=(keys.tool(call_id), likely) if call_id else (),
        tool_name=hook.tool,
        status="error" if failed else "success",
        duration_ms=tools.count(payload.get("duration_ms")),
    )


def _permission(hook: _Hook) -> HookReport:
    metadata = {"tool_name": hook.tool} | tools.call(hook.tool, hook.payload.get("tool_input"))
    if hook.tool in tools.ASKING:
        question = tools.question(hook.payload.get("tool_input"))
        signal = hook.signal("input_asked", tool=hook.tool, detail=question, reason="question")
    else:
        signal = hook.tool_signal("permission_asked")
    return hook.event("permission_request", metadata, signal=signal)


def _permission_denied(hook: _Hook) -> HookReport:
    metadata = tools.call(hook.tool, hook.payload.get("tool_input"))
    metadata["error"] = tools.text(hook.payload, "reason") or "permission denied"
    call_id = tools.name(hook.payload, "tool_use_id")
    return hook.event(
        "tool_use",
        metadata,
        signal=hook.tool_signal("tool_finished"),
        once=f"tool:{call_id}" if call_id else None,
        keys=(keys.tool(call_id),) if call_id else (),
        tool_name=hook.tool,
        status="error",
    )


def _notification(hook: _Hook) -> HookReport:
    kind = tools.text(hook.payload, "notification_type")
    message = tools.text(hook.payload, "message")
    if kind == "permission_prompt":
        # The PermissionRequest that belongs to it says more: this one only fills in for it.
        signal = hook.signal("permission_asked", detail=message, reason=REMINDER)
    elif kind in _NOTIFIED_INPUT:
        signal = hook.signal("input_asked", detail=message, reason=kind)
    else:
        signal = hook.signal("none")
    metadata = {"notification_type": kind, "message": message}
    title = tools.text(hook.payload, "title")
    return hook.event("notification", metadata | ({"title": title} if title else {}), signal=signal)


def _elicitation(hook: _Hook) -> HookReport:
    message = tools.text(hook.payload, "message")
    return hook.event(
        "notification",
        {"notification_type": "elicitation", "message": message},
        signal=hook.signal("input_asked", detail=message, reason="elicitation"),
    )


def _stop(hook: _Hook) -> HookReport:
    message = tools.text(hook.payload, "last_assistant_message")
    prompt_id = tools.name(hook.payload, "prompt_id")
    return hook.event(
        "turn_end",
        {"message": message},
        signal=hook.signal("turn_ended", detail=message or None, thread=""),
        # A stop hook may send the agent back to work: the same prompt then stops again.
        once=f"stop:{prompt_id}:{hook.at // 1000}" if prompt_id else None,
    )


def _stop_failure(hook: _Hook) -> HookReport:
    error = tools.error(hook.payload)
    message = tools.text(hook.payload, "last_assistant_message") or error
    return hook.event(
        "error",
        {"error": error, "message": message},
        signal=hook.signal("turn_failed", reason=error[:80], detail=message, thread=""),
        keys=keys.likely("error", hook.session_id, hook.at),
        status="error",
    )


def _subagent_start(hook: _Hook) -> HookReport:
    return hook.event("subagent_start", {}, signal=hook.signal("subagent_started"))


def _subagent_stop(hook: _Hook) -> HookReport:
    message = tools.text(hook.payload, "last_assistant_message")
    agent_id = tools.name(hook.payload, "agent_id")
    signal = hook.signal("subagent_ended" if agent_id else "none")
    kind = tools.name(hook.payload, "agent_type")
    known = keys.likely("subagent_end", hook.session_id, hook.at, kind)
    return hook.event("subagent_end", {"message": message}, signal=signal, keys=known)


def _compaction(hook: _Hook) -> HookReport:
    before = hook.name == "PreCompact"
    metadata: dict[str, Any] = {"trigger": tools.text(hook.payload, "trigger") or None}
    summary = tools.text(hook.payload, "compact_summary")
    if summary:
        metadata["message"] = summary
    kind: SignalKind = "compacting" if before else "busy"
    known = () if before else keys.likely("compaction", hook.session_id, hook.at)
    return hook.event("compaction", metadata, signal=hook.signal(kind), keys=known)


def _state(kind: SignalKind) -> Callable[[_Hook], HookReport]:
    return lambda hook: hook.state_only(hook.signal(kind))


_HANDLERS: dict[str, Callable[[_Hook], HookReport]] = {
    "SessionStart": _session_start,
    "SessionEnd": _session_end,
    "UserPromptSubmit": _prompt,
    "PreToolUse": _pre_tool,
    "PostToolUse": _post_tool,
    "PostToolUseFailure": _post_tool,
    "PermissionRequest": _permission,
    "PermissionDenied": _permission_denied,
    "Notification": _notification,
    "Elicitation": _elicitation,
    "ElicitationResult": _state("input_settled"),
    "Stop": _stop,
    "StopFailure": _stop_failure,
    "SubagentStart": _subagent_start,
    "SubagentStop": _subagent_stop,
    "PreCompact": _compaction,
    "PostCompact": _compaction,
    # Chatter that says only that the agent is at work; it would drown the feed.
    "MessageDisplay": _state("none"),
    "PostToolBatch": _state("busy"),
}
