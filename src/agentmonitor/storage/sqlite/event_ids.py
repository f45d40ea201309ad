"""Which event ids are stored already.

An index over the ids themselves would be large and, as ids are random, would dirty a page for
each event. So the look-up goes by a 64-bit hash, and the id in the event's row decides. An id whose
hash is another's takes its next hash. When the event was pruned, its hash alone says that the id is
known.

Keys are written a thousand at a time, after the transactions that claimed them: together they
change few pages. After a crash, those that are missing are found among the events that are in no
session's list yet: these come later still.
"""

import sqlite3
import struct
from collections.abc import Callable, Iterable, Sequence

import msgspec

from agentmonitor.digest import blake2b
from agentmonitor.model.event import Event
from agentmonitor.storage.sqlite.recent_keys import RecentKeys

_FIND = (
    "SELECT k.key, e.event_id FROM json_each(?) j CROSS JOIN event_keys_all k ON k.key = j.value"
    " LEFT JOIN events e ON e.id = k.event"
)
_UNLISTED = (
    "SELECT event_id, id FROM events"
    " WHERE id > (SELECT event FROM listed_upto) AND event_id IS NOT NULL ORDER BY id"
)
MANY = 1000
"""Claims from which on it is time to ``save`` them."""
_halves = struct.Struct(">qq").unpack
_all_halves = struct.Struct(">qq").iter_unpack
_DASHES = (8, 13, 18, 23)
"""Where a UUID has them."""
_LOWEST = -(2**63)
_PRUNED = b""
"""Stands for the id of an event that is gone."""


def hash_id(event_id: str, attempt: int = 0) -> int:
    """A signed 64-bit hash; each further ``attempt`` gives another one.

    The first is cheap for a UUID, the others cannot be foreseen by who chooses the ids.
    """
    if attempt == 0:
        return _first_hash(event_id, pack(event_id))
    return _strong_hash(event_id, attempt)


def _first_hash(event_id: str, packed: str | bytes) -> int:
    if isinstance(packed, bytes):
        high, low = _halves(packed)
        return int(high ^ low ^ _LOWEST)
    return _strong_hash(event_id, 0)


def _strong_hash(event_id: str, attempt: int) -> int:
    salt = attempt.to_bytes(8, "big")
    digest = blake2b(event_id.encode(), digest_size=8, salt=salt).digest()
    return int.from_bytes(digest, "big", signed=True)


def pack(event_id: str) -> str | bytes:
    """An event id as it is stored: a UUID in its usual spelling as its 16 bytes."""
    if len(event_id) != 36 or event_id[8] != "-" or event_id[13] != "-":
        return event_id
    digits = event_id.replace("-", "")
    if len(digits) != 32 or event_id[18] != "-" or event_id[23] != "-" or digits != digits.lower():
        return event_id
    try:
        packed = bytes.fromhex(digits)
    except ValueError:
        return event_id
    return packed if len(packed) == 16 else event_id


def unpack(stored: str | bytes | None) -> str | None:
    """The event id that was packed."""
    if not isinstance(stored, bytes):
        return stored
    text = stored.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


Identity = tuple[int, str | bytes]
"""An event id's first hash, and how it is stored."""
Identities = dict[str, Identity]
"""By event id."""
Claimed = tuple[int, str]
"""The number of an event, and its id."""


def identify(
    events: Sequence[Event], hash_function: Callable[[str, int], int] | None = None
) -> Identities:
    """The identities of those of ``events`` that have an id.

    For the thread that brings the events: the writer has enough to do.
    """
    return _identities([e.event_id for e in events if e.event_id is not None], hash_function)


def _identities(
    ids: list[str], hash_function: Callable[[str, int], int] | None = None
) -> Identities:
    # One by itself is sooner packed than taken through the steps for many.
    digits = _digits_of_uuids(ids) if hash_function is None and len(ids) > 1 else None
    if digits is None:
        return {event_id: _identity(event_id, hash_function) for event_id in ids}
    # Some steps for all of them at once take less than half of the time.
    hashes = [high ^ low ^ _LOWEST for high, low in _all_halves(digits)]
    stored = [digits[place : place + 16] for place in range(0, len(digits), 16)]
    return dict(zip(ids, zip(hashes, stored, strict=True), strict=True))


