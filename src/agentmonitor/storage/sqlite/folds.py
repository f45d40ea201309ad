"""Roll-ups that are made after the events, not with them: tools with their durations by hour, and
the days of all that is kept by the hour alone.

Tools would touch hundreds of rows in each transaction. So the events are folded in STEP at a time,
by SQLite alone, and reads add those after that. What changes in events that are folded in is noted
by triggers, see ``migrations/0008_reads.sql``. A day gets its rows when it is over; what comes for
it later is added to both, day and hour.
"""

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable

from agentmonitor.model.clock import DAY_MS, MINUTE_MS
from agentmonitor.model.durations import BOUNDS, bin_of, counts_of, packed, unpacked
from agentmonitor.storage.sqlite.bulk import Insert
from agentmonitor.storage.sqlite.rollups import DAY, HOUR, MEASURES, sealed_day

STEP = 4000
"""Events, or changes of earlier ones, that reads add up beside the roll-ups of tools, about."""
IDLE_STEP = 1000
"""The same of events, when none come any more: to fold fewer would leave too many rows."""
PAGE = 50_000
"""Events that are folded in one transaction when a database has to catch up."""
COLUMNS = ("minute", "tool", "agent", "project", "events", "errors", "duration_ms", "durations",
           "bins")  # fmt: skip
"""Of ``fold_late``."""
OF_EVENT = (
    f"time / {MINUTE_MS} AS minute, tool, agent, project, 1 AS events, status != 0 AS errors,"
    " coalesce(duration_ms, 0) AS duration_ms, duration_ms IS NOT NULL AS durations, NULL AS bins"
)
"""The same of an event."""


def _bin(low: int, high: int) -> str:
    """SQL for the bin of ``abs(duration_ms)``, by halving."""
    if low == high:
        return str(low)
    middle = (low + high) // 2
    return (
        f"CASE WHEN abs(duration_ms) <= {BOUNDS[middle]} THEN {_bin(low, middle)}"
        f" ELSE {_bin(middle + 1, high)} END"
    )


_MARK = f"char(1 + {_bin(0, len(BOUNDS) - 1)})"


def marks_sql(sign: str) -> str:
    """A character for each duration of a group, as ``pruned.bins`` has them; ``sign``: ``>`` those
    that count, ``<`` those to be taken off."""
    mark = f"CASE WHEN durations {sign} 0 THEN coalesce(bins, {_MARK}) END"
    return f"coalesce(group_concat({mark}, ''), '')"


def mark_of(duration_ms: int | None) -> str:
    """The character for a duration; none for none."""
    return "" if duration_ms is None else chr(1 + bin_of(duration_ms))


def bins_of(marks: str) -> Counter[int]:
    """How often each bin stands in the characters ``marks``."""
    return Counter({ord(mark) - 1: count for mark, count in Counter(marks).items()})


UNFOLDED = (
    f"SELECT {OF_EVENT} FROM events WHERE id > (SELECT event FROM folded_upto) AND tool != 0"
    f" UNION ALL SELECT {', '.join(COLUMNS)} FROM fold_late"
)
"""What is not folded in."""
_SUMS = ", ".join(f"CAST(total({m}) AS INTEGER)" for m in COLUMNS[4:8])
_GROUPED = f"SELECT minute / 60, tool, agent, project, {_SUMS}, {marks_sql('>')}"
_KEY = "minute / 60, tool, agent, project"
_FOLD_EVENTS = (
    f"INSERT INTO rollup_tool_hours {_GROUPED}, '' FROM (SELECT {OF_EVENT} FROM events"
    f" WHERE id > ? AND id <= ? AND tool != 0) GROUP BY {_KEY}"
)
_FOLD_LATE = (
    f"INSERT INTO rollup_tool_hours {_GROUPED}, {marks_sql('<')} FROM fold_late GROUP BY {_KEY}"
)
_OF_PRUNED = f"INSERT INTO fold_late SELECT {', '.join(COLUMNS)} FROM pruned WHERE tool != 0"
_DAYS_OF_PLACES = (
    f"INSERT INTO rollup_place SELECT {DAY}, bucket / 24, project, branch, agent, model,"
    f" {', '.join(f'CAST(total({m}) AS INTEGER)' for m in MEASURES)} FROM rollup_place"
    f" WHERE level = {HOUR} AND bucket >= ? AND bucket < ?"
    " GROUP BY bucket / 24, project, branch, agent, model"
)
_DAYS_OF_BRANCHES = (
    f"INSERT INTO rollup_branch_days SELECT {DAY}, bucket, branch, agent,"
    f" {', '.join(f'CAST(total({m}) AS INTEGER)' for m in MEASURES)} FROM rollup_place"
    f" WHERE level = {DAY} AND bucket >= ? AND bucket < ? GROUP BY bucket, branch, agent"
)
_PUT_DAYS = Insert("rollup_tool_days", 10, "ON CONFLICT DO UPDATE SET " + ", ".join(
    f"{name} = excluded.{name}"
    for name in ("calls", "failures", "duration_ms", "durations", "first", "counts")
))  # fmt: skip
_FIND_DAY = (
    "SELECT calls, failures, duration_ms, durations, first, counts FROM rollup_tool_days"
    " WHERE day = ? AND tool = ? AND agent = ? AND project = ?"
)


