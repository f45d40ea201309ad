"""``/api/v2``: usage over time, tools, activity, and the values to filter by."""

from datetime import date, timedelta, tzinfo
from typing import TYPE_CHECKING, Literal

import msgspec

from agentmonitor.model.analytics import By, SessionReport, UsageReport, Where
from agentmonitor.model.clock import now_ms
from agentmonitor.model.failure import Failure
from agentmonitor.model.insight import ActivityReport, Facets, ToolReport, ToolsBy
from agentmonitor.model.periods import EARLIEST, LATEST, Period, TooMany, day_start, local
from agentmonitor.server import v2
from agentmonitor.server.http import Parts, Reply, Request, json_response
from agentmonitor.server.operation import JSON, Operation, answers
from agentmonitor.server.query import (
    Cursor,
    Filters,
    Limit,
    Range,
    invalid,
    moment,
    rows,
    time_zone,
)
from agentmonitor.server.router import Router
from agentmonitor.storage.session_reads import EventPlace
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
    csv_parts,
    json_parts,
    session_rows,
    usage_columns,
    usage_rows,
)

if TYPE_CHECKING:
    from agentmonitor.runtime import Runtime

DEFAULT_DAYS = 30
HOURLY_DAYS = 7
"""By the hour: more days would be more periods than one answer has."""
ACTIVITY_DAYS = 371
"""53 weeks: a calendar's columns."""
DEFAULT_SESSIONS = 50
MAX_SESSIONS = 1000
MAX_FAILURES = 200
"""Rows of one page at most."""


class UsageQuery(Filters, kw_only=True, frozen=True):
    """Which usage, added up by what; the range is the last 30 days if absent, by the hour 7."""

    by: Literal[By, "session"] = "model"
    """`session` gives the dearest sessions, with sums over their whole lives."""
    bucket: Period = "day"
    """The periods, of which there may be 500."""
    limit: Limit | None = None
    """Series (10 if absent, 50 at most) or, with `by=session`, sessions (50, 1000 at most)."""


class UsageExportQuery(UsageQuery, kw_only=True, frozen=True):
    """The same, and in which format."""

    form: Literal["csv", "json"] = msgspec.field(name="format", default="csv")
    limit: Limit | None = None
    """Series (50 if absent and at most) or, with `by=session`, sessions (1000)."""


class ToolsQuery(Filters, kw_only=True, frozen=True):
    """Which calls; the range is the last 30 days if absent."""

    by: ToolsBy = "agent"
    """What the calls of each tool are told apart by."""


class FailuresQuery(Filters, kw_only=True, frozen=True):
    """Which failed calls; the range is the last 30 days if absent."""

    tool: str | None = None
    limit: Limit = 50
    """Rows of the page; 200 at most."""
    cursor: Cursor | None = None
    """The `next` of the page before."""


class FailurePage(v2.Paged, kw_only=True):
    """Calls of tools that failed, the latest first."""

    failures: list[Failure]


class ActivityQuery(Filters, kw_only=True, frozen=True):
    """Which events; the range is the last 53 weeks if absent, and 500 days at most."""


class FacetsQuery(Filters, kw_only=True, frozen=True):
    """Values of which events; of all time if there is no range."""


class UsageRows(msgspec.Struct):
    """One row for each bucket and series with events, or for each session."""

    rows: list[dict[str, str | bool | int | float | None]]


def register(router: Router) -> None:
    """Add the routes of this module."""
    add = router.add
    told = Operation(answers(UsageReport | SessionReport), UsageQuery)
    add("GET", "/api/v2/usage", usage, told)
    files = {"text/csv": str, JSON: UsageRows}
    add("GET", "/api/v2/usage/export", export, Operation({200: files}, UsageExportQuery))
    add("GET", "/api/v2/tools", tools, Operation(answers(ToolReport), ToolsQuery))
    add("GET", "/api/v2/failures", failures, Operation(answers(FailurePage), FailuresQuery))
    add("GET", "/api/v2/activity", activity, Operation(answers(ActivityReport), ActivityQuery))
    add("GET", "/api/v2/facets", facets, Operation(answers(Facets), FacetsQuery))


