"""What in a file happens now, and what is history."""

from collections.abc import Sequence

import msgspec

from agentmonitor.model.clock import now_ms
from agentmonitor.model.event import Event
from agentmonitor.model.signal import SessionSignal, Signal
from agentmonitor.witnesses import Witness, Witnesses


class Live(msgspec.Struct, frozen=True):
    """For a file that is followed: what is younger than ``fresh_ms`` is happening now."""

    fresh_ms: int
    witnesses: Witnesses
    """Who else tells of the sessions."""

    def is_past(self, mtime_ns: int) -> bool:
        """Whether a file that was written last at ``mtime_ns`` holds history alone."""
        return mtime_ns // 1_000_000 < now_ms() - 2 * self.fresh_ms


def enliven(
    events: Sequence[Event], signals: Sequence[SessionSignal], live: Live | None
) -> list[SessionSignal]:
    """Make live what happens now; the signals to store.

    History describes sessions and moves no state; without ``live`` all is history.
    """
    if live is None:
        return [_described(signal) for signal in signals if _describes(signal)]
    since = now_ms() - live.fresh_ms
    fresh = [event for event in events if (event.occurred_at or 0) >= since]
    live.witnesses.note({event.session_id for event in fresh}, Witness.FILE)

    def tells(session: str) -> bool:
        return live.witnesses.is_best(session, Witness.FILE)

    for event in fresh:
        event.source = "file"
        if event.signal is not None and not tells(event.session_id):
            event.signal = _quiet(event.signal)
    moving = [s for s in signals if s.at >= since and tells(s.session_id)]
    rest = [s for s in signals if s.at < since or not tells(s.session_id)]
    return moving + [_described(signal) for signal in rest if _describes(signal)]


def _describes(report: SessionSignal) -> bool:
    return bool(report.signal.title or report.signal.cwd)


def _described(report: SessionSignal) -> SessionSignal:
    return msgspec.structs.replace(report, signal=_quiet(report.signal), is_history=True)


def _quiet(signal: Signal) -> Signal:
    """Only what describes the session."""
    return Signal(kind="none", title=signal.title, is_name=signal.is_name, cwd=signal.cwd)
