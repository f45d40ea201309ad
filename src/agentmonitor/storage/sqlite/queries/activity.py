"""Tools, activity, and the values to filter by: from roll-ups."""

import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from agentmonitor.model.analytics import Where
from agentmonitor.model.clock import to_iso
from agentmonitor.model.durations import percentiles
from agentmonitor.model.insight import (
    ActivityFacts,
    BranchFacet,
    Facet,
    Facets,
    ToolPart,
    ToolReport,
    ToolUse,
)
from agentmonitor.storage.sqlite.names import NameReader
from agentmonitor.storage.sqlite.queries.calendar import CalendarQueries
from agentmonitor.storage.sqlite.queries.filters import NOBODY, filters_of
from agentmonitor.storage.sqlite.queries.grouped import Groups
from agentmonitor.storage.sqlite.queries.tools import (
    FILTERS,
    KeptSums,
    ToolQueries,
    ToolTally,
)

_CALLS = ("events", "errors", "duration_ms", "durations")
_OF_DAY = ("events", "errors", "tokens_in", "tokens_out", "cost_nano")
_TYPES = ("user_prompt", "git_commit")
_TYPED = frozenset({"agent", "model"})
"""The filters for which there are sums by event type too; of one session the events tell them."""
_OF_BRANCH = frozenset({"agent", "project", "branch"})
"""What the kept sums of branches can be narrowed by."""
_FACETS = ("agent", "type", "tool", "model", "source")


