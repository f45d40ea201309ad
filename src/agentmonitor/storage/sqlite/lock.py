"""One server for one database: a lock file beside it that names its holder.

The kernel's lock counts, not the file: it goes with the process, so a stale file is no obstacle.
"""

import fcntl
import os
from pathlib import Path

import msgspec

from agentmonitor.errors import DatabaseInUse, StorageFull
from agentmonitor.model.clock import now_ms, to_iso
from agentmonitor.model.database import Holder


def holder_of(database: Path) -> Holder | None:
    """Who holds ``database``; None when nobody does.

    The lock itself is not tried: a server that starts at this moment would find it taken.
    """
    resolved = database.resolve()
    try:
        text = resolved.with_name(resolved.name + ".lock").read_bytes()
        holder = msgspec.json.decode(text, type=Holder)
    except (OSError, msgspec.DecodeError):
        return None
    try:
        os.kill(holder.pid, 0)
    except PermissionError:  # it lives, as another user's
        return holder
    except (OSError, OverflowError):
        return None
    return holder


def serving(database: Path) -> str | None:
    """The address of the server that holds ``database``; None when none does."""
    holder = holder_of(database)
    return None if holder is None else holder.address


class DatabaseLock:
    """The lock of one database file."""

    def __init__(self, database: Path) -> None:
        resolved = database.resolve()
        self._database = database
        self._path = resolved.with_name(resolved.name + ".lock")
        self._file: int | None = None
        self._since = to_iso(now_ms())

    def acquire(self) -> None:
        """Take the lock. Raises DatabaseInUse naming the holder, StorageFull."""
        try:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StorageFull(
                f"{self._path} cannot be written ({error.strerror}). "
                "Check the rights of the folder, or name another database with --db."
            ) from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DatabaseInUse(self._describe(file)) from None
        except OSError as error:
            os.close(file)
            raise StorageFull(f"{self._path} cannot be locked ({error.strerror}).") from error
        self._file = file
        try:
            self.announce(None)
        except OSError as error:
            self.release()
            raise StorageFull(f"{self._path} cannot be written ({error.strerror}).") from error

    def announce(self, address: str | None) -> None:
        """Write who holds the lock and where it serves."""
        if self._file is not None:
            holder = Holder(pid=os.getpid(), since=self._since, address=address)
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, msgspec.json.encode(holder), 0)

    def release(self) -> None:
        """Let go. Safe to call twice."""
        if self._file is not None:
            file, self._file = self._file, None
            try:
                os.ftruncate(file, 0)
            finally:
                os.close(file)

    def _describe(self, file: int) -> str:
        try:
            text = os.pread(file, 4096, 0)
        finally:
            os.close(file)
        try:
            holder = msgspec.json.decode(text, type=Holder)
        except msgspec.DecodeError:
            return f"The database {self._database} is in use by another process."
        where = f" at {holder.address}" if holder.address else ""
        return (
            f"The database {self._database} is in use by process {holder.pid}{where} "
            f"(since {holder.since}). Use that server, stop it, or name another file with --db."
        )
