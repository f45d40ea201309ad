"""``agentmonitor disconnect``."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agentmonitor.errors import AgentMonitorError

if TYPE_CHECKING:
    from agentmonitor.agents.base import Agent
    from agentmonitor.connect.journal import Entry


@click.command("disconnect")
@click.option("--agent", "agents", multiple=True, metavar="NAME", help="Only this one; repeatable.")
@click.option("--project", is_flag=True, help="Only the settings of the project in this folder.")
@click.option("--dry-run", is_flag=True, help="Only show what would change.")
def command(agents: tuple[str, ...], project: bool, dry_run: bool) -> None:
    """Bring back the settings that `agentmonitor connect` changed, byte for byte.

    Of a file that was changed since, only what is ours is taken out.

    Example: agentmonitor disconnect
    """
    from agentmonitor.agents.registry import load_registry
    from agentmonitor.cli.plans import choose, is_called, show
    from agentmonitor.connect.act import disconnect
    from agentmonitor.connect.journal import Journal
    from agentmonitor.connect.plan import reverse
    from agentmonitor.connect.programs import Programs, connect_folder

    known = load_registry().agents
    chosen = choose(known, agents)
    journal = Journal(connect_folder())
    folder = str(Path.cwd()) if project else None
    entries = [
        entry
        for entry in journal.entries
        if (not agents or any(is_called(agent, entry.agent_type) for agent in chosen))
        and (folder is None or entry.project == folder)
    ]
    if not entries:
        click.echo(
            "Nothing of that kind is connected." if agents or project else "Nothing is connected."
        )
    failed = False
    programs = Programs(connect_folder())
    left = []
    for entry in entries:
        try:
            change = reverse(entry)
            if dry_run:
                if change.changes:
                    show(change)
                continue
            disconnect(change, journal)
            if str(programs.folder).encode() in (change.after or b""):
                left.append(entry.path)
        except AgentMonitorError as error:
            click.echo(f"agentmonitor: {error}", err=True)
            failed = True
            continue
        click.echo(f"{_label(known, entry)}: {entry.path} {_outcome(change.before, change.after)}.")
    if dry_run:
        click.echo("Nothing was changed: this was a dry run.")
    elif left:
        click.echo(f"You have put programs of {programs.folder} into settings of your own.")
        click.echo("They stay until you take them out of: " + ", ".join(left))
    elif not journal.entries:
        programs.uninstall()
    if failed:
        sys.exit(1)


def _label(known: list["Agent"], entry: "Entry") -> str:
    labels = {agent.agent_type: agent.label for agent in known}
    return labels.get(entry.agent_type, entry.agent_type)


def _outcome(before: bytes | None, after: bytes | None) -> str:
    if before is None:
        return "was deleted by somebody, and stays so"
    return "is deleted, as it was not there before" if after is None else "is restored"
