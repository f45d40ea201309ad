"""Notes of rare events, made beside the writer; ``queries/event_pages.py`` reads them."""

import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial

import msgspec

from agentmonitor.model.clock import HOUR_MS

EVENTS = 4000
"""Numbers of events that are looked at together."""
MOST = 12
"""A name is rare that so many of them have at most: a page of what is more frequent is found by
going through the events."""
BUDGET = 50
"""Steps made in one go."""
COLUMNS = ("type", "tool", "model")
"""Whose rare names are noted."""

Snapshot = Callable[[], AbstractContextManager[sqlite3.Connection]]
Write = Callable[[Callable[[sqlite3.Connection], None]], None]
"""Runs its argument in a transaction of the writer, and waits."""

_WITHIN = "FROM events WHERE id > ? AND id <= ?"
_NAMES = f"SELECT {', '.join(COLUMNS)}, count(*) {_WITHIN} GROUP BY {', '.join(COLUMNS)}"
_FIND = " UNION ALL ".join(
    f"SELECT {column}, time / {HOUR_MS}, id {_WITHIN}"
    f" AND {column} IN (SELECT value FROM json_each(?))"
    for column in COLUMNS
)
_NOTE = "INSERT OR IGNORE INTO rare_events VALUES (?, ?, ?)"
_OLDEST = f"SELECT min(time) / {HOUR_MS} FROM events"

Row = tuple[int, int, int]


class RareEvents:
    """Notes what is rare among new events. Used by one thread at a time."""

    def __init__(self, snapshot: Snapshot, write: Write) -> None:
        self._snapshot = snapshot
        self._write = write
        self._oldest: int | None = None
        """The hour of the oldest event, when notes before it were last removed."""

    def keep_up(self) -> int:
        """Note some of what is missing; how many events were looked at."""
        looked = 0
        for _ in range(BUDGET):
            with self._snapshot() as connection:
                (upto,) = connection.execute("SELECT event FROM rare_upto").fetchone()
                (last,) = connection.execute("SELECT coalesce(max(id), 0) FROM events").fetchone()
                if last - upto < EVENTS:
                    break
                rows = _rare(connection, upto, upto + EVENTS)
            self._write(partial(_note, rows=rows, upto=upto + EVENTS))
            looked += EVENTS
        self._forget_pruned()
        return looked

    def _forget_pruned(self) -> None:
        """Remove the notes of hours that have no events any more."""
        with self._snapshot() as connection:
            (oldest,) = connection.execute(_OLDEST).fetchone()
        before, self._oldest = self._oldest, oldest
        if before is not None and oldest is not None and oldest > before:
            self._write(lambda connection: _forget(connection, oldest))


def _rare(connection: sqlite3.Connection, after: int, upto: int) -> list[Row]:
    """(name, hour, event) of the rare ones with ``after < id <= upto``."""
    counts: tuple[Counter[int], ...] = tuple(Counter() for _ in COLUMNS)
    for *names, count in connection.execute(_NAMES, (after, upto)):
        for counter, name in zip(counts, names, strict=True):
            counter[name] += count
    arguments: list[int | str] = []
    for counter in counts:
        rare = [name for name, count in counter.items() if name and count <= MOST]
        arguments += [after, upto, msgspec.json.encode(rare).decode()]
    return connection.execute(_FIND, arguments).fetchall()


def _note(connection: sqlite3.Connection, rows: list[Row], upto: int) -> None:
    connection.executemany(_NOTE, rows)
    connection.execute("UPDATE rare_upto SET event = ?", (upto,))


def _forget(connection: sqlite3.Connection, hour: int) -> None:
    connection.execute("DELETE FROM rare_events WHERE hour < ?", (hour,))
