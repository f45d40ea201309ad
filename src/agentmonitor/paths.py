"""The folders that AgentMonitor keeps things in. Importing this touches no disk."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from agentmonitor.errors import StorageFull

APP = "agentmonitor"


class Folders(msgspec.Struct, frozen=True):
    """Where agents keep their files: the user's home, and the variables that move folders."""

    home: Path
    variables: Mapping[str, str] = {}


def data_dir() -> Path:
    """The platform's folder for this user's data, e.g. ``~/.local/share/agentmonitor``."""
    import platformdirs  # on first use: a start with an explicit path does not need it

    return Path(platformdirs.user_data_dir(APP, appauthor=False))


def config_dir() -> Path:
    """The platform's folder for this user's configuration, e.g. ``~/.config/agentmonitor``."""
    import platformdirs

    return Path(platformdirs.user_config_dir(APP, appauthor=False))


def default_database() -> Path:
    """Where the database lies when no setting names another place."""
    return data_dir() / "agentmonitor.db"


def make_private_folder(folder: Path) -> None:
    """Make ``folder`` and what is missing above it, for its owner alone (as XDG asks).

    A folder that exists keeps its mode. Raises StorageFull when it cannot be made.
    """
    try:
        if not folder.parent.exists():
            make_private_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise StorageFull(
            f"The folder {folder} cannot be made ({error.strerror}). "
            "Make it yourself, or name another place with AGENTMONITOR_DB_PATH or --db."
        ) from error
