"""Qwen Code's hooks: one JSON object for each event, mapped to events and state.

Source of the format: QwenLM/qwen-code, ``packages/core/src/hooks`` (types.ts). ``PreToolUse`` fires
when a call begins, after the user allowed it; ``tool_use_id`` is drawn for the hooks alone,
``tool_call_id`` (newer versions) is the call's id in the session's file. ``agent_id`` is there
within a sub-agent. ``MessageDisplay`` fires for each piece of an answer: nobody should subscribe.
"""

from collections.abc import Callable, Mapping
from typing import Any

from agentmonitor.agents import _alike, _attributes, _parts, documents, scene
from agentmonitor.agents._hook import HookCall, unknown
from agentmonitor.agents.base import HookReport
from agentmonitor.agents.qwen_code.names import AGENT_TYPE, DIALECT, subagent_key
from agentmonitor.model.activity import MAX_DETAIL, REMINDER
from agentmonitor.model.signal import Signal, SignalKind, first_line

_ASKING = frozenset({"ask_user_question"})
_NOTIFIED_INPUT = frozenset({"idle_prompt", "elicitation_dialog"})


def parse_hook(payload: Mapping[str, Any], at: int) -> HookReport:
    """What a hook call says; ``at``: its arrival, in ms. Raises InvalidInput."""
    hook = HookCall(AGENT_TYPE, payload, at)
    return _HANDLERS.get(hook.name, unknown)(hook)


def _session_start(hook: HookCall) -> HookReport:
    source = hook.text("source") or None
    # After a compaction the agent goes on with its turn.
    kind: SignalKind = "busy" if source == "compact" else "session_started"
    signal = hook.signal(kind, reason=source, thread="", thread_type=None)
    return hook.event("session_start", {"source": source}, signal)


def _session_end(hook: HookCall) -> HookReport:
    reason = hook.text("reason") or None
    return hook.event(
        "session_end", {"reason": reason}, hook.signal("session_ended", reason=reason)
    )


def _prompt(hook: HookCall) -> HookReport:
    if hook.thread:  # what a sub-agent is told is not a human's prompt
        return hook.state_only(hook.signal("busy"))
    given = documents.text(hook.payload.get("prompt"))
    shown = hook.text("submitted_prompt") or given
    size = _alike.length(_parts.spoken(hook.payload.get("prompt")))
    return hook.event(
        "user_prompt",
        {"prompt": shown},
        hook.signal("turn_started", title=first_line(shown)),
        DIALECT.prompt_keys(hook.session_id, size, hook.at),
    )


def _call(hook: HookCall, kind: SignalKind) -> Signal:
    """A signal about the call that the hook is about."""
    call_id = documents.name(hook.payload.get("tool_call_id")) or documents.name(
        hook.payload.get("tool_use_id")
    )
    detail = documents.detail(documents.described(hook.payload.get("tool_input")))
    return hook.signal(kind, call_id=call_id or None, tool=hook.tool or None, detail=detail)


def _call_keys(hook: HookCall) -> tuple[str, ...]:
    call_id = documents.name(hook.payload.get("tool_call_id"))
    known = (scene.tool_key(AGENT_TYPE, hook.session_id, call_id),) if call_id else ()
    given = hook.payload.get("tool_input")
    return known + DIALECT.tool_keys(hook.session_id, hook.tool, given, hook.at)


def _pre_tool(hook: HookCall) -> HookReport:
    settled = hook.signal("permission_settled", tool=hook.tool or None)
    return hook.state_only(settled, _call(hook, "tool_started"))


def _post_tool(hook: HookCall) -> HookReport:
    payload = hook.payload
    failed = hook.name == "PostToolUseFailure"
    metadata = documents.described(payload.get("tool_input"))
    metadata |= _attributes.named(payload, permission_mode="permission_mode")
    response = documents.mapping(payload.get("tool_response"))
    if failed:
        metadata["error"] = documents.excerpt(payload.get("error")) or "error"
        if payload.get("is_interrupt") is True:
            metadata["is_interrupt"] = True
    elif output := documents.excerpt(_parts.spoken(response.get("llmContent"))):
        metadata["output"] = output
    changes = _parts.changed(response.get("returnDisplay"))
    if changes is not None and not failed:
        metadata["lines_added"], metadata["lines_removed"] = changes
    return hook.event(
        "tool_use",
        metadata,
        _call(hook, "tool_finished"),
        _call_keys(hook),
        tool_name=hook.tool or None,
        status="error" if failed else "success",
        duration_ms=_attributes.count(payload, "duration_ms"),
    )


