"""A session's events in the order of their own time, page by page: raw and whole.

A page is found through the list of the session's events, so it costs the same wherever it lies.
"""

import sqlite3
import zlib
from typing import Any

import msgspec

from agentmonitor.errors import InvalidInput
from agentmonitor.model.selection import Page, Scalar, StoryChoice
from agentmonitor.model.session import EventRow
from agentmonitor.model.story import StoryRow
from agentmonitor.storage.sqlite.names import NameReader
from agentmonitor.storage.sqlite.queries.events import COLUMNS, event_row
from agentmonitor.storage.sqlite.queries.subagents import SUBAGENT, prepare

EventPlace = tuple[int, int]
"""Own time (ms) and id of the last event of the page before."""
MAX_TEXT = 4_000_000
"""Bytes of metadata after which a page is full, however few its entries are."""

_FROM = "session_rows e JOIN sessions s ON s.key = e.session"
_WIDTH = COLUMNS.count(",") + 1
_WHOLE = (
    f"{COLUMNS}, {SUBAGENT}, e.file, e.lines_added, e.lines_removed,"
    " CASE WHEN e.truncated THEN (SELECT body FROM contents WHERE contents.event = e.id) END"
)
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
            text, length = whole(row[_METADATA], row[-1])
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
            # The first condition alone leads through the list.
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


def whole(metadata: str, body: bytes | None) -> tuple[Any, int]:
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
