"""Who tells what a session is doing: its hooks, its followed file, or its telemetry.

Each is slower and knows less than the one before, so only the best one moves the state: a log
record that comes five seconds after the turn's end must not bring the session to life again.
"""

import threading
from collections.abc import Iterable
from enum import IntEnum

MAX_SESSIONS = 2000
"""Sessions remembered at most; beyond that the older half is forgotten."""


class Witness(IntEnum):
    """The sources of a session's state, the best one last."""

    TELEMETRY = 1
    FILE = 2
    HOOK = 3


class Witnesses:
    """The best source of each session of late. Safe to use from any thread."""

    def __init__(self) -> None:
        self._best: dict[str, Witness] = {}
        self._guard = threading.Lock()

    def note(self, sessions: Iterable[str], witness: Witness) -> None:
        """``witness`` tells of ``sessions``, just now."""
        with self._guard:
            for session in sessions:
                known = self._best.pop(session, witness)
                self._best[session] = max(known, witness)
            if len(self._best) > MAX_SESSIONS:
                self._best = dict(list(self._best.items())[MAX_SESSIONS // 2 :])

    def is_best(self, session: str, witness: Witness) -> bool:
        """Whether nobody better than ``witness`` tells of ``session``."""
        return self._best.get(session, witness) <= witness
