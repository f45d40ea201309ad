"""``/api/v2``: usage over time, tools, activity, and the values to filter by."""

from datetime import date, timedelta, tzinfo
from typing import Literal

from agentmonitor.model.analytics import By, SessionReport, UsageReport, Where
from agentmonitor.model.clock import now_ms
from agentmonitor.model.periods import EARLIEST, LATEST, Period, TooMany, day_start, local
from agentmonitor.runtime import Runtime
from agentmonitor.server.http import Reply, Request, Response, json_response
from agentmonitor.server.router import Router
from agentmonitor.server.v2 import choice, invalid, moment, time_zone
from agentmonitor.usage.activity import MAX_DAYS, activity_report
from agentmonitor.usage.analytics import (
    DEFAULT_SERIES,
    MAX_BUCKETS,
    MAX_SERIES,
    Span,
    session_report,
    usage_report,
)
from agentmonitor.usage.export import (
    SESSION_COLUMNS,
    session_rows,
    to_csv,
    usage_columns,
    usage_rows,
)

DEFAULT_DAYS = 30
ACTIVITY_DAYS = 371
"""53 weeks: a calendar's columns."""
DEFAULT_SESSIONS = 50
MAX_SESSIONS = 1000


def register(router: Router) -> None:
    """Add the routes of this module."""
    router.add("GET", "/api/v2/usage", usage)
    router.add("GET", "/api/v2/usage/export", export)
    router.add("GET", "/api/v2/tools", tools)
    router.add("GET", "/api/v2/activity", activity)
    router.add("GET", "/api/v2/facets", facets)


async def usage(request: Request, runtime: Runtime) -> Reply:
    """Usage by period and one dimension, or the dearest sessions."""
    return json_response(await _usage(request, runtime, DEFAULT_SERIES, DEFAULT_SESSIONS))


async def export(request: Request, runtime: Runtime) -> Reply:
    """The same as rows, in a file."""
    form = choice(request, "format", Literal["csv", "json"])
    report = await _usage(request, runtime, MAX_SERIES, MAX_SESSIONS)
    if isinstance(report, UsageReport):
        rows = usage_rows(report)
        names = usage_columns(report.by)
    else:
        rows = session_rows(report)
        names = list(SESSION_COLUMNS)
    name = f"usage-by-{report.by}-{report.since[:10]}.{form}".encode("ascii")
    headers = [(b"content-disposition", b'attachment; filename="' + name + b'"')]
    if form == "json":
        return json_response({"rows": rows}, headers=headers)
    headers += [
        (b"content-type", b"text/csv; charset=utf-8"),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
    ]
    return Response(200, to_csv(names, rows), headers)


async def tools(request: Request, runtime: Runtime) -> Reply:
    """Calls, failures and durations by tool."""
    where, _ = _asked(request, DEFAULT_DAYS)
    by = choice(request, "by", Literal["agent", "project"])
    return json_response(await runtime.read(runtime.engine.tool_use, where, by))


async def activity(request: Request, runtime: Runtime) -> Reply:
    """The calendar, the hours of the week, and what an active day brings."""
    where, zone = _asked(request, ACTIVITY_DAYS)
    try:
        return json_response(await runtime.read(activity_report, runtime.engine, where, zone))
    except TooMany:
        raise invalid("from", f"gives more than {MAX_DAYS} days; choose a later one") from None


async def facets(request: Request, runtime: Runtime) -> Reply:
    """The values to filter by, and how often each occurs; of all time without a range."""
    where, _ = _asked(request, None)
    for field in ("project", "branch", "model", "session"):
        if getattr(where, field) is not None:
            raise invalid(field, "cannot narrow facets; only agent, from and to do")
    return json_response(await runtime.read(runtime.engine.facets, where))


async def _usage(
    request: Request, runtime: Runtime, series: int, sessions: int
) -> UsageReport | SessionReport:
    where, zone = _asked(request, DEFAULT_DAYS)
    by = choice(request, "by", Literal[By, "session"])
    period: Period = choice(request, "bucket", Literal["day", "hour", "week", "month"])
    span = Span(zone, str(zone), period)
    engine = runtime.engine
    if by == "session":
        limit = min(request.number("limit", sessions, 1), MAX_SESSIONS)
        return await runtime.read(session_report, engine, where, span, limit)
    limit = min(request.number("limit", series, 1), MAX_SERIES)
    try:
        return await runtime.read(usage_report, engine, runtime.pricer, where, by, span, limit)
    except TooMany:
        message = f"gives more than {MAX_BUCKETS} of them; choose a larger one or a later from"
        raise invalid("bucket", message) from None


def _asked(request: Request, days: int | None) -> tuple[Where, tzinfo]:
    """The filters and the zone; the range is ``days`` up to today without one; None: all.

    Raises InvalidInput.
    """
    zone = time_zone(request)
    since, until = moment(request, "from", zone), _end(request, zone)
    if until is None:
        today = local(now_ms(), zone).date()
        until = LATEST if days is None else _days_after(today, 1, zone)
    if since is None and days is None:
        since = EARLIEST
    elif since is None:
        # What is asked up to a moment of a day begins with a whole day too.
        last = local(max(EARLIEST, min(until, LATEST)) - 1, zone).date()
        since = _days_after(last, 1 - (days or 1), zone)
    for field, at in (("to", until), ("from", since)):
        if not EARLIEST <= at <= LATEST:
            raise invalid(field, "must lie in the years 1970 to 2199")
    if since >= until:
        raise invalid("from", "must be before the end of the range")
    where = Where(
        since=since,
        until=until,
        agent=request.query("agent"),
        project=request.query("project"),
        branch=request.query("branch"),
        model=request.query("model"),
        session=request.query("session"),
    )
    return where, zone


def _end(request: Request, zone: tzinfo) -> int | None:
    """``to`` in ms: a time as it is, a day with all of it. Raises InvalidInput."""
    text = request.query("to")
    found = moment(request, "to", zone)
    if found is None or text is None:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:  # with a time
        return found
    return _days_after(day, 1, zone)


def _days_after(day: date, days: int, zone: tzinfo) -> int:
    try:
        return day_start(day + timedelta(days=days), zone)
    except (OverflowError, ValueError):
        raise invalid("to", "must lie in the years 1970 to 2199") from None
