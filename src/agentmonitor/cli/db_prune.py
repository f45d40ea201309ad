"""``agentmonitor db prune`` and ``db compact``: a smaller database."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from agentmonitor.cli.db_look import megabytes, progress_bar
from agentmonitor.cli.remote import ask_server
from agentmonitor.config import Settings, load_settings
from agentmonitor.errors import ConfigError, DatabaseInUse

if TYPE_CHECKING:
    from agentmonitor.model.database import PruneOutcome, Retention

_AGES = {"d": 1.0, "w": 7.0, "y": 365.0}
_SIZES = {"MB": 1e-3, "GB": 1.0, "TB": 1e3}


@click.command("prune")
@click.option("--older-than", metavar="AGE", help="Events older than this, e.g. 90d, 8w, 1y.")
@click.option("--larger-than", metavar="SIZE", help="The oldest, while it holds more, e.g. 2GB.")
@click.option("--apply", is_flag=True, help="Prune; without it, only show what would go.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
@click.option("--db", type=click.Path(dir_okay=False, path_type=Path), help="The database file.")
def prune(
    older_than: str | None, larger_than: str | None, apply: bool, as_json: bool, db: Path | None
) -> None:
    """Delete old events and keep their totals.

    A running server does it, if one serves the database. Shows first what would go. Without an
    age or a size the limits of the settings count; events of the last day always stay.

    Example: agentmonitor db prune --older-than 90d --apply
    """
    from agentmonitor.model.database import Retention

    settings = load_settings(db_path=db)
    kept = Retention(
        _amount("--older-than", older_than, _AGES, "90d"),
        _amount("--larger-than", larger_than, _SIZES, "2GB"),
    )
    if older_than is None and larger_than is None:
        kept = Retention(settings.retention_days, settings.retention_gb)
    with progress_bar("Pruning") as show:
        try:
            outcome = _here(settings, kept, apply, show)
        except DatabaseInUse:
            outcome = _by_server(settings, kept, apply, show)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(outcome), indent=2))
    else:
        _print(outcome)


@click.command("compact")
@click.option("--db", type=click.Path(dir_okay=False, path_type=Path), help="The database file.")
def compact(db: Path | None) -> None:
    """Write the database anew without free space. The server must not be running.

    Example: agentmonitor db compact
    """
    from agentmonitor.storage.sqlite.prune import compact as write_anew

    settings = load_settings(db_path=db)
    if not settings.db_path.exists():
        raise ConfigError(f"There is no database at {settings.db_path}. Name one with --db.")
    shrinks = bool(settings.retention_days or settings.retention_gb)
    before, after = write_anew(settings.db_path, shrinks=shrinks)
    click.echo(f"{settings.db_path} had {megabytes(before)} and has {megabytes(after)} now.")


def _amount(option: str, text: str | None, units: dict[str, float], example: str) -> float:
    """A number with its unit. Raises ConfigError."""
    if text is None:
        return 0
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([A-Za-z]+)", text.strip())
    known = {name.lower(): factor for name, factor in units.items()}
    if found is None or found[2].lower() not in known or not float(found[1]):
        names = ", ".join(units)
        raise ConfigError(f"{option} {text!r} is not understood; write it as {example} ({names}).")
    return float(found[1]) * known[found[2].lower()]


def _here(
    settings: Settings, kept: "Retention", apply: bool, show: Callable[[int, int], None]
) -> "PruneOutcome":
    from agentmonitor.agents.registry import load_registry
    from agentmonitor.retention import prune as do_prune
    from agentmonitor.storage.sqlite.engine import SqliteEngine

    if not settings.db_path.exists():
        raise ConfigError(f"There is no database at {settings.db_path}. Name one with --db.")
    engine = SqliteEngine(settings.db_path, load_registry().lingering)
    engine.open()
    try:
        return do_prune(engine, kept, apply=apply, tell=show)
    finally:
        engine.close()


def _by_server(
    settings: Settings, kept: "Retention", apply: bool, show: Callable[[int, int], None]
) -> "PruneOutcome":
    from agentmonitor.model.database import PruneOutcome

    wanted = {"days": kept.days, "gigabytes": kept.gigabytes, "apply": apply}
    outcome = ask_server(
        settings.db_path, "api/v2/database/prune", wanted, lambda told: show(*told)
    )
    return msgspec.convert(outcome, PruneOutcome)


def _print(outcome: "PruneOutcome") -> None:
    if not outcome.events:
        click.echo("No event is beyond the limits.")
        return
    if outcome.applied:
        click.echo(
            f"{outcome.events:,} events were deleted ({megabytes(outcome.bytes)}); their totals"
            f" stay. The database holds {megabytes(outcome.used_bytes)} now."
        )
        click.echo("New events take the free space. To make the file smaller at once: stop the")
        click.echo("server and run agentmonitor db compact")
        return
    click.echo(
        f"{outcome.events:,} events up to {outcome.upto} would be deleted, about"
        f" {megabytes(outcome.bytes)} of {megabytes(outcome.used_bytes)}; their totals would stay."
    )
    click.echo("Nothing was deleted. Run it again with --apply to do so.")
