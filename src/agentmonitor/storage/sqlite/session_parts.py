"""Sums and turns of stretches of long sessions, made beside the writer: see
``queries/session_sums.py`` and ``queries/session_turns.py``.

A part ends where a turn does, if one ends soon, so that no turn lies in two. It is first noted
without its sums, so that the triggers drop it when one of its events changes while the sums are
being made.
"""

import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager

from agentmonitor.storage.sqlite.names import NameReader
from agentmonitor.storage.sqlite.queries.session_sums import (
    FIRST,
    LAST,
    Part,
    Place,
    count,
    pack,
    parts,
    read_stretch,
)
from agentmonitor.storage.sqlite.queries.session_turns import SessionTurns
from agentmonitor.storage.sqlite.queries.subagents import SUBAGENT, prepare

LONG = 2500
"""Events from which on a session is long; shorter ones are read whole."""
EVENTS = 1000
"""Events of a part."""
SLACK = 300
"""The newest events of a session are in no part: reports of them still come."""
BUDGET = 50
"""Parts made in one go."""

Snapshot = Callable[[], AbstractContextManager[sqlite3.Connection]]
Write = Callable[[Callable[[sqlite3.Connection], None]], None]
"""Runs its argument in a transaction of the writer, and waits."""

_LONG = (
    "SELECT s.key, s.events, (SELECT count(*) FROM session_parts p WHERE p.session = s.key)"
    " FROM sessions s WHERE s.events >= ?"
)
_NTH = (
    "SELECT time, id FROM session_ids WHERE session = ?1 AND time >= ?2 AND (time > ?2 OR id >= ?3)"
    " ORDER BY time, id LIMIT 1 OFFSET ?4"
)
_PROMPT = (
    "SELECT time, id FROM (SELECT e.id, e.time, e.type, e.metadata, e.truncated"
    " FROM session_rows e WHERE e.session = ?1 AND e.time >= ?2 AND (e.time > ?2 OR e.id >= ?3)"
    f" ORDER BY e.time, e.id LIMIT {EVENTS}) e WHERE e.type = ?4 AND ({SUBAGENT}) IS NULL LIMIT 1"
)
_NOTE = "INSERT OR REPLACE INTO session_parts VALUES (?, ?, ?, ?, ?, 0, NULL, NULL)"
_FILL = (
    "UPDATE session_parts SET events = ?, body = ?, turns = ?"
    " WHERE session = ? AND start_time = ? AND start_id = ? AND body IS NULL"
)


class SessionParts:
    """Makes the parts that are missing. Used by one thread at a time."""

    def __init__(self, snapshot: Snapshot, names: NameReader, write: Write) -> None:
        self._snapshot = snapshot
        self._names = names
        self._write = write
        self._done: dict[int, tuple[int, int]] = {}
        """By session: how many events and parts it had when it lacked nothing."""

    def keep_up(self) -> int:
        """Make some of what is missing; how many parts."""
        made = 0
        with self._snapshot() as connection:
            due = self._due(connection)
        for session, part in due:
            self._make(session, part)
            made += 1
        return made

    def _due(self, connection: sqlite3.Connection) -> list[tuple[int, Part]]:
        found: list[tuple[int, Part]] = []
        for session, *now in connection.execute(_LONG, (LONG,)).fetchall():
            if self._done.get(session) == tuple(now):
                continue
            lacking = self._lacking(connection, session)
            if not lacking:
                self._done[session] = (now[0], now[1])
            found += [(session, part) for part in lacking]
            if len(found) >= BUDGET:
                break
        return found[:BUDGET]

    def _make(self, session: int, part: Part) -> None:
        start, end = part
        self._write(lambda connection: _run(connection, _NOTE, (session, *start, *end)))
        with self._snapshot() as connection:
            prepare(connection)
            body = pack(read_stretch(connection, session, part))
            turns = SessionTurns(connection, self._names, session).of_part(part)
            events = count(connection, session, part)
        values = (events, body, turns or b"", session, *start)
        self._write(lambda connection: _run(connection, _FILL, values))

    def _lacking(self, connection: sqlite3.Connection, session: int) -> list[Part]:
        """The parts that a session should have, and has not."""
        found: list[Part] = []
        at: Place = FIRST
        for (start, end), body in list(parts(connection, session)):
            if at < start and count(connection, session, (at, start)):
                found.append((at, start))
            if body is None:
                found.append((start, end))
            at = end
        while count(connection, session, (at, LAST)) >= EVENTS + SLACK and len(found) < BUDGET:
            end = self._end(connection, session, at)
            found.append((at, end))
            at = end
        return found

    def _end(self, connection: sqlite3.Connection, session: int, start: Place) -> Place:
        """Where a new part ends that begins at ``start``: with the next turn, or where it must."""
        end: Place = connection.execute(_NTH, (session, *start, EVENTS)).fetchone()
        prepare(connection)
        prompt = self._names.find(connection, "user_prompt")
        turn: Place | None = connection.execute(_PROMPT, (session, *end, prompt)).fetchone()
        if turn is not None and count(connection, session, (turn, LAST)) >= SLACK:
            return turn
        return end


def _run(connection: sqlite3.Connection, query: str, values: tuple[int | bytes, ...]) -> None:
    connection.execute(query, values)
