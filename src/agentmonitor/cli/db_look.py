"""``agentmonitor db info`` and ``db check``: looking at a database, also at a server's."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from agentmonitor.config import load_settings

if TYPE_CHECKING:
    from agentmonitor.model.database import CheckOutcome, DatabaseInfo


@click.command("info")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--db", type=click.Path(dir_okay=False, path_type=Path), help="The database file.")
def info(as_json: bool, db: Path | None) -> None:
    """Show what the database holds, how large it is and who uses it.

    Example: agentmonitor db info
    """
    from agentmonitor.model.database import Retention
    from agentmonitor.storage.sqlite.info import describe, reading, snapshot

    settings = load_settings(db_path=db)
    with reading(settings.db_path) as connection, snapshot(connection):
        kept = Retention(settings.retention_days, settings.retention_gb)
        found = describe(connection, settings.db_path, kept, tables=True)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(found), indent=2))
    else:
        _print_info(found)


@click.command("check")
@click.option("--full", is_flag=True, help="Compare every index with its table too; slower.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
@click.option("--db", type=click.Path(dir_okay=False, path_type=Path), help="The database file.")
def check(full: bool, as_json: bool, db: Path | None) -> None:
    """Check that the database is sound: its file, its relations, its totals.

    Changes nothing and works while a server runs. Exit code 1 when something is wrong.

    Example: agentmonitor db check --full
    """
    from agentmonitor.storage.sqlite.check import check as look

    def show(what: str) -> None:
        if sys.stderr.isatty():
            click.echo(f"\r\033[KChecking {what} …", nl=False, err=True)

    outcome = look(load_settings(db_path=db).db_path, full=full, progress=show)
    if sys.stderr.isatty():
        click.echo("\r\033[K", nl=False, err=True)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(outcome), indent=2))
    else:
        _print_check(outcome)
    if not outcome.sound:
        sys.exit(1)


@contextmanager
def progress_bar(label: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar where there is somebody to see it; told (done, in all)."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    with click.progressbar(length=100, label=label, file=sys.stderr) as bar:
        yield lambda done, total: bar.update(int(100 * done / max(total, 1)) - bar.pos)


def megabytes(size: int | None) -> str:
    """A size for people."""
    return "-" if size is None else f"{size / 1e6:,.1f} MB"


def _print_info(found: "DatabaseInfo") -> None:
    holder, kept = found.held_by, found.retention
    limits = [f"{kept.days:g} days"] * bool(kept.days) + [f"{kept.gigabytes:g} GB"] * bool(
        kept.gigabytes
    )
    lines = {
        "path": found.path,
        "size": f"{megabytes(found.size_bytes)}, of it free {megabytes(found.free_bytes)};"
        f" log {megabytes(found.log_bytes)}",
        "events": f"{found.events:,}, and {found.pruned_events:,} that only the totals know",
        "time": f"{found.oldest_event} to {found.newest_event}" if found.oldest_event else "-",
        "sessions": f"{found.sessions:,}",
        "keeps": " and ".join(limits) or "everything",
        "version": f"{found.version}, database {found.migrations[-1]}",
        "in use": "no" if holder is None else f"by process {holder.pid} {holder.address or ''}",
    }
    for name, text in lines.items():
        click.echo(f"{name:10} {text}")
    click.echo(f"\n{'table':24} {'rows':>13} {'size':>13}")
    for table in found.tables:
        click.echo(f"{table.name[:24]:24} {table.rows:>13,} {megabytes(table.bytes):>13}")


def _print_check(outcome: "CheckOutcome") -> None:
    for finding in outcome.findings:
        click.echo(f"{'wrong' if finding.faults else 'ok':6} {finding.name}")
        for fault in finding.faults:
            click.echo(f"       {fault}")
    click.echo(outcome.advice or f"{outcome.path} is sound.")
