"""launchd's agents: a property list in the user's library.

Source: launchd.plist(5), launchctl(1) of macOS 10.11 and newer.
"""

import plistlib
import re
from pathlib import Path
from typing import Any

from agentmonitor.service.definition import Definition
from agentmonitor.service.manager import Status
from agentmonitor.service.program import Failed, run

LABEL = "agentmonitor.server"
_PID = re.compile(r"^\s*pid = (\d+)$", re.MULTILINE)
_STATE = re.compile(r"^\s*state = (.+)$", re.MULTILINE)


class Launchd:
    """The launchd of the user's graphical session."""

    name = "launchd"

    def __init__(self, home: Path, uid: int) -> None:
        self.file = home / "Library" / "LaunchAgents" / f"{LABEL}.plist"
        self._printed = home / "Library" / "Logs" / "agentmonitor.log"
        self.log = f"tail -n 50 '{self._printed}'"
        self._domain = f"gui/{uid}"
        self._target = f"{self._domain}/{LABEL}"

    def text(self, definition: Definition) -> str:
        """The property list."""
        content: dict[str, Any] = {
            "Label": LABEL,
            "ProgramArguments": definition.command,
            "EnvironmentVariables": definition.variables,
            "RunAtLoad": True,
            "KeepAlive": {"SuccessfulExit": False},
            "ThrottleInterval": 10,
            "ProcessType": "Background",
            "StandardOutPath": str(self._printed),
            "StandardErrorPath": str(self._printed),
        }
        return plistlib.dumps(content, sort_keys=False).decode()

    def is_ours(self, content: bytes) -> bool:
        """Whether we wrote that property list."""
        try:
            told = plistlib.loads(content)
        except (plistlib.InvalidFileException, ValueError, OverflowError):
            return False
        if not isinstance(told, dict) or told.get("Label") != LABEL:
            return False
        words = told.get("ProgramArguments")
        return isinstance(words, list) and words[1:] == ["-m", "agentmonitor", "serve"]

    def starting(self) -> list[list[str]]:
        """Load the definition, which starts it; an earlier one is let go first."""
        letting_go = [["launchctl", "bootout", self._target]] if self._is_loaded() else []
        return [
            *letting_go,
            ["launchctl", "enable", self._target],
            ["launchctl", "bootstrap", self._domain, str(self.file)],
        ]

    def loading(self) -> list[list[str]]:
        """Let it start at the next log-in."""
        return [["launchctl", "enable", self._target]]

    def stopping(self) -> list[list[str]]:
        """Stop it. It starts by itself as long as the file is there."""
        return [["launchctl", "bootout", self._target]] if self._is_loaded() else []

    def forgetting(self) -> list[list[str]]:
        """Nothing is remembered."""
        return []

    def status(self) -> Status:
        """Asks launchd."""
        installed = self.file.exists()
        status = Status(manager=self.name, file=str(self.file), installed=installed)
        try:
            said = run(["launchctl", "print", self._target])
        except Failed:  # it says so, too, when the service is not loaded
            status.state = "not loaded"
            return status
        pid, state = _PID.search(said), _STATE.search(said)
        status.enabled = installed
        status.state = state[1] if state else "loaded"
        status.pid = int(pid[1]) if pid else None
        status.running = pid is not None
        return status

    def _is_loaded(self) -> bool:
        return self.status().state != "not loaded"
