"""``agentmonitor service``: the server, started at log-in and restarted when it fails."""

import shlex
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agentmonitor.cli.source import serving_at
from agentmonitor.config import load_settings
from agentmonitor.errors import AgentMonitorError, ConfigError

if TYPE_CHECKING:
    from agentmonitor.service.manager import Manager

PATIENCE_S = 20.0
NOT_RUNNING = 3
NOT_INSTALLED = 4


@click.group("service")
def command() -> None:
    """Run the server as a service of your own: systemd on Linux, launchd on macOS.

    Example: agentmonitor service install
    """


@command.command("install")
@click.option("--dry-run", is_flag=True, help="Show what would be written and run; do nothing.")
@click.option("--no-start", is_flag=True, help="Do not start it before the next log-in.")
def install(dry_run: bool, no_start: bool) -> None:
    """Install the service, or bring it up to date, and start it.

    It runs this installation with the settings' file and the AGENTMONITOR_ variables of this shell.

    Example: agentmonitor service install --dry-run
    """
    from agentmonitor.agents.registry import load_registry
    from agentmonitor.service import manage
    from agentmonitor.service.definition import make_definition

    settings = load_settings()
    for problem in settings.problems:
        click.echo(problem, err=True)
    manager = manage.find_manager(settings)
    definition = make_definition(settings, load_registry().agents)
    if dry_run:
        commands = manager.loading() if no_start else manager.starting()
        click.echo(f"Would write {manager.file}:\n\n{manager.text(definition)}")
        click.echo("Would run:\n" + "\n".join(f"  {shlex.join(each)}" for each in commands))
        return
    database = settings.db_path
    if not no_start and serving_at(database) is not None and not manager.status().running:
        raise ConfigError(
            f"A server at {serving_at(database)} uses {database} already. Stop it first, or give "
            "--no-start to have the service start at your next log-in."
        )
    was_there = manage.install(manager, definition, start=not no_start)
    click.echo(f"{'Brought up to date' if was_there else 'Installed'}: {manager.file}")
    for name, value in definition.variables.items():
        click.echo(f"  with {name}={value}")
    if no_start:
        click.echo("It starts at your next log-in.")
        return
    address = _wait(manager, database)
    if address is None:
        raise AgentMonitorError(
            f"The service is installed but does not serve ({manager.status().state}). "
            f"See why: {manager.log}"
        )
    click.echo(f"AgentMonitor serves at {address} and starts at your log-in.")
    if manager.name == "systemd":
        click.echo("To keep it running while you are logged out: loginctl enable-linger")


@command.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def status(as_json: bool) -> None:
    """Show whether the service is installed and runs.

    Exit code 0 when it runs, 3 when it does not, 4 when it is not installed.

    Example: agentmonitor service status
    """
    from agentmonitor.service.manage import find_manager

    settings = load_settings()
    manager = find_manager(settings)
    found = manager.status()
    address = serving_at(settings.db_path) if found.running else None
    if as_json:
        import msgspec

        from agentmonitor.cli.output import show_json

        show_json(msgspec.structs.asdict(found) | {"address": address})
    else:
        lines = {
            "service": f"{found.file}{'' if found.installed else ' (not installed)'}",
            "starts": "at your log-in" if found.enabled else "not by itself",
            "state": found.state or "-",
            "process": "-" if found.pid is None else str(found.pid),
            "address": address or "-",
            "log": manager.log,
        }
        for name, text in lines.items():
            click.echo(f"{name:8} {text}")
        if not found.installed:
            click.echo("Install it with 'agentmonitor service install'.")
    if not found.running:
        sys.exit(NOT_RUNNING if found.installed else NOT_INSTALLED)


@command.command("uninstall")
@click.option("--dry-run", is_flag=True, help="Show what would be deleted and run; do nothing.")
def uninstall(dry_run: bool) -> None:
    """Stop the service and delete what was installed; events and settings stay.

    Example: agentmonitor service uninstall
    """
    from agentmonitor.service import manage

    settings = load_settings()
    manager = manage.find_manager(settings)
    if dry_run:
        if not manager.file.exists():
            click.echo(f"There is no {manager.file}: nothing would be done.")
            return
        commands = [*manager.stopping(), ["rm", str(manager.file)], *manager.forgetting()]
        click.echo("Would run:\n" + "\n".join(f"  {shlex.join(each)}" for each in commands))
    elif manage.uninstall(manager):
        click.echo(f"Stopped, and deleted {manager.file}. The database {settings.db_path} stays.")
    else:
        click.echo(f"There is no {manager.file}: nothing to uninstall.")


def _wait(manager: "Manager", database: Path) -> str | None:
    """The address of the server once it serves; None when it failed or takes too long."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        for _ in range(10):
            address = serving_at(database)
            if address is not None:
                return address
            time.sleep(0.1)
        if (manager.status().state or "").startswith("failed"):
            return None
    return None
