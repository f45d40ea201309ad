"""``agentmonitor usage``: tokens and cost by day, week, month, block or session."""

from datetime import date, datetime, timedelta
from pathlib import Path

import click

from agentmonitor.cli.options import (
    filter_options,
    range_options,
    source_options,
    time_range,
    zone_of,
)
from agentmonitor.cli.source import Query, open_reports
from agentmonitor.errors import ConfigError

BUCKETS = {"daily": "day", "weekly": "week", "monthly": "month"}
DAYS = 30
WEEKS = 12
MONTHS = 12
MOST_SERIES = 50
MOST_BLOCKS = 1000
MOST_SESSIONS = 50


@click.command("usage")
@click.argument(
    "period",
    type=click.Choice(["daily", "weekly", "monthly", "blocks", "session"]),
    default="daily",
)
@click.option(
    "--by",
    type=click.Choice(["model", "agent", "project"]),
    default="model",
    show_default=True,
    help="What a period is made up of.",
)
@click.option("--breakdown", is_flag=True, help="A row for each model (or what --by says) too.")
@click.option("--limit", type=click.IntRange(1, 1000), help="Sessions at most (50).")
@range_options
@filter_options
@source_options
def command(
    period: str,
    by: str,
    breakdown: bool,
    limit: int | None,
    since: str | None,
    until: str | None,
    tz: str | None,
    agent: str | None,
    project: str | None,
    branch: str | None,
    model: str | None,
    as_json: bool,
    url: str | None,
    db: Path | None,
) -> None:
    """Show what was used and what it cost, by PERIOD: daily, weekly, monthly, blocks or session.

    Without --since the last 30 days, 12 weeks or 12 months.

    Example: agentmonitor usage weekly --by agent --breakdown
    """
    if limit is not None and period != "session":
        raise ConfigError("--limit is about sessions: agentmonitor usage session --limit 20.")
    if breakdown and period == "session":
        raise ConfigError("A session has no rows below it: leave --breakdown out.")
    filters = {"agent": agent, "project": project, "branch": branch, "model": model}
    span = time_range(since, until, tz)
    if period == "blocks":
        path, query = "/api/v2/blocks", _blocks_query(filters, span)
    else:
        path, query = "/api/v2/usage", _query(period, by, limit, filters, span)
    with open_reports(url, db) as reports:
        body = reports.source.fetch(path, query)
    if as_json:
        from agentmonitor.cli.output import show_json

        show_json(body)
        return
    from agentmonitor.cli import usage_tables as tables

    if period == "blocks":
        tables.show_blocks(body, zone_of(str(span["tz"])), breakdown=breakdown)
    elif period == "session":
        tables.show_sessions(body, zone_of(str(span["tz"])))
    else:
        tables.show_periods(body, breakdown=breakdown)


def _query(
    period: str, by: str, limit: int | None, filters: dict[str, str | None], span: Query
) -> Query:
    if period == "session":
        return {"by": "session", "limit": limit or MOST_SESSIONS, **filters, **span}
    start = span["from"] or _start(period, span)
    wanted = {"bucket": BUCKETS[period], "by": by, "limit": MOST_SERIES}
    return {**wanted, **filters, **span, "from": start}


def _start(period: str, span: Query) -> str:
    """Where the periods that are shown by default begin."""
    now = datetime.now(zone_of(str(span["tz"])))
    last = now.date() if span["to"] is None else datetime.fromisoformat(str(span["to"])).date()
    if period == "daily":
        first = last - timedelta(days=DAYS - 1)
    elif period == "weekly":
        first = last - timedelta(days=last.weekday(), weeks=WEEKS - 1)
    else:
        months = last.year * 12 + last.month - 1 - (MONTHS - 1)
        first = date(months // 12, months % 12 + 1, 1)
    return first.isoformat()


def _blocks_query(filters: dict[str, str | None], span: Query) -> Query:
    for name in ("project", "branch", "model"):
        if filters[name] is not None:
            raise ConfigError(f"Blocks are those of an agent: --{name} cannot narrow them.")
    from agentmonitor.cli.options import instants

    return {"agent": filters["agent"], "limit": MOST_BLOCKS, **instants(span)}
