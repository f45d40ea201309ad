"""What ``connect`` and ``disconnect`` share: which agents are meant, and showing changes."""

import click

from agentmonitor.agents.base import Agent
from agentmonitor.connect.plan import FileChange
from agentmonitor.errors import ConfigError

_COLORS = {"+": "green", "-": "red", "@": "cyan"}


def choose(known: list[Agent], names: tuple[str, ...]) -> list[Agent]:
    """The agents of those names, all without any. Raises ConfigError for an unknown name."""
    for name in names:
        if not any(is_called(agent, name) for agent in known):
            types = ", ".join(agent.agent_type for agent in known)
            raise ConfigError(f"There is no agent {name!r}. AgentMonitor knows: {types}.")
    return [a for a in known if not names or any(is_called(a, name) for name in names)]


def is_called(agent: Agent, name: str) -> bool:
    """Whether ``name`` means the agent, with either kind of dash."""
    return name.lower().replace("-", "_") == agent.agent_type


def show(change: FileChange) -> None:
    """Print a change as a diff."""
    diff = change.diff()
    if not diff:
        click.echo(f"{change.path}: it differs in its line ends or its beginning only.")
    for line in diff.splitlines():
        plain = line.startswith(("+++", "---"))
        click.secho(_printable(line), fg=None if plain else _COLORS.get(line[:1]), bold=plain)


def _printable(line: str) -> str:
    """Settings may hold anything: an escape sequence would change the terminal."""
    return "".join(c if c.isprintable() or c == "\t" else "\N{REPLACEMENT CHARACTER}" for c in line)
