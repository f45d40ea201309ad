"""Totals over all time, from the roll-ups' level "all"."""

import sqlite3

from agentmonitor.model.totals import Totals, UsageTotal
from agentmonitor.storage.sqlite.names import NameReader
from agentmonitor.storage.sqlite.queries.spans import cover, measured
from agentmonitor.storage.sqlite.sessions import STATES

_KEYS = ("agent", "type", "tool", "model")
_MEASURES = (
    "events", "errors", "tokens_in", "tokens_out", "cache_read", "cache_write", "cost_nano",
    "unpriced_tokens",
)  # fmt: skip


def read_totals(connection: sqlite3.Connection, names: NameReader) -> Totals:
    """All usage, and how many sessions are in each state."""
    query, arguments = measured("sums_by_usage", _KEYS, _MEASURES, cover(None, None, ()), {})
    rows = connection.execute(query, arguments).fetchall()
    texts = names.values(connection, {number for row in rows for number in row[:4]})
    usage = [
        UsageTotal(
            agent_type=texts[row[0]] or "",
            event_type=texts[row[1]] or "",
            tool_name=texts[row[2]],
            model=texts[row[3]],
            **{name: int(value) for name, value in zip(_MEASURES, row[4:], strict=True)},
        )
        for row in rows
        if row[4]
    ]
    sessions = dict.fromkeys(STATES, 0)
    for state, count in connection.execute("SELECT state, count(*) FROM sessions GROUP BY state"):
        sessions[STATES[state]] = count
    return Totals(usage, sessions)
