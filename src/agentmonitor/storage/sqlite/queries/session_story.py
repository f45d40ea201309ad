"""A session's events in the order of their own time, page by page: raw, whole, and as turns.

A page is found through the index over session and time, so it costs the same wherever it lies.
"""

import sqlite3
import zlib
from typing import Any

import msgspec

from agentmonitor.errors import InvalidInput
from agentmonitor.model.selection import Page, Scalar, StoryChoice
from agentmonitor.model.session import EventRow
from agentmonitor.model.signal import first_line
from agentmonitor.model.story import StoryRow
from agentmonitor.model.turns import Step, Teller, Turn
from agentmonitor.storage.sqlite.names import NameReader
from agentmonitor.storage.sqlite.queries.events import COLUMNS, event_row
from agentmonitor.storage.sqlite.queries.subagents import SUBAGENT, prepare

EventPlace = tuple[int, int]
"""Own time (ms) and id of the last event of the page before."""
TurnPlace = tuple[int, int, int, int]
"""Own time (ms) and id of the turn's first event, the turn's number, and when the turn before it
ended (ms; -1: there is none)."""

MAX_TEXT = 4_000_000
"""Bytes of metadata after which a page is full, however few its entries are."""

_FROM = "events e JOIN sessions s ON s.key = e.session"
_WIDTH = COLUMNS.count(",") + 1
_WHOLE = (
    f"{COLUMNS}, {SUBAGENT}, e.file, e.lines_added, e.lines_removed,"
    " CASE WHEN e.truncated THEN (SELECT body FROM contents WHERE contents.event = e.id) END"
)
_STEPS = (
    "SELECT e.id, e.time, e.type, e.status, e.tool, e.model, e.duration_ms, e.tokens_in,"
    " e.tokens_out, e.cache_read, e.cache_write, e.cost_usd, e.lines_added, e.lines_removed,"
    f" {SUBAGENT}, CASE WHEN e.type IN (SELECT value FROM json_each(?3)) THEN e.metadata END,"
    " CASE WHEN e.truncated AND e.type IN (SELECT value FROM json_each(?3)) THEN"
    " (SELECT body FROM contents WHERE contents.event = e.id) END"
    " FROM events e WHERE e.session = ?1 AND e.time >= ?2 AND (e.time > ?2 OR e.id >= ?4)"
    " ORDER BY e.time, e.id"
)
_SPEAKING = ("user_prompt", "turn_end")
"""Types whose words a turn shows."""
_FIRST = -(2**63)
_METADATA = 19
"""Where the metadata stands among COLUMNS."""
_MARKS = ("_truncated", "_original_bytes")
"""Keys that say of a row's metadata that it is a summary."""
_decode = msgspec.json.Decoder().decode


