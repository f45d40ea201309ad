"""Gemini CLI's hooks: one JSON object for each event, mapped to events and state.

Source of the format: the agent's hooks reference. No payload has the id of a call or of a prompt:
what a hook tells is recognised elsewhere by its content and its time. ``BeforeTool`` fires when a
call begins, after the user allowed it. ``AfterModel`` fires for each piece of an answer: nobody
should subscribe to it.
"""

from collections.abc import Callable, Mapping
from typing import Any

from agentmonitor.agents import _alike, _parts, documents
from agentmonitor.agents._hook import HookCall, unknown
from agentmonitor.agents.base import HookReport
from agentmonitor.agents.gemini_cli.names import AGENT_TYPE, DIALECT
from agentmonitor.model.activity import MAX_DETAIL
from agentmonitor.model.signal import first_line

HOOK_EVENTS = (
    "SessionStart", "BeforeAgent", "BeforeTool", "AfterTool", "Notification", "PreCompress",
    "AfterAgent", "SessionEnd",
)  # fmt: skip
"""The events to subscribe to."""

_ASKING = frozenset({"ask_user"})


def parse_hook(payload: Mapping[str, Any], at: int) -> HookReport:
    """What a hook call says; ``at``: its arrival, in ms. Raises InvalidInput."""
    hook = HookCall(AGENT_TYPE, payload, at)
    return _HANDLERS.get(hook.name, unknown)(hook)


def _session_start(hook: HookCall) -> HookReport:
    source = hook.text("source") or None
    signal = hook.signal("session_started", reason=source)
    return hook.event("session_start", {"source": source}, signal)


def _session_end(hook: HookCall) -> HookReport:
    reason = hook.text("reason") or None
    return hook.event(
        "session_end", {"reason": reason}, hook.signal("session_ended", reason=reason)
    )


def _before_agent(hook: HookCall) -> HookReport:
    prompt = documents.text(hook.payload.get("prompt"))
    size = _alike.length(_parts.spoken(hook.payload.get("prompt")))
    return hook.event(
        "user_prompt",
        {"prompt": prompt},
        hook.signal("turn_started", title=first_line(prompt)),
        DIALECT.prompt_keys(hook.session_id, size, hook.at),
    )


def _after_agent(hook: HookCall) -> HookReport:
    message = hook.text("prompt_response")
    signal = hook.signal("turn_ended", detail=message[:MAX_DETAIL] or None)
    return hook.event("turn_end", {"message": message}, signal)


def _before_tool(hook: HookCall) -> HookReport:
    given = hook.payload.get("tool_input")
    if hook.tool in _ASKING:
        asked = hook.signal(
            "input_asked", tool=hook.tool, detail=_parts.question(given), reason="question"
        )
        return hook.state_only(asked)
    detail = documents.detail(documents.described(given))
    return hook.state_only(
        hook.signal("permission_settled", tool=hook.tool or None),
        hook.signal("tool_started", tool=hook.tool or None, detail=detail),
    )


def _after_tool(hook: HookCall) -> HookReport:
    given = hook.payload.get("tool_input")
    response = documents.mapping(hook.payload.get("tool_response"))
    metadata = documents.described(given)
    failed = bool(response.get("error"))
    changes = _parts.changed(response.get("returnDisplay"))
    if failed:
        metadata["error"] = documents.excerpt(response["error"]) or "error"
    elif output := documents.excerpt(_parts.spoken(response.get("llmContent"))):
        metadata["output"] = output
    if changes is not None and not failed:
        metadata["lines_added"], metadata["lines_removed"] = changes
    return hook.event(
        "tool_use",
        metadata,
        hook.signal("tool_finished", tool=hook.tool or None),
        DIALECT.tool_keys(hook.session_id, hook.tool, given, hook.at),
        tool_name=hook.tool or None,
        status="error" if failed else "success",
    )


def _notification(hook: HookCall) -> HookReport:
    kind, message = hook.text("notification_type"), hook.text("message")
    details = documents.mapping(hook.payload.get("details"))
    about = documents.described(details)
    path = documents.name(details.get("filePath")) or documents.name(details.get("fileName"))
    if path:
        about["file_path"] = path
    metadata = {"notification_type": kind, "message": message} | about
    if kind != "ToolPermission":
        return hook.event("notification", metadata, hook.signal("none"))
    detail = documents.detail(about) or documents.name(details.get("title")) or message
    tool = documents.name(details.get("toolName")) or None
    signal = hook.signal("permission_asked", tool=tool, detail=detail or None, reason="permission")
    return hook.event("permission_request", metadata, signal)


def _pre_compress(hook: HookCall) -> HookReport:
    keys = _alike.near(AGENT_TYPE, "compaction", hook.session_id, "", hook.at)
    metadata = {"trigger": hook.text("trigger") or None}
    return hook.event("compaction", metadata, hook.signal("compacting"), keys)


def _model(hook: HookCall) -> HookReport:
    """Chatter that says only that the agent is at work; it would drown the feed."""
    return hook.state_only(hook.signal("busy"))


_HANDLERS: dict[str, Callable[[HookCall], HookReport]] = {
    "SessionStart": _session_start,
    "SessionEnd": _session_end,
    "BeforeAgent": _before_agent,
    "AfterAgent": _after_agent,
    "BeforeTool": _before_tool,
    "AfterTool": _after_tool,
    "Notification": _notification,
    "PreCompress": _pre_compress,
    "BeforeModel": _model,
    "AfterModel": _model,
    "BeforeToolSelection": _model,
}
