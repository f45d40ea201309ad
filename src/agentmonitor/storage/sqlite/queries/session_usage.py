"""The sessions that were active in a range: the dearest, how many, and what they used together."""

import sqlite3
from collections.abc import Sequence

from agentmonitor.model.analytics import SUMS, SessionUse, Sums, Where
from agentmonitor.storage.sqlite.names import NameReader
from agentmonitor.storage.sqlite.queries.filters import filters_of
from agentmonitor.storage.sqlite.queries.grouped import Groups
from agentmonitor.storage.sqlite.queries.spans import FAR
from agentmonitor.storage.sqlite.sessions import ACTIVE, ENDED, IDLE

_KEPT = tuple(name for name in SUMS if name != "unpriced_tokens")
"""A session has no sum of its unpriced tokens."""
_TOTALS = ", ".join(f"total({name})" for name in _KEPT)
_DEAREST = "cost_nano DESC, tokens_out DESC, key"
_BY_TIME = f"status IN ({ACTIVE}, {IDLE}, {ENDED}) AND"
"""Lets the index of states find sessions by their last event."""
_BEFORE = f"FROM sessions WHERE {_BY_TIME} last_event_at < ?"
_AFTER = f"FROM sessions WHERE {_BY_TIME} last_event_at >= ? AND started_at >= ?"
_EMPTY = "SELECT count(*) FROM sessions WHERE events = 0 AND last_event_at >= ? AND started_at < ?"


class SessionUsage:
    """What the sessions of some filters used over their whole lives, on one connection."""

    def __init__(self, connection: sqlite3.Connection, names: NameReader, where: Where) -> None:
        self._connection = connection
        self._names = names
        self._since, self._until = where.since, where.until
        self._filters = filters_of(connection, where)
        (every,) = connection.execute("SELECT count(*) FROM sessions").fetchone()
        (before,) = connection.execute(f"SELECT count(*) {_BEFORE}", (self._since,)).fetchone()
        self._every: int = every
        self._is_most = before * 2 < every

    def dearest(self, limit: int) -> list[SessionUse]:
        """``limit`` of them."""
        matching, arguments = self._matching()
        rows = self._connection.execute(
            "SELECT id, agent, title, project, branch, model, started_at, last_event_at,"
            f" {', '.join(_KEPT)} FROM sessions"
            f" WHERE key IN (SELECT key {matching} ORDER BY {_DEAREST} LIMIT ?)"
            f" ORDER BY {_DEAREST}",
            (*arguments, limit),
        ).fetchall()
        ids = {number for r in rows for number in (r[1], r[3], r[4], r[5])}
        names = self._names.values(self._connection, ids)
        return [
            SessionUse(
                session_id=r[0],
                agent=names[r[1]] or "",
                title=r[2],
                project=names[r[3]],
                branch=names[r[4]],
                model=names[r[5]],
                started_at=r[6],
                last_event_at=r[7],
                sums=_sums(r[8:]),
            )
            for r in rows
        ]

    def together(self) -> tuple[int, Sums]:
        """How many there are, and their sums."""
        if self._is_most and not self._filters.names:
            return self._all_but_others()
        matching, arguments = self._matching()
        count, *row = self._connection.execute(
            f"SELECT count(*), {_TOTALS} {matching}", arguments
        ).fetchone()
        return int(count), _sums(row)

    def _matching(self) -> tuple[str, tuple[int | str, ...]]:
        by_time = "" if self._is_most else _BY_TIME
        matching = (
            f"FROM sessions WHERE {by_time} last_event_at >= ? AND started_at < ? AND events > 0"
            f"{self._filters.sql(session='key')}"
        )
        return matching, (self._since, self._until, *self._filters.values)

    def _all_but_others(self) -> tuple[int, Sums]:
        """The sums of everything, without those of the few sessions outside of the range."""
        cells = Groups(self._connection, self._filters).sums((), _KEPT, (-FAR, FAR))
        row: Sequence[float] = cells.get((0,), [0] * len(_KEPT))
        count = self._every
        for others, arguments in (
            (_BEFORE, (self._since,)),
            (_AFTER, (self._until, self._until)),
        ):
            number, *sums = self._connection.execute(
                f"SELECT count(*), {_TOTALS} {others}", arguments
            ).fetchone()
            count -= number
            row = [all_ - some for all_, some in zip(row, sums, strict=True)]
        (empty,) = self._connection.execute(_EMPTY, (self._since, self._until)).fetchone()
        return count - int(empty), _sums(row)


def _sums(row: Sequence[float]) -> Sums:
    return Sums(**{name: int(value) for name, value in zip(_KEPT, row, strict=True)})
