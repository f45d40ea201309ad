"""What an agent's provider says of a window that is under way."""

from collections.abc import Iterable

import msgspec

from agentmonitor.model.clock import HOUR_MS, MINUTE_MS
from agentmonitor.model.quota import Quota
from agentmonitor.storage.engine import Readable

_SAME_RESET_MS = 10 * MINUTE_MS
"""Resets of one window differ by seconds where an agent reckons them from "in n seconds"."""
_UNKNOWN_LENGTH_H = 5.0
"""How long a report that names neither reset nor length is believed."""


class Report(msgspec.Struct, kw_only=True, frozen=True):
    """One window under way. Times are ms."""

    name: str
    percent: float
    at: int
    """When ``percent`` was last said."""
    resets_at: int | None
    hours: float | None
    points: list[tuple[int, float]]
    """(time, percent): when each value was first said, growing; empty without a reset."""

    def percent_at(self, time: int) -> float:
        """The value at a moment after the first point: what was last said until then."""
        return max((percent for at, percent in self.points if at <= time), default=0.0)


def live_reports(store: Readable, agent_type: str, now: int) -> list[Report]:
    """The windows that are not over at ``now`` (ms), by name."""
    history: dict[str, list[Quota]] = {}
    for change in store.quota_history(agent_type, now):
        if change.resets_at is not None:
            history.setdefault(change.window, []).append(change)
    found = [_report(q, history.get(q.window, []), now) for q in store.quotas(agent_type)]
    return [report for report in found if report is not None]


def _report(newest: Quota, changes: list[Quota], now: int) -> Report | None:
    if changes:
        return _dated(newest, changes)
    if newest.resets_at is not None:
        return None
    hours = _hours([newest])
    if newest.at + (hours or _UNKNOWN_LENGTH_H) * HOUR_MS <= now:
        return None
    return Report(
        name=newest.window,
        percent=newest.used_percent,
        at=newest.at,
        resets_at=None,
        hours=hours,
        points=[],
    )


def _dated(newest: Quota, changes: list[Quota]) -> Report:
    """A window whose reset is known, from the values that were reported of it.

    Inside a window use only grows: a smaller value comes from a session that has rested and
    repeats what it last heard, and does not count.
    """
    resets_at = max(change.resets_at or 0 for change in changes)

    def is_same(quota: Quota) -> bool:
        return (quota.resets_at or 0) > resets_at - _SAME_RESET_MS

    points: list[tuple[int, float]] = []
    for change in filter(is_same, changes):
        if not points or change.used_percent > points[-1][1]:
            points.append((change.at, change.used_percent))
    at, percent = points[-1]
    if newest.used_percent == percent and is_same(newest):
        at = newest.at
    hours = _hours([newest, *changes])
    return Report(
        name=newest.window, percent=percent, at=at, resets_at=resets_at, hours=hours, points=points
    )


def _hours(quotas: Iterable[Quota]) -> float | None:
    minutes = next((q.window_minutes for q in quotas if q.window_minutes), None)
    return None if minutes is None else minutes / 60
