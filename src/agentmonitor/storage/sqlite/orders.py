"""The orders of lists that clients are paging through.

What a list is ordered by changes while somebody pages through it: a session gets events and moves
to the front. So the order of the first page is remembered, and the further pages follow it.
"""

import os
import threading
from array import array
from collections.abc import Sequence

MAX_ORDERS = 64
MAX_KEYS = 500_000
"""Keys in all orders together, of 8 bytes each."""


class Orders:
    """The newest orders; of too many the one that was used longest ago is forgotten."""

    def __init__(self) -> None:
        self._kept: dict[int, array[int]] = {}
        self._guard = threading.Lock()

    def keep(self, keys: Sequence[int]) -> int:
        """Remember an order; the number under which it is found. Others cannot guess it, and a
        number from before a restart finds nothing."""
        number = int.from_bytes(os.urandom(6), "big")
        with self._guard:
            self._kept[number] = array("q", keys)
            while len(self._kept) > 1 and (
                len(self._kept) > MAX_ORDERS or sum(map(len, self._kept.values())) > MAX_KEYS
            ):
                self._kept.pop(next(iter(self._kept)))
        return number

    def find(self, number: int) -> Sequence[int] | None:
        """The order, if it is still known."""
        with self._guard:
            keys = self._kept.pop(number, None)
            if keys is not None:
                self._kept[number] = keys
            return keys
