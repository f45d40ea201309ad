"""What the writer does when it has answered: work for which nobody waits.

SQLite does it without the interpreter's lock, while the event loop reads and decodes what those who
were answered send next. Whatever is put off, reads give the same before and after.
"""

import sqlite3
from collections.abc import Callable

from agentmonitor.storage.sqlite.activity_keys import ActivityKeys
from agentmonitor.storage.sqlite.event_ids import EventIds
from agentmonitor.storage.sqlite.folds import Folds
from agentmonitor.storage.sqlite.session_lists import SessionLists

LOG_PAGES = 2000
"""Pages in the write-ahead log, about, when they are copied into the database."""
LOOK_EVERY = 16
"""Transactions between two looks at what changed in earlier events."""
_LEAST_PAGES, _PAGES_AN_EVENT, _MOST_PAGES = 5, 1, 600
"""What a transaction writes: a guess, since SQLite tells it only at a checkpoint."""
_LEAST_SHARE = 0.1
"""Of the guess at least, whatever the last checkpoint told: the load may be another now."""


class Chores:
    """What is due after a transaction. One object, used by the writer thread alone."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        folds: Folds,
        lists: SessionLists,
        event_ids: EventIds,
        keys: ActivityKeys,
    ) -> None:
        self._connection = connection
        self._folds = folds
        self._lists = lists
        self._event_ids = event_ids
        self._keys = keys
        self._tables = (event_ids.table, keys.table)
        self._turn = 0
        self._log = 0.0
        """Pages in the log, about."""
        self._share = 1.0
        """Of what was guessed, what was in the log at the last checkpoint."""

    def run(self, events: int, last: int, begin: Callable[[], None]) -> None:
        """Do what is due; to be called after each transaction.

        ``events``: how many it took in; ``last``: the newest event's number; ``begin`` begins a
        transaction, which is left open if this raises.
        """
        self._turn += 1
        guess = min(_LEAST_PAGES + events * _PAGES_AN_EVENT, _MOST_PAGES)
        self._log += guess * self._share
        # The largest three take turns: the next callers are there soon.
        copying = self._log >= LOG_PAGES
        folding = self._folds.is_due(last, twice=copying)
        # To ask the database costs a small transaction as much as some of its events.
        if self._turn % LOOK_EVERY == 0:
            folding = folding or self._folds.has_late()
        listing = self._lists.is_due(last, twice=copying or folding)
        full = [table for table in self._tables if table.is_full]
        keys = self._keys.is_due
        if folding or listing or full or keys or self._event_ids.is_due:
            begin()
            if listing or self._event_ids.is_due:
                self._event_ids.save()
            if keys:
                self._keys.write()
            for table in full:
                table.move()
            if listing:
                self._lists.extend(last)
            if folding:
                self._folds.fold(last)
            self._connection.execute("COMMIT")
        if copying:
            self._copy_log()

    def _copy_log(self) -> None:
        result = self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        _, pages, copied = result
        if pages > 0:  # otherwise somebody else is copying
            self._share = min(1.0, max(_LEAST_SHARE, self._share * pages / self._log))
        # Where not all is copied a reader needs the rest.
        self._log = 0.0 if copied == pages else float(pages)
