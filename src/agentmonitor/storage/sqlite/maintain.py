"""Work on the whole database: ageing of sessions, rebuilding of roll-ups."""

import sqlite3
from collections.abc import Callable

from agentmonitor.model.activity import ABANDONED_MS
from agentmonitor.model.clock import HOUR_MS, MINUTE_MS
from agentmonitor.storage.sqlite.channels import rebuild_channels
from agentmonitor.storage.sqlite.folds import clear_folds, fold_pages
from agentmonitor.storage.sqlite.pruned import add_to_sessions, count_pruned
from agentmonitor.storage.sqlite.rollups import MAX_SUM, Cells, clear_tables, measure, to_nano
from agentmonitor.storage.sqlite.session_lists import rebuild_lists
from agentmonitor.storage.sqlite.sessions import ENDED, IDLE, STATES, SessionWriter

STARTS = (
    f"SELECT started_at / {HOUR_MS} AS hour, agent, count(*),"
    " CAST(total(lines_added) AS INTEGER), CAST(total(lines_removed) AS INTEGER),"
    " CAST(total(files_edited) AS INTEGER) FROM sessions WHERE events > 0 GROUP BY 1, 2"
)
"""Sessions by the hour in which they began, as triggers keep them in ``session_starts``."""
_REBUILD_CELLS = 50_000
"""Cells kept in memory at most during a rebuild."""
_WAITING = STATES.index("idle")
"""States below this one say that something goes on."""


def sweep(
    connection: sqlite3.Connection, sessions: SessionWriter, now: int, timeout_ms: int
) -> list[str]:
    """Sessions without a live report for ``timeout_ms`` become idle, for twice that ended."""
    changed: list[str] = []
    ended_before = now - 2 * timeout_ms
    due = connection.execute(
        "SELECT id FROM sessions WHERE (status = 0 AND seen_at <= ?)"
        " OR (status = 1 AND seen_at <= ?) OR (state < ? AND status = 2 AND seen_at <= ?)",
        (now - timeout_ms, ended_before, _WAITING, now - ABANDONED_MS),
    ).fetchall()
    for (session_id,) in due:
        session = sessions.find(session_id)
        if session is None:
            continue
        before = (session.status, session.state)
        ended = session.status == ENDED or session.seen_at <= ended_before
        if ended and session.status != ENDED:
            session.status = ENDED
            session.ended_at = session.ended_at or max(session.seen_at, session.last_event_at)
        elif not ended:
            session.status = IDLE
        session.activity.expire(now, ended=ended)
        session.changed()
        if (session.status, session.state) != before:
            sessions.touch(session)
            changed.append(session_id)
    return changed


def rebuild(
    connection: sqlite3.Connection, progress: Callable[[int, int], None] | None = None
) -> int:
    """Make every roll-up and the sessions' sums anew from the events and what is left of pruned
    ones. Belongs into a transaction. ``progress`` is told (events done, events in all)."""
    (total,) = connection.execute("SELECT count(*) FROM events").fetchone()
    clear_tables(connection)
    cells = Cells(connection)
    events = connection.execute(
        "SELECT agent, type, tool, model, source, project, branch, status != 0, tokens_in,"
        " tokens_out, cache_read, cache_write, cost_usd, duration_ms, time FROM events"
    )
    for done, row in enumerate(events):
        time = row[14]
        cells.add((time // MINUTE_MS, *row[:7]), measure(*row[7:14]), time)
        if len(cells) >= _REBUILD_CELLS:
            cells.fold()
        if progress is not None and done % 100_000 == 0:
            progress(done, total)
    for key, cell, last_time in count_pruned(connection):
        cells.add(key, cell, last_time)
        if len(cells) >= _REBUILD_CELLS:
            cells.fold()
    cells.fold()
    rebuild_channels(connection)
    clear_folds(connection)
    fold_pages(connection)
    rebuild_lists(connection)
    _rebuild_sessions(connection)
    if progress is not None:
        progress(total, total)
    return int(total)


def _rebuild_sessions(connection: sqlite3.Connection) -> None:
    connection.create_function("nano", 1, to_nano, deterministic=True)
    connection.execute("DELETE FROM session_files")
    connection.execute(
        "INSERT OR IGNORE INTO session_files SELECT session, file FROM events WHERE file != 0"
        " UNION ALL SELECT session, file FROM pruned_files"
    )
    tokens = "tokens_in + tokens_out + cache_read + cache_write"
    sums = {
        "events": "1",
        "errors": "status != 0",
        "tokens_in": "tokens_in",
        "tokens_out": "tokens_out",
        "cache_read": "cache_read",
        "cache_write": "cache_write",
        "cost_nano": "CASE WHEN cost_usd IS NULL THEN 0 ELSE nano(cost_usd) END",
        "unpriced": f"cost_usd IS NULL AND {tokens} > 0",
        "lines_added": "lines_added",
        "lines_removed": "lines_removed",
    }
    # Floating point, exact up to 2**53: a sum of integers beyond 64 bits would be an error.
    values = ", ".join(f"CAST(min(total({v}), {MAX_SUM}) AS INTEGER)" for v in sums.values())
    connection.execute(
        "UPDATE sessions SET (own_nano, client_nano) = (SELECT"
        f" CAST(min(total(nano(own_cost)), {MAX_SUM}) AS INTEGER),"
        f" CAST(min(total(nano(client_cost)), {MAX_SUM}) AS INTEGER) FROM ledger"
        " WHERE ledger.session = sessions.key AND counted = 1"
        " AND own_cost IS NOT NULL AND client_cost IS NOT NULL)"
    )
    # From the list itself, which is complete: a view of two parts would be gone through for each.
    connection.execute(
        f"UPDATE sessions SET ({', '.join(sums)}, files_edited) = (SELECT {values},"
        " (SELECT count(*) FROM session_files f WHERE f.session = sessions.key)"
        " FROM session_events l CROSS JOIN events e ON e.id = l.event"
        " WHERE l.session = sessions.key)"
    )
    add_to_sessions(connection)
    connection.execute("DELETE FROM session_starts")
    connection.execute(f"INSERT INTO session_starts {STARTS}")
