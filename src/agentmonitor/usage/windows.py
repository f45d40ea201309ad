"""Usage windows as of now: what is used, how fast, what that comes to, when the limit is reached.

All times are those of the events, to the minute. Three kinds of window:

- a block, the provider's session: from its first message, rounded down to the hour, for its hours;
- a rolling window: the last hours. It is shown from its first use on, for its hours: until that
  end nothing falls out of it, so that a projection only has to add;
- a reported one: it ends when the provider says, and began its length before that.

The burn rate is what the last hour used; in windows longer than half a day, what the last 24 hours
used, nights and all. Right after a pause the hour is taken from its first use on, but for at least
a quarter, so that one message is not taken for a storm.
"""

import msgspec

from agentmonitor.agents.registry import Registry
from agentmonitor.config import Settings
from agentmonitor.model.analytics import Where
from agentmonitor.model.clock import DAY_MS, HOUR_MS, MINUTE_MS, to_iso
from agentmonitor.model.stats import WindowUse
from agentmonitor.model.windows import Kind, UsageWindow
from agentmonitor.storage.engine import Readable
from agentmonitor.usage.limits import Slot, limits, slots
from agentmonitor.usage.reports import Report, live_reports

_SHORT_H = 12.0
_LEAST_PERCENT = 5.0
"""Below that a percentage is rounded too coarsely to reckon a limit from it."""


class _Pace(msgspec.Struct, frozen=True):
    """How a rate is taken: over the last ``span`` ms, divided by at least ``least`` ms."""

    span: int
    least: int


