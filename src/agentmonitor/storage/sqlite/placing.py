"""A session's project or branch becomes known: its events so far take it too.

So an event is without a project only while its session is, and roll-ups by project follow the
events.
"""

import sqlite3

from agentmonitor.model.clock import MINUTE_MS
from agentmonitor.storage.sqlite.event_rows import EventRows
from agentmonitor.storage.sqlite.pruned import Pruned
from agentmonitor.storage.sqlite.rollups import Cells, measure
from agentmonitor.storage.sqlite.sessions import Session

_LACKING = (
    "SELECT time / 60000, agent, type, tool, model, source, project, branch, status != 0,"
    " tokens_in, tokens_out, cache_read, cache_write, cost_usd, duration_ms, time FROM session_rows"
    " WHERE session = ? AND ((? AND project = 0) OR (? AND branch = 0))"
)
_PLACE = (
    "UPDATE events SET project = CASE WHEN project = 0 THEN ? ELSE project END,"
    " branch = CASE WHEN branch = 0 THEN ? ELSE branch END"
    " WHERE id IN (SELECT id FROM session_ids WHERE session = ?)"
)
_STAYED = (
    "s.project = 0 AND e.project = 0"
    " AND e.branch = rollup_branch.branch AND e.agent = rollup_branch.agent"
)
# When events leave "no project", the last use of their branch there is that of those that stay.
_BRANCH_LAST_USE = (
    "UPDATE rollup_branch SET last_time = max(coalesce((SELECT max(e.time) FROM sessions s"
    " CROSS JOIN session_events l ON l.session = s.key CROSS JOIN events e ON e.id = l.event"
    f" WHERE {_STAYED}), 0), coalesce((SELECT max(e.time) FROM events e NOT INDEXED"
    " CROSS JOIN sessions s ON s.key = e.session"
    f" WHERE e.id > (SELECT event FROM listed_upto) AND {_STAYED}), 0),"
    " coalesce((SELECT max(p.last_time) FROM sessions s JOIN pruned p ON p.session = s.key"
    " WHERE s.project = 0 AND p.project = 0"
    " AND p.branch = rollup_branch.branch AND p.agent = rollup_branch.agent), 0))"
    " WHERE project = 0 AND branch = ? AND agent = ?"
)


class Placing:
    """Places events inside the writer's transaction."""

    def __init__(
        self, connection: sqlite3.Connection, rows: EventRows, cells: Cells, pruned: Pruned
    ) -> None:
        self._connection = connection
        self._rows = rows
        self._cells = cells
        self._pruned = pruned
        self._left: set[tuple[int, int]] = set()
        """(branch, agent) of which events got a project."""

    def place(self, session: Session, project: int, branch: int) -> None:
        """``session`` is about to get ``project``, ``branch`` or both (0: unknown): give them to
        those of its events that lack them."""
        if not session.events:
            return
        self._rows.flush()
        self._rows.release()
        new_project = project if not session.project else 0
        new_branch = branch if not session.branch else 0
        lacking = (session.key, new_project, new_branch)
        affected = self._connection.execute(_LACKING, lacking).fetchall()
        moves = [
            ((row[15] // MINUTE_MS, *row[1:8]), measure(bool(row[8]), *row[9:15]), row[15])
            for row in affected
        ] + self._pruned.lacking(*lacking)
        for key, cell, time in moves:
            moved = (*key[:6], key[6] or new_project, key[7] or new_branch)
            self._cells.add(key, [-value for value in cell], time)
            self._cells.add(moved, cell, time)
            if key[7] and not key[6]:
                self._left.add((key[7], key[1]))
        self._connection.execute(_PLACE, (new_project, new_branch, session.key))
        self._pruned.place(*lacking)

    def save(self) -> None:
        """Mend what ``place`` left behind; after all that the transaction takes in."""
        if self._left:
            self._cells.fold()
            self._connection.executemany(_BRANCH_LAST_USE, sorted(self._left))
            self._left.clear()

    def forget(self) -> None:
        """The transaction was rolled back."""
        self._left.clear()
