"""Codex's hooks: one JSON object for each event, mapped to events and state.

Format: openai/codex, ``codex-rs/hooks`` (schema.rs and the generated schemas). Names of events
are as in ``PreToolUse``, fields in snake case. ``session_id`` is the session's, also within a
sub-agent, which ``agent_id`` (its thread) and ``agent_type`` tell. ``turn_id`` and ``tool_use_id``
are the ids that the session files have. A hook is a command; what it reads can be sent here.

The older ``notify`` program is told of the end of a turn with names of its own
(``{"type": "agent-turn-complete", "thread-id": …}``), which is taken in here as well.
"""

from collections.abc import Callable, Mapping
from typing import Any

from agentmonitor.agents.base import HookReport
from agentmonitor.agents.codex import names, patches
from agentmonitor.agents.codex.calls import MAX_ERROR, PATCH_TOOL, described
from agentmonitor.agents.codex.names import AGENT_TYPE
from agentmonitor.agents.codex.outcomes import words
from agentmonitor.agents.codex.prompts import request
from agentmonitor.agents.codex.values import MAX_TEXT, MAX_VALUE, integer, mapping, name, text
from agentmonitor.errors import InvalidInput
from agentmonitor.model.activity import MAX_DETAIL
from agentmonitor.model.event import Event, EventType
from agentmonitor.model.signal import SessionSignal, Signal, SignalKind, first_line
from agentmonitor.model.usage import Channel

Payload = Mapping[str, Any]
_ENVELOPE = ("turn_id", "permission_mode", "transcript_path")
_NOTIFIED = "agent-turn-complete"


def parse_hook(payload: Payload, at: int) -> HookReport:
    """What a hook call says; ``at``: its arrival, in ms. Raises InvalidInput."""
    if payload.get("type") == _NOTIFIED:
        payload = {
            "hook_event_name": "Stop",
            "session_id": payload.get("thread-id"),
            "turn_id": payload.get("turn-id"),
            "cwd": payload.get("cwd"),
            "last_assistant_message": payload.get("last-assistant-message"),
        }
    session_id = name(payload.get("session_id"))
    if not session_id:
        raise InvalidInput(
            "A hook payload needs a session_id.", [("session_id", "must be a non-empty string")]
        )
    hook = _Hook(payload, session_id, at)
    handler = _HANDLERS.get(hook.name)
    return handler(hook) if handler else hook.event("hook", None, hook.signal("none"))


class _Hook:
    """One hook call under translation."""

    def __init__(self, payload: Payload, session_id: str, at: int) -> None:
        self.payload = payload
        self.session_id = session_id
        self.at = at
        self.name = _pascal(name(payload.get("hook_event_name")))
        self.agent = name(payload.get("agent_id"))
        self.agent = "" if self.agent == session_id else self.agent
        self.thread = self.agent or session_id
        self.turn = name(payload.get("turn_id"))
        self.cwd = name(payload.get("cwd")) or None
        self.tool = name(payload.get("tool_name")) or "tool"
        self.call_id = name(payload.get("tool_use_id"))
        self.model = name(payload.get("model")) or None

    def text(self, key: str, limit: int = MAX_VALUE) -> str:
        """The first ``limit`` characters of a text field."""
        return text(self.payload.get(key), limit)

    def signal(self, kind: SignalKind, **fields: Any) -> Signal:
        """A signal of the thread (main or sub-agent) that the hook ran in."""
        agent_type = name(self.payload.get("agent_type")) or None
        return Signal(
            kind=kind,
            cwd=self.cwd,
            thread=self.agent,
            thread_type=agent_type if self.agent else None,
            **fields,
        )

    def tool_signal(self, kind: SignalKind) -> Signal:
        """A signal about the call that the hook is about."""
        call = described(self.tool, self.payload.get("tool_input"), cwd=self.cwd or "")
        call_id = self.call_id or None
        return self.signal(kind, call_id=call_id, tool=self.tool, detail=call.detail or None)

    def state_only(self, signal: Signal) -> HookReport:
        """A change of state that is no event of its own."""
        report = SessionSignal(
            session_id=self.session_id,
            agent_type=AGENT_TYPE,
            at=self.at,
            signal=signal,
            model=self.model,
        )
        return HookReport(signals=[report], cwd=self.cwd)

    def event(
        self,
        event_type: EventType,
        metadata: dict[str, Any] | None,
        signal: Signal,
        *keys: str | None,
        **fields: Any,
    ) -> HookReport:
        """One event."""
        kept = {key: self.payload[key] for key in _ENVELOPE if self.text(key)}
        if self.agent:
            kept["subagent_id"] = self.agent
            if signal.thread_type:
                kept["subagent_type"] = signal.thread_type
        if metadata is None:  # nothing is known of this hook: keep all that it says
            known = {"session_id", "hook_event_name", "cwd"}
            metadata = {k: v for k, v in self.payload.items() if k not in known}
        event = Event(
            session_id=self.session_id,
            agent_type=AGENT_TYPE,
            event_type=event_type,
            model=self.model,
            source="hook",
            channel=Channel.HOOK,
            keys=tuple(key for key in keys if key),
            metadata={"hook_event": self.name or "unknown"} | kept | metadata,
            signal=signal,
            **fields,
        )
        return HookReport(events=[event], cwd=self.cwd)


