"""How many events each channel reported of each agent, and when the last one was."""

import sqlite3
from collections.abc import Mapping

from agentmonitor.model.channels import ChannelUse
from agentmonitor.model.clock import now_ms
from agentmonitor.model.usage import Channel
from agentmonitor.storage.sqlite.names import NameReader

BITS = 8
"""Channels are a number of so many bits, below the agent in one number."""
_ADD = (
    "INSERT INTO channel_sums VALUES (?, ?, ?, ?, ?) ON CONFLICT (agent, channels) DO UPDATE SET"
    " events = events + excluded.events, pruned = pruned + excluded.pruned,"
    " last_at = max(last_at, excluded.last_at)"
)


class ChannelSums:
    """Collects one transaction's changes by agent and channels."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.changes: dict[int, list[int]] = {}
        """By agent and channels in one number: events, and the newest one's time. Whoever counts
        an event adds to it: it is done for each one, and a call costs as much as the work."""

    def take(self, agent: int, channels: int) -> None:
        """Count an event no more."""
        self.changes.setdefault(agent << BITS | channels, [0, 0])[0] -= 1

    def prune(self, events: Mapping[tuple[int, int], int]) -> None:
        """So many events by (agent, channels) are going to be deleted; their count stays."""
        rows = [(agent, channels, 0, count, 0) for (agent, channels), count in events.items()]
        self._connection.executemany(_ADD, rows)

    def save(self) -> None:
        """Write the changes."""
        if not self.changes:
            return
        now = now_ms()  # a sender's clock can be ahead
        for key, (count, time) in self.changes.items():
            row = (key >> BITS, key & ((1 << BITS) - 1), count, 0, min(time, now))
            self._connection.execute(_ADD, row)
        self.changes.clear()

    def forget(self) -> None:
        """The transaction was rolled back."""
        self.changes.clear()


def rebuild_channels(connection: sqlite3.Connection) -> None:
    """Make the sums anew from the events and the count of pruned ones. When the last event was is
    kept where it is newer than what events tell."""
    connection.execute("UPDATE channel_sums SET events = pruned")
    connection.execute(
        "INSERT INTO channel_sums SELECT agent, channels, count(*), 0,"
        " max(time + min(coalesce(lag, 0), 0)) FROM events WHERE true GROUP BY agent, channels"
        " ON CONFLICT (agent, channels) DO UPDATE SET events = events + excluded.events,"
        " last_at = max(last_at, excluded.last_at)"
    )


def channel_uses(connection: sqlite3.Connection, names: NameReader) -> list[ChannelUse]:
    """In no order."""
    query = "SELECT agent, channels, events, last_at FROM channel_sums WHERE last_at > 0"
    rows = connection.execute(query).fetchall()
    agents = names.values(connection, [row[0] for row in rows])
    return [
        ChannelUse(agents[number] or "", channels or Channel.API, events, last_at)
        for number, channels, events, last_at in rows
    ]
