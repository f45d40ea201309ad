"""Reading a database file without serving it: no lock, no writer, no threads."""

import sqlite3
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from agentmonitor.errors import ConfigError, DatabaseUnusable
from agentmonitor.model.search import Search, SearchPage
from agentmonitor.storage.sqlite.connect import APPLICATION_ID, translate
from agentmonitor.storage.sqlite.reader import Reader

if TYPE_CHECKING:
    from agentmonitor.storage.sqlite.search_reader import SearchReader

_MIGRATIONS = Path(__file__).with_name("migrations")


class ReadOnlyEngine(Reader):
    """All reads of the engine's protocol, also while a server or an import writes."""

    def open(self) -> None:
        """Look whether the file can be read by this version.

        Raises ConfigError (there is none, or it is an older version's), DatabaseUnusable (it is
        not ours, or a newer version's) and StorageError.
        """
        if not self.path.is_file():
            raise ConfigError(
                f"There is no database at {self.path} yet. Start 'agentmonitor serve' to collect "
                "events, run 'agentmonitor import' to read the agents' session files, or name "
                "another file with --db."
            )
        try:
            connection = self._connection()
            if connection.execute("PRAGMA application_id").fetchone() != (APPLICATION_ID,):
                raise DatabaseUnusable(
                    f"{self.path} is no database of AgentMonitor. Name another file with --db."
                )
            (found,) = connection.execute("SELECT max(number) FROM migrations").fetchone()
        except sqlite3.Error as error:
            raise translate(error, self.path) from error
        known = newest_migration()
        if found is None or found < known:
            raise ConfigError(
                f"{self.path} was made by an older AgentMonitor. Start 'agentmonitor serve' once: "
                "it brings the database up to date."
            )
        if found > known:
            raise DatabaseUnusable(
                f"{self.path} was made by a newer AgentMonitor. Update this one: "
                "pip install --upgrade agentmonitor."
            )

    def close(self) -> None:
        """Close what was opened. Safe to call twice."""
        if "_searches" in self.__dict__:
            self._searches.close()
        self.close_readers()

    def search(self, asked: Search) -> SearchPage:
        """The events that match, best first, as far as a server has indexed them."""
        with self._snapshot() as connection:
            return self._searches.search(connection, self._names, asked)

    @cached_property
    def _searches(self) -> "SearchReader":
        # Only a search needs the index.
        from agentmonitor.storage.sqlite.search_indexer import Indexer
        from agentmonitor.storage.sqlite.search_reader import SearchReader

        return SearchReader(Indexer(self.path, lambda upto: None, lambda: 0))


def newest_migration() -> int:
    """The number of the last migration that this version knows."""
    return max(int(file.name.split("_", 1)[0]) for file in _MIGRATIONS.glob("*.sql"))
