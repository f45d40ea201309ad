"""Inserting many rows with few statements.

``executemany`` lets go of the interpreter's lock and takes it again at each row. While another
thread computes, each time can cost a whole switch interval: many rows in one statement cost one.
"""

import sqlite3
from collections.abc import Sequence

_NOTHING = -(2**63)
"""Stands for NULL among the values: a number that nothing else is."""
_SIZES = (512, 128, 64, 32, 16, 8, 4, 2, 1)
"""Rows in one statement. Few sizes, so that the prepared statements stay cached."""
_LARGE = 1500
"""Values in a statement of more rows than 128, at most: it takes memory for each."""

Row = Sequence[object]


class Insert:
    """``INSERT INTO … VALUES …`` with an optional ``ON CONFLICT`` clause."""

    def __init__(
        self, target: str, width: int, conflict: str = "", optional: Sequence[int] = ()
    ) -> None:
        """``target``: table and columns; ``width``: values in a row; ``optional``: the places of
        those that are often None or bytes, for which ``sqlite3`` searches an adapter: to go
        around that takes less time, where rows are many."""
        self._width = width
        self._optional = optional
        marks = ",".join(
            f"nullif(?,{_NOTHING})" if place in optional else "?" for place in range(width)
        )
        marks = f"({marks})"
        # SQLite before 3.32 takes at most 999 variables, later ones 32,766.
        self._statements = [
            (size, f"INSERT INTO {target} VALUES {','.join([marks] * size)} {conflict}")
            for size in _SIZES
            if size * width <= (32_000 if size <= 128 else _LARGE)
        ]

    def run(self, connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
        """Insert ``rows`` in their order."""
        start, left = 0, len(rows)
        for size, statement in self._statements:
            while left >= size:
                values: list[object] = []
                for row in rows[start : start + size]:
                    values += row
                for place in self._optional:
                    column = slice(place, None, self._width)
                    values[column] = [
                        _NOTHING if v is None else bytearray(v) if type(v) is bytes else v
                        for v in values[column]
                    ]
                connection.execute(statement, values)
                start += size
                left -= size
