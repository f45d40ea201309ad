"""``agentmonitor connect``."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agentmonitor.config import load_settings
from agentmonitor.errors import AgentMonitorError, ConfigError

if TYPE_CHECKING:
    from agentmonitor.connect.journal import Journal
    from agentmonitor.connect.plan import AgentPlan


@click.command("connect")
@click.option("--agent", "agents", multiple=True, metavar="NAME", help="Only this one; repeatable.")
@click.option("--url", metavar="URL", help="The server (default: the one that runs here).")
@click.option("--project", is_flag=True, help="Change the settings of the project in this folder.")
@click.option("--guard", is_flag=True, help="Also refuse calls that delete a system or a home.")
@click.option("--no-guard", is_flag=True, help="Take the guard out again.")
@click.option("--dry-run", is_flag=True, help="Only show what would change.")
@click.option("--yes", is_flag=True, help="Change everything without asking.")
def command(
    agents: tuple[str, ...],
    url: str | None,
    project: bool,
    guard: bool,
    no_guard: bool,
    dry_run: bool,
    yes: bool,
) -> None:
    """Point the installed agents here. Shows for each what would change, and asks.

    What is in their settings stays, and `agentmonitor disconnect` brings back what was there.

    Example: agentmonitor connect --dry-run
    """
    from agentmonitor.agents.registry import load_registry
    from agentmonitor.cli.plans import choose, is_called
    from agentmonitor.connect.journal import Journal
    from agentmonitor.connect.plan import make_plans
    from agentmonitor.connect.programs import connect_folder
    from agentmonitor.connect.request import make_wanted
    from agentmonitor.storage.sqlite.lock import serving

    if guard and no_guard:
        raise click.UsageError("--guard and --no-guard exclude each other.")
    folder = Path.cwd() if project else None
    journal = Journal(connect_folder())
    settings = load_settings()
    wanted = make_wanted(settings, url=url, project=folder, guard=guard)
    chosen = choose(load_registry().agents, agents)
    plans = make_plans(chosen, wanted, journal, keep_guard=not no_guard)
    for name in agents:
        if not any(is_called(plan.agent, name) for plan in plans):
            more = ", or has no settings of a project" if project else ""
            raise ConfigError(f"{name} was not found on this machine{more}.")
    if not plans:
        click.echo("No agent was found. Looked for: " + ", ".join(a.label for a in chosen) + ".")
        return
    if any(plan.changes for plan in plans) and not (dry_run or yes or _is_terminal()):
        raise ConfigError(
            "Nothing was changed: there is nobody to ask here. Run it in a terminal or with --yes;"
            " --dry-run shows what it would do."
        )
    failed = [not _carry_out(plan, wanted.origin, folder, journal, dry_run, yes) for plan in plans]
    if dry_run:
        click.echo("Nothing was changed: this was a dry run.")
    elif url is None and serving(settings.db_path) is None:
        click.echo("No server runs yet. Start it: agentmonitor serve")
    if any(failed):
        sys.exit(1)


def _carry_out(
    plan: "AgentPlan",
    origin: str,
    project: Path | None,
    journal: "Journal",
    dry_run: bool,
    yes: bool,
) -> bool:
    """Show a plan and, when the user wants it, do it; whether nothing failed."""
    from agentmonitor.cli.plans import show
    from agentmonitor.connect.act import connect
    from agentmonitor.connect.programs import Programs, connect_folder

    label = plan.agent.label
    click.secho(label, bold=True)
    if plan.fault is not None:
        click.echo(f"agentmonitor: {plan.fault}", err=True)
        return False
    for note in plan.notes:
        click.echo(note)
    if not plan.changes:
        if plan.files:
            click.echo(f"It is connected with {origin}." if _has_ours(plan) else "Nothing to do.")
        if not dry_run and any(change.entry is not None for change in plan.files):
            Programs(connect_folder()).install()  # they may be of an earlier version
        click.echo()
        return True
    for change in plan.files:
        if change.changes:
            show(change)
    if dry_run or not (yes or click.confirm(f"Change the settings of {label}?", default=False)):
        click.echo()
        return True
    try:
        Programs(connect_folder()).install()
        backups = connect(plan, origin, project, journal)
    except AgentMonitorError as error:
        click.echo(f"agentmonitor: {error} {label} is as it was.", err=True)
        return False
    click.echo(f"{label} is connected with {origin}.")
    for backup in backups:
        click.echo(f"A backup is {backup}.")
    for step in plan.next_steps:
        click.echo(f"Next: {step}")
    click.echo()
    return True


def _has_ours(plan: "AgentPlan") -> bool:
    """Whether the settings have something of ours: all may be left out for the user's own."""
    return any(change.entry is not None or change.wanted for change in plan.files)


def _is_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()
