"""Quotas in SQLite: the newest report of each window, and when each value was first reported.

What is kept depends on what was reported and not on the order of arrival: session files are read
late, and several sessions of one agent report at once.
"""

import sqlite3
from collections.abc import Sequence

from agentmonitor.errors import InvalidInput
from agentmonitor.model.clock import DAY_MS, HOUR_MS, MINUTE_MS
from agentmonitor.model.quota import Quota
from agentmonitor.model.windows import quota_faults

KEPT_MS = 30 * DAY_MS
"""How long after the end of its period a value is kept, as of the window's newest report."""
PERIOD_MS = 10 * MINUTE_MS
"""Resets closer than this are the same one: some agents reckon them from "in n seconds"."""

_COLUMNS = "agent_type, name, used_percent, at, resets_at, window_minutes"
# Of two reports of one moment the larger one counts, so that their order does not matter.
_NEWEST = (
    f"INSERT INTO quotas ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
    " used_percent = excluded.used_percent, at = excluded.at, resets_at = excluded.resets_at,"
    " window_minutes = excluded.window_minutes"
    " WHERE (excluded.at, excluded.used_percent, ifnull(excluded.resets_at, -1),"
    " ifnull(excluded.window_minutes, -1))"
    " > (at, used_percent, ifnull(resets_at, -1), ifnull(window_minutes, -1))"
)
_FIRST = (
    f"INSERT INTO quota_changes ({_COLUMNS}, period) VALUES (?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT DO UPDATE SET at = excluded.at, resets_at = excluded.resets_at,"
    " window_minutes = excluded.window_minutes"
    " WHERE (excluded.at, ifnull(excluded.resets_at, -1), ifnull(excluded.window_minutes, -1))"
    " < (at, ifnull(resets_at, -1), ifnull(window_minutes, -1))"
)
# By period and not by time: periods go whole, so that no late report can bring back a part.
_PRUNE = (
    "DELETE FROM quota_changes WHERE agent_type = ? AND name = ? AND period <"
    f" (SELECT at FROM quotas WHERE agent_type = ? AND name = ?) - {KEPT_MS}"
)


def check_quotas(quotas: Sequence[Quota], now: int) -> None:
    """Raises InvalidInput, with every fault, when one of ``quotas`` cannot be true. ``now``: ms."""
    faults = [
        (f"{quota.window[:80]}.{field}", message)
        for quota in quotas
        for field, message in quota_faults(quota, now)
    ]
    if faults:
        field, message = faults[0]
        raise InvalidInput(f"Invalid quota: {field} {message}. Nothing was stored.", faults)


def store_quotas(connection: sqlite3.Connection, quotas: Sequence[Quota]) -> None:
    """Take in reports. Belongs into a transaction."""
    rows = [
        (q.agent_type, q.window, q.used_percent, q.at, q.resets_at, q.window_minutes)
        for q in quotas
    ]
    connection.executemany(_NEWEST, rows)
    periods = [_period(quota) for quota in quotas]
    connection.executemany(_FIRST, [(*r, p) for r, p in zip(rows, periods, strict=True)])
    connection.executemany(_PRUNE, sorted({row[:2] * 2 for row in rows}))


def newest_quotas(connection: sqlite3.Connection, agent_type: str | None) -> list[Quota]:
    """The newest report of each window, by agent and window."""
    where, arguments = ("1", []) if agent_type is None else ("agent_type = ?", [agent_type])
    query = f"SELECT {_COLUMNS} FROM quotas WHERE {where} ORDER BY agent_type, name"
    return [_quota(row) for row in connection.execute(query, arguments)]


def quota_changes(connection: sqlite3.Connection, agent_type: str, since: int) -> list[Quota]:
    """The changes of the windows that end after ``since``, by window and time."""
    columns = ", ".join(f"c.{name}" for name in _COLUMNS.split(", "))
    # The periods bound what is read; the windows' names come from the other table for that.
    query = (
        f"SELECT {columns} FROM quotas q CROSS JOIN quota_changes c"
        " ON c.agent_type = q.agent_type AND c.name = q.name AND c.period > ?"
        " WHERE q.agent_type = ? AND ifnull(c.resets_at, c.at) > ?"
        " ORDER BY c.name, c.at, c.used_percent"
    )
    arguments = (since - HOUR_MS, agent_type, since)
    return [_quota(row) for row in connection.execute(query, arguments)]


def _period(quota: Quota) -> int:
    if quota.resets_at is None:
        return quota.at // HOUR_MS * HOUR_MS
    return (quota.resets_at + PERIOD_MS // 2) // PERIOD_MS * PERIOD_MS


def _quota(row: tuple[str, str, float, int, int | None, int | None]) -> Quota:
    agent_type, window, used_percent, at, resets_at, window_minutes = row
    return Quota(
        agent_type=agent_type,
        window=window,
        used_percent=used_percent,
        at=at,
        resets_at=resets_at,
        window_minutes=window_minutes,
    )