_HOURLY = _Pace(HOUR_MS, HOUR_MS // 4)
_DAILY = _Pace(DAY_MS, DAY_MS)


def current_windows(
    store: Readable,
    registry: Registry,
    settings: Settings,
    now: int,
    agent_type: str | None,
    where: Where | None = None,
) -> list[UsageWindow]:
    """The windows of every agent type that was seen, or of that one. ``now``: ms.

    ``where``: what matches is measured by the same windows and limits.

    A window without a limit or a report is left out, but for the session of an agent that has
    no other.
    """
    seen = {*store.agent_types(), *(quota.agent_type for quota in store.quotas(agent_type))}
    result: list[UsageWindow] = []
    for name in sorted(seen if agent_type is None else seen & {agent_type}):
        kind = limits(registry, settings, name).limit_type
        result += _Agent(store, name, kind, now, where).windows(slots(registry, settings, name))
    return result


class _Agent:
    """One agent type's use as of now, or of ``where`` alone."""

    def __init__(
        self, store: Readable, agent_type: str, kind: Kind, now: int, where: Where | None
    ) -> None:
        self._store = store
        self._agent_type = agent_type
        self._kind = kind
        self._now = now
        self._where = where
        self._end = now // MINUTE_MS * MINUTE_MS + MINUTE_MS
        """The current minute counts whole."""
        self._rates: dict[_Pace, float] = {}

    def windows(self, own: list[Slot]) -> list[UsageWindow]:
        """Of ``own`` those that have a limit or a report, then what else the provider reports."""
        reports = live_reports(self._store, self._agent_type, self._now)
        taken: dict[str, Report] = {}
        # Providers prefix the limits of one model or feature: the shorter name is the general one.
        for report in sorted(reports, key=lambda report: len(report.name)):
            # A slot with a limit first: it is the one that the agent's users know.
            for slot in sorted(own, key=lambda slot: not slot.limit):
                if report.hours and slot.fits(report.hours) and slot.name not in taken:
                    taken[slot.name] = report
                    reports.remove(report)
                    break
        shown = [slot for slot in own if slot.limit or slot.name in taken]
        result = []
        for slot in shown or own[:1]:
            found = taken.get(slot.name)
            result.append(
                self._guessed(slot)
                if found is None
                else self._reported(slot.name, found.hours or slot.hours, found)
            )
        return result + [self._reported(r.name, r.hours, r) for r in reports]

    def _guessed(self, slot: Slot) -> UsageWindow:
        start = self._start(slot)
        end = None if start is None else start + int(slot.hours * HOUR_MS)
        used = 0.0 if start is None else self._used(start, self._end)
        rate = self._rate(_pace(slot.hours))
        projected = used if end is None else used + rate * self._hours_to(end)
        limit = slot.limit or None
        return UsageWindow(
            agent_type=self._agent_type,
            window=slot.name,
            kind=self._kind,
            source="guessed",
            window_hours=slot.hours,
            starts_at=_iso(start),
            ends_at=_iso(end),
            used=self._amount(used),
            limit=limit,
            used_percent=_percent(used, limit),
            burn_rate_per_hour=self._amount(rate),
            projected=self._amount(projected),
            projected_percent=_percent(projected, limit),
            limit_reached_at=_iso(self._reached(used, rate, limit, end)),
            reported_at=None,
        )

    def _reported(self, name: str, hours: float | None, report: Report) -> UsageWindow:
        end = report.resets_at
        begin = None if hours is None else (end or self._now) - int(hours * HOUR_MS)
        start = None if begin is None else -(-begin // MINUTE_MS) * MINUTE_MS
        used = limit = None
        if start is not None:
            used = self._used(start, self._end)
            then = self._used_by_all(start, report.at // MINUTE_MS * MINUTE_MS + MINUTE_MS)
            if report.percent >= _LEAST_PERCENT and then > 0:
                limit = then * 100 / report.percent
        pace = _pace(hours)
        rate = self._rate(pace)
        share: float | None = report.percent
        speed = self._percent_per_hour(report, pace, rate, limit, start)
        if self._where is not None:  # what is reported is of everything
            share = _percent(used, limit)
            speed = None if limit is None else rate * 100 / limit
        percent = projected = None
        if end is not None and share is not None and speed is not None:
            percent = share + speed * self._hours_to(end)
            if limit is not None:
                projected = limit * percent / 100
            elif used is not None:
                projected = used + rate * self._hours_to(end)
        return UsageWindow(
            agent_type=self._agent_type,
            window=name,
            kind=self._kind,
            source="reported",
            window_hours=hours,
            starts_at=None if end is None else _iso(begin),
            ends_at=_iso(end),
            used=self._amount(used),
            limit=self._amount(limit),
            used_percent=share,
            burn_rate_per_hour=self._amount(rate),
            projected=self._amount(projected),
            projected_percent=_percent(percent, 100),
            limit_reached_at=_iso(self._reached(share or 0, speed or 0, 100, end)),
            reported_at=_iso(report.at),
        )

    def _percent_per_hour(
        self, report: Report, pace: _Pace, rate: float, limit: float | None, start: int | None
    ) -> float | None:
        """From the reports, where two or more span long enough; else from our own burn rate;
        else from the window so far. None: nothing is known."""
        points = report.points
        if len(points) > 1 and points[0][0] <= self._now - pace.least:
            since = max(points[0][0], self._now - pace.span)
            growth = report.percent - report.percent_at(since)
            return growth * HOUR_MS / max(self._now - since, pace.least)
        if limit is not None:
            return rate * 100 / limit
        if start is None or report.resets_at is None:
            return None
        return report.percent * HOUR_MS / max(self._now - start, pace.least)

    def _start(self, slot: Slot) -> int | None:
        """When the window began that is under way; None: with the next use."""
        if slot.is_block:
            return self._store.block_start(self._agent_type, self._now, int(slot.hours))
        first = -(-(self._now - int(slot.hours * HOUR_MS)) // MINUTE_MS) * MINUTE_MS
        return self._store.first_use(self._agent_type, first, self._end, self._kind)

    def _rate(self, pace: _Pace) -> float:
        """The use per hour; see the module's description."""
        known = self._rates.get(pace)
        if known is None:
            since = self._end - pace.span
            elapsed = pace.span
            if pace.least < pace.span:
                first = self._store.first_use(self._agent_type, since, self._end, self._kind)
                elapsed = max(self._end - (first or since), pace.least)
            known = self._rates[pace] = self._used(since, self._end) * HOUR_MS / elapsed
        return known

    def _used(self, since: int, until: int) -> float:
        return self._amount_of(
            self._store.used_between(self._agent_type, since, until, self._where)
        )

    def _used_by_all(self, since: int, until: int) -> float:
        return self._amount_of(self._store.used_between(self._agent_type, since, until))

    def _amount_of(self, use: WindowUse) -> float:
        return use.tokens if self._kind == "tokens" else use.cost_usd

    def _hours_to(self, end: int) -> float:
        return max(end - self._now, 0) / HOUR_MS

    def _reached(
        self, used: float, rate: float, limit: float | None, end: int | None
    ) -> int | None:
        """When ``limit`` is reached (ms); None: not before the end. Now, when it is already."""
        if limit is None:
            return None
        if used >= limit:
            return self._now
        if end is None or rate <= 0:
            return None
        hours = (limit - used) / rate
        return self._now + int(hours * HOUR_MS) if hours < self._hours_to(end) else None

    def _amount(self, value: float | None) -> float | None:
        """Without the noise of floating point: whole tokens, millionths of a dollar."""
        if value is None:
            return None
        return round(value) if self._kind == "tokens" else round(value, 6)


def _pace(hours: float | None) -> _Pace:
    return _HOURLY if hours is None or hours <= _SHORT_H else _DAILY


def _percent(used: float | None, limit: float | None) -> float | None:
    return round(used * 100 / limit, 2) if limit and used is not None else None


def _iso(time: int | None) -> str | None:
    return None if time is None else to_iso(time)
