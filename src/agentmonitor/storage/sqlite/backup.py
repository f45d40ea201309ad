"""Copies of a database that is being written, and putting one in its place."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from agentmonitor.errors import ConfigError, DatabaseUnusable, StorageError, StorageFull
from agentmonitor.model.clock import now_ms, to_iso
from agentmonitor.storage.sqlite.check import file_faults
from agentmonitor.storage.sqlite.connect import translate
from agentmonitor.storage.sqlite.info import applied, reading, snapshot
from agentmonitor.storage.sqlite.lock import DatabaseLock
from agentmonitor.storage.sqlite.migrate import migrations

_PAGES = 512
"""Pages copied in one step: 2 MB."""

Progress = Callable[[int, int], None]
"""Told (pages done, pages in all)."""


def back_up(
    database: Path, target: Path, *, force: bool = False, progress: Progress | None = None
) -> int:
    """Copy ``database`` as it is at this moment to ``target``, in one file; its size in bytes.

    Safe while a server writes: the copy is of one moment, and nobody waits for it. ``target``
    appears when it is whole. Raises ConfigError when it exists (unless ``force``), StorageError.
    """
    if target.exists() and not force:
        raise ConfigError(f"{target} exists. Name another file, or add --force to replace it.")
    if target.exists() and target.samefile(database):
        raise ConfigError(f"{target} is the database itself. Name another file.")
    if not target.parent.is_dir():
        raise ConfigError(f"There is no folder {target.parent}. Make it, or name another one.")
    part = _copy(database, target, progress)
    try:
        _settle(part, target, force=force)
    finally:
        part.unlink(missing_ok=True)
    return target.stat().st_size


def restore(
    backup: Path, database: Path, *, keep: bool = True, progress: Progress | None = None
) -> Path | None:
    """Put a copy of ``backup`` in the place of ``database``; where the one so far is kept.

    Raises DatabaseUnusable when the backup is not sound, DatabaseInUse and StorageError. Whatever
    fails, the database so far stays.
    """
    _verify(backup)
    database = database.resolve()
    lock = DatabaseLock(database)
    lock.acquire()
    try:
        if database.exists() and backup.samefile(database):
            raise ConfigError(f"{backup} is the database itself. Name a backup.")
        part = _copy(backup, database, progress)
        try:
            _verify(part)
            _renounce_index(part)
            return _replace(database, part, keep=keep)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise _no_room(database, error) from error
    finally:
        lock.release()


def _copy(source: Path, target: Path, progress: Progress | None) -> Path:
    """A whole copy of ``source`` beside ``target``, flushed to the disk."""
    part = target.with_name(f"{target.name}.part-{os.getpid()}-{now_ms()}")
    try:
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError as error:
        raise _no_room(target, error) from error
    try:
        _copy_pages(source, part, progress)
        file = os.open(part, os.O_RDONLY)
        try:
            os.fsync(file)
        finally:
            os.close(file)
    except BaseException as error:
        part.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise _no_room(target, error) from error
        raise
    return part


def _copy_pages(source: Path, part: Path, progress: Progress | None) -> None:
    def tell(status: int, remaining: int, total: int) -> None:
        if progress is not None:
            progress(total - remaining, total)

    # Inside a transaction of its own the source does not change, so no step begins anew.
    with reading(source) as connection, snapshot(connection):
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        copy = sqlite3.connect(part, isolation_level=None)
        try:
            copy.execute("PRAGMA synchronous = OFF")  # flushed once, at the end
            connection.backup(copy, pages=_PAGES, progress=tell, sleep=0)
            # One file that needs no log beside it.
            copy.execute("PRAGMA journal_mode = DELETE")
        except sqlite3.Error as error:
            raise translate(error, part) from error
        finally:
            copy.close()


def _verify(path: Path) -> None:
    """Raises DatabaseUnusable unless ``path`` is a sound database that this version can open."""
    with reading(path) as connection:
        faults = file_faults(connection)
        if faults:
            raise DatabaseUnusable(f"{path} is damaged ({faults[0]}). Name another backup.")
        newest = max((number for number, _ in applied(connection)), default=0)
        known = migrations()[-1][0]
        if newest > known:
            raise DatabaseUnusable(
                f"{path} was made by a newer AgentMonitor (migration {newest}; this one knows "
                f"{known}). Update the program: pip install --upgrade agentmonitor."
            )


def _renounce_index(part: Path) -> None:
    """The search index beside the database follows the one so far: it has to be made anew."""
    connection = sqlite3.connect(part, isolation_level=None)
    try:
        if connection.execute("PRAGMA table_info(search_source)").fetchone():
            connection.execute("UPDATE search_source SET id = randomblob(16)")
    finally:
        connection.close()


def _settle(part: Path, target: Path, *, force: bool) -> None:
    """Give ``part`` the name ``target``, and never take one that exists unless ``force``."""
    try:
        if force:
            part.replace(target)
        else:
            try:
                target.hardlink_to(part)
            except FileExistsError:
                raise ConfigError(f"{target} came to be in the meantime. Name another.") from None
            except OSError:  # a file system without links
                part.rename(target)
        _flush_folder(target)
    except OSError as error:
        raise _no_room(target, error) from error


def _replace(database: Path, part: Path, *, keep: bool) -> Path | None:
    kept = None
    if database.exists():
        stamp = to_iso(now_ms())[:19].replace(":", "").replace("-", "")
        kept = database.with_name(f"{database.name}.before-restore-{stamp}")
        _put_log_away(database, kept)
        if not keep:
            kept = None
        else:
            try:
                kept.hardlink_to(database)
            except OSError:  # a file system without links: for a moment there is no database
                database.rename(kept)
    part.replace(database)
    _flush_folder(database)
    return kept


def _put_log_away(database: Path, kept: Path) -> None:
    """A log that stayed would be read as the new database's."""
    try:
        connection = sqlite3.connect(database, isolation_level=None)
        try:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            connection.close()
    except sqlite3.Error:
        pass  # the database is damaged: perhaps that is why another one is wanted
    for suffix in ("-wal", "-shm"):
        log = database.with_name(database.name + suffix)
        with suppress(FileNotFoundError):
            log.rename(kept.with_name(kept.name + suffix))


def _flush_folder(path: Path) -> None:
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _no_room(path: Path, error: OSError) -> StorageError:
    return StorageFull(
        f"{path} cannot be written ({error.strerror}). Check the rights of its folder and the "
        "space on the disk, or name another file."
    )
