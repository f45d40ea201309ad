"""``agentmonitor demo``: an hour of three agents' work, sent to a running server."""

import time

import click

from agentmonitor.cli.source import serving_at
from agentmonitor.config import load_settings


@click.command("demo")
@click.option("--url", metavar="URL", help="The server (default: the one that runs here).")
@click.option(
    "--speed",
    type=click.FloatRange(0.1, 100_000),
    default=60,
    show_default=True,
    help="How much faster than life: 60 plays the hour in a minute.",
)
@click.option("--seed", type=int, default=None, help="Play the same story again.")
def command(url: str | None, speed: float, seed: int | None) -> None:
    """Send an hour of believable activity, so that there is something to look at.

    Example: agentmonitor demo --speed 60
    """
    from agentmonitor.demo.player import Player
    from agentmonitor.demo.story import story

    settings = load_settings()
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    here = url or serving_at(settings.db_path) or f"http://{host}:{settings.port}"
    steps = story(seed if seed is not None else int(time.time()))
    with Player(here) as player:
        click.echo(f"Playing an hour at {speed:g} times its speed to {player.url} (Ctrl-C stops)")
        start = time.monotonic()
        with click.progressbar(steps, label="Demo", width=30) as bar:
            for step in bar:
                delay = step.at / speed - (time.monotonic() - start)
                if delay > 0:
                    time.sleep(delay)
                player.send(step)
    click.echo(f"{len(steps)} reports were sent.")
