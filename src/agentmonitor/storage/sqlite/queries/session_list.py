"""Lists of sessions by the common filters, in any order, page by page."""

import sqlite3
from collections.abc import Sequence

import msgspec

from agentmonitor.model.selection import Page, Scalar, Selection, SessionChoice
from agentmonitor.model.session import SessionRow
from agentmonitor.storage.sqlite.names import NameReader
from agentmonitor.storage.sqlite.orders import Orders
from agentmonitor.storage.sqlite.queries.filters import text_condition
from agentmonitor.storage.sqlite.queries.sessions import COLUMNS, LIVE, STATUSES, session_row
from agentmonitor.storage.sqlite.sessions import STATES

_SORTS = {
    "last_activity": "last_event_at",
    "started": "started_at",
    "cost": "cost_nano",
    "tokens": "tokens_in + tokens_out + cache_read + cache_write",
    "events": "events",
    "errors": "errors",
}

_keys = msgspec.json.Decoder(list[int]).decode

ListPlace = tuple[int, int, int | float, int]
"""Where a page begins: the number of its order, how many came before, and of the last that did
the value of the sort and the key."""


class SessionListQueries:
    """Reads of the sessions table on one connection."""

    def __init__(self, connection: sqlite3.Connection, names: NameReader, orders: Orders) -> None:
        self._connection = connection
        self._names = names
        self._orders = orders

    def page(self, choice: SessionChoice, limit: int, place: ListPlace | None) -> Page[SessionRow]:
        """One page and how many sessions there are in all its pages."""
        keys: Sequence[int] | None = None if place is None else self._orders.find(place[0])
        if place is not None and keys is not None:
            number, done = place[0], place[1]
        else:
            # The first page; or the order is no longer known, and what follows the last row is
            # looked for in the order of now.
            keys = self._keys(choice, place)
            number, done = (self._orders.keep(keys) if len(keys) > limit else 0), 0
        found = self._rows(keys[done : done + limit], _SORTS[choice.sort])
        following: list[Scalar] | None = None
        if done + limit < len(keys):
            last = keys[done + limit - 1]
            following = [number, done + limit, found[last][0] if last in found else 0, last]
        rows = [row for _, row in found.values()]
        return Page(rows=rows, next=following, total=len(keys))

    def live(self, where: Selection, limit: int) -> tuple[list[SessionRow], dict[str, int]]:
        """Sessions that run or wait, those that were heard of last first; how many are in each
        state."""
        conditions, arguments = self._conditions(where)
        matching = f"FROM sessions WHERE {LIVE}{conditions}"
        counted = self._connection.execute(
            f"SELECT state, count(*) {matching} GROUP BY state", arguments
        )
        counts = {STATES[state]: count for state, count in counted}
        query = f"SELECT key {matching} ORDER BY last_event_at DESC, key DESC LIMIT ?"
        keys = [key for (key,) in self._connection.execute(query, [*arguments, limit])]
        return [row for _, row in self._rows(keys, "key").values()], counts

    def _keys(self, choice: SessionChoice, place: ListPlace | None) -> list[int]:
        conditions, arguments = self._conditions(choice.where)
        for column, value, known in (
            ("status", choice.status, STATUSES),
            ("state", choice.state, STATES),
        ):
            if value is not None:
                conditions += f" AND {column} = ?"
                arguments.append(known.index(value) if value in known else -1)
        sort = _SORTS[choice.sort]
        order, sign = ("DESC", "<") if choice.descending else ("ASC", ">")
        if place is not None:
            conditions += f" AND ({sort}, key) {sign} (?, ?)"
            arguments += place[2:]
        # Thousands of keys: as one text they take half the time that as many rows take. SQLite
        # keeps a subquery's order for an aggregate that shows it.
        query = (
            f"SELECT json_group_array(key) FROM (SELECT key FROM sessions WHERE 1{conditions}"
            f" ORDER BY {sort} {order}, key {order})"
        )
        return _keys(self._connection.execute(query, arguments).fetchone()[0])

    def _conditions(self, where: Selection) -> tuple[str, list[Scalar]]:
        conditions = ""
        arguments: list[Scalar] = []
        for column in ("agent", "project", "branch", "model"):
            name = getattr(where, column)
            if name is not None:
                conditions += f" AND {column} = ?"
                number = self._names.find(self._connection, name)
                arguments.append(-1 if number is None else number)
        for condition, value in (
            (" AND id = ?", where.session),
            (" AND last_event_at >= ?", where.since),
            (" AND started_at < ?", where.until),
        ):
            if value is not None:
                conditions += condition
                arguments.append(value)
        if where.q is not None:
            condition, texts = text_condition(where.q)
            conditions += f" AND {condition}"
            arguments += texts
        return conditions, arguments

    def _rows(self, keys: Sequence[int], sort: str) -> dict[int, tuple[Scalar, SessionRow]]:
        """The value of ``sort`` and the row by key, in the order of ``keys``."""
        query = (
            f"SELECT key, {sort}, {COLUMNS} FROM sessions"
            " WHERE key IN (SELECT value FROM json_each(?))"
        )
        told = msgspec.json.encode(list(keys)).decode()
        found = {row[0]: row for row in self._connection.execute(query, (told,))}
        ids = {number for row in found.values() for number in row[3:7]}
        names = self._names.values(self._connection, ids)
        return {
            key: (found[key][1], session_row(found[key][2:], names)) for key in keys if key in found
        }
