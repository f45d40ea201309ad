"""Windows and blocks computed from the events themselves, with lists and loops."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from agentmonitor.model.event import Event

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


@dataclass
class NaiveBlock:
    """A block, and the events in it."""

    start: int
    end: int
    gap: int | None
    messages: list[int] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)


def tokens(event: Event) -> int:
    return event.tokens_in + event.tokens_out + event.cache_read_tokens + event.cache_write_tokens


def minute(time: int) -> int:
    return time - time % MINUTE


def iso(time: int | None) -> str | None:
    if time is None:
        return None
    moment = datetime.fromtimestamp(time / 1000, UTC).isoformat(timespec="milliseconds")
    return moment.replace("+00:00", "Z")


def blocks(events: list[Event], hours: int) -> list[NaiveBlock]:
    """Message by message; ``events`` of one agent."""
    found: list[NaiveBlock] = []
    last: int | None = None
    for event in sorted(events, key=lambda e: e.time):
        if tokens(event) and (not found or event.time >= found[-1].end):
            start = event.time - event.time % HOUR
            gap = None if last is None else minute(event.time) - minute(last)
            found.append(NaiveBlock(start, start + hours * HOUR, gap))
        if tokens(event):
            found[-1].messages.append(event.time)
            last = event.time
    for block in found:
        block.events = [e for e in events if block.start <= e.time < block.end]
    return found


def block_row(block: NaiveBlock, agent: str, now: int) -> dict[str, Any]:
    """The block as the API shows it, without its models."""
    inside = block.events
    return {
        "agent_type": agent,
        "starts_at": iso(block.start),
        "ends_at": iso(block.end),
        "is_active": block.start <= now < block.end,
        "first_at": iso(minute(block.messages[0])),
        "last_at": iso(minute(block.messages[-1])),
        "gap_before_ms": block.gap,
        "events": len(inside),
        "tokens_in": sum(e.tokens_in for e in inside),
        "tokens_out": sum(e.tokens_out for e in inside),
        "cache_read_tokens": sum(e.cache_read_tokens for e in inside),
        "cache_write_tokens": sum(e.cache_write_tokens for e in inside),
        "cost_usd": dollars(inside),
        "unpriced_tokens": sum(tokens(e) for e in inside if e.cost_usd is None),
    }


def dollars(events: list[Event]) -> float:
    return sum(round((e.cost_usd or 0) * 1e9) for e in events) / 1e9


def amount(events: list[Event], kind: str) -> float:
    if kind == "cost":
        return dollars(events)
    return sum(e.tokens_in + e.tokens_out for e in events)


def window(
    events: list[Event], now: int, *, kind: str, hours: float, limit: float, block: bool
) -> dict[str, Any]:
    """A guessed window; ``events`` of one agent."""
    past = [e for e in events if minute(e.time) <= now]
    spending = [e for e in past if amount([e], kind) > 0]
    start = None
    if block:
        running = [b for b in blocks(past, int(hours)) if b.start <= now < b.end]
        start = running[0].start if running else None
    else:
        inside = [minute(e.time) for e in spending if e.time >= now - hours * HOUR]
        whole = [m for m in inside if m >= now - hours * HOUR]
        start = min(whole, default=None)
    end = None if start is None else start + int(hours * HOUR)
    used = 0.0 if start is None else amount([e for e in past if e.time >= start], kind)
    rate = burn_rate(spending, now, kind, hours)
    projected = used if end is None else used + rate * (end - now) / HOUR
    reached = None
    if limit and used >= limit:
        reached = now
    elif limit and rate and end is not None and projected > limit:
        reached = now + int((limit - used) / rate * HOUR)
    return {
        "starts_at": iso(start),
        "ends_at": iso(end),
        "used": used,
        "burn_rate_per_hour": rate,
        "projected": projected,
        "limit_reached_at": reached,
        "used_percent": used * 100 / limit if limit else None,
        "projected_percent": projected * 100 / limit if limit else None,
    }


def burn_rate(spending: list[Event], now: int, kind: str, hours: float) -> float:
    """Use per hour over the last hour, or over the last day in long windows."""
    end = minute(now) + MINUTE
    span = HOUR if hours <= 12 else DAY
    recent = [e for e in spending if end - span <= e.time < end]
    elapsed = span
    if span == HOUR and recent:
        elapsed = max(end - minute(min(e.time for e in recent)), HOUR // 4)
    return amount(recent, kind) * HOUR / elapsed
