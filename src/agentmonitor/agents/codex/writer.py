"""Puts what a rollout says into events and signals of the session that it belongs to."""

from typing import Any

from agentmonitor.agents.base import Reading
from agentmonitor.agents.codex import names
from agentmonitor.agents.codex.calls import Call
from agentmonitor.agents.codex.names import AGENT_TYPE
from agentmonitor.agents.codex.outcomes import Outcome
from agentmonitor.agents.codex.state import State, seen_before
from agentmonitor.agents.codex.usage import Used
from agentmonitor.agents.codex.values import MAX_TEXT, MAX_VALUE, count
from agentmonitor.model.activity import MAX_DETAIL
from agentmonitor.model.event import LIKENESS, Event, EventType
from agentmonitor.model.quota import Quota
from agentmonitor.model.signal import SessionSignal, Signal, SignalKind, first_line
from agentmonitor.model.usage import Channel, Report

_FAST = Report(fast=True)
_EMPTY = Reading()


class Writer:
    """What one line becomes."""

    __slots__ = ("events", "quotas", "signals", "state")

    def __init__(self, state: State) -> None:
        self.state = state
        self.events: list[Event] = []
        self.signals: list[SessionSignal] = []
        self.quotas: list[Quota] = []

    def reading(self) -> Reading:
        """All of it."""
        if not (self.events or self.signals or self.quotas):
            return _EMPTY
        return Reading(events=self.events, signals=self.signals, quotas=self.quotas)

    def event(
        self,
        event_type: EventType,
        metadata: dict[str, Any],
        signal: Signal,
        *,
        keys: tuple[str | None, ...] = (),
        at: int | None = None,
        **fields: Any,
    ) -> None:
        """One event of this thread. Without a name among its keys it is known by its line."""
        state = self.state
        if state.is_subagent:
            metadata["subagent_id"] = state.thread
            if state.role:
                metadata["subagent_type"] = state.role
        event_id = None
        known = tuple([key for key in keys if key])
        # A name, if there is one, stands first.
        if not known or known[0].startswith(LIKENESS):
            event_id = f"codex:{state.thread}:{state.lines}.{len(self.events)}"
        self.events.append(
            Event(
                session_id=state.session,
                agent_type=AGENT_TYPE,
                event_type=event_type,
                event_id=event_id,
                branch=state.branch,
                source="import",
                channel=Channel.FILE,
                occurred_at=state.at if at is None else at,
                keys=known,
                signal=signal,
                metadata=metadata,
                **fields,
            )
        )

    def signal(self, kind: SignalKind, **fields: Any) -> Signal:
        """A signal of this thread."""
        return Signal(kind=kind, thread=self.state.subthread, thread_type=self.state.role, **fields)

    def say(self, kind: SignalKind, **fields: Any) -> None:
        """A signal without an event."""
        state = self.state
        if kind == "turn_started":
            fields["cwd"] = state.cwd or None
        self.signals.append(
            SessionSignal(
                session_id=state.session,
                agent_type=AGENT_TYPE,
                at=state.at,
                signal=self.signal(kind, **fields),
                branch=state.branch,
                model=state.model,
            )
        )

    def busy(self) -> Signal:
        """Work, if there is a turn that works; what comes after its end changes nothing."""
        return self.signal("busy" if self.state.is_working else "none")

    def usage(self, used: Used) -> None:
        """What the requests since the last report used."""
        state, tokens, last = self.state, used.tokens, used.last
        keys: tuple[str, ...] = (f"codex:usage:{state.thread}:{used.total}:{used.resets}",)
        if last is not None and last.any:
            counts = (last.input, last.cached, last.output, last.reasoning)
            keys += names.request_keys(state.thread, counts, state.at)
        metadata: dict[str, Any] = {}
        if state.effort:
            metadata["effort"] = state.effort
        if tokens.reasoning:
            metadata["reasoning_tokens"] = tokens.reasoning
        self.event(
            "llm_response",
            metadata,
            self.busy(),
            keys=keys,
            model=state.model,
            tokens_in=tokens.uncached,
            tokens_out=tokens.output,
            cache_read_tokens=tokens.cached,
            cache_write_tokens=tokens.written,
            report=_FAST if state.fast else None,
        )

    def prompt(self, message: str, shown: str) -> None:
        """A prompt. ``shown``: the user's own part of it."""
        state = self.state
        state.is_working = True
        if state.is_subagent:
            return
        turn = names.prompt_key(state.thread, state.turn, message)
        if turn is not None and seen_before(state.prompts, turn):
            turn = None  # said once more within the turn
        words = shown[:MAX_TEXT] if shown.strip() else "[image]"
        self.event(
            "user_prompt",
            {"prompt": words},
            self.signal("turn_started", title=first_line(words), cwd=state.cwd or None),
            keys=(turn, *names.prompt_keys(state.thread, len(message), state.at)),
        )

    def response(self, message: str, phase: str) -> None:
        """Something that the agent says."""
        metadata = {"text": message[:MAX_TEXT]}
        if phase:
            metadata["phase"] = phase
        self.event("response", metadata, self.busy(), model=self.state.model)

    def tool(self, call: Call, call_id: str, how: Outcome) -> None:
        """A call that is over."""
        state = self.state
        took = call.duration if call.duration is not None else how.duration
        if took is None and call.at and state.at > call.at:
            took = state.at - call.at
        metadata = dict(call.facts)
        if how.error:
            metadata["error"] = how.error
        if how.output:
            metadata["output"] = how.output
        key = names.tool_key(state.thread, call_id) if call_id else None
        self.event(
            "tool_use",
            metadata,
            self.signal("tool_finished", call_id=call_id or None, tool=call.name),
            keys=(key,),
            tool_name=call.name,
            status=how.status,
            duration_ms=took,
            model=state.model,
        )
        if call_id:
            seen_before(state.done, call_id)
        if how.status != "success":
            return
        # The call's event is about the first file and has the lines of all.
        named = [change for change in call.changes if change.path]
        for number, change in enumerate(named[1:], 1):
            self.event(
                "file_change",
                {"file_path": change.path, "change": change.kind},
                self.signal("none"),
                keys=(f"{key}:file:{number}" if key else None,),
            )

    def turn_end(self, turn_id: str, reason: str, last: str, took: Any) -> None:
        """The end of a turn, or of a sub-agent's work."""
        state = self.state
        turn = turn_id or state.turn
        detail = last[:MAX_DETAIL] or None
        state.turn, state.is_working = "", False
        if state.is_subagent:
            signal = self.signal("subagent_ended", reason=reason or None, detail=detail)
        elif state.has_failed:
            signal = self.signal("none")
        else:
            signal = self.signal("turn_ended", reason=reason or None, detail=detail)
        self.event(
            "subagent_end" if state.is_subagent else "turn_end",
            {"reason": reason} if reason else {},
            signal,
            keys=(names.turn_key(state.thread, turn, "end"),),
            duration_ms=count(took),
        )

    def error(self, message: str, code: str) -> None:
        """A failure that ends the turn."""
        state = self.state
        state.has_failed, state.is_working = True, False
        if state.is_subagent:
            signal = self.busy()
        else:
            detail = message[:MAX_DETAIL]
            signal = self.signal("turn_failed", reason=code or "error", detail=detail)
        metadata = {"message": message[:MAX_VALUE]} | ({"error": code} if code else {})
        self.event("error", metadata, signal, status="error", model=state.model)

    def notification(self, kind: str, message: str) -> None:
        """Something worth knowing that changes nothing."""
        metadata = {"notification_type": kind, "message": message[:MAX_VALUE]}
        self.event("notification", metadata, self.busy())

    def compaction(self) -> None:
        """The context was summed up."""
        state = self.state
        keys = names.compaction_keys(state.thread, state.at)
        self.event("compaction", {}, self.busy(), keys=keys)
