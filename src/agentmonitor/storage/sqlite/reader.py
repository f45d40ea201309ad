"""The reads of the SQLite engine, each on a connection of its thread and one snapshot."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from agentmonitor.model.analytics import SessionUse, Sums, UsageFacts, UsageQuestion, Where
from agentmonitor.model.channels import ChannelUse
from agentmonitor.model.database import DatabaseInfo, PruneLimits, PruneOutcome, Retention
from agentmonitor.model.filters import EventFilter, SessionFilter
from agentmonitor.model.insight import ActivityFacts, Facets, ToolReport
from agentmonitor.model.mark import FileMark, FileRead, SeriesMark
from agentmonitor.model.quota import Quota
from agentmonitor.model.session import EventRow, SessionRow
from agentmonitor.model.stats import Cost, FilterOptions, Stats, ToolStats, WindowUse
from agentmonitor.model.totals import Totals
from agentmonitor.model.usage import Priceable
from agentmonitor.model.windows import Block, Kind
from agentmonitor.storage.sqlite import marks
from agentmonitor.storage.sqlite.channels import channel_uses
from agentmonitor.storage.sqlite.contents import contents_of
from agentmonitor.storage.sqlite.event_rows import highest_id
from agentmonitor.storage.sqlite.names import NameReader
from agentmonitor.storage.sqlite.queries.activity import ActivityQueries
from agentmonitor.storage.sqlite.queries.events import EventQueries
from agentmonitor.storage.sqlite.queries.metrics import read_totals
from agentmonitor.storage.sqlite.queries.session_usage import SessionUsage
from agentmonitor.storage.sqlite.queries.sessions import SessionQueries
from agentmonitor.storage.sqlite.queries.stats import StatsQueries, filter_options
from agentmonitor.storage.sqlite.queries.tools import KeptSums, KeptTallies
from agentmonitor.storage.sqlite.queries.usage import UsageQueries
from agentmonitor.storage.sqlite.queries.windows import WindowQueries
from agentmonitor.storage.sqlite.quotas import newest_quotas, quota_changes
from agentmonitor.storage.sqlite.session_reader import SessionReader
from agentmonitor.storage.sqlite.snapshots import Snapshots

_NO_AGENT = -1
"""An id that no name has: the filter names an agent that was never seen."""


class Reader(Snapshots):
    """Read-only access to one database file."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._names = NameReader()
        self._tool_sums = KeptSums(KeptTallies(), KeptTallies())
        self.session_reads = SessionReader(self._snapshot, self._names)

    def events(self, where: EventFilter, limit: int, offset: int) -> tuple[list[EventRow], int]:
        """Events, newest own time first, and how many match in all."""
        with self._snapshot() as connection:
            return EventQueries(connection, self._names).page(where, limit, offset)

    def events_after(
        self, after: int, upto: int, agent_type: str | None, event_type: str | None, limit: int
    ) -> list[EventRow]:
        """Events with ``after < id <= upto`` in the order of their ids."""
        with self._snapshot() as connection:
            agent = self._name(connection, agent_type)
            kind = self._name(connection, event_type)
            return EventQueries(connection, self._names).after(after, upto, agent, kind, limit)

    def sessions(self, where: SessionFilter, limit: int) -> tuple[list[SessionRow], int]:
        """Sessions: active, idle, ended, each newest first; ``limit`` 0 is all."""
        with self._snapshot() as connection:
            return SessionQueries(connection, self._names).page(where, limit)

    def sessions_by_id(self, ids: Sequence[str]) -> list[SessionRow]:
        """Those of ``ids`` that exist, in any order."""
        with self._snapshot() as connection:
            return SessionQueries(connection, self._names).by_id(ids)

    def session_events(self, session_id: str, limit: int, *, newest_first: bool) -> list[EventRow]:
        """A session's events by own time; ``limit`` -1 is all."""
        with self._snapshot() as connection:
            queries = EventQueries(connection, self._names)
            return queries.of_session(session_id, limit, newest_first=newest_first)

    def stats(self, agent_type: str | None, since: int | None) -> Stats:
        """Totals and breakdowns of the events at or after ``since`` (ms)."""
        with self._stats(agent_type, since) as queries:
            return queries.stats()

    def tools(self, agent_type: str | None, since: int | None) -> list[ToolStats]:
        """Calls by tool, most used first."""
        with self._stats(agent_type, since) as queries:
            return queries.tools()

    def cost(self, agent_type: str | None, since: int | None, projects: int) -> Cost:
        """The hourly time line and the cost by project and model."""
        with self._stats(agent_type, since) as queries:
            return queries.cost(projects)

    def totals(self) -> Totals:
        """What everything adds up to, and the sessions by state."""
        with self._snapshot() as connection:
            return read_totals(connection, self._names)

    def used_between(
        self, agent_type: str, since: int, until: int, where: Where | None = None
    ) -> WindowUse:
        """Tokens and cost of one agent type in ``since <= time < until`` (ms), or of what of it
        matches. Raises InvalidInput as ``usage``."""
        with self._windows(agent_type, where) as queries:
            if where is not None:
                since, until = max(since, where.since), min(until, where.until)
            return queries.used(since, until)

    def first_use(self, agent_type: str, since: int, until: int, kind: Kind) -> int | None:
        """The first minute (ms) with use of that kind; the bounds are whole minutes (ms)."""
        with self._windows(agent_type) as queries:
            return queries.first_use(since, until, kind)

    def block_start(self, agent_type: str, at: int, hours: int) -> int | None:
        """When the block of that length began that holds ``at`` (ms); None: there is none."""
        with self._windows(agent_type) as queries:
            return queries.block_start(at, hours)

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
        with self._windows(agent_type, where) as queries:
            return queries.blocks(since, until, hours, now, limit)

    def usage(self, question: UsageQuestion) -> UsageFacts:
        """Usage by period and one dimension. Raises InvalidInput: too many events to add up."""
        with self._snapshot() as connection:
            return UsageQueries(connection, self._names, question.where).facts(question)

    def session_usage(self, where: Where, limit: int) -> tuple[list[SessionUse], int, Sums]:
        """The sessions active in the range, the dearest first; how many, and the sums of all."""
        with self._snapshot() as connection:
            sessions = SessionUsage(connection, self._names, where)
            return sessions.dearest(limit), *sessions.together()

    def tool_use(self, where: Where, by: Literal["agent", "project"]) -> ToolReport:
        """Calls by tool, and of each by agent or project. Raises InvalidInput as ``usage``."""
        with self._snapshot() as connection:
            return ActivityQueries(connection, self._names, where, self._tool_sums).tools(by)

    def activity(
        self, where: Where, edges: Sequence[int], stretches: Sequence[tuple[int, int, int]]
    ) -> ActivityFacts:
        """Sums by day (``edges``: where they begin, and the end of the last, ms) and by hour of the
        week (``stretches``: from, to, and by how many hours clocks are ahead). Raises
        InvalidInput: too many events to add up."""
        with self._snapshot() as connection:
            queries = ActivityQueries(connection, self._names, where, self._tool_sums)
            return queries.facts(edges, stretches)

    def facets(self, where: Where) -> Facets:
        """The values in the range with how often each occurs. Raises InvalidInput as ``usage``."""
        with self._snapshot() as connection:
            return ActivityQueries(connection, self._names, where, self._tool_sums).facets()

    def quotas(self, agent_type: str | None = None) -> list[Quota]:
        """The newest report of each agent's windows."""
        with self._snapshot() as connection:
            return newest_quotas(connection, agent_type)

    def quota_history(self, agent_type: str, since: int) -> list[Quota]:
        """When each value of a window was first reported, by window and time, for the windows
        that reset after ``since`` (ms)."""
        with self._snapshot() as connection:
            return quota_changes(connection, agent_type, since)

    def agent_types(self) -> list[str]:
        """Every agent type that has an event."""
        with self._snapshot() as connection:
            rows = connection.execute(
                "SELECT agent FROM sums_by_time WHERE level = 0 GROUP BY agent"
                " HAVING sum(events) > 0"
            ).fetchall()
            found = self._names.values(connection, [number for (number,) in rows])
            return sorted(name for name in found.values() if name is not None)

    def channel_uses(self) -> list[ChannelUse]:
        """Events by agent and the channels that reported them, in no order."""
        with self._snapshot() as connection:
            return channel_uses(connection, self._names)

    def filter_options(self) -> FilterOptions:
        """The distinct values that filters can take."""
        with self._snapshot() as connection:
            return filter_options(connection, self._names)

    def priceable(self, after: int, limit: int, *, everything: bool) -> list[Priceable]:
        """Model requests with ids above ``after``: those without a price of ours, or all."""
        from agentmonitor.storage.sqlite import reprice  # part of the writing side, as prune is

        with self._snapshot() as connection:
            return reprice.priceable(connection, after, limit, everything=everything)

    def contents(self, events: Sequence[int]) -> dict[int, bytes]:
        """By event id: the whole metadata, packed, where the row has a summary."""
        with self._snapshot() as connection:
            return contents_of(connection, events)

    def file_marks(self) -> list[FileMark]:
        """Every session file that was ever read."""
        with self._snapshot() as connection:
            return marks.file_marks(connection)

    def files_read(self) -> dict[str, FileRead]:
        """By path: every session file that was ever read, and what of it."""
        with self._snapshot() as connection:
            return marks.files_read(connection)

    def file_mark(self, path: str) -> FileMark | None:
        """How far one session file was read; None when it never was."""
        with self._snapshot() as connection:
            return marks.file_mark(connection, path)

    def series_marks(self) -> list[SeriesMark]:
        """The last points of cumulative OTLP series."""
        with self._snapshot() as connection:
            return marks.series_marks(connection)

    def size_bytes(self) -> int:
        """What the database takes on disk, its log included."""
        total = 0
        for suffix in ("", "-wal", "-shm"):
            file = self.path.with_name(self.path.name + suffix)
            try:
                total += file.stat().st_size
            except FileNotFoundError:  # no log yet
                continue
        return total

    def last_event_id(self) -> int:
        """The highest id that an event ever had, 0 when there was none."""
        with self._snapshot() as connection:
            return highest_id(connection)

    def database_info(self, retention: Retention, *, tables: bool) -> DatabaseInfo:
        """What the database holds; sizes by table only if they are asked for."""
        from agentmonitor.storage.sqlite.info import describe

        with self._snapshot() as connection:
            return describe(connection, self.path, retention, tables=tables)

    def prune_plan(self, limits: PruneLimits) -> PruneOutcome:
        """What a prune would do, about."""
        from agentmonitor.storage.sqlite import prune

        with self._snapshot() as connection:
            return prune.plan(connection, limits)

    @contextmanager
    def _stats(self, agent_type: str | None, since: int | None) -> Iterator[StatsQueries]:
        with self._snapshot() as connection:
            agent = self._name(connection, agent_type)
            yield StatsQueries(connection, self._names, agent, since)

    @contextmanager
    def _windows(self, agent_type: str, where: Where | None = None) -> Iterator[WindowQueries]:
        with self._snapshot() as connection:
            agent = self._name(connection, agent_type)
            number = agent or _NO_AGENT
            yield WindowQueries(connection, self._names, number, agent_type, where)

    def _name(self, connection: sqlite3.Connection, value: str | None) -> int | None:
        if value is None:
            return None
        found = self._names.find(connection, value)
        return _NO_AGENT if found is None else found
