"""The events of each session in the order of their times, and how the list of them grows.

An index would have each transaction write a page for each session that is at work. So the list is
made after the events, STEP of them at a time, and reads (the views ``session_ids`` and
``session_rows``) add those after that. Triggers see to what changes in events that are listed, see
``migrations/0015_session_events.sql``.
"""

import sqlite3

STEP = 3000
"""Events that reads look through beside the list, about; twice as many while many come."""
PAGE = 200_000
"""Events that are sorted together when the list is made anew."""
_LIST = (
    "INSERT INTO session_events SELECT session, time, id FROM events WHERE id > ? AND id <= ?"
    " ORDER BY session, time, id"
)
_UPTO = "SELECT event FROM listed_upto"


class SessionLists:
    """Makes the list inside the writer's transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._upto = 0
        self.forget()

    def is_due(self, last: int, *, twice: bool) -> bool:
        """Whether there are events enough to list, or ``twice`` as many; ``last``: the newest
        event's number."""
        return last - self._upto >= (2 * STEP if twice else STEP)

    def extend(self, last: int) -> None:
        """List all up to the event ``last``. All events must be written."""
        if last > self._upto:
            self._connection.execute(_LIST, (self._upto, last))
            self._connection.execute("UPDATE listed_upto SET event = ?", (last,))
            self._upto = last

    def forget(self) -> None:
        """The transaction was rolled back."""
        (self._upto,) = self._connection.execute(_UPTO).fetchone()


def rebuild_lists(connection: sqlite3.Connection) -> None:
    """Make the list anew from the events. Belongs into a transaction."""
    connection.execute("DELETE FROM session_events")
    connection.execute("UPDATE listed_upto SET event = 0")
    (last,) = connection.execute("SELECT coalesce(max(id), 0) FROM events").fetchone()
    lists = SessionLists(connection)
    for upto in (*range(PAGE, last, PAGE), last):
        lists.extend(upto)
