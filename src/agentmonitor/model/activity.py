"""What a session is doing, kept by applying signals in the order in which they arrive."""

from typing import Literal

import msgspec

from agentmonitor.model.signal import Signal

State = Literal["working", "permission", "input", "idle", "failed", "ended"]
Turn = Literal["working", "idle", "failed", "ended"]

MAX_THREADS = 64
MAX_CALLS = 64
MAX_DETAIL = 2000
"""Characters kept of what is asked or was said."""
ABANDONED_MS = 12 * 3_600_000
"""A question or call without any news for this long has nobody behind it any more."""
REMINDER = "permission_reminder"
"""The reason of a permission signal that does not say what is asked."""


class ToolCall(msgspec.Struct, omit_defaults=True):
    """A tool call that runs. ``since``: milliseconds since the epoch."""

    name: str
    since: int
    detail: str | None = None


class Ask(msgspec.Struct, omit_defaults=True):
    """Something that a human has to answer.

    An ``implied`` ask was guessed from an event's type and goes away with the next sign of
    work; any other stays until a signal settles it.
    """

    kind: Literal["permission", "input"]
    since: int
    tool: str | None = None
    detail: str | None = None
    reason: str | None = None
    call_id: str | None = None
    implied: bool = False


class Thread(msgspec.Struct, omit_defaults=True):
    """The main conversation or one sub-agent: its running calls and its open question."""

    since: int
    type: str | None = None
    ended: int | None = None
    calls: dict[str, ToolCall] = {}
    ask: Ask | None = None

    def settle(self, call_id: str | None = None, tool: str | None = None) -> None:
        """Drop the open question, if it is about this call (or the call is not known)."""
        ask = self.ask
        if ask is None:
            return
        if call_id is not None and ask.call_id is not None:
            if call_id != ask.call_id:
                return
        elif tool is not None and ask.tool is not None and tool != ask.tool:
            return
        self.ask = None


class Activity(msgspec.Struct, omit_defaults=True):
    """The state of one session. Changes only through ``apply`` and ``expire``."""

    turn: Turn = "idle"
    since: int = 0
    reason: str | None = None
    detail: str | None = None
    threads: dict[str, Thread] = {}

    def apply(self, signal: Signal, at: int) -> bool:
        """Take in ``signal``, which happened at ``at`` (ms). Tells whether anything changed."""
        kind = signal.kind
        if kind == "none":
            return False
        if kind == "busy" and self.is_busy:
            return False
        _APPLY[kind](self, signal, at)
        return True

    @property
    def is_busy(self) -> bool:
        """Whether a further sign of work would change nothing."""
        return self.turn == "working" and self.reason is None and not self._has_implied_ask()

    def expire(self, at: int, *, ended: bool) -> None:
        """The session has been silent: idle, or ``ended``. What waits for a human stays."""
        waiting = [t.ask.since for t in self.threads.values() if t.ask]
        running = [c.since for t in self.threads.values() for c in t.calls.values()]
        if any(at - since < ABANDONED_MS for since in waiting + running):
            return
        self.threads = {}
        if ended:
            self._turn("ended", at, "timeout", self.detail)
        elif self.turn == "working":
            self._turn("idle", at, "timeout", None)

    @property
    def ask(self) -> Ask | None:
        """The question to show: permissions before others, the oldest first."""
        asks = [t.ask for t in self.threads.values() if t.ask]
        return min(asks, key=lambda a: (a.kind != "permission", a.since)) if asks else None

    @property
    def state(self) -> State:
        """The one word for it."""
        if self.turn == "ended":
            return "ended"
        ask = self.ask
        if ask is not None:
            return ask.kind
        return "working" if self.turn == "idle" and self._subagents_work() else self.turn

    @property
    def call(self) -> ToolCall | None:
        """The tool call to show: the newest of the main thread."""
        main = self.threads.get("")
        if main is None or not main.calls:
            return None
        return max(main.calls.values(), key=lambda call: call.since)

    def _turn(
        self, turn: Turn, at: int, reason: str | None = None, detail: str | None = None
    ) -> None:
        if turn != self.turn or turn == "failed":
            self.since = at
        self.turn = turn
        self.reason = reason
        self.detail = detail

    def _work(self, signal: Signal, at: int) -> None:
        """The signal shows work: of the turn, or of a sub-agent, which may outlive the turn."""
        if signal.thread == "":
            self._turn("working", at)
        elif self.turn == "ended":
            self._turn("idle", at)

    def _subagents_work(self) -> bool:
        return any(key != "" and thread.ended is None for key, thread in self.threads.items())

    def _thread(self, signal: Signal, at: int) -> Thread:
        thread = self.threads.get(signal.thread)
        if thread is None:
            if len(self.threads) >= MAX_THREADS:
                # One that has ended, if any; else the oldest.
                names = (name for name in self.threads if name != "")
                self.threads.pop(min(names, key=lambda name: self.threads[name].ended is None))
            thread = self.threads[signal.thread] = Thread(since=at, type=signal.thread_type)
        if signal.thread_type is not None:
            thread.type = signal.thread_type
        return thread

    def _has_implied_ask(self) -> bool:
        main = self.threads.get("")
        return main is not None and main.ask is not None and main.ask.implied


