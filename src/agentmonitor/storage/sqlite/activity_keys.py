"""Which event shows an activity that several channels report.

Keys are kept as 64-bit hashes: they are many, and only ever looked up. Each transaction writes its
own to a log, of which they are kept in memory; when there are some thousand, they go into the
tables together, where they share pages.
"""

import sqlite3
import struct
from collections.abc import Iterable, Sequence

import msgspec

from agentmonitor.digest import blake2b
from agentmonitor.model.event import LIKENESS, Event
from agentmonitor.storage.sqlite.recent_keys import RecentKeys

_SHOWN = (
    " LEFT JOIN activity_merges m ON m.event = k.event"
    " LEFT JOIN pruned_activities p ON p.event = coalesce(m.target, k.event)"
)
_FIND = (
    "SELECT k.key, coalesce(m.target, k.event), p.channels"
    f" FROM json_each(?) j CROSS JOIN activity_keys_written k ON k.key = j.value{_SHOWN}"
)
_FOLLOW = (
    "SELECT CAST(k.key AS INTEGER), coalesce(m.target, k.event), p.channels"
    f" FROM (SELECT key, value AS event FROM json_each(?)) k{_SHOWN}"
)
MANY = 4000
"""Claims from which on it is time to ``write`` them."""
_claims = msgspec.json.Decoder(dict[int, int]).decode
_signed = struct.Struct(">q").unpack


def hash_key(key: str) -> int:
    """A signed 64-bit hash."""
    digest = blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    number: int = _signed(digest)[0]
    return number


def keys_of(event: Event) -> tuple[str, ...]:
    """What ``event`` is known by. Likenesses alone would not recognise a repeat of itself."""
    keys = event.keys
    if event.event_id is not None and all(key.startswith(LIKENESS) for key in keys):
        return (*keys, f"id:{event.event_id}") if keys else ()
    return keys


class ActivityKeys:
    """Finds and claims keys inside the writer's transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.table = RecentKeys(connection, "activity_keys")
        self._hashes: dict[str, int] = {}
        self._holders: dict[int, int] = {}
        self._new: dict[int, int] = {}
        self._logged: dict[int, int] = {}
        """The claims that are in the log alone."""
        self.pruned: dict[int, int] = {}
        """Of the events that hold keys, those that are pruned: the channels that reported them."""
        self._read_log()

    @property
    def is_due(self) -> bool:
        """Whether it is time to ``write``."""
        return len(self._logged) >= MANY

    def look_up(self, batches: Iterable[Sequence[Event]]) -> None:
        """Read what is known of the keys of ``batches``, all at once. May come before the
        transaction: nobody else writes."""
        # Most events have none, and each step counts here.
        new = {
            key: hash_key(key)
            for events in batches for event in events if event.keys for key in keys_of(event)
        }  # fmt: skip
        if new:
            self._hashes.update(new)
            logged = self._logged
            recent = {key: logged[key] for key in new.values() if key in logged}
            if recent:
                self._hold(_FOLLOW, recent)
            # In the order of the keys, each page of the tree is visited once.
            self._hold(_FIND, sorted(key for key in new.values() if key not in recent))

    def _hold(self, query: str, wanted: object) -> None:
        given = msgspec.json.encode(wanted).decode()
        for key, event, channels in self._connection.execute(query, (given,)):
            self._holders[key] = event
            if channels is not None:
                self.pruned[event] = channels

    def clear(self) -> None:
        """All that was looked up is done with."""
        self._hashes = {}
        self._holders = {}
        self.pruned = {}

    def find(self, keys: Sequence[str]) -> tuple[set[int], set[int]] | None:
        """The ids of the events that ``keys`` name: by names, and by likenesses; None when they
        name none, as nearly always."""
        hashes, holders = self._hashes, self._holders
        for key in keys:
            if hashes[key] in holders:
                break
        else:
            return None
        named: set[int] = set()
        alike: set[int] = set()
        for key in keys:
            event = holders.get(hashes[key])
            if event is not None:
                (alike if key.startswith(LIKENESS) else named).add(event)
        return named, alike - named

    def claim(self, keys: Sequence[str], event: int) -> None:
        """Let those of ``keys`` that are free name the event with the id ``event``."""
        for key in keys:
            number = self._hashes[key]
            if number not in self._holders:
                self._holders[number] = self._new[number] = event

    def report_pruned(self, event: int, channel: int) -> bool:
        """``channel`` reports the pruned activity ``event``; whether it had not done so before."""
        before = self.pruned[event]
        if before & channel:
            return False
        self.pruned[event] = before | channel
        self._connection.execute(
            "UPDATE pruned_activities SET channels = ? WHERE event = ?", (before | channel, event)
        )
        return True

    def merge(self, event: int, target: int) -> None:
        """``event`` is the activity that ``target`` shows."""
        self._connection.execute(
            "UPDATE activity_merges SET target = ? WHERE target = ?", (target, event)
        )
        self._connection.execute("INSERT INTO activity_merges VALUES (?, ?)", (event, target))
        for holders in (self._holders, self._new):
            for key, holder in holders.items():
                if holder == event:
                    holders[key] = target

    def save(self) -> None:
        """Log the claims. Belongs into the transaction."""
        if self._new:
            claims = msgspec.json.encode(self._new).decode()
            self._connection.execute("INSERT INTO activity_key_log (claims) VALUES (?)", (claims,))
            self._logged.update(self._new)
            self._new = {}

    def write(self) -> None:
        """Bring what is in the log into the tables. Belongs into a transaction."""
        self.table.insert(list(self._logged.items()))
        self._connection.execute("DELETE FROM activity_key_log")
        self._logged = {}

    def forget(self) -> None:
        """The transaction was rolled back."""
        self._new = {}
        self._read_log()
        self.table.forget()

    def _read_log(self) -> None:
        self._logged = {}
        for (claims,) in self._connection.execute("SELECT claims FROM activity_key_log"):
            self._logged.update(_claims(claims))
