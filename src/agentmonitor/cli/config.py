"""``agentmonitor config``: every setting, and where its value came from."""

import sys
from typing import TYPE_CHECKING

import click

from agentmonitor.config import Resolved, Settings, config_file, load_settings
from agentmonitor.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

_WINDOWS = ("session", "extended", "weekly")


@click.group("config", invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """Show every setting, its value and where it came from.

    Flags win over the environment, which wins over the settings' file. Exit code 1 when a value
    is invalid.

    Example: agentmonitor config
    """
    if context.invoked_subcommand is not None:
        return
    settings = load_settings()
    found = [*settings.resolved, *_agents_windows(settings)]
    if as_json:
        from agentmonitor.cli.output import show_json

        path = settings.config_path
        show_json(
            {
                "file": None if path is None else str(path),
                "exists": path is not None and path.exists(),
                "settings": sorted(found, key=lambda each: each.name),
                "problems": settings.problems,
            }
        )
    else:
        _show(settings, found)
    if settings.problems:
        sys.exit(1)


@command.command("path")
def path() -> None:
    """Print where the settings' file is, or would be.

    Example: agentmonitor config path
    """
    click.echo(str(_file()))


@command.command("init")
def init() -> None:
    """Write a settings' file with every setting commented out; never over one that exists.

    Example: agentmonitor config init
    """
    from agentmonitor.config.template import write_template

    file = _file()
    write_template(file)
    click.echo(f"Wrote {file}. Remove the # before a setting to change it.")


def _file() -> "Path":
    file = config_file()
    if file is None:
        raise ConfigError("This platform has no folder for configurations.")
    return file


def _show(settings: Settings, found: list[Resolved]) -> None:
    from agentmonitor.cli.output import Column, Table, note, say

    path = settings.config_path
    say(f"{path}{'' if path is not None and path.exists() else ' (there is none)'}", "dim")
    table = Table(Column("setting"), Column("value", flexible=True), Column("from", flexible=True))
    for each in found:
        known = each.where is None or each.origin == "file"  # the file stands above
        origin = each.origin if known else f"{each.origin}: {each.where}"
        value = ", ".join(each.value) if isinstance(each.value, list) else each.value
        shown = f"{value:g}" if isinstance(value, float) else None if value is None else str(value)
        table.add(each.name, shown, origin, style="dim" if each.origin == "default" else None)
    table.show()
    for problem in settings.problems:
        note(problem)


def _agents_windows(settings: Settings) -> list[Resolved]:
    """The usage windows of agents that nothing sets for that agent alone."""
    from agentmonitor.agents.registry import load_registry, overridden

    set_ = {each.name: each for each in settings.resolved}
    found = []
    for agent in load_registry().agents:
        if agent.usage is None:
            continue
        windows = overridden(agent.usage, agent.agent_type, settings)
        unit = "token" if windows.limit_type == "tokens" else "cost"
        for window in _WINDOWS:
            for name, value in (
                (f"{window}_window_hours", getattr(windows, f"{window}_hours")),
                (f"{window}_{unit}_limit", getattr(windows, f"{window}_limit")),
            ):
                own = f"{name}_{agent.agent_type}"
                if own not in set_:
                    every = set_.get(name)
                    origin, where = (
                        ("default", None) if every is None else (every.origin, every.where)
                    )
                    found.append(Resolved(own, value, origin, where))
    return found
