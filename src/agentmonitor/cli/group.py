"""The group of all commands, and what becomes of their errors."""

import contextlib
import errno
import sys
from importlib import import_module

import click

from agentmonitor import __version__
from agentmonitor.cli.main import COMMANDS
from agentmonitor.errors import AgentMonitorError

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What writing says when there is no more room."""
INTERRUPTED = 130
"""The exit code after Ctrl-C, as shells have it."""


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


def run(arguments: list[str]) -> None:
    """Run the command line and end: 0, 1 for an expected error (one line), 2 for wrong options,
    130 after Ctrl-C."""
    try:
        code = group.main(arguments, prog_name="agentmonitor", standalone_mode=False)
    except AgentMonitorError as error:
        from agentmonitor.cli.text import clean_lines

        click.echo("\n".join(clean_lines(f"agentmonitor: {error}")), err=True)
        sys.exit(1)
    except OSError as error:
        if error.errno not in _FULL:
            raise
        click.echo(f"agentmonitor: The output cannot be written ({error.strerror}).", err=True)
        with contextlib.suppress(OSError):  # what is left of the output goes the same way
            sys.stdout.close()
        sys.exit(1)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort as error:
        if isinstance(error.__cause__, KeyboardInterrupt):
            sys.exit(INTERRUPTED)
        click.echo("Aborted!", err=True)
        sys.exit(1)
    # click hands on the code of a command that ended early.
    sys.exit(code if isinstance(code, int) else 0)