def _denied(hook: HookCall) -> HookReport:
    """A call that the automatic mode refused; nobody was asked."""
    metadata = documents.described(hook.payload.get("tool_input"))
    metadata["error"] = documents.name(hook.payload.get("reason")) or "permission denied"
    return hook.event(
        "tool_use",
        metadata,
        _call(hook, "tool_finished"),
        _call_keys(hook),
        tool_name=hook.tool or None,
        status="error",
    )


def _permission(hook: HookCall) -> HookReport:
    given = hook.payload.get("tool_input")
    about = documents.described(given)
    metadata = {"tool_name": hook.tool or None} | about
    if hook.tool in _ASKING:
        signal = hook.signal(
            "input_asked", tool=hook.tool, detail=_parts.question(given), reason="question"
        )
    else:
        detail = documents.detail(about)
        signal = hook.signal("permission_asked", tool=hook.tool or None, detail=detail)
    return hook.event("permission_request", metadata, signal)


def _notification(hook: HookCall) -> HookReport:
    kind, message = hook.text("notification_type"), hook.text("message")
    if kind == "permission_prompt":
        # The PermissionRequest that belongs to it says more: this one only fills in for it.
        signal = hook.signal("permission_asked", detail=message or None, reason=REMINDER)
    elif kind in _NOTIFIED_INPUT:
        signal = hook.signal("input_asked", detail=message or None, reason=kind)
    else:
        signal = hook.signal("none")
    metadata = {"notification_type": kind, "message": message}
    return hook.event("notification", metadata, signal)


def _stop(hook: HookCall) -> HookReport:
    message = hook.text("last_assistant_message")
    about = _attributes.named(
        hook.payload, context_usage="context_usage", context_limit="context_limit"
    )
    signal = hook.signal("turn_ended", detail=message[:MAX_DETAIL] or None)
    return hook.event("turn_end", {"message": message} | about, signal)


def _stop_failure(hook: HookCall) -> HookReport:
    code = documents.name(hook.payload.get("error"))[:80] or "error"
    message = hook.text("error_details") or hook.text("last_assistant_message") or code
    signal = hook.signal("turn_failed", reason=code, detail=message[:MAX_DETAIL])
    keys = _alike.near(AGENT_TYPE, "error", hook.session_id, "", hook.at)
    return hook.event("error", {"error": code, "message": message}, signal, keys, status="error")


def _subagent_start(hook: HookCall) -> HookReport:
    kind: SignalKind = "subagent_started" if hook.thread else "none"
    keys = (subagent_key(hook.session_id, hook.thread),) if hook.thread else ()
    return hook.event("subagent_start", {}, hook.signal(kind), keys)


def _subagent_stop(hook: HookCall) -> HookReport:
    message = hook.text("last_assistant_message")
    kind: SignalKind = "subagent_ended" if hook.thread else "none"
    signal = hook.signal(kind, detail=message[:MAX_DETAIL] or None)
    return hook.event("subagent_end", {"message": message}, signal)


def _post_compact(hook: HookCall) -> HookReport:
    keys = _alike.near(AGENT_TYPE, "compaction", hook.session_id, "", hook.at)
    metadata: dict[str, Any] = {"trigger": hook.text("trigger") or None}
    if summary := hook.text("compact_summary"):
        metadata["message"] = summary
    return hook.event("compaction", metadata, hook.signal("busy"), keys)


def _state(kind: SignalKind) -> Callable[[HookCall], HookReport]:
    return lambda hook: hook.state_only(hook.signal(kind))


_HANDLERS: dict[str, Callable[[HookCall], HookReport]] = {
    "SessionStart": _session_start,
    "SessionEnd": _session_end,
    "UserPromptSubmit": _prompt,
    "PreToolUse": _pre_tool,
    "PostToolUse": _post_tool,
    "PostToolUseFailure": _post_tool,
    "PermissionRequest": _permission,
    "PermissionDenied": _denied,
    "Notification": _notification,
    "Stop": _stop,
    "StopFailure": _stop_failure,
    "SubagentStart": _subagent_start,
    "SubagentStop": _subagent_stop,
    "PreCompact": _state("compacting"),
    "PostCompact": _post_compact,
    # Chatter that says only that the agent is at work; it would drown the feed.
    "PostToolBatch": _state("busy"),
    "TodoCreated": _state("busy"),
    "TodoCompleted": _state("busy"),
    "MessageDisplay": _state("none"),
    "QueryEnd": _state("none"),
    "InstructionsLoaded": _state("none"),
}
