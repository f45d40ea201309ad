"""The database as a thing to look after: what it holds, whether it is sound, what may go."""

import msgspec

from agentmonitor.model.clock import IsoTime


class Holder(msgspec.Struct, frozen=True):
    """Who holds a database."""

    pid: int
    since: IsoTime
    address: str | None = None


class TableSize(msgspec.Struct, frozen=True):
    """One table with its indexes."""

    name: str
    rows: int
    bytes: int | None
    """None: this SQLite cannot tell."""


class Retention(msgspec.Struct, frozen=True):
    """What is kept; 0: all."""

    days: float = 0
    gigabytes: float = 0


class DatabaseInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to know of a database file. Times are ISO 8601."""

    path: str
    version: str
    """Of the program that answers."""
    size_bytes: int
    log_bytes: int
    free_bytes: int
    """Part of ``size_bytes`` that the next events fill before the file grows."""
    events: int
    pruned_events: int
    """Events that only the totals still know."""
    sessions: int
    oldest_event: IsoTime | None
    newest_event: IsoTime | None
    migrations: list[str]
    retention: Retention
    held_by: Holder | None
    tables: list[TableSize]
    """The largest first; empty when they were not asked for."""


class Finding(msgspec.Struct, frozen=True):
    """One thing that was checked."""

    name: str
    faults: list[str]
    """The first of them; empty: sound."""


class CheckOutcome(msgspec.Struct, frozen=True):
    """What a check found."""

    path: str
    sound: bool
    findings: list[Finding]
    advice: str | None = None
    """What to do when it is not sound."""


class PruneLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Which events may go. Times are ms since the epoch."""

    kept_from: int
    """Events from here on stay, whatever their size."""
    before: int | None = None
    """Older events go."""
    used_bytes: int | None = None
    """The oldest events go while the database holds more."""
    arrived_before: int | None = None
    """Events that arrived later stay: other reports of them may be on their way."""


class PruneStep(msgspec.Struct, frozen=True):
    """One page of a prune."""

    events: int
    last: int
    """The time of the last one; the next page begins there."""
    used_bytes: int


class PruneOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a prune did, or would do."""

    applied: bool
    events: int
    bytes: int
    """What the events take, about."""
    upto: IsoTime | None
    """The newest event that goes; None: none goes."""
    used_bytes: int
    """What the database holds, after the prune or now."""
