"""``agentmonitor import``: the agents' session files into the store."""

import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from agentmonitor.cli.remote import ask_server
from agentmonitor.config import Settings, load_settings
from agentmonitor.errors import DatabaseInUse

if TYPE_CHECKING:
    from agentmonitor.importer.history import ImportOutcome, Progress
    from agentmonitor.importer.request import ImportRequest


@click.command("import")
@click.option("--agent", "agents", multiple=True, help="Only this agent's files (repeatable).")
@click.option("--from", "start", help="Only what happened on or after this day.")
@click.option("--to", "end", help="Only what happened up to the end of this day.")
@click.option("--path", "paths", multiple=True, help="Only this file or folder (repeatable).")
@click.option(
    "--from-db",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Take over this database of an earlier AgentMonitor.",
)
@click.option("--dry-run", is_flag=True, help="Read and count; store nothing.")
@click.option("--force", is_flag=True, help="Read every file anew; nothing is counted twice.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
@click.option("--db", type=click.Path(dir_okay=False, path_type=Path), help="The database file.")
def command(
    agents: tuple[str, ...],
    start: str | None,
    end: str | None,
    paths: tuple[str, ...],
    from_db: Path | None,
    dry_run: bool,
    force: bool,
    as_json: bool,
    db: Path | None,
) -> None:
    """Import the agents' session files, wherever they keep them.

    What it brings can be searched when it ends. Running it again only reads what is new. Ctrl-C
    ends it; the next run goes on from there.

    Example: agentmonitor import --agent claude_code --from 2026-11-01
    """
    from agentmonitor.importer.request import ImportRequest

    request = ImportRequest(
        agents=list(agents),
        start=start,
        end=end,
        paths=[str(Path(path).expanduser().absolute()) for path in paths],
        from_db=None if from_db is None else str(from_db.absolute()),
        dry_run=dry_run,
        force=force,
    )
    settings = load_settings(db_path=db)
    show = _progress()
    try:
        outcome = _here(settings, request, show)
    except DatabaseInUse:
        outcome = _by_server(settings, request, show)
    if sys.stderr.isatty():
        click.echo("\r\033[K", nl=False, err=True)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(outcome), indent=2))
    else:
        _print(outcome)


def _progress() -> "Callable[[Progress], None]":
    began = time.monotonic()

    def show(progress: "Progress") -> None:
        if not sys.stderr.isatty():
            return
        spent = max(time.monotonic() - began, 0.001)
        rate = progress.bytes / spent
        left = (progress.all_bytes - progress.bytes) / rate if rate else 0
        click.echo(
            f"\r\033[K{progress.files:,} of {progress.all_files:,} files,"
            f" {progress.bytes / 1e6:,.0f} of {progress.all_bytes / 1e6:,.0f} MB,"
            f" {rate / 1e6:,.0f} MB/s, {left:,.0f} s left",
            nl=False,
            err=True,
        )

    return show


def _show_indexed(done: int, of_all: int) -> None:
    if sys.stderr.isatty():
        text = f"Indexing for the search: {done:,} of {of_all:,} events"
        click.echo(f"\r\033[K{text}", nl=False, err=True)


def _say_unindexed() -> None:
    clear = "\r\033[K" if sys.stderr.isatty() else ""
    click.echo(
        f"{clear}All is imported, but not all can be searched yet: the server, or the next import, "
        "goes on from here.",
        err=True,
    )


def _here(
    settings: Settings, request: "ImportRequest", show: "Callable[[Progress], None]"
) -> "ImportOutcome":
    from agentmonitor.importer.request import run_import
    from agentmonitor.memory import calm_collector
    from agentmonitor.runtime import Runtime

    stop = threading.Event()
    runtime = Runtime(settings)
    runtime.open()
    calm_collector()
    before = signal.signal(signal.SIGINT, lambda number, frame: stop.set())
    try:
        beside = nullcontext() if request.dry_run else runtime.engine.index_meanwhile()
        with beside:
            outcome = run_import(request, runtime.import_sources(), show, stop)
        if not request.dry_run:
            runtime.engine.complete_index(_show_indexed, stop)
            if stop.is_set() and outcome.finished:
                _say_unindexed()
        return outcome
    finally:
        signal.signal(signal.SIGINT, before)
        runtime.close()


def _by_server(
    settings: Settings, request: "ImportRequest", show: "Callable[[Progress], None]"
) -> "ImportOutcome":
    from agentmonitor.importer.history import ImportOutcome, Progress

    outcome = ask_server(
        settings.db_path,
        "api/v2/import",
        request,
        lambda value: show(msgspec.convert(value, Progress)),
    )
    return msgspec.convert(outcome, ImportOutcome)


def _print(outcome: "ImportOutcome") -> None:
    from agentmonitor.cli.output import Column, Table
    from agentmonitor.cli.text import clean

    table = Table(
        Column("agent", flexible=True, least=12),
        Column("files", right=True),
        Column("known", right=True, optional=2),
        Column("failed", right=True),
        Column("lines", right=True, optional=3),
        Column("events", right=True, optional=1),
        Column("new", right=True),
        Column("unreadable", right=True),
    )
    for each in outcome.agents:
        new = None if outcome.dry_run else each.new
        table.add(
            each.label, each.found, each.known, each.failed, each.lines, each.events, new,
            each.unreadable,
        )  # fmt: skip
    table.show()
    for each in outcome.agents:
        for fault in each.faults[:20]:
            click.echo(clean(f"{fault.path}:{fault.line}: {fault.reason}"))
    if outcome.dry_run:
        click.echo("Nothing was stored: this was a dry run.")
    if not outcome.finished:
        click.echo("Stopped. Run it again to go on from here.")
