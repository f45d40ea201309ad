"""The small programs that agents run: copies in the data folder, so that they work whatever
becomes of this installation.

A command never is ``sh FILE`` or ``python FILE``: both exit with 2 when the file is gone, and 2 is
how a hook says that a tool must not run.
"""

import os
import shlex
import shutil
import sys
from importlib.resources import files
from pathlib import Path

from agentmonitor.agents.setup import Dialect
from agentmonitor.connect.files import make_folders, read_bytes, write_bytes
from agentmonitor.errors import AgentMonitorError
from agentmonitor.paths import data_dir

_SCRIPTS = ("hook", "statusline", "guard")
_PACKAGE = "standalone"


def connect_folder() -> Path:
    """Where the programs, the backups and the journal are."""
    return data_dir() / "connect"


class Programs:
    """The programs in ``folder``, and the commands that run them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "bin"

    def hook(self, url: str) -> str:
        """Sends its input to ``url``. Prints nothing and never fails."""
        return f"{self._named('hook')} {shlex.quote(url)} || true"

    def statusline(self, url: str, own: str | None) -> str:
        """Sends its input to ``url`` and prints what the user's ``own`` command prints."""
        words = [str(self.folder / "statusline"), url, *([] if own is None else [own])]
        return shlex.join(words)

    def is_statusline(self, command: str) -> bool:
        """Whether it is a command of ours."""
        return command.startswith(self._named("statusline") + " ")

    def own_statusline(self, command: str) -> str | None:
        """The user's command within one of ours; None when there is none."""
        try:
            words = shlex.split(command)
        except ValueError:
            return None
        return words[2] if self.is_statusline(command) and len(words) > 2 else None

    def guard(self, dialect: Dialect) -> str:
        """Decides about the tool call in its input, without a server."""
        return f"{self._named('guard')} {dialect} || true"

    def install(self) -> None:
        """Write what is missing or of another version. Raises AgentMonitorError."""
        make_folders(self.folder / _PACKAGE)
        ours = files("agentmonitor.connect")
        python = sys.executable if sys.executable and "'" not in sys.executable else "python3"
        for name in _SCRIPTS:
            text = (ours / "scripts" / f"{name}.sh").read_text("utf-8")
            self._write(Path(name), text.replace("@PYTHON@", python), 0o700)
        for module in (ours / _PACKAGE).iterdir():
            if module.name.endswith(".py"):
                self._write(Path(_PACKAGE, module.name), module.read_text("utf-8"), 0o600)

    def are_installed(self) -> bool:
        """Whether the programs are there and can be run."""
        return all(os.access(self.folder / name, os.X_OK) for name in _SCRIPTS)

    def uninstall(self) -> None:
        """Delete them. Raises AgentMonitorError."""
        try:
            if self.folder.exists():
                shutil.rmtree(self.folder)
        except OSError as error:
            raise AgentMonitorError(f"{self.folder} cannot be deleted ({error}).") from error

    def _write(self, name: Path, text: str, mode: int) -> None:
        path = self.folder / name
        if read_bytes(path) != text.encode():
            write_bytes(path, text.encode(), mode)
        try:
            path.chmod(mode)
        except OSError as error:
            raise AgentMonitorError(f"{path} cannot be made a program ({error}).") from error

    def _named(self, name: str) -> str:
        return shlex.quote(str(self.folder / name))