async def usage(request: Request, runtime: "Runtime") -> Reply:
    """Usage by period and one dimension, or the dearest sessions."""
    asked = v2.decode(request, UsageQuery)
    return json_response(await _usage(asked, runtime, DEFAULT_SERIES, DEFAULT_SESSIONS))


async def export(request: Request, runtime: "Runtime") -> Reply:
    """The same as rows, in a file."""
    asked = v2.decode(request, UsageExportQuery)
    report = await _usage(asked, runtime, MAX_SERIES, MAX_SESSIONS)
    if isinstance(report, UsageReport):
        found = usage_rows(report)
        names = usage_columns(report.by)
    else:
        found = session_rows(report)
        names = list(SESSION_COLUMNS)
    name = f"usage-by-{report.by}-{report.since[:10]}.{asked.form}".encode("ascii")
    is_json = asked.form == "json"
    headers = [
        (b"content-disposition", b'attachment; filename="' + name + b'"'),
        (b"content-type", b"application/json" if is_json else b"text/csv; charset=utf-8"),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
    ]
    return Parts(json_parts(found) if is_json else csv_parts(names, found), headers)


async def tools(request: Request, runtime: "Runtime") -> Reply:
    """Calls, failures and durations by tool."""
    asked = v2.decode(request, ToolsQuery)
    where, _ = _where(asked, DEFAULT_DAYS)
    return json_response(await runtime.read(runtime.engine.tool_use, where, asked.by))


async def failures(request: Request, runtime: "Runtime") -> Reply:
    """The latest calls of tools that failed, with what was asked and what came of it."""
    asked = v2.decode(request, FailuresQuery)
    where, _ = _where(asked, DEFAULT_DAYS)
    place = v2.place(asked.cursor, "failures", EventPlace)
    limit = rows(asked.limit, MAX_FAILURES)
    read = runtime.engine.session_reads.failures
    page = await runtime.read(read, where, asked.tool, limit, place)
    return v2.page_response(request, FailurePage(failures=page.rows), "failures", page.next)


async def activity(request: Request, runtime: "Runtime") -> Reply:
    """The calendar, the hours of the week, and what an active day brings."""
    where, zone = _where(v2.decode(request, ActivityQuery), ACTIVITY_DAYS)
    try:
        return json_response(await runtime.read(activity_report, runtime.engine, where, zone))
    except TooMany:
        raise invalid("from", f"gives more than {MAX_DAYS} days; choose a later one") from None


async def facets(request: Request, runtime: "Runtime") -> Reply:
    """The values to filter by, and how often each occurs; of all time without a range."""
    where, _ = _where(v2.decode(request, FacetsQuery), None)
    return json_response(await runtime.read(runtime.engine.facets, where))


async def _usage(
    asked: UsageQuery, runtime: "Runtime", series: int, sessions: int
) -> UsageReport | SessionReport:
    where, zone = _where(asked, HOURLY_DAYS if asked.bucket == "hour" else DEFAULT_DAYS)
    span = Span(zone, str(zone), asked.bucket)
    engine = runtime.engine
    if asked.by == "session":
        limit = rows(asked.limit or sessions, MAX_SESSIONS)
        return await runtime.read(session_report, engine, where, span, limit)
    by: By = asked.by
    limit = rows(asked.limit or series, MAX_SERIES)
    try:
        return await runtime.read(usage_report, engine, runtime.pricer, where, by, span, limit)
    except TooMany:
        message = f"gives more than {MAX_BUCKETS} of them; choose a larger one or a later from"
        raise invalid("bucket", message) from None


def _where(asked: Filters, days: int | None) -> tuple[Where, tzinfo]:
    """The filters and the zone; see ``_range``. Raises InvalidInput."""
    since, until, zone = _range(asked, days)
    return asked.where(since, until), zone


def _range(asked: Range, days: int | None) -> tuple[int, int, tzinfo]:
    """From, to and the zone; without a range the last ``days`` up to today; None: all time.

    Raises InvalidInput.
    """
    zone = time_zone(asked.tz)
    since, until = moment("from", asked.since, zone), _end(asked.until, zone)
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
    return since, until, zone


def _end(text: str | None, zone: tzinfo) -> int | None:
    """``to`` in ms: a time as it is, a day with all of it. Raises InvalidInput."""
    found = moment("to", text, zone)
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
