"""What systemd and launchd have in common for us."""

from pathlib import Path
from typing import Protocol

import msgspec

from agentmonitor.service.definition import Definition


class Status(msgspec.Struct, kw_only=True):
    """A service as its manager sees it."""

    manager: str
    file: str
    installed: bool
    enabled: bool = False
    """Whether it starts by itself."""
    running: bool = False
    pid: int | None = None
    state: str | None = None
    """In the manager's own words."""


class Manager(Protocol):
    """Starts and stops the service."""

    name: str
    file: Path
    """Where its definition lies."""
    log: str
    """How to see what the service printed."""

    def text(self, definition: Definition) -> str:
        """The definition in the manager's format. Raises ConfigError when it cannot be."""

    def is_ours(self, content: bytes) -> bool:
        """Whether we wrote that definition."""

    def starting(self) -> list[list[str]]:
        """The commands that load the definition, new or changed, and start the service."""

    def loading(self) -> list[list[str]]:
        """The commands that only let it start by itself from the next log-in on."""

    def stopping(self) -> list[list[str]]:
        """The commands that stop the service and let it start by itself no more."""

    def forgetting(self) -> list[list[str]]:
        """The commands for when the definition has been deleted."""

    def status(self) -> Status:
        """Asks the manager. Raises AgentMonitorError when it does not answer."""
