"""``agentmonitor serve``."""

from pathlib import Path

import click

from agentmonitor.config import load_settings


@click.command("serve")
@click.option("--host", help="Address to listen on (default 127.0.0.1).")
@click.option("--port", type=click.IntRange(0, 65535), help="Port (default 3141; 0: any free one).")
@click.option("--db", type=click.Path(dir_okay=False, path_type=Path), help="The database file.")
def command(host: str | None, port: int | None, db: Path | None) -> None:
    """Receive what agents report, and serve the dashboard.

    Example: agentmonitor serve --port 3141
    """
    # Only this command needs the server.
    from agentmonitor.server.lean import load_uvicorn

    load_uvicorn()
    from agentmonitor.server.serve import serve

    serve(load_settings(host=host, port=port, db_path=db))
