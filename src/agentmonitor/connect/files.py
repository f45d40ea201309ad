"""Settings files on disk: read whole, written at once or not at all."""

import os
import stat
import tempfile
from pathlib import Path

from agentmonitor.errors import AgentMonitorError, ConfigError

MAX_BYTES = 16 * 1024 * 1024


def target(path: Path) -> Path:
    """The file that is meant, behind links: a link in a folder of dotfiles stays a link."""
    return Path(os.path.realpath(path))


def read_bytes(path: Path) -> bytes | None:
    """The content; None when there is no such file. Raises ConfigError."""
    try:
        with open(path, "rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror}).") from error
    if len(content) > MAX_BYTES:
        raise ConfigError(f"{path} is larger than 16 MiB; that is no settings file.")
    return content


def decode(content: bytes | None, path: Path) -> str:
    """The text. Raises ConfigError when it is not UTF-8."""
    try:
        return (content or b"").decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8, so it is left as it is.") from error


def write_bytes(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Replace the file's content in one step. An existing file keeps its mode, a new one gets
    ``mode``. Raises ConfigError when it may not be written, AgentMonitorError when that fails."""
    real = target(path)
    try:
        found = os.stat(real)
    except FileNotFoundError:
        owner = None
    except OSError as error:
        raise AgentMonitorError(f"{path} cannot be written ({error.strerror}).") from error
    else:
        mode, owner = stat.S_IMODE(found.st_mode), (found.st_uid, found.st_gid)
        if not os.access(real, os.W_OK) or not found.st_mode & 0o222:
            raise ConfigError(f"{path} is read-only, so it is left as it is.")
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{real.name}.", dir=real.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if owner is not None and owner != (os.geteuid(), os.getegid()):
            _give(temporary, *owner)
        os.chmod(temporary, mode)
        os.replace(temporary, real)
    except OSError as error:
        if temporary is not None and os.path.exists(temporary):
            os.unlink(temporary)
        raise AgentMonitorError(f"{path} cannot be written ({error.strerror}).") from error


def make_folders(folder: Path) -> list[Path]:
    """Make ``folder`` and what is missing above it; those that were made, the deepest last.

    Raises AgentMonitorError.
    """
    missing = [folder, *folder.parents]
    made = [each for each in reversed(missing) if not each.exists()]
    try:
        for each in made:
            each.mkdir(mode=0o700)
    except OSError as error:
        raise AgentMonitorError(f"{folder} cannot be made ({error.strerror}).") from error
    return made


def delete(path: Path, folders: list[Path]) -> None:
    """Delete a file that we made, and those of the folders that are empty then."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise AgentMonitorError(f"{path} cannot be deleted ({error.strerror}).") from error
    for folder in reversed(folders):
        try:
            folder.rmdir()
        except OSError:
            return  # somebody has put something there


def _give(path: str, uid: int, gid: int) -> None:
    """The file goes to the owner of the one that it replaces, as far as that is allowed."""
    try:
        os.chown(path, uid, gid)
    except PermissionError:
        return  # only root may; then it is the user's own, which is who runs this
