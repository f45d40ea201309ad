"""``agentmonitor tail``: events as they come."""

from collections.abc import Callable, Iterator
from datetime import tzinfo
from pathlib import Path
from typing import Any

import click

from agentmonitor.cli.options import instants, source_options, time_range, zone_of
from agentmonitor.cli.source import Query, find_server

MOST = 10_000
"""Events that one answer can hold."""


@click.command("tail")
@click.option("--agent", help="Only of this agent.")
@click.option("--type", "event_type", help="Only events of this type, e.g. tool_use.")
@click.option("--project", help="Only of this project.")
@click.option("--session", metavar="ID", help="Only of this session, or those that begin so.")
@click.option("--errors", is_flag=True, help="Only what failed.")
@click.option(
    "--since", "-n", metavar="N|WHEN", help="First the last N events, or those since 30m."
)
@click.option("--tz", metavar="ZONE", help="The time zone (default: this computer's).")
@source_options
def command(
    agent: str | None,
    event_type: str | None,
    project: str | None,
    session: str | None,
    errors: bool,
    since: str | None,
    tz: str | None,
    as_json: bool,
    url: str | None,
    db: Path | None,
) -> None:
    """Follow what the agents do, an event a line. Ctrl-C ends it. Needs a running server.

    When the server restarts it goes on where it was. With --json each line is an event.

    Example: agentmonitor tail --since 20 --project shop
    """
    from agentmonitor.cli.follow import Stream
    from agentmonitor.cli.output import note

    address = find_server(url, db)
    span = time_range(None if _is_count(since) else since, None, tz)
    show = _json_line if as_json else _line(zone_of(str(span["tz"])))
    wanted = _wanted(project, session, errors=errors)
    query = {"agent_type": agent, "event_type": event_type}
    stream = Stream(address, query, note)
    try:
        frames = stream.frames()
        next(frames)  # connected: from here on nothing is missed while the past is read
        seen = set()
        if since is not None:
            past = {
                **query,
                "project": project,
                "since": instants(span)["from"],
                "limit": since if _is_count(since) else MOST,
            }
            for row in _past(address, past):
                seen.add(row["id"])
                if wanted(row):
                    show(row)
        for frame in frames:
            if frame["type"] == "event" and frame["payload"]["id"] not in seen:
                row = frame["payload"]
                if wanted(row):
                    show(row)
    finally:
        stream.close()


def _is_count(since: str | None) -> bool:
    return since is not None and since.isdecimal()


def _past(address: str, query: Query) -> Iterator[dict[str, Any]]:
    """Stored events, oldest first."""
    from agentmonitor.cli.source import open_reports

    with open_reports(address) as reports:
        yield from reversed(reports.get("/api/events", query)["events"])


def _wanted(
    project: str | None, session: str | None, *, errors: bool
) -> Callable[[dict[str, Any]], bool]:
    def test(row: dict[str, Any]) -> bool:
        if project is not None and row["project"] != project:
            return False
        if session is not None and not row["session_id"].startswith(session):
            return False
        return not errors or row["status"] != "success" or row["event_type"] == "error"

    return test


def _json_line(row: dict[str, Any]) -> None:
    import msgspec

    from agentmonitor.cli.text import clean_json

    click.echo(clean_json(msgspec.json.encode(row).decode("utf-8", "replace")))


def _line(zone: tzinfo) -> Callable[[dict[str, Any]], None]:
    from agentmonitor.cli.event_line import event_line

    def show(row: dict[str, Any]) -> None:
        click.echo(event_line(row, zone), color=True)

    return show
