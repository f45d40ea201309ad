"""Opening SQLite files, and what their errors mean for the caller."""

import os
import sqlite3
from pathlib import Path

from agentmonitor.errors import DatabaseUnusable, StorageError, StorageFull

APPLICATION_ID = 0x414D4F4E
"""``PRAGMA application_id`` of our files ("AMON"): no other program's database is touched."""

_MAGIC = b"SQLite format 3\0"
_FULL = {"SQLITE_FULL", "SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_IOERR"}
_BROKEN = {"SQLITE_NOTADB", "SQLITE_CORRUPT", "SQLITE_FORMAT"}


def translate(error: sqlite3.Error, path: Path) -> StorageError:
    """The exception to raise instead of ``error``, with what the user can do."""
    name: str = getattr(error, "sqlite_errorname", "") or ""
    primary = "_".join(name.split("_")[:2])
    if primary in _BROKEN:
        return _no_database(path, str(error))
    if primary in _FULL:
        return StorageFull(
            f"{path} cannot be written ({error}). "
            "Free disk space, check that the file and its folder may be written, and try again."
        )
    return StorageError(f"The database {path} failed: {error}")


def _no_database(path: Path, why: str) -> DatabaseUnusable:
    return DatabaseUnusable(
        f"{path} is not a usable SQLite database ({why}). "
        "Move it away or name another file with AGENTMONITOR_DB_PATH or --db."
    )


def open_writer(path: Path, *, shrinks: bool = False) -> sqlite3.Connection:
    """The one connection that writes, in WAL mode; makes the file, for its owner alone.

    ``shrinks``: a new file can give free pages back in small steps.

    Raises StorageFull and DatabaseUnusable.
    """
    try:
        # Made here and not by SQLite, so that no moment exists in which others may read it.
        file = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            head = os.read(file, len(_MAGIC))
        finally:
            os.close(file)
    except OSError as error:
        raise StorageFull(
            f"{path} cannot be written ({error.strerror}). Check the rights of the file and its "
            "folder, or name another file with AGENTMONITOR_DB_PATH or --db."
        ) from error
    if head and head != _MAGIC:
        # SQLite itself would take a file of a few bytes for an empty one and overwrite it.
        raise _no_database(path, "it begins like no SQLite database")
    connection = None
    try:
        connection = sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, cached_statements=128
        )
        if shrinks:
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        _claim(connection, path)
        path.chmod(0o600)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA cache_size = -2000")
        connection.execute("PRAGMA journal_size_limit = 67108864")
        connection.execute("PRAGMA wal_autocheckpoint = 8000")  # chores come first
        connection.execute("PRAGMA busy_timeout = 5000")
    except BaseException as error:
        if connection is not None:
            connection.close()
        if isinstance(error, sqlite3.Error):
            raise translate(error, path) from error
        raise
    return connection


def open_reader(path: Path) -> sqlite3.Connection:
    """A connection that cannot write."""
    connection = sqlite3.connect(
        f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None,
        check_same_thread=False, cached_statements=64,
    )  # fmt: skip
    connection.execute("PRAGMA query_only = 1")
    connection.execute("PRAGMA cache_size = -2000")
    connection.execute("PRAGMA busy_timeout = 5000")
    return connection


def _claim(connection: sqlite3.Connection, path: Path) -> None:
    """Mark a new file as ours; refuse one that belongs to another program."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    if application == APPLICATION_ID:
        return
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables or application:
        raise DatabaseUnusable(
            f"{path} is a database of another program and is left as it is. "
            "Name another file with AGENTMONITOR_DB_PATH or --db."
        )
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
