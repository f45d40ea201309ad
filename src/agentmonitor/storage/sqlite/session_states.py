"""What reports do to a session's state, inside the writer's transaction."""

from agentmonitor.model.event import Event
from agentmonitor.model.signal import BUSY, IMPLIED, Signal
from agentmonitor.storage.sqlite.sessions import ACTIVE, ENDED, IDLE, Session


class SessionStates:
    """Moves sessions by events."""

    def __init__(self, lingering: frozenset[str]) -> None:
        """``lingering``: agent types whose ended sessions go to idle first."""
        self._lingering = lingering

    def move(self, session: Session, event: Event, time: int) -> None:
        """What the event says about the session's state; imported history says nothing."""
        signal = event.signal
        if event.source == "import":
            if signal is not None:
                describe(session, signal)
            if session.status == ENDED:
                session.ended_at = max(session.ended_at or time, time)
            return
        if signal is None:
            signal = IMPLIED.get(event.event_type, BUSY)
        if signal is BUSY and session.is_busy and session.status == ACTIVE:
            # Most events: nothing changes but the time.
            if event.created_at > session.seen_at:
                session.seen_at = event.created_at
            return
        live(session, signal, event.created_at)
        if event.event_type == "session_end":
            session.status = IDLE if event.agent_type in self._lingering else ENDED
            session.ended_at = time


def live(session: Session, signal: Signal, at: int) -> None:
    """Something happened just now: the session is active, and its state may change."""
    session.status = ACTIVE
    session.ended_at = None
    if at > session.seen_at:
        session.seen_at = at
    if signal is BUSY and session.is_busy:
        return
    if session.activity.apply(signal, at):
        session.changed()
    describe(session, signal)


def describe(session: Session, signal: Signal) -> None:
    """Take over what ``signal`` says beside the state."""
    if signal.title and (signal.is_name or not session.title):
        session.title = signal.title
    if signal.cwd:
        session.cwd = signal.cwd
