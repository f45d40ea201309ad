"""``agentmonitor doctor``: what is wrong with the installation, and what to do."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agentmonitor import __version__
from agentmonitor.config import load_settings
from agentmonitor.errors import AgentMonitorError, ConfigError

if TYPE_CHECKING:
    from agentmonitor.doctor.finding import Finding

_STYLES = {"ok": "green", "warn": "yellow", "fail": "red"}


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--url", metavar="URL", help="The server that the agents should report to.")
@click.option("--db", type=click.Path(dir_okay=False, path_type=Path), help="The database file.")
def command(as_json: bool, url: str | None, db: Path | None) -> None:
    """Check the installation, the server, the database and each agent's connection.

    Changes nothing. Exit code 1 when something does not work.

    Example: agentmonitor doctor
    """
    found = _findings(url, db)
    failed = any(each.state == "fail" for each in found)
    if as_json:
        from agentmonitor.cli.output import show_json

        show_json({"ok": not failed, "version": __version__, "checks": found})
    else:
        _show(found)
    if failed:
        sys.exit(1)


def _findings(url: str | None, db: Path | None) -> "list[Finding]":
    from agentmonitor.cli.server_facts import ask_server_facts
    from agentmonitor.doctor.examine import examine
    from agentmonitor.doctor.finding import fail
    from agentmonitor.storage.sqlite.lock import holder_of

    try:
        settings = load_settings(db_path=db)
    except ConfigError as error:
        return [fail("settings", str(error), "Then run 'agentmonitor doctor' again for the rest.")]
    holder = holder_of(settings.db_path) if url is None else None
    address = url or (holder.address if holder is not None else None)
    if address is None:
        return examine(settings, None, holder, url)
    try:
        return examine(settings, ask_server_facts(address), holder, url)
    except AgentMonitorError as error:
        return examine(settings, str(error), holder, url)


def _show(found: "list[Finding]") -> None:
    from agentmonitor.cli.output import say, style
    from agentmonitor.cli.text import clean

    wide = max(len(each.name) for each in found)
    for each in found:
        state = style(f"{each.state:4}", _STYLES[each.state])
        say(f"{state}  {each.name:{wide}}  {clean(each.seen)}")
        if each.advice is not None:
            say(f"{'':4}  {'':{wide}}  → {clean(each.advice)}", "bold")
    bad = [sum(each.state == state for each in found) for state in ("fail", "warn")]
    if any(bad):
        say(f"\n{bad[0]} failed, {bad[1]} to be looked at.")
    else:
        say("\nAll is well.")