class SessionStoryQueries:
    """Reads of one session's events on one connection. ``key``: the session's."""

    def __init__(self, connection: sqlite3.Connection, names: NameReader, key: int) -> None:
        self._connection = connection
        self._names = names
        self._key = key

    def events(self, choice: StoryChoice, limit: int, place: EventPlace | None) -> Page[EventRow]:
        """The stored rows."""
        query, arguments = self._query(COLUMNS, choice, place)
        rows = self._connection.execute(query, [*arguments, limit + 1]).fetchall()
        names = self._names.values(self._connection, _ids(rows))
        found = [event_row(row, names) for row in rows[:limit]]
        return Page(rows=found, next=_after(rows[limit - 1]) if len(rows) > limit else None)

    def story(self, choice: StoryChoice, limit: int, place: EventPlace | None) -> Page[StoryRow]:
        """The events with all that was said. A page has fewer than ``limit`` of them when they
        say much."""
        prepare(self._connection)
        query, arguments = self._query(_WHOLE, choice, place)
        rows: list[tuple[Any, ...]] = []
        texts: list[Any] = []
        size, following = 0, None
        for row in self._connection.execute(query, [*arguments, limit + 1]):
            if len(rows) == limit or size >= MAX_TEXT:
                following = _after(rows[-1])
                break
            text, length = _whole(row[_METADATA], row[-1])
            size += length
            rows.append(row)
            texts.append(text)
        names = self._names.values(self._connection, _ids(rows) | {row[_WIDTH + 1] for row in rows})
        found = [
            StoryRow(
                event=event_row(row[:_WIDTH], names),
                metadata=text,
                subagent=row[_WIDTH],
                file=names[row[_WIDTH + 1]],
                lines_added=row[_WIDTH + 2],
                lines_removed=row[_WIDTH + 3],
            )
            for row, text in zip(rows, texts, strict=True)
        ]
        return Page(rows=found, next=following)

    def turns(
        self, limit: int, place: TurnPlace | None, *, running: bool, spans: bool
    ) -> Page[Turn]:
        """Turns in their order. ``running``: the last one goes on."""
        prepare(self._connection)
        time, first, number, ended = place or (_FIRST, 0, 1, -1)
        teller = Teller(number, None if ended < 0 else ended, spans=spans)
        found: list[Turn] = []
        speaking = [self._names.find(self._connection, name) for name in _SPEAKING]
        types = msgspec.json.encode([n for n in speaking if n is not None]).decode()
        cursor = self._connection.execute(_STEPS, (self._key, time, types, first))
        while rows := cursor.fetchmany(500):
            names = self._names.values(self._connection, {n for r in rows for n in (r[2], *r[4:6])})
            for row in rows:
                turn = teller.take(_step(row, names))
                if turn is None:
                    continue
                found.append(turn)
                if len(found) == limit:
                    cursor.close()
                    return Page(rows=found, next=[row[1], row[0], turn.number + 1, turn.ended])
        last = teller.finish(running=running)
        return Page(rows=[*found, last] if last else found)

    def _query(
        self, columns: str, choice: StoryChoice, place: EventPlace | None
    ) -> tuple[str, list[Scalar]]:
        conditions, arguments = "e.session = ?", list[Scalar]((self._key,))
        names = (("type", choice.event_type), ("tool", choice.tool), ("file", choice.file))
        for column, name in names:
            if name is not None:
                number = self._names.find(self._connection, name)
                conditions += f" AND e.{column} = ?"
                arguments.append(-1 if number is None else number)
        if choice.errors:
            conditions += " AND e.status != 0"
        order, sign = ("DESC", "<") if choice.descending else ("ASC", ">")
        own = "" if place is not None else "="
        if place is None and choice.at is not None:
            place = self._place_of(choice.at)
        if place is not None:
            time, last = place
            # The first condition alone leads through the index.
            conditions += f" AND e.time {sign}= ? AND (e.time {sign} ? OR e.id {sign}{own} ?)"
            arguments += [time, time, last]
        query = (
            f"SELECT {columns} FROM {_FROM} WHERE {conditions}"
            f" ORDER BY e.time {order}, e.id {order} LIMIT ?"
        )
        return query, arguments

    def _place_of(self, event: int) -> EventPlace:
        query = "SELECT time, id FROM events WHERE id = ? AND session = ?"
        row: EventPlace | None = self._connection.execute(query, (event, self._key)).fetchone()
        if row is None:
            message = "must be the number of one of the session's events"
            raise InvalidInput(f"Invalid at: {message}.", [("at", message)])
        return row


def _step(row: tuple[Any, ...], names: dict[int, str | None]) -> Step:
    (id_, time, kind, status, tool, model, duration, tokens_in, tokens_out, cache_read,
     cache_write, cost, added, removed, subagent, metadata, body) = row  # fmt: skip
    event_type = names[kind] or ""
    words = None
    if metadata is not None:
        told, _ = _whole(metadata, body)
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


def _whole(metadata: str, body: bytes | None) -> tuple[Any, int]:
    """An event's metadata, with its packed content where it has one; and the bytes of both."""
    told = _decode(metadata)
    if body is None:
        return told, len(metadata)
    text = zlib.decompress(body)
    whole = _decode(text)
    if isinstance(told, dict) and isinstance(whole, dict):
        # What another channel told of the event stands in the row alone.
        whole = {key: value for key, value in told.items() if key not in _MARKS} | whole
    return whole, len(metadata) + len(text)


def _ids(rows: list[tuple[Any, ...]]) -> set[int]:
    return {number for row in rows for number in (row[5], row[6], *row[8:13])}


def _after(row: tuple[Any, ...]) -> list[Scalar]:
    return [row[3], row[0]]
