"""``agentmonitor serve``."""

from pathlib import Path

import click

from agentmonitor.cli.plain_serve import run


@click.command("serve")
@click.option("--host", help="Address to listen on (default 127.0.0.1).")
@click.option("--port", type=click.IntRange(0, 65535), help="Port (default 3141; 0: any free one).")
@click.option("--db", type=click.Path(dir_okay=False, path_type=Path), help="The database file.")
def command(host: str | None, port: int | None, db: Path | None) -> None:
    """Receive what agents report, and serve the dashboard.

    Example: agentmonitor serve --port 3141
    """
    run(host, port, db)
