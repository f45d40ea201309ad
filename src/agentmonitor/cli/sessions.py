"""``agentmonitor sessions``."""

from pathlib import Path

import click

from agentmonitor.cli.options import filter_options, range_options, source_options, time_range
from agentmonitor.cli.source import open_reports

STATES = ["working", "permission", "input", "idle", "failed", "ended"]
SORTS = {
    "last": "last_activity", "started": "started", "cost": "cost", "tokens": "tokens",
    "events": "events", "errors": "errors",
}  # fmt: skip


@click.command("sessions")
@click.option("--state", type=click.Choice(STATES), help="Only those in this state.")
@click.option("--sort", type=click.Choice(list(SORTS)), default="last", show_default=True)
@click.option("--reverse", is_flag=True, help="The smallest or oldest first.")
@click.option("--limit", type=click.IntRange(1, 500), default=20, show_default=True)
@click.option("--query", "-q", help="Text in the title, the id or the folder.")
@range_options
@filter_options
@source_options
def command(
    state: str | None,
    sort: str,
    reverse: bool,
    limit: int,
    query: str | None,
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
    """List sessions: what they do, when they were last active, and what they cost.

    Example: agentmonitor sessions --state permission
    """
    asked = {
        "state": state,
        "sort": SORTS[sort],
        "order": "asc" if reverse else "desc",
        "limit": limit,
        "q": query,
        "agent": agent,
        "project": project,
        "branch": branch,
        "model": model,
        **time_range(since, until, tz),
    }
    with open_reports(url, db) as reports:
        body = reports.source.fetch("/api/v2/sessions", asked)
    from agentmonitor.cli.output import show_json

    if as_json:
        show_json(body)
    else:
        _show(body)


def _show(body: bytes) -> None:
    import msgspec

    from agentmonitor.cli.output import Column, Table, note, say, short
    from agentmonitor.cli.session_look import (
        STYLES,
        ago,
        cost_of,
        short_id,
        tokens_of,
    )

    found = msgspec.json.decode(body)
    if not found["sessions"]:
        note("No session matches.")
        return
    table = Table(
        Column("session"),
        Column("state"),
        Column("agent", optional=2),
        Column("project", flexible=True, optional=1),
        Column("title", flexible=True, least=24),
        Column("active", right=True),
        Column("events", right=True, optional=4),
        Column("errors", right=True, optional=3),
        Column("tokens", right=True),
        Column("cost", right=True),
    )
    for row in found["sessions"]:
        errors = row["error_count"]
        table.add(
            short_id(row["id"]),
            (row["state"], STYLES.get(row["state"], "")),
            row["agent_type"],
            row["project"],
            row["title"] or row["cwd"],
            ago(row["last_event_at"]),
            row["event_count"],
            (f"{errors:,}", "red" if errors else "dim"),
            short(tokens_of(row)),
            cost_of(row),
        )
    table.show()
    if found["total"] > len(found["sessions"]):
        say(f"{len(found['sessions']):,} of {found['total']:,} sessions.", "dim")
