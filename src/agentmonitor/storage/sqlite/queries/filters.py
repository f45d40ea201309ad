"""The filters of a question as conditions on the columns of events and of their sums."""

import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec

from agentmonitor.model.analytics import Where
from agentmonitor.storage.sqlite.event_rows import COLUMNS
from agentmonitor.storage.sqlite.names import NameReader

_LISTED = {"id": "l.event AS id", "session": "l.session", "time": "l.time"}
_OF_SESSIONS = (
    f"(SELECT {', '.join(_LISTED.get(c, f'e.{c}') for c in COLUMNS)} FROM json_each('%s') j"
    " CROSS JOIN session_events l ON l.session = j.value CROSS JOIN events e ON e.id = l.event"
    f" UNION ALL SELECT {', '.join(COLUMNS)} FROM events NOT INDEXED"
    " WHERE id > (SELECT event FROM listed_upto)"
    " AND session IN (SELECT value FROM json_each('%s')))"
)
"""As the view ``session_rows``, of several sessions."""
NOBODY = -1
"""An id that nothing has: the filter names what was never seen."""
_NAMED = ("agent", "project", "branch", "model")
_TEXTS = ("title", "id", "cwd")
"""Where the text of a session is looked for."""


class Filters:
    """By column the one id that matches, or several of them."""

    def __init__(
        self,
        ids: Mapping[str, int] | None = None,
        choices: Mapping[str, Sequence[int]] | None = None,
    ) -> None:
        self.ids = dict(ids or {})
        self.choices = dict(choices or {})
        self.names = frozenset((*self.ids, *self.choices))
        self.values: tuple[int | str, ...] = (
            *self.ids.values(),
            *(msgspec.json.encode(list(found)).decode() for found in self.choices.values()),
        )
        """What the conditions compare with, in their order."""

    def sql(self, prefix: str = "", **renamed: str) -> str:
        """The conditions, each begun by AND. ``renamed``: columns that the table lacks."""
        one = (f" AND {prefix}{renamed.get(c, c)} = ?" for c in self.ids)
        several = (
            f" AND {prefix}{renamed.get(c, c)} IN (SELECT value FROM json_each(?))"
            for c in self.choices
        )
        return "".join((*one, *several))

    def events(self) -> str:
        """The table to read events from: where sessions are named, by their lists."""
        if "session" in self.choices:
            keys = msgspec.json.encode(sorted(map(int, self.choices["session"]))).decode()
            return _OF_SESSIONS % (keys, keys)
        return "session_rows" if "session" in self.ids else "events"

    def among(self, names: Collection[str]) -> "Filters":
        """Those of these columns."""
        return Filters(
            {c: n for c, n in self.ids.items() if c in names},
            {c: n for c, n in self.choices.items() if c in names},
        )

    def without(self, name: str) -> "Filters":
        """All but that of one column."""
        return self.among(self.names - {name})

    def narrowed(self, name: str, numbers: int | Sequence[int]) -> "Filters":
        """With one more, of a column that has none."""
        if isinstance(numbers, int):
            return Filters({**self.ids, name: numbers}, self.choices)
        return Filters(self.ids, {**self.choices, name: numbers})


def filters_of(connection: sqlite3.Connection, where: Where) -> Filters:
    """Those of ``where`` but for its times."""
    ids: dict[str, int] = {}
    for column in _NAMED:
        value: str | None = getattr(where, column)
        if value is not None:
            number = NameReader.find(connection, value)
            ids[column] = NOBODY if number is None else number
    if where.q is not None:
        return Filters(ids, {"session": _sessions(connection, where.q, where.session)})
    if where.session is not None:
        query = "SELECT key FROM sessions WHERE id = ?"
        row = connection.execute(query, (where.session,)).fetchone()
        ids["session"] = NOBODY if row is None else row[0]
    return Filters(ids)


def events_of_sessions(connection: sqlite3.Connection, filters: Filters) -> int | None:
    """How many events the sessions have that ``filters`` name; None: they name none."""
    sessions = filters.among({"session"})
    if not sessions.names:
        return None
    query = f"SELECT total(events) FROM sessions WHERE 1{sessions.sql(session='key')}"
    return int(connection.execute(query, sessions.values).fetchone()[0])


def text_condition(text: str) -> tuple[str, list[str]]:
    """That a session has ``text`` in its title, id or folder; and the condition's arguments."""
    found = " OR ".join(f"{column} LIKE ? ESCAPE '\\'" for column in _TEXTS)
    pattern = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"({found})", [f"%{pattern}%"] * len(_TEXTS)


def _sessions(connection: sqlite3.Connection, text: str, session: str | None) -> list[int]:
    condition, arguments = text_condition(text)
    if session is not None:
        condition += " AND id = ?"
        arguments.append(session)
    rows: Iterable[tuple[int]] = connection.execute(
        f"SELECT key FROM sessions WHERE {condition}", arguments
    )
    return [key for (key,) in rows]
