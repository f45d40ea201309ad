"""Inserting many rows with few statements.

``executemany`` lets go of the interpreter's lock and takes it again at each row. While another
thread computes, each time can cost a whole switch interval: many rows in one statement cost one.
"""

import sqlite3
from collections.abc import Sequence

_SIZES = (128, 64, 32, 16, 8, 4, 2, 1)
"""Rows in one statement. Few sizes, so that the prepared statements stay cached."""

Row = Sequence[object]


class Insert:
    """``INSERT INTO … VALUES …`` with an optional ``ON CONFLICT`` clause."""

    def __init__(self, target: str, width: int, conflict: str = "") -> None:
        """``target``: table and columns; ``width``: values in a row."""
        marks = f"({','.join('?' * width)})"
        # SQLite before 3.32 takes at most 999 variables, later ones 32,766.
        self._statements = [
            (size, f"INSERT INTO {target} VALUES {','.join([marks] * size)} {conflict}")
            for size in _SIZES
            if size * width <= 32_000
        ]

    def run(self, connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
        """Insert ``rows`` in their order."""
        start, left = 0, len(rows)
        for size, statement in self._statements:
            while left >= size:
                values: list[object] = []
                for row in rows[start : start + size]:
                    values += row
                connection.execute(statement, values)
                start += size
                left -= size
