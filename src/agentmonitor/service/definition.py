"""What a service runs: this interpreter, this program, the settings of this environment."""

import sys
from collections.abc import Iterable
from pathlib import Path

import msgspec

from agentmonitor.agents.base import Agent
from agentmonitor.config import Settings, own_variables
from agentmonitor.errors import ConfigError

# Services do not inherit the shell's environment. These two say where our own folders are.
_PLATFORM = ("XDG_CONFIG_HOME", "XDG_DATA_HOME")


class Definition(msgspec.Struct, frozen=True):
    """A command, and the variables that it needs."""

    command: list[str]
    """Its first word is an absolute path."""
    variables: dict[str, str]


def make_definition(settings: Settings, agents: Iterable[Agent]) -> Definition:
    """The service for what runs now. Raises ConfigError when it cannot be expressed."""
    if not sys.executable:
        raise ConfigError("Python does not know its own path; start the server by hand.")
    variables = own_variables() | _folders(settings, list(agents))
    made = Definition(
        [str(Path(sys.executable).absolute()), "-m", "agentmonitor", "serve"],
        dict(sorted(variables.items())),
    )
    for text in (*made.command, *made.variables.values()):
        if any(ord(letter) < 32 or ord(letter) == 127 for letter in text):
            raise ConfigError(f"{text!r} holds a control character, which no service can take.")
    return made


def _folders(settings: Settings, agents: list[Agent]) -> dict[str, str]:
    """The variables that move a folder which we look into."""
    folders = settings.folders
    known = folders.variables

    def roots(variables: dict[str, str]) -> list[list[Path]]:
        there = msgspec.structs.replace(folders, variables=variables)
        return [agent.roots(there) for agent in agents if agent.has_sessions]

    usual = roots(dict(known))
    return {
        name: value
        for name, value in known.items()
        if name in _PLATFORM or roots({k: v for k, v in known.items() if k != name}) != usual
    }
