"""Connections that read: one for each thread, and one state of the database for each read."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agentmonitor.errors import StorageError
from agentmonitor.storage.sqlite.connect import open_reader, translate


class Snapshots:
    """Of one database file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._guard = threading.Lock()

    def close_readers(self) -> None:
        """Close every thread's connection. No read may be under way."""
        with self._guard:
            for connection in self._connections:
                connection.close()
            self._connections.clear()
            self._local = threading.local()

    @contextmanager
    def _snapshot(self) -> Iterator[sqlite3.Connection]:
        """The thread's connection in a read transaction: all of a call sees one state."""
        try:
            connection = self._connection()
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                connection.execute("ROLLBACK")
        except sqlite3.Error as error:
            raise translate(error, self.path) from error

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            if not self.path.exists():
                raise StorageError(f"The database {self.path} is gone.")
            connection = self._local.connection = open_reader(self.path)
            with self._guard:
                self._connections.append(connection)
        return connection
