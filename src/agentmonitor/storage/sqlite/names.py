"""The dictionary of names: each distinct string once, small integers everywhere else."""

import sqlite3
from collections.abc import Iterable

from agentmonitor.model.event import Status

STATUSES: tuple[Status, ...] = ("success", "error", "timeout")
"""An event's status by its id: the only names whose ids are fixed."""
CACHE = 20_000
"""Names kept in memory at most; what arrives is untrusted, so the cache may not grow freely."""


class NameWriter(dict[str | None, int]):
    """Gives out ids inside the writer's transaction; None has the id 0.

    ``names[value]`` is the id, made when it is new. A dict, because it is asked nine times for
    each event.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__({None: 0})
        self._connection = connection
        self._texts: dict[int, str] = {}

    def text(self, number: int) -> str:
        """The name that has the id ``number``."""
        text = self._texts.get(number)
        if text is None:
            query = "SELECT value FROM names WHERE id = ?"
            text = str(self._connection.execute(query, (number,)).fetchone()[0])
            self._texts[number] = text
        return text

    def forget(self) -> None:
        """Drop the cache: after a roll-back it may name what was never stored."""
        self.clear()
        self[None] = 0
        self._texts.clear()

    def __missing__(self, value: str | None) -> int:
        if len(self) >= CACHE:
            self.forget()
        row = self._connection.execute("SELECT id FROM names WHERE value = ?", (value,)).fetchone()
        if row is None:
            cursor = self._connection.execute("INSERT INTO names (value) VALUES (?)", (value,))
            number = cursor.lastrowid or 0
        else:
            number = int(row[0])
        self[value] = number
        return number


class NameReader:
    """Looks names up for reads. A name never changes, so the cache is never stale."""

    def __init__(self) -> None:
        self._values: dict[int, str] = {}

    def values(self, connection: sqlite3.Connection, ids: Iterable[int]) -> dict[int, str | None]:
        """The names of ``ids``; 0 is None."""
        wanted = set(ids) - {0}
        result: dict[int, str | None] = {0: None}
        missing = []
        for number in wanted:
            value = self._values.get(number)
            if value is None:
                missing.append(number)
            else:
                result[number] = value
        if len(self._values) > CACHE:
            self._values = {}
        for start in range(0, len(missing), 500):
            part = missing[start : start + 500]
            marks = ",".join("?" * len(part))
            query = f"SELECT id, value FROM names WHERE id IN ({marks})"
            for number, value in connection.execute(query, part):
                self._values[number] = result[number] = value
        return result

    @staticmethod
    def find(connection: sqlite3.Connection, value: str) -> int | None:
        """The id of ``value``; None when no event ever bore it."""
        row = connection.execute("SELECT id FROM names WHERE value = ?", (value,)).fetchone()
        return None if row is None else int(row[0])