def _session_start(hook: _Hook) -> HookReport:
    source = hook.text("source", 40) or None
    # After a compaction the agent goes on with its turn.
    kind: SignalKind = "busy" if source == "compact" else "session_started"
    key = names.session_key(hook.thread, "start") if source in (None, "startup") else None
    signal = hook.signal(kind, reason=source)
    return hook.event("session_start", {"source": source} if source else {}, signal, key)


def _session_end(hook: _Hook) -> HookReport:
    reason = hook.text("reason", 80) or None
    return hook.event(
        "session_end", {"reason": reason}, hook.signal("session_ended", reason=reason)
    )


def _prompt(hook: _Hook) -> HookReport:
    prompt = hook.text("prompt", 1 << 24)
    if hook.agent:  # what a sub-agent is told is not a human's prompt
        return hook.state_only(hook.signal("busy"))
    shown = request(prompt)
    return hook.event(
        "user_prompt",
        {"prompt": shown[:MAX_TEXT]},
        hook.signal("turn_started", title=first_line(shown)),
        names.prompt_key(hook.thread, hook.turn, prompt),
        *names.prompt_keys(hook.thread, len(prompt), hook.at),
    )


def _pre_tool(hook: _Hook) -> HookReport:
    return hook.state_only(hook.tool_signal("tool_started"))


def _post_tool(hook: _Hook) -> HookReport:
    payload = hook.payload
    call = described(hook.tool, payload.get("tool_input"), cwd=hook.cwd or "")
    answer = payload.get("tool_response")
    facts = mapping(answer)
    changes = patches.from_map(facts.get("changes")) if hook.tool == PATCH_TOOL else []
    metadata = dict(call.facts)
    if changes:
        metadata |= patches.described(patches.located(changes, hook.cwd or ""))
        diff = patches.diff_of_map(facts.get("changes"))
        if diff:
            metadata["diff"] = diff
    failed = (
        facts.get("success") is False
        or facts.get("isError") is True
        or (integer(facts.get("exit_code")) or 0) != 0
    )
    output = words(answer)
    if failed:
        said = facts.get("error") or facts.get("output") or facts.get("stderr")
        metadata["error"] = text(said, MAX_ERROR) or "failed"
    if output and (not failed or len(output) > MAX_ERROR):
        metadata["output"] = output
    return hook.event(
        "tool_use",
        metadata,
        hook.tool_signal("tool_finished"),
        names.tool_key(hook.thread, hook.call_id) if hook.call_id else None,
        tool_name=hook.tool,
        status="error" if failed else "success",
    )


def _permission(hook: _Hook) -> HookReport:
    call = described(hook.tool, hook.payload.get("tool_input"), cwd=hook.cwd or "")
    signal = hook.tool_signal("permission_asked")
    return hook.event("permission_request", {"tool_name": hook.tool} | call.facts, signal)


def _stop(hook: _Hook) -> HookReport:
    message = hook.text("last_assistant_message", MAX_TEXT)
    detail = message[:MAX_DETAIL] or None
    key = names.turn_key(hook.thread, hook.turn, "end")
    if hook.agent or hook.name == "SubagentStop":
        signal = hook.signal("subagent_ended" if hook.agent else "none", detail=detail)
        return hook.event("subagent_end", {"message": message}, signal, key)
    signal = hook.signal("turn_ended", detail=detail)
    return hook.event("turn_end", {"message": message}, signal, key)


def _interrupted(hook: _Hook) -> HookReport:
    key = names.turn_key(hook.thread, hook.turn, "end")
    signal = hook.signal("turn_ended", reason="interrupted")
    return hook.event("turn_end", {"reason": "interrupted"}, signal, key)


def _stop_failure(hook: _Hook) -> HookReport:
    code = hook.text("error", 80) or "error"
    message = hook.text("error_details") or hook.text("last_assistant_message") or code
    signal = hook.signal("turn_failed", reason=code, detail=message)
    return hook.event("error", {"error": code, "message": message}, signal, status="error")


def _subagent_start(hook: _Hook) -> HookReport:
    key = names.session_key(hook.thread, "start") if hook.agent else None
    return hook.event("subagent_start", {}, hook.signal("subagent_started"), key)


def _pre_compact(hook: _Hook) -> HookReport:
    return hook.state_only(hook.signal("compacting"))


def _post_compact(hook: _Hook) -> HookReport:
    trigger = hook.text("trigger", 40)
    keys = names.compaction_keys(hook.thread, hook.at)
    metadata = {"trigger": trigger} if trigger else {}
    return hook.event("compaction", metadata, hook.signal("busy"), *keys)


def _pascal(event: str) -> str:
    """``pre_tool_use`` and ``pre-tool-use`` as ``PreToolUse``."""
    if event and event[0].islower():
        return "".join(part.capitalize() for part in event.replace("-", "_").split("_"))
    return event


_HANDLERS: dict[str, Callable[[_Hook], HookReport]] = {
    "SessionStart": _session_start,
    "SessionEnd": _session_end,
    "UserPromptSubmit": _prompt,
    "PreToolUse": _pre_tool,
    "PostToolUse": _post_tool,
    "PermissionRequest": _permission,
    "Stop": _stop,
    "StopFailure": _stop_failure,
    "Interrupt": _interrupted,
    "SubagentStart": _subagent_start,
    "SubagentStop": _stop,
    "PreCompact": _pre_compact,
    "PostCompact": _post_compact,
}
