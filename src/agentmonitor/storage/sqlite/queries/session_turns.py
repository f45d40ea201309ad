"""The turns of one session: from what is kept beside its parts, and from its events for the rest.

A turn is over with the prompt of the next one, and depends on nothing before it but its number and
the pause. So a part of a session keeps the turns that begin and end in it: all of them, where parts
end with turns.
"""

import sqlite3
import zlib
from bisect import bisect_right
from collections.abc import Iterator
from typing import Any

import msgspec

from agentmonitor.model.selection import Page
from agentmonitor.model.signal import first_line
from agentmonitor.model.turns import Step, Teller, Turn
from agentmonitor.storage.sqlite.names import NameReader
from agentmonitor.storage.sqlite.queries.session_story import whole
from agentmonitor.storage.sqlite.queries.session_sums import FIRST, LAST, Part, Place, count
from agentmonitor.storage.sqlite.queries.subagents import SUBAGENT, prepare

TurnPlace = tuple[int, int, int, int]
"""Own time (ms) and id of the turn's first event, the turn's number, and when the turn before it
ended (ms; -1: there is none)."""

_STEPS = (
    "SELECT e.id, e.time, e.type, e.status, e.tool, e.model, e.duration_ms, e.tokens_in,"
    " e.tokens_out, e.cache_read, e.cache_write, e.cost_usd, e.lines_added, e.lines_removed,"
    f" {SUBAGENT}, CASE WHEN e.type IN (SELECT value FROM json_each(?6)) THEN e.metadata END,"
    " CASE WHEN e.truncated AND e.type IN (SELECT value FROM json_each(?6)) THEN"
    " (SELECT body FROM contents WHERE contents.event = e.id) END"
    " FROM session_rows e WHERE e.session = ?1 AND e.time >= ?2 AND e.time <= ?4"
    " AND (e.time > ?2 OR e.id >= ?3) AND (e.time < ?4 OR e.id < ?5) ORDER BY e.time, e.id"
)
_SPEAKING = ("user_prompt", "turn_end")
"""Types whose words a turn shows."""
_KEPT = (
    "SELECT start_time, start_id, end_time, end_id, events FROM session_parts"
    " WHERE session = ? AND turns IS NOT NULL ORDER BY start_time, start_id"
)
_BODY = "SELECT turns FROM session_parts WHERE session = ? AND start_time = ? AND start_id = ?"
_CHUNK, _LARGEST = 40, 640
"""Rows that are fetched together: at first as many as a turn may have, then twice as many each
time."""


class PartTurns(msgspec.Struct, array_like=True):
    """The turns that begin and end in a part, with their spans; numbers and pauses are open."""

    places: list[Place]
    """Of their first events, and of the prompt that ends the last one. That of the session's first
    turn is FIRST."""
    turns: list[Turn]


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(PartTurns).decode


class SessionTurns:
    """Reads the turns of one session (its key) on one connection."""

    def __init__(self, connection: sqlite3.Connection, names: NameReader, key: int) -> None:
        self._connection = connection
        self._names = names
        self._key = key

    def page(
        self, limit: int, place: TurnPlace | None, *, running: bool, spans: bool
    ) -> Page[Turn]:
        """Turns in their order. ``running``: the last one goes on."""
        time, first, number, ended = place or (*FIRST, 1, -1)
        at: Place | None = (time, first)
        before = None if ended < 0 else ended
        kept = _Kept(self._connection, self._key)
        found: list[Turn] = []
        while at is not None:
            begin = at
            for turn, following in self._from(at, kept, running=running, spans=spans):
                turn.number = number
                turn.before_ms = None if before is None else max(0, turn.started - before)
                found.append(turn)
                number, before, at = number + 1, turn.ended, following
                if at is not None and len(found) == limit:
                    return Page(rows=found, next=[*at, number, turn.ended])
            if at == begin:  # no turn begins there
                break
        return Page(rows=found)

    def of_part(self, part: Part) -> bytes | None:
        """What a part of the session keeps; None: no turn begins and ends in it."""
        start, end = part
        teller = Teller(spans=True)
        # Before the first prompt stands the rest of a turn that began in an earlier part.
        places = [start] if start == FIRST else []
        turns = []
        for place, step in self._steps(start, end):
            if not places:
                if not _begins(step):
                    continue
                places.append(place)
            turn = teller.take(step)
            if turn is not None:
                turns.append(turn)
                places.append(place)
        after = next(self._steps(end, (end[0], end[1] + 1)), None)
        if places and after is not None and _begins(after[1]) and (last := teller.finish()):
            turns.append(last)
            places.append(end)
        return zlib.compress(_encode(PartTurns(places, turns))) if turns else None

    def _from(
        self, at: Place, kept: "_Kept", *, running: bool, spans: bool
    ) -> Iterator[tuple[Turn, Place | None]]:
        """Turns from ``at`` on, each with the place of the next one: those that a part keeps, or
        those up to the next that one does."""
        told = kept.at(at)
        if told is not None:
            for turn, following in told:
                if not spans:
                    turn.spans = None
                yield turn, following
            return
        prepare(self._connection)
        teller = Teller(spans=spans)
        end = kept.after(at)
        for place, step in self._steps(at, end):
            over = teller.take(step)
            if over is not None:
                yield over, place
        is_last = end == LAST
        last = teller.finish(running=running and is_last)
        if last is not None:
            yield last, None if is_last else end

    def _steps(self, start: Place, end: Place) -> Iterator[tuple[Place, Step]]:
        speaking = [self._names.find(self._connection, name) for name in _SPEAKING]
        types = msgspec.json.encode([n for n in speaking if n is not None]).decode()
        cursor = self._connection.execute(_STEPS, (self._key, *start, *end, types))
        try:
            size = _CHUNK
            while rows := cursor.fetchmany(size):
                size = min(2 * size, _LARGEST)
                ids = {number for row in rows for number in (row[2], *row[4:6])}
                names = self._names.values(self._connection, ids)
                for row in rows:
                    yield (row[1], row[0]), _step(row, names)
        finally:
            cursor.close()


