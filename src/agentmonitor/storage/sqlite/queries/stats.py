"""The statistics calls, from roll-ups."""

import sqlite3

from agentmonitor.model.clock import DAY_MS, to_iso
from agentmonitor.model.stats import (
    BranchOption,
    Cost,
    CostBucket,
    FilterOptions,
    ModelCost,
    ProjectCost,
    Stats,
    ToolStats,
)
from agentmonitor.storage.sqlite.names import NameReader
from agentmonitor.storage.sqlite.queries.spans import FAR, cover, measured
from agentmonitor.storage.sqlite.rollups import DAY, HOUR, MINUTE
from agentmonitor.storage.sqlite.sessions import ACTIVE, ENDED, IDLE

USAGE_LEVELS = (DAY, HOUR)
TIME_LEVELS = (DAY, HOUR, MINUTE)
UNKNOWN = "unknown"
_OF_HOUR = ("cost_nano", "tokens_in", "tokens_out", "events", "errors", "unpriced_tokens")


class StatsQueries:
    """Statistics of the events of one agent (its name's id; None: all) since a time (ms)."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        names: NameReader,
        agent: int | None,
        since: int | None,
    ) -> None:
        self._connection = connection
        self._names = names
        self._since = since
        self._where = {} if agent is None else {"agent": agent}
        self._agent = agent

    def stats(self) -> Stats:
        """``GET /api/stats``."""
        measures = (
            "events", "errors", "tokens_in", "tokens_out", "cache_read", "cache_write",
            "cost_nano", "unpriced", "unpriced_tokens",
        )  # fmt: skip
        ((events, errors, t_in, t_out, c_read, c_write, nano, unpriced, u_tokens),) = self._sums(
            "sums_by_time", (), measures
        )
        agents = self._sums("sums_by_time", ("agent",), ("events",))
        usage = self._sums("sums_by_usage", ("tool", "model"), ("events",))
        statuses = self._session_counts()
        branches = self._branches()
        ids = [int(r[0]) for r in agents] + [int(n) for r in usage for n in r[:2]] + branches
        names = self._names.values(self._connection, ids)
        tool_counts: dict[str, int] = {}
        model_counts: dict[str, int] = {}
        for tool, model, count in usage:
            for counts, number in ((tool_counts, tool), (model_counts, model)):
                name = names[int(number)]
                if name is not None:
                    counts[name] = counts.get(name, 0) + int(count)
        live = self._live()
        return Stats(
            total_events=int(events),
            active_sessions=statuses.get(ACTIVE, 0),
            total_sessions=sum(statuses.values()),
            live_sessions=sum(n for _, n in live),
            active_agents=len({agent for agent, _ in live}),
            total_tokens_in=int(t_in),
            total_tokens_out=int(t_out),
            total_cost_usd=nano / 1e9,
            tool_breakdown=_by_count(tool_counts),
            agent_breakdown=_by_count({names[int(a)] or UNKNOWN: int(n) for a, n in agents if n}),
            model_breakdown=_by_count(model_counts),
            branches=sorted(names[b] or "" for b in branches),
            total_errors=int(errors),
            total_cache_read_tokens=int(c_read),
            total_cache_write_tokens=int(c_write),
            unpriced_events=int(unpriced),
            unpriced_tokens=int(u_tokens),
        )

    def tools(self) -> list[ToolStats]:
        """``GET /api/stats/tools``, most used first."""
        measures = ("events", "errors", "duration_ms", "durations")
        rows = self._sums("sums_by_usage", ("tool", "agent"), measures)
        names = self._names.values(self._connection, {int(n) for r in rows for n in r[:2]})
        found: dict[str, list[float]] = {}
        by_agent: dict[str, dict[str, int]] = {}
        for tool, agent, *values in rows:
            name = names[int(tool)]
            if name is None or not values[0]:
                continue
            sums = found.setdefault(name, [0, 0, 0, 0])
            for index, value in enumerate(values):
                sums[index] += value
            by_agent.setdefault(name, {})[names[int(agent)] or UNKNOWN] = int(values[0])
        result = [
            ToolStats(
                tool_name=name,
                total_calls=int(calls),
                error_count=int(errors),
                error_rate=round(errors / calls, 4),
                avg_duration_ms=round(duration / measured_calls, 2) if measured_calls else None,
                by_agent=_by_count(by_agent[name]),
            )
            for name, (calls, errors, duration, measured_calls) in found.items()
        ]
        return sorted(result, key=lambda tool: (-tool.total_calls, tool.tool_name))

    def cost(self, projects: int) -> Cost:
        """``GET /api/stats/cost``; ``projects``: how many of them, the dearest first."""
        return Cost(
            timeline=self._timeline(), by_project=self._projects(projects), by_model=self._models()
        )

    def _timeline(self) -> list[CostBucket]:
        # The time line is by the hour: days and the whole do not serve it.
        since = self._since if self._since is not None else -FAR
        spans = cover(since, None, (HOUR, MINUTE))
        query, arguments = measured("sums_by_time", ("hour",), _OF_HOUR, spans, self._where)
        found = []
        last = None
        day = ""
        for hour, nano, t_in, t_out, events, errors, unpriced in self._connection.execute(
            f"{query} ORDER BY hour", arguments
        ):
            if not events:
                continue
            # Years have thousands of them, and a day is written the same in each of its hours.
            number, hour_of_day = divmod(hour, 24)
            if number != last:
                last = number
                day = to_iso(number * DAY_MS)[:11]
            found.append(
                CostBucket(
                    bucket=f"{day}{hour_of_day:02d}:00:00Z",
                    cost_usd=nano / 1e9,
                    tokens_in=int(t_in),
                    tokens_out=int(t_out),
                    event_count=int(events),
                    error_count=int(errors),
                    unpriced_tokens=int(unpriced),
                )
            )
        return found

    def _projects(self, limit: int) -> list[ProjectCost]:
        rows = self._sums(
            "sums_by_project", ("project",), ("cost_nano", "events", "unpriced_tokens")
        )
        conditions, arguments = self._session_conditions()
        group = "project"
        if self._since is not None:
            # The index by project would lead through all sessions.
            conditions += f" AND status IN ({ACTIVE}, {IDLE}, {ENDED})"
            group = "+project"
        query = f"SELECT project, count(*) FROM sessions WHERE {conditions} GROUP BY {group}"
        sessions = dict(self._connection.execute(query, arguments).fetchall())
        names = self._names.values(self._connection, {int(row[0]) for row in rows})
        result = [
            ProjectCost(
                project=names[int(project)] or UNKNOWN,
                cost_usd=nano / 1e9,
                session_count=sessions.get(int(project), 0),
                event_count=int(events),
                unpriced_tokens=int(unpriced),
            )
            for project, nano, events, unpriced in rows
            if events
        ]
        result.sort(key=lambda p: (-p.cost_usd, -p.event_count, p.project))
        return result[:limit]

    def _models(self) -> list[ModelCost]:
        measures = (
            "cost_nano", "events", "tokens_in", "tokens_out", "cache_read", "cache_write",
            "unpriced", "unpriced_tokens",
        )  # fmt: skip
        rows = self._sums("sums_by_model", ("model",), measures)
        names = self._names.values(self._connection, {int(row[0]) for row in rows})
        result = [
            ModelCost(
                model=name,
                cost_usd=nano / 1e9,
                event_count=int(events),
                tokens_in=int(t_in),
                tokens_out=int(t_out),
                cache_read_tokens=int(read),
                cache_write_tokens=int(write),
                unpriced_events=int(unpriced),
                unpriced_tokens=int(u_tokens),
            )
            for model, nano, events, t_in, t_out, read, write, unpriced, u_tokens in rows
            if events
            and (name := names[int(model)] or _nameless(nano, t_in + t_out + read + write))
        ]
        return sorted(result, key=lambda m: (-m.cost_usd, -m.event_count, m.model))

    def _sums(
        self, table: str, keys: tuple[str, ...], measures: tuple[str, ...]
    ) -> list[tuple[float, ...]]:
        levels = TIME_LEVELS if table == "sums_by_time" else USAGE_LEVELS
        spans = cover(self._since, None, levels)
        query, arguments = measured(table, keys, measures, spans, self._where)
        return self._connection.execute(query, arguments).fetchall()

    def _session_conditions(self) -> tuple[str, list[int]]:
        conditions, arguments = ["1"], []
        if self._agent is not None:
            conditions.append("agent = ?")
            arguments.append(self._agent)
        if self._since is not None:
            conditions.append("last_event_at >= ?")
            arguments.append(self._since)
        return " AND ".join(conditions), arguments

    def _session_counts(self) -> dict[int, int]:
        """Sessions by status."""
        conditions, arguments = self._session_conditions()
        query = f"SELECT status, count(*) FROM sessions WHERE {conditions} GROUP BY status"
        return dict(self._connection.execute(query, arguments).fetchall())

    def _live(self) -> list[tuple[int, int]]:
        """By agent: the sessions that are not over."""
        conditions, arguments = self._session_conditions()
        query = (
            "SELECT agent, count(*) FROM sessions"
            f" WHERE status IN ({ACTIVE}, {IDLE}) AND {conditions} GROUP BY +agent"
        )
        return self._connection.execute(query, arguments).fetchall()

    def _branches(self) -> list[int]:
        conditions, arguments = ["1"], []
        if self._agent is not None:
            conditions.append("agent = ?")
            arguments.append(self._agent)
        if self._since is not None:
            conditions.append("last_time >= ?")
            arguments.append(self._since)
        query = (
            f"SELECT branch FROM sums_by_branch WHERE {' AND '.join(conditions)}"
            " GROUP BY branch HAVING sum(events) > 0"
        )
        return [branch for (branch,) in self._connection.execute(query, arguments)]


def filter_options(connection: sqlite3.Connection, names: NameReader) -> FilterOptions:
    """``GET /api/filter-options``."""

    def distinct(column: str, table: str = "sums_by_usage") -> list[str]:
        # What is pending can take away what the roll-ups still hold.
        query = (
            f"SELECT {column} FROM {table} WHERE level = 0 GROUP BY {column} HAVING sum(events) > 0"
        )
        found = names.values(connection, [number for (number,) in connection.execute(query)])
        return sorted(name for name in found.values() if name is not None)

    rows = connection.execute(
        "SELECT branch, project, max(last_time) FROM sums_by_branch"
        " GROUP BY branch, project HAVING sum(events) > 0 ORDER BY 3 DESC, branch, project"
    ).fetchall()
    texts = names.values(connection, {number for row in rows for number in row[:2]})
    branches = [
        BranchOption(value=branch, label=f"{texts[p]} / {branch}" if texts[p] else branch)
        for b, p, _ in rows
        if (branch := texts[b]) is not None
    ]
    return FilterOptions(
        agent_types=distinct("agent"),
        event_types=distinct("type"),
        tool_names=distinct("tool"),
        models=distinct("model"),
        projects=distinct("project", "sums_by_project"),
        branches=branches,
        sources=distinct("source"),
    )


def _nameless(nano: float, tokens: float) -> str | None:
    """The model of what names none: only where that used something is it one of the models."""
    return UNKNOWN if nano or tokens else None


def _by_count(counts: dict[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
