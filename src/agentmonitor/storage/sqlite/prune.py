"""Pruning: events go, their totals stay. By pages, so that nobody waits for long."""

import sqlite3
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from agentmonitor.model.clock import MINUTE_MS, to_iso
from agentmonitor.model.database import PruneLimits, PruneOutcome, PruneStep
from agentmonitor.storage.sqlite.apply import Applier
from agentmonitor.storage.sqlite.connect import open_writer, translate
from agentmonitor.storage.sqlite.event_rows import highest_id
from agentmonitor.storage.sqlite.folds import mark_of
from agentmonitor.storage.sqlite.lock import DatabaseLock
from agentmonitor.storage.sqlite.migrate import migrate
from agentmonitor.storage.sqlite.pruned import PrunedKey
from agentmonitor.storage.sqlite.rollups import measure, to_nano
from agentmonitor.storage.sqlite.spans import prune_spans

_ROW_BYTES = 150
"""What an event takes beside its metadata and contents, about: row, indexes, ledger."""
_WHERE = "e.time < ? AND e.time + coalesce(e.lag, 0) < ?"
_COUNT = (
    f"SELECT e.time, {_ROW_BYTES} + length(e.metadata) + coalesce(length(c.body), 0)"
    f" FROM events e LEFT JOIN contents c ON c.event = e.id WHERE {_WHERE} ORDER BY e.time"
)
_PAGE = (
    "SELECT e.id, e.time, e.session, e.agent, e.type, e.tool, e.model, e.source, e.project,"
    " e.branch, e.file, e.channels, e.lines_added, e.lines_removed, e.status != 0, e.tokens_in,"
    " e.tokens_out, e.cache_read, e.cache_write, e.cost_usd, e.duration_ms,"
    " l.session_wide, l.counted, l.channel, l.own_cost, l.client_cost"
    f" FROM events e LEFT JOIN ledger l ON l.event = e.id WHERE {_WHERE} AND e.time >= ?"
    " ORDER BY e.time, e.id LIMIT ?"
)
_ENDLESS = 2**62


def used_bytes(connection: sqlite3.Connection) -> int:
    """What the database holds; its file may be larger."""
    pages, free, size = (
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * size)


def plan(connection: sqlite3.Connection, limits: PruneLimits) -> PruneOutcome:
    """What a prune would do, about."""
    used = used_bytes(connection)
    surplus = 0 if limits.used_bytes is None else used - limits.used_bytes
    events = size = 0
    upto = None
    for time, bytes_ in connection.execute(_COUNT, _bounds(limits)):
        if not (limits.before is not None and time < limits.before) and size >= surplus:
            break
        events, size, upto = events + 1, size + bytes_, time
    return PruneOutcome(
        applied=False,
        events=events,
        bytes=size,
        upto=None if upto is None else to_iso(upto),
        used_bytes=used,
    )


def prune_page(
    connection: sqlite3.Connection, applier: Applier, limits: PruneLimits, after: int, count: int
) -> PruneStep:
    """Prune the oldest events with a time from ``after`` on, ``count`` at most. Belongs into a
    transaction."""
    found = connection.execute(_PAGE, (*_bounds(limits), after, count)).fetchall()
    if limits.used_bytes is None or used_bytes(connection) <= limits.used_bytes:
        # Only what is too old.
        found = [row for row in found if limits.before is not None and row[1] < limits.before]
    if found:
        applier.folds.fold(highest_id(connection))
        _take_over(connection, applier, found)
        _delete(connection, applier, [row[0] for row in found])
        applier.folds.forget_late()
    last = found[-1][1] if found else after
    prune_spans(connection, max(last, limits.before or 0) if found else limits.before or 0, count)
    return PruneStep(events=len(found), last=last, used_bytes=used_bytes(connection))


def shrink(connection: sqlite3.Connection, pages: int) -> int:
    """Give free pages back to the disk; how many more could be. Belongs into a transaction."""
    (mode,) = connection.execute("PRAGMA auto_vacuum").fetchone()
    if mode != 2:
        return 0
    connection.execute(f"PRAGMA incremental_vacuum({pages})").fetchall()
    return int(connection.execute("PRAGMA freelist_count").fetchone()[0])


def compact(path: Path, *, shrinks: bool) -> tuple[int, int]:
    """Write the database anew without free space; its bytes before and after.

    ``shrinks``: from now on free pages can be given back in small steps, which costs ingest a
    few hundredths. Raises DatabaseInUse, StorageError.
    """
    lock = DatabaseLock(path)
    lock.acquire()
    try:
        connection = open_writer(path)
        try:
            migrate(connection, path)
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            before = path.stat().st_size
            connection.execute(f"PRAGMA auto_vacuum = {2 if shrinks else 0}")
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            return before, path.stat().st_size
        except sqlite3.Error as error:
            raise translate(error, path) from error
        finally:
            connection.close()
    finally:
        lock.release()


def _bounds(limits: PruneLimits) -> tuple[int, int]:
    # Without a limit of size nothing newer than the limit of age need be looked at.
    newest = limits.kept_from if limits.used_bytes is not None else limits.before
    arrived = _ENDLESS if limits.arrived_before is None else limits.arrived_before
    return min(newest or -_ENDLESS, limits.kept_from), arrived


def _take_over(
    connection: sqlite3.Connection, applier: Applier, found: Sequence[tuple[Any, ...]]
) -> None:
    """Keep what totals need of the events."""
    sums: dict[PrunedKey, list[int]] = {}
    marks: dict[PrunedKey, str] = {}
    files: set[tuple[int, int]] = set()
    activities: list[tuple[int, int]] = []
    for (
        number, time, session, agent, kind, tool, model, source, project, branch, file, channels,
        added, removed, failed, tokens_in, tokens_out, read, write, cost, duration, wide, counted,
        channel, own, client,
    ) in found:  # fmt: skip
        cell = measure(bool(failed), tokens_in, tokens_out, read, write, cost, duration)
        both = counted == 1 and own is not None and client is not None
        more = [added, removed, to_nano(own) if both else 0, to_nano(client) if both else 0]
        key = (
            session, time // MINUTE_MS, agent, kind, tool, model, source, project, branch,
            channel if wide == 1 and counted == 1 else 0,
        )  # fmt: skip
        values = [time, *cell, *more]
        marks[key] = marks.get(key, "") + mark_of(duration)
        known = sums.get(key)
        if known is not None:
            values = [max(time, known[0])]
            values += [a + b for a, b in zip(known[1:], [*cell, *more], strict=True)]
        sums[key] = values
        if file:
            files.add((session, file))
        if channels:
            activities.append((number, channels))
    applier.pruned.add(sums, marks)
    applier.channels.prune(Counter((row[3], row[11]) for row in found))
    connection.executemany("INSERT OR IGNORE INTO pruned_files VALUES (?, ?)", sorted(files))
    connection.executemany("INSERT INTO pruned_activities VALUES (?, ?)", sorted(activities))
    newest = max(row[0] for row in found)
    connection.execute("UPDATE pruned_upto SET event = max(event, ?)", (newest,))


def _delete(connection: sqlite3.Connection, applier: Applier, events: list[int]) -> None:
    applier.release()
    ids = msgspec.json.encode(events).decode()
    for table, column in (
        ("contents", "event"),
        ("ledger", "event"),
        ("evidence", "event"),
        ("events", "id"),
    ):
        connection.execute(
            f"DELETE FROM {table} WHERE {column} IN (SELECT value FROM json_each(?))", (ids,)
        )
