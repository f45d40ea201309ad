"""Reads ``opencode.db``.

Format: sst/opencode, ``session.sql.ts``: tables ``session``, ``message`` and ``part``, of which
the latter two keep JSON without its ids in ``data``. Rows are taken in the order in which they were
inserted; one that may change yet is remembered and looked at again.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from agentmonitor.agents.base import Reading
from agentmonitor.agents.documents import decoded_object, mapping, name
from agentmonitor.agents.opencode import messages, newer, parts
from agentmonitor.agents.opencode.parts import Told
from agentmonitor.agents.opencode.sessions import MAX_KNOWN, Family
from agentmonitor.errors import UnreadableLine
from agentmonitor.foreign import ForeignDatabase, Row, open_foreign

BATCH = 500
"""Events after which a state is handed over."""
MAX_OPEN = 256
"""Rows that may change yet, of one table."""
_COLUMNS = {
    "message": ("id", "session_id", "data"),
    "part": ("id", "session_id", "message_id", "data"),
    "session_message": ("id", "session_id", "type", "data"),
}
_SESSION = ("id", "parent_id", "directory", "title")


class _Mark(msgspec.Struct, omit_defaults=True):
    """How far a table has been read."""

    rowid: int = 0
    id: str = ""
    """Of that row: another row in its place means that all have to be read anew."""
    open: list[int] = []


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, _Mark]).decode


def read_database(path: Path, saved: bytes | None) -> Iterator[tuple[Reading, bytes]]:
    """What is new since the saved state. Raises OSError and UnreadableLine."""
    with open_foreign(path) as database:
        tables = database.tables()
        if not tables:
            return
        if not tables & _COLUMNS.keys():
            raise UnreadableLine(f"{path} has no messages of OpenCode's")
        for table in tables & _COLUMNS.keys():
            if not {"id", "session_id", "data"} <= set(database.columns(table)):
                raise UnreadableLine(f"{path} has a table {table} with other columns")
        run = _Run(database)
        marks = _restored(saved)
        for table in _COLUMNS:
            for told in run.follow(table, marks.setdefault(table, _Mark())):
                yield told, _encode(marks)


class _Run:
    """One pass over a database."""

    def __init__(self, database: ForeignDatabase) -> None:
        self._database = database
        self._sessions = "session" if "session" in database.tables() else "session_v2"
        self._family = Family(self._session)
        self._messages: dict[str, Mapping[str, Any]] = {}
        self._older: dict[str, bool] = {}

    def follow(self, table: str, mark: _Mark) -> Iterator[Reading]:
        """What is new in a table."""
        if table not in self._database.tables():
            return
        if mark.rowid and not self._stands(table, mark):
            mark.rowid, mark.id, mark.open = 0, "", []
        say = _TELL[table]
        out = Told()
        again, mark.open = mark.open, []
        for row in self._rows(table, mark, again):
            told = say(self, row) if name(row["session_id"]) else Told()
            out.events += told.events
            out.signals += told.signals
            if told.is_open:
                mark.open = [*mark.open[1 - MAX_OPEN :], row["rowid"]]
            if row["rowid"] > mark.rowid:
                mark.rowid, mark.id = row["rowid"], name(row["id"])
                if len(out.events) >= BATCH:
                    yield Reading(events=out.events, signals=out.signals)
                    out = Told()
        yield Reading(events=out.events, signals=out.signals)

    def _rows(self, table: str, mark: _Mark, again: list[int]) -> Iterator[Row]:
        rows, columns = self._database.rows, _COLUMNS[table]
        for number in again:
            yield from rows(table, columns, match={"rowid": number}, limit=1)
        yield from rows(table, columns, after=mark.rowid)

    def _stands(self, table: str, mark: _Mark) -> bool:
        found = self._database.rows(table, ("id",), match={"rowid": mark.rowid}, limit=1)
        return any(name(row["id"]) == mark.id for row in found)

    def _session(self, session_id: str) -> Mapping[str, Any]:
        found = self._database.rows(self._sessions, _SESSION, match={"id": session_id}, limit=1)
        return next(found, {})

    def _message(self, row: Row) -> Told:
        info = _data(row)
        self._older[name(row["session_id"])] = True
        if info.get("role") != "assistant":
            return Told()
        if not messages.is_over(info):
            return Told(is_open=True)
        agent = name(info.get("agent")) or name(info.get("mode"))
        scene = self._family.scene(name(row["session_id"]), agent)
        steps = [
            (name(part["id"]), data)
            for part in self._database.rows(
                "part", ("id", "data"), match={"message_id": row["id"]}, limit=1000
            )
            if (data := _data(part)).get("type") == "step-finish"
        ]
        return Told(events=messages.tell(scene, name(row["id"]), info, steps))

    def _part(self, row: Row) -> Told:
        message_id = name(row["message_id"])
        message = self._info(message_id)
        agent = name(message.get("agent")) or name(message.get("mode"))
        scene = self._family.scene(name(row["session_id"]), agent)
        return parts.tell(scene, name(row["id"]), _data(row), message_id, message)

    def _newer(self, row: Row) -> Told:
        session_id = name(row["session_id"])
        if session_id not in self._older:
            found = self._database.rows(
                "message", ("id",), match={"session_id": session_id}, limit=1
            )
            self._older[session_id] = next(found, None) is not None
        if self._older[session_id]:
            return Told()
        data = _data(row)
        scene = self._family.scene(session_id, name(data.get("agent")))
        return newer.tell(scene, name(row["id"]), row["type"], data)

    def _info(self, message_id: str) -> Mapping[str, Any]:
        """The message that a part belongs to."""
        if message_id not in self._messages:
            if len(self._messages) >= MAX_KNOWN:
                self._messages.clear()
            found = self._database.rows("message", ("data",), match={"id": message_id}, limit=1)
            info = _data(next(found, {}))
            # Only what parts ask of it: a message may hold whole files.
            kept = ("role", "time", "agent", "mode")
            self._messages[message_id] = {key: info[key] for key in kept if key in info}
        return self._messages[message_id]


_TELL: dict[str, Callable[[_Run, Row], Told]] = {
    "message": _Run._message,
    "part": _Run._part,
    "session_message": _Run._newer,
}


def _data(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """The JSON of a row; a row that has none says nothing."""
    data = row.get("data")
    if not isinstance(data, str | bytes):
        return {}
    try:
        return mapping(decoded_object(data))
    except UnreadableLine:
        return {}


def _restored(saved: bytes | None) -> dict[str, _Mark]:
    if saved:
        try:
            return _decode(saved)
        except (ValueError, RecursionError):
            pass
    return {}
