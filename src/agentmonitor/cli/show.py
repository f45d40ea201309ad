"""``agentmonitor show``: a session's transcript in the terminal."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from agentmonitor.cli.options import source_options
from agentmonitor.cli.source import Reports, open_reports

PAGE = 200


@click.command("show")
@click.argument("session")
@click.option("--full", is_flag=True, help="With what went into tools and came out of them.")
@click.option("--errors", is_flag=True, help="Only what failed.")
@click.option("--tz", metavar="ZONE", help="The time zone (default: this computer's).")
@click.option("--no-pager", is_flag=True, help="Print it at once, also in a terminal.")
@source_options
def command(
    session: str,
    full: bool,
    errors: bool,
    tz: str | None,
    no_pager: bool,
    as_json: bool,
    url: str | None,
    db: Path | None,
) -> None:
    """Show the transcript of SESSION: its id, how that begins, or 'last'.

    Example: agentmonitor show last --full
    """
    from agentmonitor.cli.options import local_zone, zone_of
    from agentmonitor.cli.output import has_colors, is_terminal, show_json
    from agentmonitor.cli.session_look import find_session, session_path

    zone = zone_of(tz or local_zone())
    with open_reports(url, db) as reports:
        detail = find_session(reports, session)
        path = session_path(detail["session"]["id"], "transcript")
        entries = _entries(reports, path, errors=errors)
        if as_json:
            whole = {"session_id": detail["session"]["id"], "entries": list(entries), "next": None}
            show_json(whole)
            return
        from agentmonitor.cli.transcript import transcript

        lines = (f"{line}\n" for line in transcript(detail, entries, zone, full=full))
        if is_terminal() and not no_pager:
            click.echo_via_pager(lines, color=None if has_colors() else False)
        else:
            for line in lines:
                click.echo(line, nl=False, color=True)


def _entries(reports: Reports, path: str, *, errors: bool) -> Iterator[dict[str, Any]]:
    for page in reports.pages(path, {"limit": PAGE, "errors": errors}):
        yield from page["entries"]
