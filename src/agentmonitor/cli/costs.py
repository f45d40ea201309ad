"""``agentmonitor costs``: pricing the past anew."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from agentmonitor.cli.remote import ask_server
from agentmonitor.config import Settings, load_settings
from agentmonitor.errors import ConfigError, DatabaseInUse

if TYPE_CHECKING:
    from agentmonitor.recalc import Outcome


@click.group("costs")
def command() -> None:
    """What requests cost.

    Example: agentmonitor costs recalc
    """


@command.command("recalc")
@click.option("--apply", is_flag=True, help="Store the new costs; without it, only show them.")
@click.option("--all", "everything", is_flag=True, help="Also what has a price of ours already.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
@click.option("--db", type=click.Path(dir_okay=False, path_type=Path), help="The database file.")
def recalc(apply: bool, everything: bool, as_json: bool, db: Path | None) -> None:
    """Price requests of the past for which a price has become known.

    A running server does it, if one serves the database. Shows first what would change; a cost
    that a client named over plain HTTP stays.

    Example: agentmonitor costs recalc --apply
    """
    settings = load_settings(db_path=db)
    if not settings.db_path.exists():
        raise ConfigError(f"There is no database at {settings.db_path}. Name one with --db.")
    show = _progress()
    try:
        outcome = _here(settings, apply, everything, show)
    except DatabaseInUse:
        outcome = _by_server(settings, apply, everything, show)
    if sys.stderr.isatty():
        click.echo("\r\033[K", nl=False, err=True)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(outcome), indent=2))
    else:
        _print(outcome)


def _progress() -> Callable[[int], None]:
    def show(seen: int) -> None:
        if sys.stderr.isatty():
            click.echo(f"\rLooked at {seen:,} requests …", nl=False, err=True)

    return show


def _here(
    settings: Settings, apply: bool, everything: bool, show: Callable[[int], None]
) -> "Outcome":
    from agentmonitor.recalc import recalculate
    from agentmonitor.runtime import Runtime

    runtime = Runtime(settings)
    runtime.open()
    try:
        return recalculate(
            runtime.engine, runtime.pricer, everything=everything, apply=apply, progress=show
        )
    finally:
        runtime.close()


def _by_server(
    settings: Settings, apply: bool, everything: bool, show: Callable[[int], None]
) -> "Outcome":
    from agentmonitor.recalc import Outcome

    wanted = {"apply": apply, "everything": everything}
    return msgspec.convert(
        ask_server(settings.db_path, "api/v2/costs/recalc", wanted, show), Outcome
    )


def _print(outcome: "Outcome") -> None:
    if not outcome.requests:
        click.echo("Every request that names a model and was not pruned has a price of ours.")
        return
    from agentmonitor.cli.output import Column, Table

    table = Table(
        Column("model", flexible=True),
        *(Column(title, right=True) for title in ("requests", "change", "unpriced", "cost")),
    )
    for each in outcome.models:
        cost = f"{each.cost_after_usd - each.cost_before_usd:+.4f} $" if each.changed else None
        table.add(each.model, each.requests, each.changed, each.unpriced, cost)
    table.show()
    verb = "were" if outcome.applied else "would be"
    change = outcome.cost_after_usd - outcome.cost_before_usd
    click.echo(
        f"{outcome.changed:,} of {outcome.requests:,} requests {verb} priced: {change:+.4f} $"
    )
    if outcome.changed and not outcome.applied:
        click.echo("Nothing was stored. Run it again with --apply to store this.")
    if any(each.unpriced for each in outcome.models):
        click.echo("For models without a price: agentmonitor pricing refresh, or an override.")
