"""What agents said at length: kept beside the events' rows, which hold a summary."""

import sqlite3
from collections.abc import Sequence

import msgspec

_SAVE = (
    "INSERT INTO contents VALUES (?, ?) ON CONFLICT DO UPDATE SET body = excluded.body"
    " WHERE length(excluded.body) > length(body)"
)


class Contents:
    """New contents inside the writer's transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._new: list[tuple[int, bytes]] = []

    def add(self, event: int, body: bytes) -> None:
        """Keep ``body`` for an event; of several reports the longest stays."""
        self._new.append((event, body))

    def merge(self, event: int, target: int) -> None:
        """``event`` is the activity that ``target`` shows."""
        self.save()
        self._connection.execute(
            "UPDATE OR IGNORE contents SET event = ? WHERE event = ?", (target, event)
        )
        self._connection.execute("DELETE FROM contents WHERE event = ?", (event,))

    def drop(self, event: int) -> None:
        """``event`` is gone."""
        self.save()
        self._connection.execute("DELETE FROM contents WHERE event = ?", (event,))

    def save(self) -> None:
        """Write what is new. Belongs into the transaction."""
        if self._new:
            self._connection.executemany(_SAVE, self._new)
            self._new = []

    def forget(self) -> None:
        """The transaction was rolled back."""
        self._new = []


def contents_of(connection: sqlite3.Connection, events: Sequence[int]) -> dict[int, bytes]:
    """By event id, as they were packed; events without any are left out."""
    query = "SELECT event, body FROM contents WHERE event IN (SELECT value FROM json_each(?))"
    return dict(connection.execute(query, (msgspec.json.encode(events).decode(),)))
