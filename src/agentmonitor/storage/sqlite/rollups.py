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
    "rollup_model": ("level", "bucket", "agent", "model"),
    "rollup_place": ("level", "bucket", "project", "branch", "agent", "model"),
    "rollup_branch_days": ("level", "bucket", "branch", "agent"),
}
MAX_SUM = 2**62
_HOUR_MINUTES = HOUR_MS // MINUTE_MS
_DAY_HOURS = DAY_MS // HOUR_MS

Cell = list[int]
CellKey = tuple[int, int, int, int, int, int, int, int]
"""(minute, agent, type, tool, model, source, project, branch)"""
Rows = dict[tuple[int, ...], Cell]

MAX_APPENDED = 200
"""Changes of a transaction that is small."""
MAX_PENDING = 1500
"""Rows that reads add up beside the roll-ups, at most."""


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
    """One transaction's changes of the roll-ups.

    A large transaction writes them into the roll-ups. A small one would touch about ten rows of
    those for each event, so it appends them to a table that reads add to the roll-ups, and that
    is folded into them when it has grown.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._cells: dict[CellKey, Cell] = {}
        self._times: dict[CellKey, int] = {}
        self._pending = self._count_pending()
        self._sealed = sealed_day(connection) * _DAY_HOURS

    def __len__(self) -> int:
        return len(self._cells)

    def add(self, key: CellKey, cell: Cell, time: int) -> None:
        """Add ``cell`` under ``key``; ``time`` is that of the newest event in it."""
        known = self._cells.get(key)
        if known is None:
            self._cells[key] = cell
            self._times[key] = time
        else:
            self._cells[key] = list(map(add, known, cell))
            if time > self._times[key]:
                self._times[key] = time

    def at(self, key: CellKey, time: int) -> Cell:
        """The cell of ``key``, to be added to; ``time`` is that of the event."""
        cell = self._cells.get(key)
        if cell is None:
            self._cells[key] = cell = [0] * len(MEASURES)
            self._times[key] = time
        elif time > self._times[key]:
            self._times[key] = time
        return cell

    def write(self) -> None:
        """Write the changes. Belongs into the transaction; empties this object."""
        count = len(self._cells)
        if count > MAX_APPENDED or self._pending + count > MAX_PENDING:
            self.fold()
        elif count:
            times = self._times
            rows = [(*key, times[key], *_saved(cell)) for key, cell in self._cells.items()]
            _APPEND.run(self._connection, rows)
            self._pending += count
            self._cells = {}
            self._times = {}

    def fold(self) -> None:
        """Write the changes and all that is pending into the roll-ups."""
        if self._pending:
            for row in self._connection.execute("SELECT * FROM rollup_pending"):
                self.add(row[:8], list(row[9:]), row[8])
            self._connection.execute("DELETE FROM rollup_pending")
            self._pending = 0
        if self._cells:
            _write(self._connection, self._cells, self._times, self._sealed)
            self._cells = {}
            self._times = {}

    def forget(self) -> None:
        """The transaction was rolled back."""
        self._cells = {}
        self._times = {}
        self._pending = self._count_pending()
        self._sealed = sealed_day(self._connection) * _DAY_HOURS

    def sealed(self, day: int) -> None:
        """The days before ``day`` are over, and their rows are made."""
        self._sealed = day * _DAY_HOURS

    def _count_pending(self) -> int:
        row = self._connection.execute("SELECT count(*) FROM rollup_pending").fetchone()
        return int(row[0])


def _write(
    connection: sqlite3.Connection,
    cells: dict[CellKey, Cell],
    times: dict[CellKey, int],
    sealed: int,
) -> None:
    """Derive the rows of every roll-up and level from ``cells``, and add them. Before the hour
    ``sealed`` places and branches have days as well."""
    kinds: Rows = {}
    usage: Rows = {}
    time: Rows = {}
    project: Rows = {}
    model_sums: Rows = {}
    place: Rows = {}
    branch_days: Rows = {}
    branches: Rows = {}
    uses: dict[tuple[int, ...], int] = {}
    last_times: dict[tuple[int, ...], int] = {}
    for key, cell in cells.items():
        minute, agent, kind, tool, model, source, project_id, branch = key
        _add(kinds, (minute, agent, kind, tool, model, source), cell)
        spot = (HOUR, minute // _HOUR_MINUTES, project_id, branch, agent, model)
        _add(place, spot, cell)
        if times[key] > uses.get(spot, -1):
            uses[spot] = times[key]
    # By project and branch there are ten times as many cells as without.
    for (minute, agent, *others), cell in kinds.items():
        _add(usage, (HOUR, minute // _HOUR_MINUTES, agent, *others), cell)
        _add(time, (MINUTE, minute, agent), cell)
    for found, cell in list(place.items()):
        _, hour, project_id, branch, agent, model = found
        _add(model_sums, (HOUR, hour, agent, model), cell)
        _add(project, (HOUR, hour, project_id, agent), cell)
        if hour < sealed:
            day = hour // _DAY_HOURS
            _add(place, (DAY, day, *found[2:]), cell)
            _add(branch_days, (DAY, day, branch, agent), cell)
        if branch:
            name = (branch, project_id, agent)
            _add(branches, name, cell)
            last_times[name] = max(last_times.get(name, 0), uses[found])
    for (_, minute, agent), cell in list(time.items()):
        _add(time, (HOUR, minute // _HOUR_MINUTES, agent), cell)
    for rows in (usage, time, project, model_sums):
        _coarsen(rows)
    tables = {
        "rollup_usage": usage, "rollup_time": time, "rollup_project": project,
        "rollup_model": model_sums, "rollup_place": place, "rollup_branch_days": branch_days,
    }  # fmt: skip
    for table, rows in tables.items():
        _ADD[table].run(connection, [(*key, *_saved(cell)) for key, cell in rows.items()])
    _ADD_BRANCHES.run(connection, [(*k, c[0], last_times[k]) for k, c in branches.items()])
    for table, rows in (tables | {"rollup_branch": branches}).items():
        shrunk = [key for key, cell in rows.items() if cell[0] <= 0]
        if shrunk:
            connection.executemany(_DROP_EMPTY[table], shrunk)


def _saved(cell: Cell) -> Cell:
    """``cell`` as SQLite can hold it."""
    return cell if max(cell) < MAX_SUM else [clamp(value) for value in cell]


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


_APPEND = Insert("rollup_pending", 9 + len(MEASURES))
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


def sealed_day(connection: sqlite3.Connection) -> int:
    """The day up to which roll-ups that are made by the hour have days too."""
    return int(connection.execute("SELECT sealed_day FROM folded_upto").fetchone()[0])


def clear_tables(connection: sqlite3.Connection) -> None:
    """Empty every roll-up table."""
    for table in (*KEYS, "rollup_branch", "rollup_pending"):
        connection.execute(f"DELETE FROM {table}")
