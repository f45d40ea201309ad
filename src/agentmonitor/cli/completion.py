"""``agentmonitor completion``: the script that completes commands and options in a shell."""

import click
from click.shell_completion import get_completion_class

HOW = {
    "bash": 'eval "$(agentmonitor completion bash)"   # in ~/.bashrc',
    "zsh": 'eval "$(agentmonitor completion zsh)"   # in ~/.zshrc, after compinit',
    "fish": "agentmonitor completion fish | source   # in ~/.config/fish/config.fish",
}
"""How each shell takes the script."""


@click.command("completion")
@click.argument("shell", type=click.Choice(list(HOW)))
def command(shell: str) -> None:
    """Print the script that completes commands and options in SHELL.

    Put this into the shell's own configuration: eval "$(agentmonitor completion bash)"

    Example: agentmonitor completion zsh
    """
    from agentmonitor.cli.group import group

    kind = get_completion_class(shell)
    if kind is None:
        raise click.ClickException(f"This version of click does not complete {shell}.")
    for name in ("agentmonitor", "amon"):
        click.echo(kind(group, {}, name, "_AGENTMONITOR_COMPLETE").source())
