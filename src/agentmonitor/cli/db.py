"""``agentmonitor db``: the database file and its totals."""

from pathlib import Path

import click

from agentmonitor.cli.db_files import backup, restore
from agentmonitor.cli.db_look import check, info, progress_bar
from agentmonitor.cli.db_prune import compact, prune
from agentmonitor.config import load_settings


@click.group("db")
def command() -> None:
    """Look after the database.

    Example: agentmonitor db info
    """


@command.command("rebuild")
@click.option("--db", type=click.Path(dir_okay=False, path_type=Path), help="The database file.")
def rebuild(db: Path | None) -> None:
    """Make every total anew from events and what pruned ones left. The server must not be running.

    Example: agentmonitor db rebuild --db ~/events.db
    """
    from agentmonitor.agents.registry import load_registry
    from agentmonitor.errors import ConfigError
    from agentmonitor.storage.sqlite.engine import SqliteEngine

    path = load_settings(db_path=db).db_path
    if not path.exists():
        raise ConfigError(f"There is no database at {path}. Name one with --db.")
    engine = SqliteEngine(path, load_registry().lingering)
    engine.open()
    try:
        with progress_bar("Rebuilding") as progress:
            count = engine.rebuild(progress)
    finally:
        engine.close()
    click.echo(f"The totals of {count:,} events were made anew.")


for each in (info, check, backup, restore, prune, compact):
    command.add_command(each)