class _Kept:
    """The turns that a session's parts keep."""

    def __init__(self, connection: sqlite3.Connection, key: int) -> None:
        self._connection = connection
        self._key = key
        rows = connection.execute(_KEPT, (key,)).fetchall()
        self._parts = [
            ((first, first_id), (end, end_id)) for first, first_id, end, end_id, _ in rows
        ]
        self._events = [row[4] for row in rows]
        self._starts = [start for start, _ in self._parts]
        self._read: tuple[int, PartTurns | None] = (-1, None)

    def at(self, place: Place) -> list[tuple[Turn, Place]] | None:
        """The turns of a part from that place on, each with the place of the next one; None when no
        turn is kept that begins there."""
        index = bisect_right(self._starts, place) - 1
        if index < 0 or place >= self._parts[index][1]:
            return None
        told = self._part(index)
        if told is None or place not in told.places[:-1]:
            return None
        at = told.places.index(place)
        return list(zip(told.turns[at:], told.places[at + 1 :], strict=True))

    def after(self, place: Place) -> Place:
        """Where the first turn behind ``place`` begins that is kept; LAST: none is."""
        for index in range(max(0, bisect_right(self._starts, place) - 1), len(self._parts)):
            told = self._part(index)
            if told is not None:
                for begin in told.places[:-1]:
                    if begin > place:
                        return begin
        return LAST

    def _part(self, index: int) -> PartTurns | None:
        if self._read[0] != index:
            part = self._parts[index]
            told = None
            if count(self._connection, self._key, part) == self._events[index]:
                arguments = (self._key, *part[0])
                (body,) = self._connection.execute(_BODY, arguments).fetchone()
                told = _decode(zlib.decompress(body)) if body else None
            self._read = (index, told)
        return self._read[1]


def _begins(step: Step) -> bool:
    """Whether a turn begins with it."""
    return step.type == "user_prompt" and step.subagent is None


def _step(row: tuple[Any, ...], names: dict[int, str | None]) -> Step:
    (id_, time, kind, status, tool, model, duration, tokens_in, tokens_out, cache_read,
     cache_write, cost, added, removed, subagent, metadata, body) = row  # fmt: skip
    event_type = names[kind] or ""
    words = None
    if metadata is not None:
        told, _ = whole(metadata, body)
        if event_type == "user_prompt":
            words = first_line(_prompt(told))
        elif isinstance(told, dict) and isinstance(told.get("reason"), str):
            words = told["reason"]
    return Step(
        id=id_,
        at=time,
        type=event_type,
        ok=status == 0,
        tool=names[tool],
        model=names[model],
        duration=duration,
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        cache_read=cache_read,
        cache_write=cache_write,
        cost_nano=None if cost is None else round(cost * 1e9),
        lines_added=added,
        lines_removed=removed,
        subagent=subagent,
        words=words,
    )


def _prompt(told: Any) -> str:
    if isinstance(told, dict):
        keys = ("prompt", "text", "message", "content")
        told = next((told[key] for key in keys if isinstance(told.get(key), str)), "")
    return told if isinstance(told, str) else ""
