"""The protocol that every storage engine serves, and what goes in and out of it.

The tests in ``tests/unit/storage`` run over every engine.
"""

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Literal, Protocol

import msgspec

from agentmonitor.errors import StorageError
from agentmonitor.model.analytics import SessionUse, Sums, UsageFacts, UsageQuestion, Where
from agentmonitor.model.channels import ChannelUse
from agentmonitor.model.database import (
    DatabaseInfo,
    PruneLimits,
    PruneOutcome,
    PruneStep,
    Retention,
)
from agentmonitor.model.event import Event
from agentmonitor.model.filters import EventFilter, SessionFilter
from agentmonitor.model.insight import ActivityFacts, Facets, ToolReport
from agentmonitor.model.mark import FileMark, FileRead, Mark, SeriesMark
from agentmonitor.model.quota import Quota
from agentmonitor.model.search import Search, SearchPage
from agentmonitor.model.session import EventRow, SessionRow
from agentmonitor.model.signal import SessionSignal
from agentmonitor.model.span import SessionSpan
from agentmonitor.model.stats import Cost, FilterOptions, Stats, ToolStats, WindowUse
from agentmonitor.model.totals import Totals
from agentmonitor.model.usage import Priceable
from agentmonitor.model.windows import Block, Kind
from agentmonitor.storage.session_reads import SessionReads


class WriteResult(msgspec.Struct):
    """What became of one batch: ids in the order of its events, None for a duplicate."""

    ids: list[int | None]
    stored: list[Event]
    """The new events, their ``id``, ``project`` and ``branch`` filled."""


WriteDone = Callable[[WriteResult | StorageError], None]
"""Called in the engine's writer thread, after the commit or the roll-back."""

TaskDone = Callable[[StorageError | None], None]
"""The same, for what has no result. It must not raise."""


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

    @property
    def session_reads(self) -> SessionReads:
        """More about sessions: lists in any order, details, transcripts, turns."""

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

    def totals(self) -> Totals:
        """What everything adds up to, and the sessions by state."""

    def used_between(
        self, agent_type: str, since: int, until: int, where: Where | None = None
    ) -> WindowUse:
        """Tokens and cost of one agent type in ``since <= time < until`` (ms), or of what of it
        matches. Raises InvalidInput as ``usage``."""

    def first_use(self, agent_type: str, since: int, until: int, kind: Kind) -> int | None:
        """The first minute (ms) with use of that kind; the bounds are whole minutes (ms)."""

    def block_start(self, agent_type: str, at: int, hours: int) -> int | None:
        """When the block of that length began that holds ``at`` (ms); None: there is none."""

    def blocks(
        self,
        agent_type: str,
        since: int,
        until: int,
        hours: int,
        now: int,
        limit: int,
        where: Where | None = None,
    ) -> list[Block]:
        """The blocks of that length that touch ``since <= time < until`` (ms), newest first; those
        in which something matches, with its sums. Raises InvalidInput as ``usage``."""

    def usage(self, question: UsageQuestion) -> UsageFacts:
        """Usage by period and one dimension. Raises InvalidInput when there are no sums for the
        filters and too many events to add up."""

    def session_usage(self, where: Where, limit: int) -> tuple[list[SessionUse], int, Sums]:
        """The sessions active in the range, the dearest first; how many, and the sums of all."""

    def tool_use(self, where: Where, by: Literal["agent", "project"]) -> ToolReport:
        """Calls by tool, and of each by agent or project. Raises InvalidInput as ``usage``."""

    def activity(
        self, where: Where, edges: Sequence[int], stretches: Sequence[tuple[int, int, int]]
    ) -> ActivityFacts:
        """Sums by day (``edges``: where they begin, and the end of the last, ms) and by hour of the
        week (``stretches``: from, to, and by how many hours clocks are ahead). Raises
        InvalidInput: too many events to add up."""

    def facets(self, where: Where) -> Facets:
        """The values in the range with how often each occurs. Raises InvalidInput as ``usage``."""

    def quotas(self, agent_type: str | None = None) -> list[Quota]:
        """The newest report of each agent's windows."""

    def quota_history(self, agent_type: str, since: int) -> list[Quota]:
        """When each value of a window was first reported, by window and time, for the windows
        that reset after ``since`` (ms). Kept for 30 days after the reset."""

    def agent_types(self) -> list[str]:
        """Every agent type that has an event."""

    def channel_uses(self) -> list[ChannelUse]:
        """Events by agent and the channels that reported them, in no order."""

    def filter_options(self) -> FilterOptions:
        """The distinct values that filters can take."""

    def priceable(self, after: int, limit: int, *, everything: bool) -> list[Priceable]:
        """Model requests with ids above ``after``, in their order: those without a price of
        ours, or all."""

    def contents(self, events: Sequence[int]) -> dict[int, bytes]:
        """By event id: the whole metadata, packed, where the row has a summary."""

    def file_marks(self) -> list[FileMark]:
        """Every session file that was ever read."""

    def files_read(self) -> dict[str, FileRead]:
        """By path: every session file that was ever read, and what of it."""

    def file_mark(self, path: str) -> FileMark | None:
        """How far one session file was read; None when it never was."""

    def series_marks(self) -> list[SeriesMark]:
        """The last points of cumulative OTLP series."""

    def size_bytes(self) -> int:
        """What the database takes on disk."""

    def last_event_id(self) -> int:
        """The highest id that an event ever had, 0 when there was none."""

    def database_info(self, retention: Retention, *, tables: bool) -> DatabaseInfo:
        """What the database holds; sizes by table only if they are asked for."""

    def prune_plan(self, limits: PruneLimits) -> PruneOutcome:
        """What a prune would do, about."""


