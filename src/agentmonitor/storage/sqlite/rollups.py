"""Roll-ups: what the events add up to, moved in the transaction that moves the events.

``Cells`` collects one transaction's changes by the finest key; ``write`` derives from them the
rows of every roll-up table and level, and adds them. The same code makes a rebuild.
"""

import sqlite3
from operator import add

from agentmonitor.model.clock import DAY_MS, HOUR_MS, MINUTE_MS
from agentmonitor.storage.sqlite.bulk import Insert

ALL, DAY, HOUR, MINUTE = 0, 1, 2, 3
"""The levels. A bucket is a time divided by the level's length."""

MEASURES = (
    "events",
    "errors",
    "tokens_in",
    "tokens_out",
    "cache_read",
    "cache_write",
    "cost_nano",
    "unpriced",
    "unpriced_tokens",
    "duration_ms",
    "durations",
)
KEYS = {
    "rollup_usage": ("level", "bucket", "agent", "type", "tool", "model", "source"),
    "rollup_time": ("level", "bucket", "agent"),
    "rollup_project": ("level", "bucket", "project", "agent"),
}
MAX_SUM = 2**62
_HOUR_MINUTES = HOUR_MS // MINUTE_MS
_DAY_HOURS = DAY_MS // HOUR_MS

Cell = list[int]
CellKey = tuple[int, int, int, int, int, int, int, int]
"""(minute, agent, type, tool, model, source, project, branch)"""
Rows = dict[tuple[int, ...], Cell]


def to_nano(cost_usd: float) -> int:
    """US dollars as whole nanodollars, so that sums are exact and in any order the same.

    Halves go up, as in SQLite's ``round``, which sums the edges of a range.
    """
    return int(cost_usd * 1e9 + 0.5)


def measure(
    failed: bool,
    tokens_in: int,
    tokens_out: int,
    cache_read: int,
    cache_write: int,
    cost_usd: float | None,
    duration_ms: int | None,
) -> Cell:
    """What one event adds, in the order of MEASURES."""
    tokens = tokens_in + tokens_out + cache_read + cache_write
    nano = unpriced = 0
    if cost_usd is not None:
        nano, tokens = to_nano(cost_usd), 0
    elif tokens:
        unpriced = 1
    duration, durations = (0, 0) if duration_ms is None else (duration_ms, 1)
    return [
        1, int(failed), tokens_in, tokens_out, cache_read, cache_write, nano, unpriced, tokens,
        duration, durations,
    ]  # fmt: skip


def clamp(value: int) -> int:
    """``value`` as SQLite can hold it: absurd counts saturate and do not fail a transaction."""
    return value if -MAX_SUM <= value <= MAX_SUM else MAX_SUM if value > 0 else -MAX_SUM


class Cells:
    """One transaction's changes of the roll-ups."""

    def __init__(self) -> None:
        self._cells: dict[CellKey, Cell] = {}
        self._branch_times: dict[tuple[int, int, int], int] = {}

    def __len__(self) -> int:
        return len(self._cells)

    def add(self, key: CellKey, cell: Cell, time: int) -> None:
        """Add ``cell`` (owned by this object from now on) under ``key``."""
        known = self._cells.get(key)
        self._cells[key] = cell if known is None else list(map(add, known, cell))
        if key[7]:
            branch = (key[7], key[6], key[1])
            if self._branch_times.get(branch, -(2**62)) < time:
                self._branch_times[branch] = time

    def write(self, connection: sqlite3.Connection) -> None:
        """Add everything to the tables. Belongs into a transaction; empties this object."""
        cells = self._cells
        if not cells:
            return
        usage: Rows = {}
        time: Rows = {}
        project: Rows = {}
        branches: Rows = {}
        for (minute, agent, kind, tool, model, source, project_id, branch), cell in cells.items():
            hour = minute // _HOUR_MINUTES
            _add(usage, (HOUR, hour, agent, kind, tool, model, source), cell)
            _add(project, (HOUR, hour, project_id, agent), cell)
            _add(time, (MINUTE, minute, agent), cell)
            if branch:
                _add(branches, (branch, project_id, agent), cell)
        for (_, minute, agent), cell in list(time.items()):
            _add(time, (HOUR, minute // _HOUR_MINUTES, agent), cell)
        for rows in (usage, time, project):
            _coarsen(rows)
        for table, rows in (
            ("rollup_usage", usage),
            ("rollup_time", time),
            ("rollup_project", project),
        ):
            _ADD[table].run(connection, [(*key, *map(clamp, cell)) for key, cell in rows.items()])
            shrunk = [key for key, cell in rows.items() if cell[0] <= 0]
            if shrunk:
                connection.executemany(_DROP_EMPTY[table], shrunk)
        _ADD_BRANCHES.run(
            connection,
            [(*key, cell[0], self._branch_times[key]) for key, cell in branches.items()],  # type: ignore[index]  # a key of three
        )
        shrunk = [key for key, cell in branches.items() if cell[0] <= 0]
        if shrunk:
            connection.executemany(_DROP_EMPTY["rollup_branch"], shrunk)
        self.clear()

    def clear(self) -> None:
        """Forget everything: the transaction was rolled back."""
        self._cells = {}
        self._branch_times = {}


def _add(rows: Rows, key: tuple[int, ...], cell: Cell) -> None:
    known = rows.get(key)
    rows[key] = cell if known is None else list(map(add, known, cell))


def _coarsen(rows: Rows) -> None:
    """Add to ``rows`` the days of its hours, and the whole of its days."""
    for key, cell in list(rows.items()):
        if key[0] == HOUR:
            _add(rows, (DAY, key[1] // _DAY_HOURS, *key[2:]), cell)
    for key, cell in list(rows.items()):
        if key[0] == DAY:
            _add(rows, (ALL, 0, *key[2:]), cell)


_ADD = {
    table: Insert(
        f"{table} ({', '.join(keys + MEASURES)})",
        len(keys + MEASURES),
        f"ON CONFLICT DO UPDATE SET {', '.join(f'{m} = {m} + excluded.{m}' for m in MEASURES)}",
    )
    for table, keys in KEYS.items()
}
_ADD_BRANCHES = Insert(
    "rollup_branch (branch, project, agent, events, last_time)",
    5,
    "ON CONFLICT DO UPDATE SET events = events + excluded.events,"
    " last_time = max(last_time, excluded.last_time)",
)
_DROP_EMPTY = {
    table: f"DELETE FROM {table} WHERE {' AND '.join(f'{k} = ?' for k in keys)} AND events = 0"
    for table, keys in (KEYS | {"rollup_branch": ("branch", "project", "agent")}).items()
}


def clear_tables(connection: sqlite3.Connection) -> None:
    """Empty every roll-up table."""
    for table in (*KEYS, "rollup_branch"):
        connection.execute(f"DELETE FROM {table}")
