"""Installing the service and taking it away again."""

import os
import shlex
import shutil
import sys
import time
from pathlib import Path

from agentmonitor.config import Settings
from agentmonitor.connect.files import make_folders, read_bytes, write_bytes
from agentmonitor.errors import ConfigError
from agentmonitor.service.definition import Definition
from agentmonitor.service.launchd import Launchd
from agentmonitor.service.manager import Manager
from agentmonitor.service.program import Failed, run
from agentmonitor.service.systemd import Systemd

TRIES = 5
PAUSE_S = 1.0


class NoManager(ConfigError):
    """Nothing that we know manages services here; the text says what to do."""


def find_manager(settings: Settings, platform: str = sys.platform) -> Manager:
    """What manages services here. Raises NoManager."""
    home = settings.folders.home
    if platform == "darwin" and shutil.which("launchctl"):
        return Launchd(home, os.getuid())
    if platform.startswith("linux") and shutil.which("systemctl"):
        moved = settings.folders.variables.get("XDG_CONFIG_HOME", "")
        return Systemd(Path(moved) if moved.startswith("/") else home / ".config")
    command = shlex.join([sys.executable, "-m", "agentmonitor", "serve"])
    raise NoManager(
        "There is neither systemd nor launchd here. Have what starts your programs run this "
        f"command as you: {command}"
    )


def install(manager: Manager, definition: Definition, *, start: bool) -> bool:
    """Write the definition and load it; whether there was one before. Raises ConfigError when
    the file is somebody else's, Failed with the manager's words."""
    before = _ours(manager)
    manager.status()  # before anything is written: whether there is a manager to take it
    make_folders(manager.file.parent)
    write_bytes(manager.file, manager.text(definition).encode(), 0o600)
    for command in manager.starting() if start else manager.loading():
        _persist(command)
    return before is not None


def uninstall(manager: Manager) -> bool:
    """Stop the service and delete its definition; whether there was one. Raises ConfigError when
    the file is somebody else's, Failed with the manager's words."""
    if _ours(manager) is None:
        return False
    for command in manager.stopping():
        run(command)
    manager.file.unlink(missing_ok=True)
    for command in manager.forgetting():
        run(command)
    return True


def _ours(manager: Manager) -> bytes | None:
    """The definition that we wrote; None when there is no file. Raises ConfigError."""
    content = read_bytes(manager.file)
    if content is not None and not manager.is_ours(content):
        raise ConfigError(
            f"{manager.file} was not written by 'agentmonitor service install', so it is left as "
            "it is. Move it away first if you want this service."
        )
    return content


def _persist(command: list[str]) -> None:
    """Run it; launchd lets go of a service a moment after it said so, so that is tried again."""
    for left in reversed(range(TRIES if "bootstrap" in command else 1)):
        try:
            run(command)
        except Failed:
            if not left:
                raise
            time.sleep(PAUSE_S)
        else:
            return
