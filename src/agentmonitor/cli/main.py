"""The command ``agentmonitor``: one module a command, each imported when it is called."""

import sys
from importlib import import_module

import click

from agentmonitor import __version__
from agentmonitor.errors import AgentMonitorError

COMMANDS = {
    "serve": "agentmonitor.cli.serve",
    "demo": "agentmonitor.cli.demo",
    "import": "agentmonitor.cli.imports",
    "costs": "agentmonitor.cli.costs",
    "db": "agentmonitor.cli.db",
    "pricing": "agentmonitor.cli.pricing",
}


class LazyGroup(click.Group):
    """Imports a command's module only when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(COMMANDS[cmd_name]).command
        return command


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="agentmonitor")
def group() -> None:
    """See what your AI coding agents do, live and later, on your own machine.

    Example: agentmonitor serve
    """


def main() -> None:
    """Run the command line; an expected error is one line and exit code 1."""
    try:
        group.main(prog_name="agentmonitor")
    except AgentMonitorError as error:
        click.echo(f"agentmonitor: {error}", err=True)
        sys.exit(1)
