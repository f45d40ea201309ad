"""The protocol that every storage engine serves, and what goes in and out of it.

The tests in ``tests/unit/storage`` run over every engine.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from agentmonitor.errors import StorageError
from agentmonitor.model.event import Event
from agentmonitor.model.filters import EventFilter, SessionFilter
from agentmonitor.model.session import EventRow, SessionRow
from agentmonitor.model.signal import SessionSignal
from agentmonitor.model.stats import Cost, FilterOptions, Stats, ToolStats, WindowUse


class WriteResult(msgspec.Struct):
    """What became of one batch: ids in the order of its events, None for a duplicate."""

    ids: list[int | None]
    stored: list[Event]
    """The new events, their ``id``, ``project`` and ``branch`` filled."""


WriteDone = Callable[[WriteResult | StorageError], None]
"""Called in the engine's writer thread, after the commit or the roll-back."""


class Readable(Protocol):
    """The reads. Each sees one consistent state; safe to call from any thread."""

    def events(self, where: EventFilter, limit: int, offset: int) -> tuple[list[EventRow], int]:
        """Events, newest own time first, and how many match in all."""

    def events_after(
        self, after: int, upto: int, agent_type: str | None, event_type: str | None, limit: int
    ) -> list[EventRow]:
        """Events with ``after < id <= upto`` in the order of their ids."""

    def sessions(self, where: SessionFilter, limit: int) -> tuple[list[SessionRow], int]:
        """Sessions: active, idle, ended, each newest first; ``limit`` 0 is all."""

    def sessions_by_id(self, ids: Sequence[str]) -> list[SessionRow]:
        """Those of ``ids`` that exist, in any order."""

    def session_events(self, session_id: str, limit: int, *, newest_first: bool) -> list[EventRow]:
        """A session's events by own time."""

    def stats(self, agent_type: str | None, since: int | None) -> Stats:
        """Totals and breakdowns of the events at or after ``since`` (ms)."""

    def tools(self, agent_type: str | None, since: int | None) -> list[ToolStats]:
        """Calls by tool, most used first."""

    def cost(self, agent_type: str | None, since: int | None, projects: int) -> Cost:
        """The hourly time line and the cost by project and model."""

    def window_use(self, agent_type: str, since: int) -> WindowUse:
        """Tokens and cost of one agent type at or after ``since`` (ms)."""

    def agent_types(self) -> list[str]:
        """Every agent type that has an event."""

    def filter_options(self) -> FilterOptions:
        """The distinct values that filters can take."""

    def size_bytes(self) -> int:
        """What the database takes on disk."""

    def last_event_id(self) -> int:
        """The newest event's id, 0 when there is none."""


class Engine(Readable, Protocol):
    """A store of events and sessions with one write path."""

    def open(self) -> None:
        """Make or migrate the store and start to serve. Raises StorageError."""

    def close(self) -> None:
        """Store what is queued, then let go. Safe to call twice."""

    def submit(
        self, events: Sequence[Event], signals: Sequence[SessionSignal], done: WriteDone
    ) -> None:
        """Queue a batch. It is stored whole or not at all. Raises Overloaded and Closed."""

    def sweep(self, now: int, timeout_ms: int) -> list[str]:
        """Make silent sessions idle, then ended; the ids of those that changed. Blocks."""

    def rebuild(self, progress: Callable[[int, int], None] | None = None) -> int:
        """Make every roll-up anew from the events; how many events there are. Blocks."""
