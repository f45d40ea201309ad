"""What is left of pruned events: sums by session and minute, of which every total is made.

They follow what becomes known later of their session, as the events themselves would.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterable

from agentmonitor.model.clock import DAY_MS, MINUTE_MS
from agentmonitor.storage.sqlite.bulk import Insert
from agentmonitor.storage.sqlite.rollups import (
    ALL,
    DAY,
    MAX_SUM,
    MEASURES,
    Cell,
    CellKey,
    Cells,
)
from agentmonitor.storage.sqlite.sessions import Session

_KEY = ("minute", "agent", "type", "tool", "model", "source", "project", "branch")
MORE = ("lines_added", "lines_removed", "own_nano", "client_nano")
"""What only a session's sums hold."""
_COLUMNS = ("session", *_KEY, "wide", "last_time", *MEASURES, *MORE, "bins")
_CELLS = f"{', '.join(_KEY)}, last_time, {', '.join(MEASURES)}"
_INSERT = Insert(f"pruned ({', '.join(_COLUMNS)})", len(_COLUMNS))
_COUNT = Insert("pruned_sums", 10, "ON CONFLICT DO UPDATE SET events = events + excluded.events")
_DAY_MINUTES = DAY_MS // MINUTE_MS
_LACKING = "session = ? AND ((? AND project = 0) OR (? AND branch = 0))"
_FIGURES = (
    "tokens_in", "tokens_out", "cache_read", "cache_write", "cost_nano", "unpriced",
    "unpriced_tokens",
)  # fmt: skip
"""What a better channel takes back of a report about a session as a whole."""
# The roll-ups of tools hear of each change: what the sums were is taken off.
_LATE = "INSERT INTO fold_late SELECT minute, tool, agent,"
_LACKED = f"{_LATE} project, -events, -errors, -duration_ms, -durations, bins FROM pruned"
_PLACED = f"{_LATE} ?, events, errors, duration_ms, durations, bins FROM pruned"
_NO_PROJECT = "session = ? AND project = 0 AND tool != 0"
_SESSION_SUMS = (
    "events", "errors", "tokens_in", "tokens_out", "cache_read", "cache_write", "cost_nano",
    "unpriced", *MORE,
)  # fmt: skip

PrunedKey = tuple[int, ...]
"""(session, *CellKey, wide)"""


class Pruned:
    """The table inside the writer's transaction."""

    def __init__(self, connection: sqlite3.Connection, cells: Cells) -> None:
        self._connection = connection
        self._cells = cells

    def add(self, sums: dict[PrunedKey, list[int]], marks: dict[PrunedKey, str]) -> None:
        """Keep sums, each the last time, then MEASURES and MORE; ``marks``: the durations."""
        rows = [(*key, values[0], *_saved(values[1:]), marks[key]) for key, values in sums.items()]
        _INSERT.run(self._connection, rows)
        self._count([(*key[1:9], values[1]) for key, values in sums.items()])

    def lacking(self, session: int, project: int, branch: int) -> list[tuple[CellKey, Cell, int]]:
        """The sums of ``session`` without a project or branch, for which there is one now."""
        query = f"SELECT {_CELLS} FROM pruned WHERE {_LACKING}"
        return [_cell(row) for row in self._connection.execute(query, (session, project, branch))]

    def place(self, session: int, project: int, branch: int) -> None:
        """Give the sums of ``session`` the project and the branch that they lack."""
        lacking = (session, project, branch)
        counts = [
            row
            for (*key, its_project, its_branch, events) in self._connection.execute(
                f"SELECT {', '.join(_KEY)}, events FROM pruned WHERE {_LACKING}", lacking
            )
            for row in (
                (*key, its_project, its_branch, -events),
                (*key, its_project or project, its_branch or branch, events),
            )
        ]
        self._count(counts)
        if project:
            self._connection.execute(f"{_LACKED} WHERE {_NO_PROJECT}", (session,))
            self._connection.execute(f"{_PLACED} WHERE {_NO_PROJECT}", (project, session))
        self._connection.execute(
            "UPDATE pruned SET project = CASE WHEN project = 0 THEN ? ELSE project END,"
            f" branch = CASE WHEN branch = 0 THEN ? ELSE branch END WHERE {_LACKING}",
            (project, branch, session, project, branch),
        )

    def outrank(self, session: Session, channel: int) -> None:
        """Take back what weaker channels than ``channel`` said of ``session`` as a whole."""
        where = "session = ? AND wide > 0 AND wide < ?"
        columns = f"{_CELLS}, own_nano, client_nano"
        found = self._connection.execute(
            f"SELECT {columns} FROM pruned WHERE {where}", (session.key, channel)
        ).fetchall()
        for row in found:
            key, cell, time = _cell(row[:-2])
            figures = zip(MEASURES, cell, strict=True)
            taken = [-value if name in _FIGURES else 0 for name, value in figures]
            self._cells.add(key, taken, time)
            session.uncount(taken, 0, 0)
            session.own_nano -= row[-2]
            session.client_nano -= row[-1]
        if found:
            zero = ", ".join(f"{name} = 0" for name in (*_FIGURES, "own_nano", "client_nano"))
            self._connection.execute(
                f"UPDATE pruned SET {zero}, wide = 0 WHERE {where}", (session.key, channel)
            )

    def _count(self, rows: Iterable[tuple[int, ...]]) -> None:
        """Count pruned events: rows of a cell's key and how many."""
        sums: Counter[tuple[int, ...]] = Counter()
        for minute, *key, events in rows:
            sums[DAY, minute // _DAY_MINUTES, *key] += events
            sums[ALL, 0, *key] += events
        _COUNT.run(self._connection, [(*key, count) for key, count in sorted(sums.items())])


def count_pruned(connection: sqlite3.Connection) -> Iterable[tuple[CellKey, Cell, int]]:
    """What a rebuild of the roll-ups starts from."""
    return map(_cell, connection.execute(f"SELECT {_CELLS} FROM pruned"))


def add_to_sessions(connection: sqlite3.Connection) -> None:
    """Add the sums to those of sessions that were made anew from the events."""
    sums = ", ".join(
        f"CAST(min({name} + (SELECT total(p.{name}) FROM pruned p"
        f" WHERE p.session = sessions.key), {MAX_SUM}) AS INTEGER)"
        for name in _SESSION_SUMS
    )
    connection.execute(
        f"UPDATE sessions SET ({', '.join(_SESSION_SUMS)}) = (SELECT {sums})"
        " WHERE key IN (SELECT session FROM pruned)"
    )


def _cell(row: tuple[int, ...]) -> tuple[CellKey, Cell, int]:
    minute, agent, kind, tool, model, source, project, branch, time, *cell = row
    return (minute, agent, kind, tool, model, source, project, branch), cell, time


def _saved(values: list[int]) -> list[int]:
    return [min(value, MAX_SUM) for value in values]