class ActivityQueries:
    """What was done in a range, on one connection."""

    def __init__(
        self, connection: sqlite3.Connection, names: NameReader, where: Where, kept: KeptSums
    ) -> None:
        self._connection = connection
        self._kept = kept
        self._names = names
        self._where = where
        self._filters = filters_of(connection, where)
        self._groups = Groups(connection, self._filters)

    def tools(self, by: Literal["agent", "project"]) -> ToolReport:
        """Calls by tool, and of each by agent or project. Raises TooLarge."""
        where = self._where
        tallies = self._tallies(by)
        names = self._names.values(self._connection, {n for key in tallies for n in key})
        tools: dict[str, dict[str | None, ToolTally]] = {}
        for (tool, part), tally in tallies.items():
            name = names[tool]
            if name is not None:
                tools.setdefault(name, {})[names[part]] = tally
        found = []
        for name, parts in tools.items():
            whole = ToolTally()
            for tally in parts.values():
                whole.add(tally)
            shares = [ToolPart(key=key, **_calls(row)) for key, row in parts.items()]
            shares.sort(key=lambda part: (-part.calls, part.key or ""))
            found.append(ToolUse(tool=name, parts=shares, **_calls(whole)))
        found.sort(key=lambda tool: (-tool.calls, tool.tool))
        return ToolReport(
            since=to_iso(where.since),
            until=to_iso(where.until),
            by=by,
            calls=sum(tool.calls for tool in found),
            failures=sum(tool.failures for tool in found),
            tools=found,
        )

    def _tallies(self, by: str) -> dict[tuple[int, int], ToolTally]:
        span = (self._where.since, self._where.until)
        if self._filters.names <= FILTERS:
            queries = ToolQueries(self._connection, self._filters, self._kept)
            return queries.tallies(by, *span)
        found = {}
        for (_, tool, part), row in self._groups.sums(("tool", by), _CALLS, span).items():
            found[tool, part] = ToolTally(row)
        return found

    def facts(
        self, edges: Sequence[int], stretches: Sequence[tuple[int, int, int]]
    ) -> ActivityFacts:
        """Sums by day and by hour of the week. ``edges``: where days begin, and the end of the last
        (ms); ``stretches``: as ``CalendarQueries`` takes them. Raises TooLarge."""
        days = [self._where.since, *edges[1:-1], self._where.until]
        sums = self._groups.sums((), _OF_DAY, days)
        typed = "session" in self._filters.names or self._filters.names <= _TYPED
        prompts, commits = self._of_types(days) if typed else (None, None)
        calendar = CalendarQueries(self._connection, self._filters)
        return ActivityFacts(
            days={
                index: [int(events), int(errors), int(t_in + t_out), int(nano)]
                for (index,), (events, errors, t_in, t_out, nano) in sums.items()
            },
            prompts=prompts,
            commits=commits,
            sessions=calendar.sessions(days),
            hours=calendar.week_hours(stretches),
        )

    def facets(self) -> Facets:
        """The values in the range, with the number of events. The agent narrows all of them but
        itself, other filters narrow all. Raises TooLarge."""
        where = self._where
        every = Groups(self._connection, self._filters.without("agent"))
        edges = (where.since, where.until)
        agent = self._filters.ids.get("agent")
        counts: dict[str, Counter[int]] = {name: Counter() for name in (*_FACETS, "project")}
        for (_, *numbers), (events,) in every.sums(_FACETS, ("events",), edges).items():
            for name, number in zip(_FACETS, numbers, strict=True):
                if name == "agent" or agent in (None, numbers[0]):
                    counts[name][number] += int(events)
        for (_, project), (events,) in self._groups.sums(("project",), ("events",), edges).items():
            counts["project"][project] += int(events)
        return Facets(
            **{name: self._facet(found) for name, found in counts.items()}, branch=self._branches()
        )

    def _of_types(self, days: Sequence[int]) -> list[dict[int, int]]:
        """Of each of _TYPES: how many by day."""
        found = (self._names.find(self._connection, name) for name in _TYPES)
        numbers = [NOBODY if number is None else number for number in found]
        groups = Groups(self._connection, self._filters.narrowed("type", numbers))
        counts: dict[int, dict[int, int]] = {number: {} for number in numbers}
        for (index, kind), (events,) in groups.sums(("type",), ("events",), days).items():
            counts[kind][index] = int(events)
        return [counts[number] for number in numbers]

    def _facet(self, counts: Mapping[int, int]) -> list[Facet]:
        names = self._names.values(self._connection, counts)
        found = [
            Facet(value=value, count=count)
            for number, count in counts.items()
            if count and (value := names[number]) is not None
        ]
        return sorted(found, key=lambda facet: (-facet.count, facet.value))

    def _branches(self) -> list[BranchFacet]:
        known = self._filters.among(_OF_BRANCH)
        rows = self._connection.execute(
            "SELECT branch, project, sum(events), max(last_time) FROM sums_by_branch"
            f" WHERE 1{known.sql()} GROUP BY branch, project"
            " HAVING sum(events) > 0 AND max(last_time) >= ? ORDER BY 4 DESC, 1, 2",
            (*known.values, self._where.since),
        ).fetchall()
        if known.names != self._filters.names:
            edges = (self._where.since, self._where.until)
            cells = self._groups.sums(("branch", "project"), ("events",), edges)
            counts = {(b, p): int(events) for (_, b, p), (events,) in cells.items()}
            rows = [(b, p, counts[b, p], last) for b, p, _, last in rows if (b, p) in counts]
        names = self._names.values(self._connection, {n for row in rows for n in row[:2]})
        return [
            BranchFacet(
                value=names[branch] or "",
                project=names[project],
                count=count,
                last_used_at=to_iso(last),
            )
            for branch, project, count, last in rows
        ]


def _calls(tally: ToolTally) -> dict[str, Any]:
    """The fields that a tool and its parts share."""
    calls, failures, duration, measured_calls = tally.sums
    p50, p95 = percentiles(tally.counts, (0.5, 0.95))
    return {
        "calls": int(calls),
        "failures": int(failures),
        "failure_rate": round(failures / calls, 4),
        "mean_duration_ms": round(duration / measured_calls, 2) if measured_calls else None,
        "p50_ms": p50,
        "p95_ms": p95,
    }
