"""Spans in SQLite: each once, with the session that any span of its trace names."""

import sqlite3
from collections.abc import Sequence

from agentmonitor.model.selection import Page
from agentmonitor.model.span import SessionSpan, SpanRow, span_row

SpanPlace = tuple[int, int]
"""Start (ms) and number of the last span of the page before."""

_COLUMNS = "trace, span, parent, name, start, duration_ms, failed, attributes"
_PUT = (
    f"INSERT INTO spans ({_COLUMNS}, session) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (trace, span) DO UPDATE SET session = coalesce(session, excluded.session),"
    " duration_ms = coalesce(duration_ms, excluded.duration_ms)"
)
# Children end, and are sent, before the span that names the session.
_NAMED = (
    "UPDATE spans SET session = (SELECT min(o.session) FROM spans o WHERE o.trace = spans.trace)"
    " WHERE trace = ? AND session IS NULL"
)
_PAGE = (
    f"SELECT id, {_COLUMNS} FROM spans WHERE session = ?1 AND start >= ?2"
    " AND (start > ?2 OR id > ?3) ORDER BY start, id LIMIT ?4"
)
_PRUNE = (
    "DELETE FROM spans WHERE id IN (SELECT id FROM spans WHERE start < ? ORDER BY start LIMIT ?)"
)
_FIRST = (-(2**62), 0)


def store_spans(connection: sqlite3.Connection, spans: Sequence[SessionSpan]) -> None:
    """Take in spans. Belongs into a transaction."""
    rows = [
        (s.trace_id, s.span_id, s.parent_id, s.name, s.start, s.duration_ms, s.failed,
         s.attributes_json, s.session_id)
        for s in spans
    ]  # fmt: skip
    connection.executemany(_PUT, rows)
    connection.executemany(_NAMED, sorted({(span.trace_id,) for span in spans}))


def session_spans(
    connection: sqlite3.Connection, session_id: str, limit: int, place: SpanPlace | None
) -> Page[SpanRow]:
    """A session's spans by their start."""
    arguments = (session_id, *(place or _FIRST), limit + 1)
    rows = connection.execute(_PAGE, arguments).fetchall()
    following = None if len(rows) <= limit else [rows[limit - 1][5], rows[limit - 1][0]]
    return Page(rows=[span_row(row[1:]) for row in rows[:limit]], next=following)


def prune_spans(connection: sqlite3.Connection, before: int, count: int) -> None:
    """Delete the oldest spans that began before ``before`` (ms), ``count`` at most."""
    connection.execute(_PRUNE, (before, count))
