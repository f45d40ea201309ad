"""``agentmonitor tools``."""

from pathlib import Path

import click

from agentmonitor.cli.options import filter_options, range_options, source_options, time_range
from agentmonitor.cli.source import open_reports


@click.command("tools")
@click.option(
    "--by", type=click.Choice(["agent", "project"]), default="agent", show_default=True,
    help="What --breakdown tells apart.",
)  # fmt: skip
@click.option("--breakdown", is_flag=True, help="A row for each agent (or what --by says) too.")
@click.option("--sort", type=click.Choice(["calls", "failures", "rate", "duration"]),
              default="calls", show_default=True)  # fmt: skip
@click.option("--limit", type=click.IntRange(1), default=30, show_default=True)
@range_options
@filter_options
@source_options
def command(
    by: str,
    breakdown: bool,
    sort: str,
    limit: int,
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
    """Show how often tools were called, how often they failed, and how long they took.

    Without --since the last 30 days.

    Example: agentmonitor tools --since 7d --sort failures
    """
    filters = {"agent": agent, "project": project, "branch": branch, "model": model}
    asked = {"by": by, **filters, **time_range(since, until, tz)}
    with open_reports(url, db) as reports:
        body = reports.source.fetch("/api/v2/tools", asked)
    from agentmonitor.cli.output import show_json

    if as_json:
        show_json(body)
    else:
        _show(body, sort, limit, breakdown=breakdown)


def _show(body: bytes, sort: str, limit: int, *, breakdown: bool) -> None:
    from typing import Any

    import msgspec

    from agentmonitor.cli.output import Cell, Column, Table, count, duration, note, say

    found = msgspec.json.decode(body)
    tools = found["tools"]
    if not tools:
        note("No tool was called in this time. Choose another --since.")
        return
    names = {"rate": "failure_rate", "duration": "mean_duration_ms"}
    tools.sort(key=lambda tool: -(tool[names.get(sort, sort)] or 0))
    table = Table(
        Column("tool", flexible=True),
        Column("calls", right=True),
        Column("failures", right=True),
        Column("rate", right=True),
        Column("mean", right=True),
    )

    def cells(row: dict[str, Any]) -> list[Cell]:
        failures, rate = row["failures"], row["failure_rate"]
        style = "red" if rate >= 0.1 else "yellow" if failures else "dim"
        return [
            row["calls"],
            (count(failures), style),
            (f"{rate:.1%}", style),
            duration(row["mean_duration_ms"]),
        ]

    for tool in tools[:limit]:
        table.add(tool["tool"], *cells(tool), style="bold" if breakdown else None)
        for part in tool["parts"] if breakdown else ():
            table.add(f"└ {part['key'] or '(none)'}", *cells(part))
    table.show()
    calls, failures = count(found["calls"]), count(found["failures"])
    say(f"{calls} calls of {len(tools):,} tools, {failures} failed.", "dim")