class Engine(Readable, Protocol):
    """A store of events and sessions with one write path."""

    def open(self) -> None:
        """Make or migrate the store and start to serve. Raises StorageError."""

    def close(self) -> None:
        """Store what is queued, then let go. Safe to call twice."""

    def submit(
        self,
        events: Sequence[Event],
        signals: Sequence[SessionSignal],
        done: WriteDone,
        marks: Sequence[Mark] = (),
        *,
        patient: bool = False,
    ) -> None:
        """Queue a batch. It is stored whole or not at all, with how far its source was read.
        A ``patient`` one lets others go before it, but not for ever.

        Raises Overloaded and Closed.
        """

    def queued(self) -> int:
        """Events and signals that wait to be written."""

    def is_writing(self) -> bool:
        """Whether batches are being written just now; a ``done`` is called when they are."""

    def put_quotas(self, quotas: Sequence[Quota], done: TaskDone | None = None) -> None:
        """Queue reports of quotas; their order does not matter. Does not block.

        Raises InvalidInput when one cannot be true (then none is stored), and Closed.
        """

    def put_spans(self, spans: Sequence[SessionSpan], done: TaskDone | None = None) -> None:
        """Queue spans; one that is known is not stored again. Does not block. Raises Closed."""

    def sweep(self, now: int, timeout_ms: int) -> list[str]:
        """Make silent sessions idle, then ended; the ids of those that changed. Blocks."""

    def rebuild(self, progress: Callable[[int, int], None] | None = None) -> int:
        """Make every roll-up anew from the events and what pruned ones left; how many events
        there are. Blocks."""

    def prune_page(self, limits: PruneLimits, after: int, count: int) -> PruneStep:
        """Prune the oldest events with a time from ``after`` (ms) on, ``count`` at most. Totals
        stay as they are. Blocks."""

    def back_up(self, target: Path, progress: Callable[[int, int], None] | None = None) -> int:
        """Copy the store as it is now to the new file ``target``; its size in bytes. ``progress``
        is told (parts done, parts in all). Raises ConfigError when ``target`` exists."""

    def shrink(self, pages: int) -> int:
        """Give free pages back to the disk; how many more could be. Blocks."""

    def reprice(self, prices: Sequence[tuple[int, float]]) -> int:
        """Set our cost of events (id, US dollars), and the totals with it; how many changed.
        Blocks."""

    def keep_index(self) -> None:
        """Keep the search index up to date from now on, at low priority, until ``close``."""

    def index_meanwhile(self) -> AbstractContextManager[None]:
        """While it is entered, what is stored is indexed beside the caller's work, as far as it
        comes; ``complete_index`` does the rest."""

    def complete_index(self, tell: Callable[[int, int], None], stop: threading.Event) -> None:
        """Index all that is stored, until ``stop`` is set; for a program that ends afterwards.
        ``tell`` hears (events indexed, events in all). Blocks. What fails is logged, and made up
        for by the next one that indexes."""

    def search(self, asked: Search) -> SearchPage:
        """The events that match, best first, as far as they are indexed.

        Raises Unsupported when the engine has no index of words.
        """
