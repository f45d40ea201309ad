"""What stretches of one session add up to: from ``session_parts`` as far as they hold, and from the
events for the rest. So a long session takes reading a few thousand events at most.
"""

import sqlite3
import zlib
from collections.abc import Iterator
from typing import Any

import msgspec

from agentmonitor.storage.sqlite.queries.subagents import SUBAGENT, prepare

Place = tuple[int, int]
"""Time (ms) and id of an event."""
FIRST: Place = (-(2**63), 0)
LAST: Place = (2**63 - 1, 0)
Part = tuple[Place, Place]
"""From the one event on, up to and without the other."""

_TOKENS = "tokens_in + tokens_out + cache_read + cache_write"
_SUMS = (
    "count(*), total(status != 0), total(tokens_in), total(tokens_out), total(cache_read),"
    " total(cache_write), total(round(cost_usd * 1e9)),"
    f" total(cost_usd IS NULL AND {_TOKENS} > 0),"
    f" total(CASE WHEN cost_usd IS NULL THEN {_TOKENS} END), total(duration_ms),"
    " count(duration_ms)"
)
_USES = f"{_TOKENS} > 0 OR coalesce(cost_usd, 0) != 0"
"""An event that used nothing is no request to its model."""
_WITHIN = (
    "l.session = ?1 AND l.time >= ?2 AND l.time <= ?4"
    " AND (l.time > ?2 OR l.id >= ?3) AND (l.time < ?4 OR l.id < ?5)"
)
_EVENTS = "session_ids l CROSS JOIN events e ON e.id = l.id"
"""As ``session_rows``, but SQLite passes less on from the list to the sums."""
_GROUPS = (
    f"SELECT e.type, e.tool, e.model, e.channels, {SUBAGENT} AS sub, min(e.time), max(e.time),"
    " max(CASE WHEN instr(e.metadata, '\"subagent_id\"')"
    " THEN json_extract(e.metadata, '$.subagent_type') END),"
    f" {_SUMS} FROM {_EVENTS} WHERE {_WITHIN} GROUP BY 1, 2, 3, 4, 5, {_USES}"
)
_FILES = (
    "SELECT e.file, count(*), total(e.lines_added), total(e.lines_removed), min(e.time),"
    f" max(e.time) FROM {_EVENTS} WHERE {_WITHIN} AND e.file != 0 GROUP BY e.file"
)
_COUNT = (
    "SELECT (SELECT count(*) FROM session_events"
    " WHERE session = ?1 AND (time, event) >= (?2, ?3) AND (time, event) < (?4, ?5))"
    " + (SELECT count(*) FROM events NOT INDEXED WHERE id > (SELECT event FROM listed_upto)"
    " AND session = ?1 AND (time, id) >= (?2, ?3) AND (time, id) < (?4, ?5))"
)
_PARTS = (
    "SELECT start_time, start_id, end_time, end_id, events, body FROM session_parts"
    " WHERE session = ? ORDER BY start_time, start_id"
)


class Stretch(msgspec.Struct, array_like=True):
    """Sums of some events in a row."""

    groups: list[list[Any]]
    """type, tool, model, channels, sub-agent, first and last time, the sub-agent's type, then the
    sums: see ``session_detail``."""
    files: list[list[Any]]
    """file, edits, lines added and removed, first and last time."""


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Stretch).decode


def pack(stretch: Stretch) -> bytes:
    """As it is stored."""
    return zlib.compress(_encode(stretch), 1)


def stretches(connection: sqlite3.Connection, session: int) -> Iterator[Stretch]:
    """All of a session (its key), once."""
    prepare(connection)
    at = FIRST
    for (start, end), body in parts(connection, session):
        if body is not None:
            if at < start:
                yield read_stretch(connection, session, (at, start))
            yield _decode(zlib.decompress(body))
            at = end
    yield read_stretch(connection, session, (at, LAST))


def parts(connection: sqlite3.Connection, session: int) -> Iterator[tuple[Part, bytes | None]]:
    """The parts that are kept, in their order; without a body: it does not hold any more."""
    for first, first_id, end, end_id, events, body in connection.execute(
        _PARTS, (session,)
    ).fetchall():
        part = ((first, first_id), (end, end_id))
        holds = body is not None and count(connection, session, part) == events
        yield part, body if holds else None


def count(connection: sqlite3.Connection, session: int, part: Part) -> int:
    """How many events there are in ``part``."""
    (start, end) = part
    return int(connection.execute(_COUNT, (session, *start, *end)).fetchone()[0])


def read_stretch(connection: sqlite3.Connection, session: int, part: Part) -> Stretch:
    """From the events themselves. Needs ``subagents.prepare``."""
    start, end = part
    arguments = (session, *start, *end)
    return Stretch(
        groups=[list(row) for row in connection.execute(_GROUPS, arguments)],
        files=[list(row) for row in connection.execute(_FILES, arguments)],
    )
