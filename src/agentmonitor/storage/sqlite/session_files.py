"""Which files a session has edited: each counts once, however often it was edited."""

import sqlite3

import msgspec

from agentmonitor.storage.sqlite.bulk import Insert
from agentmonitor.storage.sqlite.sessions import Session

_INSERT = Insert("session_files", 2)
_FIND = (
    "SELECT f.session, f.file FROM json_each(?) pair JOIN session_files f"
    " ON f.session = json_extract(pair.value, '$[0]') AND f.file = json_extract(pair.value, '$[1]')"
)
_USED = (
    "SELECT 1 FROM session_rows WHERE session = ?1 AND file = ?2"
    " UNION ALL SELECT 1 FROM pruned_files WHERE session = ?1 AND file = ?2 LIMIT 1"
)
_DELETE = "DELETE FROM session_files WHERE session = ? AND file = ?"
MAX_KNOWN = 20_000
"""Pairs of session and file remembered at most."""

Pair = tuple[int, int]


class SessionFiles:
    """Counts edited files inside the writer's transaction: one look-up for all new pairs."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._known: set[Pair] = set()
        self._new: dict[Pair, Session] = {}
        self._doubted: dict[Pair, Session] = {}

    def add(self, session: Session, file: int) -> None:
        """``session`` edited the file with the name ``file``."""
        pair = (session.key, file)
        if pair not in self._known:
            self._new[pair] = session

    def check(self, session: Session, file: int) -> None:
        """An event with that file left ``session``: perhaps it was the only one."""
        self._doubted[session.key, file] = session

    def save(self) -> None:
        """Write what is new and count it in the sessions. After the events are written, before
        the sessions are."""
        if self._new:
            self._add_new()
        for pair, session in self._doubted.items():
            if self._connection.execute(_USED, pair).fetchone() is None:
                gone = self._connection.execute(_DELETE, pair).rowcount
                session.files_edited -= gone
                self._known.discard(pair)
        self._doubted = {}

    def _add_new(self) -> None:
        pairs = msgspec.json.encode(list(self._new)).decode()
        stored = set(self._connection.execute(_FIND, (pairs,)))
        new = sorted(pair for pair in self._new if pair not in stored)
        for pair in new:
            self._new[pair].files_edited += 1
        _INSERT.run(self._connection, new)
        if len(self._known) > MAX_KNOWN:
            self._known.clear()
        self._known.update(self._new)
        self._new = {}

    def forget(self) -> None:
        """The transaction was rolled back."""
        self._known.clear()
        self._new = {}
        self._doubted = {}
