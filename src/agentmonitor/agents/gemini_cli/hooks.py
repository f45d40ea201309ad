"""Gemini CLI's hooks: one JSON object for each event, mapped to events and state.

Source of the format: the agent's hooks reference. No payload has the id of a call or of a prompt:
what a hook tells is recognised elsewhere by its content and its time. ``BeforeTool`` fires when a
call begins, after the user allowed it. ``AfterModel`` fires for each piece of an answer: nobody
should subscribe to it.
"""

from collections.abc import Callable, Mapping
from typing import Any

from agentmonitor.agents import _alike, _parts, documents
from agentmonitor.agents._attributes import MAX_ID, fingerprint, identified
from agentmonitor.agents.base import HookReport
from agentmonitor.agents.gemini_cli.names import AGENT_TYPE, DIALECT
from agentmonitor.errors import InvalidInput
from agentmonitor.model.activity import MAX_DETAIL
from agentmonitor.model.event import Event, EventType
from agentmonitor.model.signal import SessionSignal, Signal, SignalKind, first_line
from agentmonitor.model.usage import Channel

HOOK_EVENTS = (
    "SessionStart", "BeforeAgent", "BeforeTool", "AfterTool", "Notification", "PreCompress",
    "AfterAgent", "SessionEnd",
)  # fmt: skip
"""The events to subscribe to."""

_ASKING = frozenset({"ask_user"})
_KNOWN = frozenset({"session_id", "hook_event_name", "cwd", "timestamp"})
_SKEW_MS = 3_600_000
"""A clock that differs by more is not believed."""


def parse_hook(payload: Mapping[str, Any], at: int) -> HookReport:
    """What a hook call says; ``at``: its arrival, in ms. Raises InvalidInput."""
    session_id = documents.name(payload.get("session_id"))
    if not session_id:
        raise InvalidInput(
            "A hook payload needs a session_id.", [("session_id", "must be a non-empty string")]
        )
    hook = _Hook(payload, session_id, at)
    handler = _HANDLERS.get(hook.name)
    if handler is not None:
        return handler(hook)
    about = {key: value for key, value in payload.items() if key not in _KNOWN}
    return hook.event("hook", about, hook.signal("none"))


class _Hook:
    """One hook call under translation."""

    def __init__(self, payload: Mapping[str, Any], session_id: str, at: int) -> None:
        self.payload = payload
        self.session_id = session_id
        told = documents.moment(payload.get("timestamp"))
        self.at = told if told is not None and abs(told - at) < _SKEW_MS else at
        self.name = documents.name(payload.get("hook_event_name"))
        self.cwd = documents.name(payload.get("cwd")) or None
        self.tool = documents.name(payload.get("tool_name"))

    def text(self, key: str) -> str:
        """A field that is a text."""
        return documents.text(self.payload.get(key))

    def signal(self, kind: SignalKind, **fields: Any) -> Signal:
        """A signal of the session."""
        return Signal(kind=kind, cwd=self.cwd, **fields)

    def state_only(self, *signals: Signal) -> HookReport:
        """Changes of state that are no events of their own."""
        return HookReport(
            signals=[
                SessionSignal(
                    session_id=self.session_id, agent_type=AGENT_TYPE, at=self.at, signal=signal
                )
                for signal in signals
            ],
            cwd=self.cwd,
        )

    def event(
        self,
        event_type: EventType,
        metadata: dict[str, Any],
        signal: Signal,
        keys: tuple[str, ...] = (),
        **fields: Any,
    ) -> HookReport:
        """One event; a repeated delivery of it has the same id."""
        event_id = None
        if documents.moment(self.payload.get("timestamp")) is not None:
            stamp = fingerprint(self.payload)
            told = f"{AGENT_TYPE}:{self.session_id[:MAX_ID]}:{self.name[:64]}:{self.at}:{stamp}"
            event_id, keys = identified(keys, told)
        event = Event(
            session_id=self.session_id,
            agent_type=AGENT_TYPE,
            event_type=event_type,
            event_id=event_id,
            source="hook",
            channel=Channel.HOOK,
            metadata={"hook_event": self.name or "unknown"} | metadata,
            signal=signal,
            keys=keys,
            **fields,
        )
        return HookReport(events=[event], cwd=self.cwd)


def _session_start(hook: _Hook) -> HookReport:
    source = hook.text("source") or None
    signal = hook.signal("session_started", reason=source)
    return hook.event("session_start", {"source": source}, signal)


def _session_end(hook: _Hook) -> HookReport:
    reason = hook.text("reason") or None
    return hook.event(
        "session_end", {"reason": reason}, hook.signal("session_ended", reason=reason)
    )


def _before_agent(hook: _Hook) -> HookReport:
    prompt = documents.text(hook.payload.get("prompt"))
    size = _alike.length(_parts.spoken(hook.payload.get("prompt")))
    return hook.event(
        "user_prompt",
        {"prompt": prompt},
        hook.signal("turn_started", title=first_line(prompt)),
        DIALECT.prompt_keys(hook.session_id, size, hook.at),
    )


def _after_agent(hook: _Hook) -> HookReport:
    message = hook.text("prompt_response")
    signal = hook.signal("turn_ended", detail=message[:MAX_DETAIL] or None)
    return hook.event("turn_end", {"message": message}, signal)


def _before_tool(hook: _Hook) -> HookReport:
    given = hook.payload.get("tool_input")
    if hook.tool in _ASKING:
        asked = hook.signal(
            "input_asked", tool=hook.tool, detail=_question(given), reason="question"
        )
        return hook.state_only(asked)
    detail = documents.detail(documents.described(given))
    return hook.state_only(
        hook.signal("permission_settled", tool=hook.tool or None),
        hook.signal("tool_started", tool=hook.tool or None, detail=detail),
    )


def _after_tool(hook: _Hook) -> HookReport:
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


def _notification(hook: _Hook) -> HookReport:
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


def _pre_compress(hook: _Hook) -> HookReport:
    keys = _alike.near(AGENT_TYPE, "compaction", hook.session_id, "", hook.at)
    metadata = {"trigger": hook.text("trigger") or None}
    return hook.event("compaction", metadata, hook.signal("compacting"), keys)


def _model(hook: _Hook) -> HookReport:
    """Chatter that says only that the agent is at work; it would drown the feed."""
    return hook.state_only(hook.signal("busy"))


def _question(given: Any) -> str | None:
    """What the user is asked."""
    facts = documents.mapping(given)
    asked = [documents.text(each.get("question")) for each in documents.objects(
        facts.get("questions"))]  # fmt: skip
    return "\n".join(filter(None, asked))[:MAX_DETAIL] or documents.detail(
        documents.described(given)
    )


_HANDLERS: dict[str, Callable[[_Hook], HookReport]] = {
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
