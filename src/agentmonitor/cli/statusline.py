"""``agentmonitor statusline``: the options; what it does is in ``status_text``."""

from pathlib import Path

import click

from agentmonitor.cli.status_text import run


@click.command("statusline")
@click.option("--url", metavar="URL", help="Send it to the server at this address.")
@click.option("--db", type=click.Path(dir_okay=False, path_type=Path), help="The database file.")
@click.option("--no-send", is_flag=True, help="Send the server nothing.")
@click.option("--color", is_flag=True, help="Colour what is nearly used up.")
def command(url: str | None, db: Path | None, no_send: bool, color: bool) -> None:
    """Print an agent's status line from the JSON on standard input, and send its limits.

    Model, project and branch, context, cost, and the windows of your plan. The server gets the
    input behind the agent's back: nobody waits for it.

    Example: agentmonitor statusline --color
    """
    run(url, None if db is None else str(db), send=not no_send, color=color)