class Folds:
    """The roll-ups inside the writer's transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._upto = self._sealed = self._seen = 0
        self.forget()

    def is_due(self, last: int, *, twice: bool) -> bool:
        """Whether there are events enough to fold, or ``twice`` as many; ``last``: the newest
        event's number."""
        return last - self._upto >= (2 * STEP if twice else STEP)

    def has_late(self) -> bool:
        """Whether changes of folded events are enough to fold."""
        (late,) = self._connection.execute("SELECT max(rowid) FROM fold_late").fetchone()
        return late is not None and late >= STEP

    def settle(self, last: int) -> None:
        """To be called every few seconds: fold, when nothing came since the call before."""
        if last == self._seen and last - self._upto >= IDLE_STEP:
            self.fold(last)
        self._seen = last

    def fold(self, last: int) -> None:
        """Fold all up to the event ``last``. All events must be written."""
        run = self._connection.execute
        (before,) = run("SELECT coalesce(max(rowid), 0) FROM rollup_tool_hours").fetchone()
        run(_FOLD_EVENTS, (self._upto, last))
        run(_FOLD_LATE)
        run("DELETE FROM fold_late")
        if last > self._upto:
            run("UPDATE folded_upto SET event = ?", (last,))
            self._upto = last
        if self._sealed:
            query = "SELECT * FROM rollup_tool_hours WHERE rowid > ? AND hour < ?"
            self._add_to_days(run(query, (before, self._sealed * 24)).fetchall())

    def seal(self, now: int) -> int:
        """Make the days that are over at ``now`` (ms); the day before which there are days."""
        today = now // DAY_MS
        run = self._connection.execute
        if today > self._sealed:
            hours = (self._sealed * 24, today * 24)
            run(_DAYS_OF_PLACES, hours)
            run(_DAYS_OF_BRANCHES, (self._sealed, today))
            within = "FROM rollup_tool_hours WHERE hour >= ? AND hour < ?"
            for (day,) in run(f"SELECT DISTINCT hour / 24 {within}", hours).fetchall():
                self._add_to_days(run(f"SELECT * {within}", (day * 24, day * 24 + 24)))
            run("UPDATE folded_upto SET sealed_day = ?", (today,))
            self._sealed = today
        return self._sealed

    def forget_late(self) -> None:
        """What was noted since a fold is no change of the sums: the events were pruned."""
        self._connection.execute("DELETE FROM fold_late")

    def forget(self) -> None:
        """The transaction was rolled back."""
        query = "SELECT event, sealed_day FROM folded_upto"
        self._upto, self._sealed = self._connection.execute(query).fetchone()

    def _add_to_days(self, hours: Iterable[tuple[int, ...]]) -> None:
        """``hours``: rows of the roll-up by hour."""
        sums: dict[tuple[int, ...], list[int]] = {}
        marks: defaultdict[tuple[int, ...], list[Counter[str]]] = defaultdict(
            lambda: [Counter(), Counter()]
        )
        for hour, tool, agent, project, *values, bins, gone in hours:
            key = (hour // 24, tool, agent, project)
            known = sums.get(key)
            sums[key] = values if known is None else [
                a + b for a, b in zip(known, values, strict=True)
            ]  # fmt: skip
            for counter, text in zip(marks[key], (bins, gone), strict=True):
                counter.update(str(text))
        rows = []
        for day_key, values in sums.items():
            found = self._connection.execute(_FIND_DAY, day_key).fetchone()
            *known, first, counts = found or (0, 0, 0, 0, 0, b"")
            number = unpacked(first, counts)
            for sign, counter in zip((1, -1), marks[day_key], strict=True):
                number += sign * counts_of(
                    Counter({ord(mark) - 1: count for mark, count in counter.items()})
                )
            values = [a + b for a, b in zip(known, values, strict=True)]
            rows.append((*day_key, *values, *packed(number)))
        _PUT_DAYS.run(self._connection, rows)


def clear_folds(connection: sqlite3.Connection) -> None:
    """Begin anew: with what pruned events left, and none of the events."""
    for table in ("rollup_tool_days", "rollup_tool_hours", "fold_late"):
        connection.execute(f"DELETE FROM {table}")
    connection.execute("UPDATE folded_upto SET event = 0")
    connection.execute(_OF_PRUNED)


def fold_pages(connection: sqlite3.Connection, done: Callable[[], object] = lambda: None) -> None:
    """Fold all events, PAGE numbers at a time; ``done`` is called after each page."""
    folds = Folds(connection)
    (last,) = connection.execute("SELECT coalesce(max(id), 0) FROM events").fetchone()
    (upto,) = connection.execute("SELECT event FROM folded_upto").fetchone()
    folds.fold(upto)
    while upto < last:
        upto = min(upto + PAGE, last)
        folds.fold(upto)
        done()


def catch_up(connection: sqlite3.Connection, now: int) -> None:
    """Bring a database that an earlier version wrote up to date, a transaction a page; ``now``
    in ms."""
    (upto,) = connection.execute("SELECT event FROM folded_upto").fetchone()
    (last,) = connection.execute("SELECT coalesce(max(id), 0) FROM events").fetchone()
    if last - upto < STEP and sealed_day(connection):
        return

    def step() -> None:
        connection.execute("COMMIT")
        connection.execute("BEGIN IMMEDIATE")

    connection.execute("BEGIN IMMEDIATE")
    try:
        fold_pages(connection, step)
        if last:
            Folds(connection).seal(now)
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
