"""Rows of the events table on their way to the disk, and those that change once more.

A row is a list in the order of the columns, so that what is not written yet is changed in place.
"""

import sqlite3
from typing import Any

from agentmonitor.storage.sqlite.bulk import Insert

(
    ID, EVENT_ID, SESSION, TIME, LAG, AGENT, TYPE, STATUS, TOOL, MODEL, PROJECT, BRANCH, SOURCE,
    TOKENS_IN, TOKENS_OUT, CACHE_READ, CACHE_WRITE, DURATION, COST, METADATA, TRUNCATED, FILE,
    LINES_ADDED, LINES_REMOVED, CHANNELS,
) = range(25)  # fmt: skip
COLUMNS = (
    "id", "event_id", "session", "time", "lag", "agent", "type", "status", "tool", "model",
    "project", "branch", "source", "tokens_in", "tokens_out", "cache_read", "cache_write",
    "duration_ms", "cost_usd", "metadata", "truncated", "file", "lines_added", "lines_removed",
    "channels",
)  # fmt: skip
_SELECT = f"SELECT {', '.join(COLUMNS)} FROM events WHERE id = ?"
_UPDATE = f"UPDATE events SET {', '.join(f'{c} = ?' for c in COLUMNS[2:])} WHERE id = ?"
_INSERT = Insert(
    f"events ({', '.join(COLUMNS)})", len(COLUMNS), optional=(EVENT_ID, LAG, DURATION, COST)
)
MAX_KEPT = 512
"""Rows kept in memory for a change at most, between transactions."""

Row = list[Any]
"""SQLite's columns have no static types."""


class EventRows:
    """New and changed rows inside the writer's transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.new: list[Row] = []
        """Rows that are not written yet, in the order of their ids."""
        self._kept: dict[int, Row] = {}
        self._changed: dict[int, Row] = {}

    def keep(self, row: Row) -> None:
        """Remember a row that is likely to change soon."""
        self._kept[row[ID]] = row

    def find(self, number: int) -> Row:
        """The row with that id, as it stands after all that was taken in.

        Raises LookupError when it was pruned.
        """
        row = self._kept.get(number)
        if row is None:
            self.flush()
            found = self._connection.execute(_SELECT, (number,)).fetchone()
            if found is None:
                raise LookupError(number)
            row = self._kept[number] = list(found)
        return row

    def change(self, row: Row) -> None:
        """To be called when a row was changed in place."""
        if not self.new or row[ID] < self.new[0][ID]:
            self._changed[row[ID]] = row

    def remove(self, row: Row) -> None:
        """Take a row out again."""
        self.flush()
        self._kept.pop(row[ID], None)
        self._connection.execute("DELETE FROM events WHERE id = ?", (row[ID],))

    def flush(self) -> None:
        """Write what is new and what changed."""
        if self.new:
            _INSERT.run(self._connection, self.new)
            self.new = []
        if self._changed:
            rows = [(*row[2:], row[ID]) for row in self._changed.values()]
            self._connection.executemany(_UPDATE, rows)
            self._changed = {}

    def release(self) -> None:
        """Forget written rows: after a flush, when something else may have changed them."""
        self._kept.clear()

    def shrink(self) -> None:
        """Keep memory bounded; after a flush."""
        if len(self._kept) > MAX_KEPT:
            self._kept.clear()

    def forget(self) -> None:
        """The transaction was rolled back."""
        self.new = []
        self._kept.clear()
        self._changed.clear()


def highest_id(connection: sqlite3.Connection) -> int:
    """The highest id that an event ever had, also of those that are gone."""
    queries = (
        "SELECT max(id) FROM events",
        "SELECT max(event) FROM activity_merges",
        "SELECT event FROM pruned_upto",
    )
    return max(int(connection.execute(query).fetchone()[0] or 0) for query in queries)
