"""A large table of random keys, and the small one that takes in what is new.

In the large table each new key is on a page of its own, which is read, changed and written for it.
In the small one many share a page; those that move on are neighbours, and share pages there.
"""

import sqlite3

from agentmonitor.storage.sqlite.bulk import Insert

MAX_RECENT = 20_000
"""Keys that stay in the small table."""
_WORTH_MOVING = 256
_FIRST, _LAST = -(2**63), 2**63 - 1

Claim = tuple[int, int]
"""A signed 64-bit key, and the event that it names."""


class RecentKeys:
    """Inserts keys inside the writer's transaction."""

    def __init__(self, connection: sqlite3.Connection, table: str, most: int = MAX_RECENT) -> None:
        """``table``: the large one; the small one is called ``<table>_recent``."""
        self._connection = connection
        self._table = table
        self._most = most
        self._insert = Insert(f"{table}_recent", 2)
        self._recent = self._count()
        self._next = _FIRST

    def insert(self, claims: list[Claim]) -> None:
        """Write ``claims``, none of which is known."""
        # In the order of the keys, each page of the tree is visited once.
        self._insert.run(self._connection, sorted(claims))
        self._recent += len(claims)

    @property
    def is_full(self) -> bool:
        """Whether it is time to ``move``."""
        return self._recent > self._most + _WORTH_MOVING

    def remove(self, key: int) -> None:
        """Make a key unknown again."""
        gone = self._connection.execute(f"DELETE FROM {self._table}_recent WHERE key = ?", (key,))
        self._recent -= gone.rowcount
        self._connection.execute(f"DELETE FROM {self._table} WHERE key = ?", (key,))

    def forget(self) -> None:
        """The transaction was rolled back."""
        self._recent = self._count()

    def move(self) -> None:
        """Move about as many keys as there are too many: the next ones in the order of keys.
        Belongs into a transaction."""
        share = (self._recent - self._most) / self._recent
        first = self._next
        last = min(first + int(share * 2**64), _LAST)
        between = f"FROM {self._table}_recent WHERE key BETWEEN ? AND ?"
        self._connection.execute(
            f"INSERT INTO {self._table} SELECT key, event {between} ORDER BY key", (first, last)
        )
        self._recent -= self._connection.execute(f"DELETE {between}", (first, last)).rowcount
        self._next = last + 1 if last < _LAST else _FIRST

    def _count(self) -> int:
        query = f"SELECT count(*) FROM {self._table}_recent"
        return int(self._connection.execute(query).fetchone()[0])