def _session_started(self: Activity, signal: Signal, at: int) -> None:
    self.threads = {}
    self._turn("idle", at, signal.reason or "started", None)


def _session_ended(self: Activity, signal: Signal, at: int) -> None:
    self.threads = {}
    self._turn("ended", at, signal.reason, signal.detail)


def _turn_started(self: Activity, signal: Signal, at: int) -> None:
    # A sub-agent that nothing was heard of since its last call may have died with its turn.
    self.threads = {k: t for k, t in self.threads.items() if k != "" and t.calls}
    self.since = at
    self._turn("working", at)


def _turn_ended(self: Activity, signal: Signal, at: int) -> None:
    self.threads.pop("", None)
    self._turn("idle", at, signal.reason or "turn_end", signal.detail)


def _turn_failed(self: Activity, signal: Signal, at: int) -> None:
    self.threads.pop("", None)
    self._turn("failed", at, signal.reason, signal.detail)


def _tool_started(self: Activity, signal: Signal, at: int) -> None:
    self._work(signal, at)
    calls = self._thread(signal, at).calls
    if len(calls) >= MAX_CALLS:
        calls.pop(next(iter(calls)))
    name = signal.tool or "tool"
    calls[signal.call_id or name] = ToolCall(name=name, since=at, detail=signal.detail)


def _tool_finished(self: Activity, signal: Signal, at: int) -> None:
    self._work(signal, at)
    thread = self._thread(signal, at)
    call = thread.calls.pop(signal.call_id or signal.tool or "tool", None)
    thread.settle(signal.call_id, signal.tool)
    ask = thread.ask
    # No agent says that a permission was refused; but a call that began after the question and
    # is done proves that the agent waits no more.
    if ask is not None and (ask.kind == "input" or (call is not None and call.since > ask.since)):
        thread.ask = None


def _permission_asked(self: Activity, signal: Signal, at: int) -> None:
    if signal.reason == REMINDER and self.state == "permission":
        return  # what is waited for is known already, and better
    self._work(signal, at)
    thread = self._thread(signal, at)
    call_id = signal.call_id
    for key, call in thread.calls.items():
        if call_id is None and call.name == signal.tool and call.detail == signal.detail:
            call_id = key
    thread.ask = Ask(
        kind="permission",
        since=at,
        tool=signal.tool,
        detail=signal.detail,
        reason=signal.reason or "permission",
        call_id=call_id,
        implied=signal.implied,
    )


def _permission_settled(self: Activity, signal: Signal, at: int) -> None:
    self._work(signal, at)
    self._thread(signal, at).settle(signal.call_id, signal.tool)


def _input_asked(self: Activity, signal: Signal, at: int) -> None:
    thread = self._thread(signal, at)
    if thread.ask is not None and thread.ask.kind == "permission":
        return  # a reminder that somebody is waited for does not replace what is waited for
    if self.turn == "ended":
        self._turn("idle", at)
    if signal.call_id is not None:
        _tool_started(self, signal, at)
    thread.ask = Ask(
        kind="input",
        since=at,
        tool=signal.tool,
        detail=signal.detail,
        reason=signal.reason,
        call_id=signal.call_id,
        implied=signal.implied,
    )


def _input_settled(self: Activity, signal: Signal, at: int) -> None:
    self._work(signal, at)
    self._thread(signal, at).settle()


def _subagent_started(self: Activity, signal: Signal, at: int) -> None:
    self._work(signal, at)
    self._thread(signal, at).ended = None


def _subagent_ended(self: Activity, signal: Signal, at: int) -> None:
    thread = self._thread(signal, at)
    thread.ended = at
    thread.calls = {}
    thread.ask = None


def _compacting(self: Activity, signal: Signal, at: int) -> None:
    self._turn("working", at, "compacting", signal.detail)


def _busy(self: Activity, signal: Signal, at: int) -> None:
    if self._has_implied_ask():
        self.threads[""].ask = None
    self._work(signal, at)


_APPLY = {
    "session_started": _session_started,
    "session_ended": _session_ended,
    "turn_started": _turn_started,
    "turn_ended": _turn_ended,
    "turn_failed": _turn_failed,
    "tool_started": _tool_started,
    "tool_finished": _tool_finished,
    "permission_asked": _permission_asked,
    "permission_settled": _permission_settled,
    "input_asked": _input_asked,
    "input_settled": _input_settled,
    "subagent_started": _subagent_started,
    "subagent_ended": _subagent_ended,
    "compacting": _compacting,
    "busy": _busy,
}
