"""Hours, days, weeks and months as they are where somebody lives. Times are ms since the epoch.

A day begins with its first moment in that zone, also where the clocks change at midnight; it has
23 or 25 hours when they change within it. Weeks are those of ISO 8601.
"""

from datetime import date, datetime, timedelta, tzinfo
from typing import Literal, get_args

from agentmonitor.model.clock import DAY_MS, HOUR_MS, from_iso

Period = Literal["hour", "day", "week", "month"]
PERIODS: tuple[Period, ...] = get_args(Period)
WEEK_HOURS = 7 * 24
EARLIEST = from_iso("1970-01-01T00:00:00Z")
LATEST = from_iso("2200-01-01T00:00:00Z")
"""What is asked about lies between these: calendars of other times are not kept."""


class TooMany(ValueError):
    """The range holds more periods than were allowed."""


def local(at: int, zone: tzinfo) -> datetime:
    """The moment ``at`` on the clocks of ``zone``, to the second."""
    return datetime.fromtimestamp(at // 1000, zone)


def day_start(day: date, zone: tzinfo) -> int:
    """When ``day`` begins in ``zone``."""
    # Of a midnight that comes twice the first one counts (fold 0); one that is left out is taken
    # as the moment when the clocks change. Both are what is wanted.
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
    return int(midnight.timestamp()) * 1000


def starts(since: int, until: int, period: Period, zone: tzinfo, most: int) -> list[int]:
    """When each period begins that touches ``since <= time < until``, and the end of the last.

    Raises TooMany when there are more than ``most``.
    """
    found = [_floor(since, period, zone)]
    while found[-1] < until:
        if len(found) > most:
            raise TooMany(period)
        found.append(_next(found[-1], period, zone))
    return found


def label(start: int, period: Period, zone: tzinfo) -> str:
    """The name of the period that begins at ``start``: ``2026-11-20``, ``2026-W47`` …"""
    moment = local(start, zone)
    if period == "hour":
        return moment.isoformat(timespec="minutes")
    if period == "day":
        return moment.date().isoformat()
    if period == "week":
        year, week, _ = moment.isocalendar()
        return f"{year}-W{week:02d}"
    return f"{moment.year}-{moment.month:02d}"


def span_before(since: int, until: int, zone: tzinfo) -> int:
    """Where the span begins that ends at ``since`` and is as long as ``since`` to ``until``.

    Whole days are as many days, whatever the clocks did; all else is as many milliseconds.
    """
    first, last = local(since, zone).date(), local(until, zone).date()
    if day_start(first, zone) == since and day_start(last, zone) == until:
        return day_start(first - (last - first), zone)
    return since - (until - since)


def stretches(since: int, until: int, zone: tzinfo) -> list[tuple[int, int, int]]:
    """``since <= time < until`` in parts of hours (UTC) within which the clocks of ``zone`` are not
    moved: (from, to, by how many hours they are ahead of UTC, rounded down)."""
    found = []
    start, at = since, since // HOUR_MS
    ahead = _ahead(at, zone)
    end = -(-until // HOUR_MS)
    while at < end:
        following = min(at + DAY_MS // HOUR_MS, end)
        then = _ahead(following, zone)
        if then == ahead:
            at = following
            continue
        while at + 1 < following:  # the clocks are moved in between
            middle = (at + following) // 2
            if _ahead(middle, zone) == ahead:
                at = middle
            else:
                following = middle
        if following >= end:
            break
        found.append((start, following * HOUR_MS, ahead))
        start, at, ahead = following * HOUR_MS, following, _ahead(following, zone)
    found.append((start, until, ahead))
    return found


def _ahead(hour: int, zone: tzinfo) -> int:
    offset = local(hour * HOUR_MS, zone).utcoffset()
    return 0 if offset is None else offset // timedelta(hours=1)


def _floor(at: int, period: Period, zone: tzinfo) -> int:
    moment = local(at, zone)
    if period == "hour":
        return at // 1000 * 1000 - (moment.minute * 60 + moment.second) * 1000
    day = moment.date()
    if period == "week":
        day -= timedelta(days=day.weekday())
    elif period == "month":
        day = day.replace(day=1)
    return day_start(day, zone)


def _next(start: int, period: Period, zone: tzinfo) -> int:
    moment = local(start, zone)
    if period == "hour":
        # To the next full hour on the clocks, also where they are moved by half an hour.
        return start + (3600 - moment.minute * 60 - moment.second) * 1000
    day = moment.date()
    if period == "day":
        day += timedelta(days=1)
    elif period == "week":
        day += timedelta(days=7)
    else:
        day = (day.replace(day=1) + timedelta(days=31)).replace(day=1)
    return day_start(day, zone)
