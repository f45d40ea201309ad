"""Where a forked thread or a sub-agent begins to be itself.

The rollout of such a thread begins with its own ``session_meta`` (``forked_from_id``,
``parent_thread_id`` or ``source.subagent.thread_spawn``), and may go on with a copy of its
parent's: its ``session_meta``, its turns, its totals. None of that happened in this thread. What
tells the copy from the rest differs by version, the best first:

- the ordinal at which the thread's own lines begin (``subagent_history_start_ordinal``, 0.145 on);
- the id of a turn, a UUID of version 7: its time is before or after the thread's own beginning;
- the time of a line: some versions keep the time of the original, which lies before the thread's
  beginning;
- otherwise the copy is written in one go: it ends at the first pause.

A thread that begins empty passes the gate with its first turn.
"""

import msgspec

from agentmonitor.agents.codex.values import uuid7_time

PAUSE_MS = 1000
"""No copy is written with a longer pause between two lines; no model answers sooner."""


class Gate(msgspec.Struct, omit_defaults=True):
    """Lets a thread's own lines pass, and keeps the copied ones back."""

    is_open: bool = True
    born: int | None = None
    """When the thread began (ms)."""
    first: int | None = None
    """The ordinal of its first own line."""
    last_at: int | None = None
    by_turn: bool = False
    """A copied turn was known by its id, so the first own one will be, too."""
    kept_times: bool = False
    """Copied lines have the times of their originals."""

    def close(self, born: int | None, first: int | None, at: int | None) -> None:
        """What follows may be a copy."""
        self.is_open = False
        self.born, self.first, self.last_at = born, first, at

    def passes(self, at: int | None, ordinal: int | None, turn_id: str) -> bool:
        """Whether a line is the thread's own. ``turn_id``: of the turn that it begins, or ""."""
        if not self.is_open:
            self.is_open = self._is_own(at, ordinal, turn_id)
        return self.is_open

    def _is_own(self, at: int | None, ordinal: int | None, turn_id: str) -> bool:
        if self.first is not None and ordinal is not None:
            return ordinal >= self.first
        began = uuid7_time(turn_id) if turn_id else None
        if began is not None and self.born is not None:
            self.by_turn = began < self.born
            return not self.by_turn
        if at is None or self.by_turn:
            return False
        if self.born is not None and at < self.born:
            self.kept_times = True
            return False
        if self.kept_times:
            return True
        paused = self.last_at is not None and at - self.last_at >= PAUSE_MS
        self.last_at = at
        return paused
