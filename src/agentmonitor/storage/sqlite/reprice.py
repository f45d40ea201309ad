"""Model requests that can be priced anew, and their new prices."""

import sqlite3
from collections.abc import Sequence

import msgspec

from agentmonitor.model.usage import Channel, Priceable, TokenUsage
from agentmonitor.storage.sqlite import event_rows as col
from agentmonitor.storage.sqlite.apply import Applier

_SELECT = (
    "SELECT e.id, n.value, e.time, e.cost_usd, e.tokens_in, e.tokens_out, e.cache_read,"
    " e.cache_write, coalesce(l.cache_write_1h, 0), coalesce(l.web_searches, 0),"
    " coalesce(l.fast, 0), coalesce(l.batch, 0), l.channel, l.own_cost, l.client_cost"
    " FROM events e JOIN names n ON n.id = e.model LEFT JOIN ledger l ON l.event = e.id"
)
_USED = "e.model != 0 AND e.tokens_in + e.tokens_out + e.cache_read + e.cache_write > 0"
_ALL = f"{_SELECT} WHERE e.id > :after AND {_USED} ORDER BY e.id LIMIT :limit"
# Without a price of ours: those that have no cost, by an index of their own, and those of which
# only a client named one.
_LACKING = (
    f"{_SELECT} WHERE e.id IN ("
    f"SELECT id FROM (SELECT e.id FROM events e WHERE e.id > :after AND e.cost_usd IS NULL"
    f" AND {_USED} ORDER BY e.id LIMIT :limit)"
    f" UNION SELECT event FROM (SELECT l.event FROM ledger l JOIN events e ON e.id = l.event"
    f" WHERE l.event > :after AND l.own_cost IS NULL AND l.client_cost IS NOT NULL"
    f" AND {_USED} ORDER BY l.event LIMIT :limit)) ORDER BY e.id LIMIT :limit"
)


def priceable(
    connection: sqlite3.Connection, after: int, limit: int, *, everything: bool
) -> list[Priceable]:
    """Requests with ids above ``after``: those without a price of ours, or all."""
    query = _ALL if everything else _LACKING
    result = []
    for row in connection.execute(query, {"after": after, "limit": limit}):
        (number, model, time, cost, tokens_in, tokens_out, read, write, hour, searches, fast,
         batch, channel, own, client) = row  # fmt: skip
        usage = TokenUsage(
            tokens_in=tokens_in, tokens_out=tokens_out, cache_read=read, cache_write=write,
            cache_write_1h=hour, web_searches=searches, fast=bool(fast), batch=bool(batch),
        )  # fmt: skip
        result.append(
            Priceable(
                event=number,
                model=model,
                at=time,
                usage=usage,
                cost_usd=cost,
                own_cost_usd=cost if client is None else own,
                is_fixed=client is not None and channel == Channel.API,
            )
        )
    return result


def reprice(applier: Applier, prices: Sequence[tuple[int, float]]) -> int:
    """Set our cost of events, in US dollars; how many rows changed. Belongs into a transaction."""
    changed = 0
    for number, cost in prices:
        try:
            row = applier.rows.find(number)
        except LookupError:  # pruned since the price was sought
            continue
        entry = applier.ledger.find(number)
        before = row.copy()
        repriced = entry
        if entry is None or entry.client_cost is None:
            row[col.COST] = cost
        if entry is not None:
            repriced = msgspec.structs.replace(entry, own_cost=cost)
            row[col.COST] = repriced.cost()
            applier.ledger.put(repriced)
        if row != before or repriced != entry:
            applier.books.move(before, entry, row, repriced)
            applier.rows.change(row)
            changed += 1
    return changed
