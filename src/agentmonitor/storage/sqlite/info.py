"""What a database file holds, and opening one that may belong to a running server."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agentmonitor import __version__
from agentmonitor.errors import DatabaseUnusable
from agentmonitor.model.clock import to_iso
from agentmonitor.model.database import DatabaseInfo, Retention, TableSize
from agentmonitor.storage.sqlite.connect import APPLICATION_ID, open_reader, translate
from agentmonitor.storage.sqlite.lock import holder_of
from agentmonitor.storage.sqlite.migrate import migrations

_RANGE = (
    "SELECT (SELECT count(*) FROM events), (SELECT count(*) FROM sessions),"
    " (SELECT min(time) FROM events), (SELECT max(time) FROM events)"
)


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that cannot write, to a database of ours of any version.

    Raises DatabaseUnusable and StorageError.
    """
    if not path.is_file():
        raise DatabaseUnusable(f"There is no database at {path}. Name another file.")
    try:
        connection = open_reader(path)
        try:
            (application,) = connection.execute("PRAGMA application_id").fetchone()
            if application != APPLICATION_ID:
                raise DatabaseUnusable(f"{path} is no database of AgentMonitor. Name another file.")
            yield connection
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise translate(error, path) from error


@contextmanager
def snapshot(connection: sqlite3.Connection) -> Iterator[None]:
    """All reads inside see one state."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")


def applied(connection: sqlite3.Connection) -> list[tuple[int, str]]:
    """Number and name of the migrations that the database has."""
    return connection.execute("SELECT number, name FROM migrations ORDER BY number").fetchall()


def is_current(connection: sqlite3.Connection) -> bool:
    """Whether this version of the program has brought the database up to its own."""
    return bool(applied(connection)[-1:] == [migrations()[-1][:2]])


def is_newer(connection: sqlite3.Connection) -> bool:
    """Whether a newer version of the program has changed the database."""
    return max((number for number, _ in applied(connection)), default=0) > migrations()[-1][0]


def sqlite_version() -> str:
    """The version of SQLite."""
    return sqlite3.sqlite_version


def pruned_events(connection: sqlite3.Connection) -> int:
    """Events that only the totals still know."""
    (count,) = connection.execute("SELECT coalesce(sum(events), 0) FROM pruned").fetchone()
    return int(count)


def describe(
    connection: sqlite3.Connection, path: Path, retention: Retention, *, tables: bool
) -> DatabaseInfo:
    """What there is to know; the sizes of ``tables`` take a look at every page.

    Belongs into a transaction, so that all of it is of one moment.
    """
    events, sessions, oldest, newest = connection.execute(_RANGE).fetchone()
    (free,) = connection.execute("PRAGMA freelist_count").fetchone()
    (page,) = connection.execute("PRAGMA page_size").fetchone()
    return DatabaseInfo(
        path=str(path),
        version=__version__,
        size_bytes=_size(path, ""),
        log_bytes=_size(path, "-wal"),
        free_bytes=free * page,
        events=events,
        pruned_events=pruned_events(connection) if is_current(connection) else 0,
        sessions=sessions,
        oldest_event=None if oldest is None else to_iso(oldest),
        newest_event=None if newest is None else to_iso(newest),
        migrations=[name for _, name in applied(connection)],
        retention=retention,
        held_by=holder_of(path),
        tables=_tables(connection) if tables else [],
    )


def _tables(connection: sqlite3.Connection) -> list[TableSize]:
    """Every table with its indexes, the largest first."""
    names: dict[str, str] = dict(
        connection.execute("SELECT name, tbl_name FROM sqlite_master WHERE type != 'view'")
    )
    sizes: dict[str, int] = {}
    try:
        pages = connection.execute("SELECT name, pgsize FROM dbstat WHERE aggregate = 1")
        for name, size in pages:
            table = names.get(name, name)
            sizes[table] = sizes.get(table, 0) + size
    except sqlite3.OperationalError:  # built without dbstat
        sizes = {}
    found = []
    for table in sorted(set(names.values())):
        (rows,) = connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()
        found.append(TableSize(table, rows, sizes.get(table)))
    return sorted(found, key=lambda each: (-(each.bytes or 0), -each.rows))


def _size(path: Path, suffix: str) -> int:
    try:
        return path.with_name(path.name + suffix).stat().st_size
    except FileNotFoundError:
        return 0
