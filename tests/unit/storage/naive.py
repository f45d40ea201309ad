"""What a store should answer, computed the simplest way: lists, loops and no cleverness."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from agentmonitor.model.clock import HOUR_MS, to_iso
from agentmonitor.model.event import Event
from agentmonitor.model.filters import EventFilter, SessionFilter
from agentmonitor.model.signal import SessionSignal
from agentmonitor.model.stats import (
    Cost,
    CostBucket,
    ModelCost,
    ProjectCost,
    Stats,
    ToolStats,
    WindowUse,
)
from tests.unit.builders import LINGERING

RANKS = ("active", "idle", "ended")


@dataclass
class NaiveSession:
    """A session, by the contract's rules."""

    id: str
    agent: str
    order: int
    last: int
    status: str = "ended"
    project: str | None = None
    branch: str | None = None
    events: list[Event] = field(default_factory=list)


class Naive:
    """All events and sessions in memory."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.sessions: dict[str, NaiveSession] = {}
        self._seen: set[str] = set()

    def add(self, events: Iterable[Event], signals: Iterable[SessionSignal] = ()) -> None:
        """Take in copies of what is written to the engine."""
        for event in events:
            if event.event_id is None or event.event_id not in self._seen:
                self._add(event)
        for signal in signals:
            session = self._session(signal.session_id, signal.agent_type, signal.at)
            self._place(session, signal.project, signal.branch)
            session.project = session.project or signal.project
            if signal.signal.kind != "none":
                session.status = "active"

    def _session(self, id_: str, agent: str, at: int) -> NaiveSession:
        new = NaiveSession(id_, agent, len(self.sessions), at)
        return self.sessions.setdefault(id_, new)

    def _place(self, session: NaiveSession, project: str | None, branch: str | None) -> None:
        for event in session.events:
            event.project = event.project or project
            event.branch = event.branch or branch
        session.project = project or session.project
        session.branch = branch or session.branch

    def _add(self, event: Event) -> None:
        if event.event_id is not None:
            self._seen.add(event.event_id)
        session = self._session(event.session_id, event.agent_type, event.time)
        self._place(session, event.project, event.branch)
        event.project, event.branch = session.project, session.branch
        event.id = len(self.events) + 1
        self.events.append(event)
        session.events.append(event)
        session.last = max(session.last, event.time)
        if event.source != "import":
            session.status = "active"
            if event.event_type == "session_end":
                session.status = "idle" if event.agent_type == LINGERING else "ended"

    def page(self, where: EventFilter) -> list[Event]:
        """Every match, newest own time first, then id."""
        names = ("agent_type", "event_type", "tool_name", "session_id", "branch", "project",
                 "model", "source")  # fmt: skip
        found = [
            e
            for e in self.events
            if all(getattr(where, n) in (None, getattr(e, n)) for n in names)
            and (where.since is None or e.time >= where.since)
            and (where.until is None or e.time <= where.until)
        ]
        return sorted(found, key=lambda e: (e.time, e.id), reverse=True)

    def session_page(self, where: SessionFilter) -> list[str]:
        """The ids of every match in order; no filter by state."""
        found = [
            s
            for s in self.sessions.values()
            if where.agent_type in (None, s.agent)
            and where.status in (None, s.status)
            and where.exclude_status != s.status
            and (where.since is None or s.last >= where.since)
        ]
        return [
            s.id for s in sorted(found, key=lambda s: (RANKS.index(s.status), -s.last, -s.order))
        ]

    def chosen(self, agent: str | None, since: int | None) -> list[Event]:
        """The events that statistics are about."""
        return self.page(EventFilter(agent_type=agent, since=since))

    def stats(self, agent: str | None, since: int | None) -> Stats:
        """``Readable.stats``."""
        events = self.chosen(agent, since)
        ids = self.session_page(SessionFilter(agent_type=agent, since=since))
        sessions = [self.sessions[i] for i in ids]
        free = unpriced(events)
        return Stats(
            total_events=len(events),
            active_sessions=sum(s.status == "active" for s in sessions),
            total_sessions=len(sessions),
            live_sessions=sum(s.status != "ended" for s in sessions),
            active_agents=len({s.agent for s in sessions if s.status != "ended"}),
            total_tokens_in=sum(e.tokens_in for e in events),
            total_tokens_out=sum(e.tokens_out for e in events),
            total_cost_usd=dollars(events),
            tool_breakdown=counted(e.tool_name for e in events),
            agent_breakdown=counted(e.agent_type for e in events),
            model_breakdown=counted(e.model for e in events),
            branches=sorted({e.branch for e in events if e.branch}),
            total_errors=sum(e.status != "success" for e in events),
            total_cache_read_tokens=sum(e.cache_read_tokens for e in events),
            total_cache_write_tokens=sum(e.cache_write_tokens for e in events),
            unpriced_events=len(free),
            unpriced_tokens=sum(free),
        )

    def tools(self, agent: str | None, since: int | None) -> list[ToolStats]:
        """``Readable.tools``."""
        result = []
        for name, calls in grouped(self.chosen(agent, since), lambda e: e.tool_name).items():
            errors = sum(e.status != "success" for e in calls)
            durations = [e.duration_ms for e in calls if e.duration_ms is not None]
            average = round(sum(durations) / len(durations), 2) if durations else None
            result.append(
                ToolStats(
                    tool_name=name,
                    total_calls=len(calls),
                    error_count=errors,
                    error_rate=round(errors / len(calls), 4),
                    avg_duration_ms=average,
                    by_agent=counted(e.agent_type for e in calls),
                )
            )
        return sorted(result, key=lambda t: (-t.total_calls, t.tool_name))

    def cost(self, agent: str | None, since: int | None, projects: int) -> Cost:
        """``Readable.cost``."""
        events = self.chosen(agent, since)
        ids = self.session_page(SessionFilter(agent_type=agent, since=since))
        homes = Counter(self.sessions[i].project or "unknown" for i in ids)
        hours = grouped(events, lambda e: to_iso(e.time // HOUR_MS * HOUR_MS)[:19] + "Z")
        places = grouped(events, lambda e: e.project or "unknown")
        models = grouped(events, lambda e: e.model or "unknown")
        if not any(e.model is None and (e.cost_usd or tokens(e)) for e in events):
            models.pop("unknown", None)
        by_project = [ProjectCost(project=name, cost_usd=dollars(es), session_count=homes[name],
                                  event_count=len(es), unpriced_tokens=sum(unpriced(es)))
                      for name, es in places.items()]  # fmt: skip
        by_model = [ModelCost(model=name, cost_usd=dollars(es), event_count=len(es),
                              tokens_in=sum(e.tokens_in for e in es),
                              tokens_out=sum(e.tokens_out for e in es),
                              cache_read_tokens=sum(e.cache_read_tokens for e in es),
                              cache_write_tokens=sum(e.cache_write_tokens for e in es),
                              unpriced_events=len(unpriced(es)),
                              unpriced_tokens=sum(unpriced(es)))
                    for name, es in models.items()]  # fmt: skip
        timeline = [CostBucket(bucket=hour, cost_usd=dollars(es), event_count=len(es),
                               tokens_in=sum(e.tokens_in for e in es),
                               tokens_out=sum(e.tokens_out for e in es),
                               error_count=sum(e.status != "success" for e in es),
                               unpriced_tokens=sum(unpriced(es)))
                    for hour, es in sorted(hours.items())]  # fmt: skip
        return Cost(
            timeline=timeline,
            by_project=sorted(by_project, key=lambda p: (-p.cost_usd, -p.event_count, p.project))[
                :projects
            ],
            by_model=sorted(by_model, key=lambda m: (-m.cost_usd, -m.event_count, m.model)),
        )

    def used_between(self, agent: str, since: int, until: int) -> WindowUse:
        """``Readable.used_between``."""
        events = [e for e in self.chosen(agent, since) if e.time < until]
        used = sum(e.tokens_in + e.tokens_out for e in events)
        return WindowUse(tokens=used, cost_usd=dollars(events))


def tokens(event: Event) -> int:
    """All tokens of an event."""
    return event.tokens_in + event.tokens_out + event.cache_read_tokens + event.cache_write_tokens


def unpriced(events: Iterable[Event]) -> list[int]:
    """The tokens of each event that has tokens and no cost."""
    return [tokens(e) for e in events if e.cost_usd is None and tokens(e)]


def dollars(events: Iterable[Event]) -> float:
    """The cost of ``events``, to the nanodollar."""
    return sum(round((e.cost_usd or 0) * 1e9) for e in events) / 1e9


def counted(names: Iterable[str | None]) -> dict[str, int]:
    """How often each name stands there, most often first."""
    counts = Counter(name for name in names if name is not None)
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def grouped(events: Iterable[Event], key: Callable[[Event], str | None]) -> dict[str, list[Event]]:
    """``events`` by ``key``; those without one are left out."""
    groups: defaultdict[str, list[Event]] = defaultdict(list)
    for event in events:
        name = key(event)
        if name is not None:
            groups[name].append(event)
    return groups
