"""``agentmonitor db``: the database, with no server running."""

from pathlib import Path

import click

from agentmonitor.config import load_settings


@click.group("db")
def command() -> None:
    """Look after the database.

    Example: agentmonitor db rebuild
    """


@command.command("rebuild")
@click.option("--db", type=click.Path(dir_okay=False, path_type=Path), help="The database file.")
def rebuild(db: Path | None) -> None:
    """Make every total anew from the events. The server must not be running.

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
        with click.progressbar(length=100, label="Rebuilding") as bar:

            def progress(done: int, total: int) -> None:
                bar.update(int(100 * done / max(total, 1)) - bar.pos)

            count = engine.rebuild(progress)
    finally:
        engine.close()
    click.echo(f"The totals of {count:,} events were made anew.")
