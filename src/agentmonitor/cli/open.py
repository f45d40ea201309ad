"""``agentmonitor open``: the dashboard in the browser."""

from pathlib import Path

import click

from agentmonitor.cli.source import find_server
from agentmonitor.config import load_terminal


@click.command("open")
@click.option("--print", "only_print", is_flag=True, help="Only print the address.")
@click.option("--url", metavar="URL", help="The server at this address.")
@click.option("--db", type=click.Path(dir_okay=False, path_type=Path), help="The database file.")
def command(only_print: bool, url: str | None, db: Path | None) -> None:
    """Open the dashboard of the running server in the browser, and print its address.

    Without a display the address is all there is.

    Example: agentmonitor open
    """
    from agentmonitor.cli.over_http import HttpSource

    source = HttpSource(find_server(url, db))
    source.fetch("/api/health", {})  # a browser would only say that it cannot connect
    source.close()
    address = source.address or ""
    click.echo(address)
    if only_print or not load_terminal().has_windows:
        return
    import webbrowser

    if not webbrowser.open(address):
        click.echo("No browser could be started; open the address yourself.", err=True)
