"""The usage ledger's table: what an event's row does not say of its model request."""

import sqlite3

import msgspec

from agentmonitor.model.event import Event
from agentmonitor.model.usage import Channel, Report
from agentmonitor.storage.sqlite import event_rows as col
from agentmonitor.storage.sqlite.bulk import Insert
from agentmonitor.storage.sqlite.event_rows import Row

MAX_KEPT = 1024
"""Entries kept in memory at most, between transactions."""


class Entry(msgspec.Struct, kw_only=True, gc=False):
    """One row of the ledger, in the order of its columns. Costs are US dollars."""

    event: int
    session: int
    channel: int
    """Where the figures in the event's row come from."""
    counted: bool = True
    session_wide: bool = False
    is_copy: bool = False
    approximate: bool = False
    cache_write_1h: int = 0
    web_searches: int = 0
    fast: bool = False
    batch: bool = False
    own_cost: float | None = None
    client_cost: float | None = None
    client_channel: int = 0

    def cost(self) -> float | None:
        """What counts: plain HTTP's clients name the cost, otherwise ours is better."""
        if self.channel == Channel.API and self.client_cost is not None:
            return self.client_cost
        return self.client_cost if self.own_cost is None else self.own_cost

    def rank(self, row: Row) -> tuple[object, ...]:
        """The larger, the better the figures in ``row`` are known. A total order of content, so
        that neither order nor repetition of reports matters."""
        return (
            not self.approximate, self.channel, not self.is_copy, row[col.TOKENS_OUT],
            row[col.TOKENS_IN] + row[col.CACHE_READ] + row[col.CACHE_WRITE],
            row[col.CACHE_READ], row[col.CACHE_WRITE], self.cache_write_1h, self.web_searches,
            self.fast, -row[col.TIME],
        )  # fmt: skip


_FIELDS = Entry.__struct_fields__
_SELECT = f"SELECT {', '.join(_FIELDS)} FROM ledger WHERE event = ?"
_SAVE = Insert(
    f"ledger ({', '.join(_FIELDS)})",
    len(_FIELDS),
    "ON CONFLICT (event) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in _FIELDS[1:]),
    optional=[_FIELDS.index(name) for name in ("own_cost", "client_cost")],
)
_EVIDENCE = (
    "INSERT INTO evidence VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
    " time = excluded.time, model = excluded.model, tokens_in = excluded.tokens_in,"
    " tokens_out = excluded.tokens_out, cache_read = excluded.cache_read,"
    " cache_write = excluded.cache_write, cost_usd = excluded.cost_usd"
    " WHERE excluded.tokens_out >= tokens_out"
)
_SESSION_WIDE = (
    "SELECT event FROM ledger"
    " WHERE session = ? AND session_wide = 1 AND counted = 1 AND channel < ?"
)


def entry_of(event: Event, session: int) -> Entry | None:
    """The ledger's entry of a new event; None when its row says it all."""
    report = event.report
    if report is None:
        used = event.tokens_in or event.tokens_out or event.cache_read_tokens
        if event.client_cost_usd is None and not (event.keys and used):
            return None
        report = Report()
    return Entry(
        event=event.id,
        session=session,
        channel=event.channel,
        session_wide=report.session_wide,
        is_copy=report.is_copy,
        approximate=report.approximate,
        cache_write_1h=report.cache_write_1h,
        web_searches=report.web_searches,
        fast=report.fast,
        batch=report.batch,
        own_cost=event.own_cost_usd if event.client_cost_usd is not None else event.cost_usd,
        client_cost=event.client_cost_usd,
        client_channel=0 if event.client_cost_usd is None else event.channel,
    )


class Ledger:
    """Entries and evidence inside the writer's transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._known: dict[int, Entry | None] = {}
        self._changed: dict[int, Entry] = {}
        self._evidence: list[tuple[object, ...]] = []

    def find(self, event: int) -> Entry | None:
        """The entry of an event."""
        if event not in self._known:
            row = self._connection.execute(_SELECT, (event,)).fetchone()
            fields = dict(zip(_FIELDS, row, strict=True)) if row else None
            self._known[event] = msgspec.convert(fields, Entry, strict=False) if fields else None
        return self._known[event]

    def put(self, entry: Entry) -> None:
        """Add or change an entry."""
        self._known[entry.event] = self._changed[entry.event] = entry

    def keep_evidence(self, event: int, entry: Entry, row: Row) -> None:
        """Keep a report of the request ``event`` that does not count."""
        self._evidence.append(
            (event, entry.channel, entry.session, row[col.TIME], row[col.MODEL], *_figures(row))
        )

    def session_wide(self, session: int, below: int) -> list[int]:
        """Counted session-wide events of ``session`` from channels below ``below``."""
        self.save()
        return [event for (event,) in self._connection.execute(_SESSION_WIDE, (session, below))]

    def drop(self, event: int) -> None:
        """Drop an entry and its evidence."""
        self.save()
        self._known.pop(event, None)
        self._connection.execute("DELETE FROM ledger WHERE event = ?", (event,))
        self._connection.execute("DELETE FROM evidence WHERE event = ?", (event,))

    def release(self) -> None:
        """Forget saved entries: something else has changed them."""
        self.save()
        self._known.clear()

    def remove(self, event: int, target: int) -> None:
        """Drop an entry; its evidence is ``target``'s from now on."""
        self.save()
        self._known.pop(event, None)
        self._connection.execute("DELETE FROM ledger WHERE event = ?", (event,))
        self._connection.execute(
            "UPDATE OR IGNORE evidence SET event = ? WHERE event = ?", (target, event)
        )
        self._connection.execute("DELETE FROM evidence WHERE event = ?", (event,))

    def save(self) -> None:
        """Write what changed. Belongs into the transaction."""
        if self._changed:
            _SAVE.run(self._connection, [_saved(entry) for entry in self._changed.values()])
            self._changed = {}
        if self._evidence:
            self._connection.executemany(_EVIDENCE, self._evidence)
            self._evidence = []
        if len(self._known) > MAX_KEPT:
            self._known.clear()

    def forget(self) -> None:
        """The transaction was rolled back."""
        self._known.clear()
        self._changed.clear()
        self._evidence.clear()


def _saved(entry: Entry) -> tuple[object, ...]:
    """The values of ``_SAVE``. Truth values and channels as bare numbers: for others ``sqlite3``
    searches an adapter, which takes some eight times as long as to bind a number."""
    return (
        entry.event, entry.session, +entry.channel, +entry.counted, +entry.session_wide,
        +entry.is_copy, +entry.approximate, entry.cache_write_1h, entry.web_searches, +entry.fast,
        +entry.batch, entry.own_cost, entry.client_cost, +entry.client_channel,
    )  # fmt: skip


def _figures(row: Row) -> tuple[object, ...]:
    return (
        row[col.TOKENS_IN], row[col.TOKENS_OUT], row[col.CACHE_READ], row[col.CACHE_WRITE],
        row[col.COST],
    )  # fmt: skip
