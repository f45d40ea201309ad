"""Tools, activity, and the values to filter by: from roll-ups."""

import sqlite3
from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from agentmonitor.errors import InvalidInput
from agentmonitor.model.analytics import Where
from agentmonitor.model.clock import HOUR_MS, to_iso
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
from agentmonitor.storage.sqlite.queries.grouped import NOBODY, Groups, columns_of
from agentmonitor.storage.sqlite.queries.spans import cover, measured
from agentmonitor.storage.sqlite.queries.tools import (
    FILTERS,
    KeptDays,
    ToolQueries,
    ToolTally,
)
from agentmonitor.storage.sqlite.rollups import HOUR, MINUTE

QUARTER_MS = HOUR_MS // 4
_CALLS = ("events", "errors", "duration_ms", "durations")
_OF_DAY = ("events", "errors", "tokens_in", "tokens_out", "cost_nano")
_OF_HOUR = ("events", "tokens_in", "tokens_out", "cost_nano")
_FACETS = ("agent", "type", "tool", "model", "source")


class ActivityQueries:
    """What was done in a range, on one connection."""

    def __init__(
        self, connection: sqlite3.Connection, names: NameReader, where: Where, kept: KeptDays
    ) -> None:
        self._connection = connection
        self._kept = kept
        self._names = names
        self._where = where
        self._columns = columns_of(connection, where)
        self._groups = Groups(connection, self._columns)

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
        if self._columns.keys() <= FILTERS:
            queries = ToolQueries(self._connection, self._columns, self._kept)
            return queries.tallies(by, *span)
        found = {}
        for (_, tool, part), row in self._groups.sums(("tool", by), _CALLS, span).items():
            found[tool, part] = ToolTally(row)
        return found

    def facts(self, edges: Sequence[int]) -> ActivityFacts:
        """Sums by day and by hour. ``edges``: where days begin, and the end of the last (ms)."""
        since, until = self._where.since, self._where.until
        days = [since, *edges[1:-1], until]
        sums = self._groups.sums((), _OF_DAY, days)
        typed = None if "project" in self._columns else self._of_types(days)
        return ActivityFacts(
            days={
                index: [int(events), int(errors), int(t_in + t_out), int(nano)]
                for (index,), (events, errors, t_in, t_out, nano) in sums.items()
            },
            prompts=None if typed is None else typed["user_prompt"],
            commits=None if typed is None else typed["git_commit"],
            sessions=self._sessions(days),
            hours=self._hours(),
        )

    def facets(self) -> Facets:
        """The values in the range, with the number of events; of one agent if that is given."""
        where = self._where
        every = Groups(self._connection, {})
        edges = (where.since, where.until)
        agent = self._columns.get("agent")
        counts: dict[str, Counter[int]] = {name: Counter() for name in (*_FACETS, "project")}
        for (_, *numbers), (events,) in every.sums(_FACETS, ("events",), edges).items():
            for name, number in zip(_FACETS, numbers, strict=True):
                if name == "agent" or agent in (None, numbers[0]):
                    counts[name][number] += int(events)
        of_agent = Groups(self._connection, {} if agent is None else {"agent": agent})
        for (_, project), (events,) in of_agent.sums(("project",), ("events",), edges).items():
            counts["project"][project] += int(events)
        return Facets(
            **{name: self._facet(found) for name, found in counts.items()}, branch=self._branches()
        )

    def _of_types(self, days: Sequence[int]) -> dict[str, dict[int, int]]:
        """By event type: how many by day."""
        found: dict[str, dict[int, int]] = {}
        for name in ("user_prompt", "git_commit"):
            number = self._names.find(self._connection, name)
            columns = self._columns | {"type": NOBODY if number is None else number}
            sums = Groups(self._connection, columns).sums((), ("events",), days)
            found[name] = {index: int(events) for (index,), (events,) in sums.items()}
        return found

    def _sessions(self, days: Sequence[int]) -> dict[int, list[int]]:
        """Of the sessions that began on each day: how many, lines added, removed, files."""
        conditions = "".join(f" AND {column} = ?" for column in self._columns)
        # Days begin on quarters of an hour, and many sessions begin within one.
        unit = next(u for u in (HOUR_MS, QUARTER_MS, 1) if not any(d % u for d in days[1:-1]))
        rows = self._connection.execute(
            f"SELECT started_at / {unit}, count(*), total(lines_added), total(lines_removed),"
            " total(files_edited) FROM sessions WHERE started_at >= ? AND started_at < ?"
            f" AND events > 0{conditions} GROUP BY 1",
            (days[0], days[-1], *self._columns.values()),
        )
        found: dict[int, list[int]] = {}
        for started, *row in rows:
            sums = found.setdefault(max(0, bisect_right(days, started * unit) - 1), [0, 0, 0, 0])
            for at, value in enumerate(row):
                sums[at] += int(value)
        return found

    def _hours(self) -> dict[int, list[int]]:
        table, levels = "sums_by_time", [HOUR, MINUTE]
        if self._columns.keys() - {"agent"}:
            table = "sums_by_project" if "project" in self._columns else "sums_by_usage"
            levels = levels[:1]
        spans = cover(self._where.since, self._where.until, tuple(levels))
        query, arguments = measured(table, ("hour",), _OF_HOUR, spans, self._columns)
        return {
            int(hour) * HOUR_MS: [int(events), int(t_in + t_out), int(nano)]
            for hour, events, t_in, t_out, nano in self._connection.execute(query, arguments)
            if events
        }

    def _facet(self, counts: Mapping[int, int]) -> list[Facet]:
        names = self._names.values(self._connection, counts)
        found = [
            Facet(value=value, count=count)
            for number, count in counts.items()
            if count and (value := names[number]) is not None
        ]
        return sorted(found, key=lambda facet: (-facet.count, facet.value))

    def _branches(self) -> list[BranchFacet]:
        columns = {c: n for c, n in self._columns.items() if c in ("agent", "project")}
        conditions = "".join(f" AND {column} = ?" for column in columns)
        rows = self._connection.execute(
            "SELECT branch, project, sum(events), max(last_time) FROM sums_by_branch"
            f" WHERE 1{conditions} GROUP BY branch, project"
            " HAVING sum(events) > 0 AND max(last_time) >= ? ORDER BY 4 DESC, 1, 2",
            (*columns.values(), self._where.since),
        ).fetchall()
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


def check_activity(where: Where) -> None:
    """Raises InvalidInput where activity has no sums for the filters."""
    given = [n for n in ("project", "branch", "model", "session") if getattr(where, n) is not None]
    message = ""
    if "branch" in given or "session" in given:
        given = [name for name in given if name in ("branch", "session")]
        message = "activity is not kept by it; leave it out"
    elif len(given) > 1:
        message = "activity is kept by project and by model, not by both; leave one out"
    if message:
        raise InvalidInput(f"Invalid {given[0]}: {message}.", [(name, message) for name in given])


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