def _identity(event_id: str, hash_function: Callable[[str, int], int] | None) -> Identity:
    packed = pack(event_id)
    if hash_function is None:
        return _first_hash(event_id, packed), packed
    return hash_function(event_id, 0), packed


def _digits_of_uuids(ids: list[str]) -> bytes | None:
    """All ``ids`` as bytes; None when they are not all UUIDs in their usual spelling."""
    count = len(ids)
    if set(map(len, ids)) != {36}:
        return None
    joined = "".join(ids)
    digits = joined.replace("-", "")
    dashes = "-" * count
    if (
        len(digits) != 32 * count
        or any(joined[place::36] != dashes for place in _DASHES)
        or digits != digits.lower()
    ):
        return None
    try:
        packed = bytes.fromhex(digits)
    except ValueError:
        return None
    return packed if len(packed) == 16 * count else None


class EventIds:
    """Claims ids inside the writer's transaction."""

    def __init__(
        self, connection: sqlite3.Connection, hash_function: Callable[[str, int], int] = hash_id
    ) -> None:
        self._connection = connection
        self._hash = hash_function
        self.identities: Identities = {}
        """Of the ids that were looked up."""
        self._holders: dict[int, str | bytes] = {}
        self._claims: dict[int, Claimed] = {}
        """By their keys, those that are in no table yet."""
        self.table = RecentKeys(connection, "event_keys")
        self._find_unwritten()

    @property
    def is_due(self) -> bool:
        """Whether it is time to ``save``."""
        return len(self._claims) >= MANY

    def look_up(self, batches: Iterable[Identities]) -> None:
        """Read what is known of the ids of ``batches``, all at once. May come before the
        transaction: nobody else writes."""
        new: Identities = {}
        for identities in batches:
            new.update(identities)
        if new:
            self.identities.update(new)
            self._read([key for key, _ in new.values()])

    def clear(self) -> None:
        """All that was looked up is done with."""
        self.identities = {}
        self._holders = {}

    def claim(self, event_id: str, row: int) -> bool:
        """Take ``event_id`` for the event with the id ``row``; False when it is taken."""
        key = self.identities[event_id][0]
        attempt = 0
        while (holder := self._holders.get(key)) is not None:
            if holder in (event_id, _PRUNED):
                return False
            attempt += 1
            key = self._hash(event_id, attempt)
            if key not in self._holders:
                self._read([key])
        self._holders[key] = event_id
        self._claims[key] = row, event_id
        return True

    def release(self, stored: str | bytes | None) -> None:
        """The event with that id is gone: a new one may bear it."""
        event_id = unpack(stored)
        if event_id is None:
            return
        key = self._hash(event_id, 0)
        if self._claims.pop(key, None) is None:
            self.table.remove(key)
        self._holders.pop(key, None)

    def save(self) -> None:
        """Write the claims. Belongs into a transaction, and before events are listed or go."""
        if self._claims:
            self.table.insert([(key, row) for key, (row, _) in self._claims.items()])
            self._claims = {}

    def forget(self) -> None:
        """The transaction was rolled back."""
        self.clear()
        self.table.forget()
        self._find_unwritten()

    def _find_unwritten(self) -> None:
        """Claim again what was claimed and stored, but not written."""
        self._claims = {}
        stored = self._connection.execute(_UNLISTED).fetchall()
        events = {unpack(event_id) or "": row for event_id, row in stored}
        known = None if self._hash is hash_id else self._hash
        self.look_up([_identities(list(events), known)])
        for event_id, row in events.items():
            self.claim(event_id, row)
        self.clear()

    def _read(self, keys: list[int]) -> None:
        # In the order of the keys, each page of the tree is visited once.
        wanted = msgspec.json.encode(sorted(keys)).decode()
        found = self._connection.execute(_FIND, (wanted,))
        for key, stored in found:
            event_id = unpack(stored)
            self._holders[key] = _PRUNED if event_id is None else event_id
        claims = self._claims
        self._holders.update((key, claims[key][1]) for key in keys if key in claims)
