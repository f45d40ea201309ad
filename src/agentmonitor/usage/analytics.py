"""Usage over time: what the store knows, put into series, and what cached reads saved."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import tzinfo
from operator import attrgetter

import msgspec

from agentmonitor.model.analytics import (
    By,
    CacheUse,
    ModelCache,
    ModelDay,
    PeriodStart,
    Previous,
    Series,
    SessionReport,
    SessionRowUse,
    Sums,
    UnpricedModel,
    UsageFacts,
    UsageQuestion,
    UsageReport,
    Use,
    UseByPeriod,
    Where,
)
from agentmonitor.model.clock import to_iso
from agentmonitor.model.periods import Period, label, span_before, starts
from agentmonitor.pricing.engine import Pricer
from agentmonitor.storage.engine import Readable

MAX_BUCKETS = 500
DEFAULT_SERIES = 10
MAX_SERIES = 50
_SAMPLE = 1000
"""Tokens that are priced to learn a model's price: fewer than any price for long prompts."""


class Span(msgspec.Struct, frozen=True):
    """A zone by its name, and the periods in it."""

    zone: tzinfo
    name: str
    period: Period


def usage_report(
    store: Readable, pricer: Pricer, where: Where, by: By, span: Span, limit: int
) -> UsageReport:
    """``GET /api/v2/usage``, ``limit`` series at most. Raises TooMany and InvalidInput."""
    edges = starts(where.since, where.until, span.period, span.zone, MAX_BUCKETS)
    before = span_before(where.since, where.until, span.zone)
    facts = store.usage(UsageQuestion(where=where, by=by, edges=edges, before=before))
    return UsageReport(
        since=to_iso(where.since),
        until=to_iso(where.until),
        tz=span.name,
        bucket=span.period,
        by=by,
        buckets=[PeriodStart(to_iso(e), label(e, span.period, span.zone)) for e in edges[:-1]],
        totals=use(_total(facts.cells.values())),
        previous=Previous(
            since=to_iso(before), until=to_iso(where.since), totals=use(facts.previous)
        ),
        series=_series(facts, len(edges) - 1, limit),
        cache=None if facts.models is None else _cache(facts.models, pricer),
        unpriced=None if facts.models is None else _unpriced(facts.models),
    )


def session_report(store: Readable, where: Where, span: Span, limit: int) -> SessionReport:
    """``GET /api/v2/usage?by=session``."""
    found, total, sums = store.session_usage(where, limit)
    return SessionReport(
        since=to_iso(where.since),
        until=to_iso(where.until),
        tz=span.name,
        by="session",
        total=total,
        totals=_whole_life(sums),
        sessions=[
            SessionRowUse(
                session_id=row.session_id,
                agent=row.agent,
                title=row.title,
                project=row.project,
                branch=row.branch,
                model=row.model,
                started_at=to_iso(row.started_at),
                last_event_at=to_iso(row.last_event_at),
                totals=_whole_life(row.sums),
            )
            for row in found
        ],
    )


def use(sums: Sums) -> Use:
    """``sums`` as they are answered."""
    return Use(
        events=sums.events,
        errors=sums.errors,
        tokens_in=sums.tokens_in,
        tokens_out=sums.tokens_out,
        cache_read_tokens=sums.cache_read,
        cache_write_tokens=sums.cache_write,
        cost_usd=sums.cost_nano / 1e9,
        unpriced_events=sums.unpriced,
        unpriced_tokens=sums.unpriced_tokens,
    )


def _whole_life(sums: Sums) -> Use:
    told = use(sums)
    told.unpriced_tokens = None
    return told


def _total(parts: Iterable[Sums]) -> Sums:
    total = Sums()
    for part in parts:
        _add(total, part)
    return total


def _add(total: Sums, part: Sums) -> None:
    # A year has thousands of them: a loop over the names would take three times as long.
    total.events += part.events
    total.errors += part.errors
    total.tokens_in += part.tokens_in
    total.tokens_out += part.tokens_out
    total.cache_read += part.cache_read
    total.cache_write += part.cache_write
    total.cost_nano += part.cost_nano
    total.unpriced += part.unpriced
    total.unpriced_tokens += part.unpriced_tokens


def _series(facts: UsageFacts, periods: int, limit: int) -> list[Series]:
    """The dearest values, and all others as one."""
    by_key: defaultdict[str | None, dict[int, Sums]] = defaultdict(dict)
    for (index, key), sums in facts.cells.items():
        by_key[key][index] = sums
    totals = {key: _total(cells.values()) for key, cells in by_key.items()}
    order = sorted(totals, key=lambda k: (-totals[k].cost_nano, -_tokens(totals[k]), k or ""))
    # One place is enough for one value: "other" would say less and take as much.
    shown = order if len(order) <= limit else order[: limit - 1]
    result = [_one(key, by_key[key], totals[key], periods) for key in shown]
    rest = order[len(shown) :]
    if rest:
        cells: dict[int, Sums] = {}
        for key in rest:
            for index, sums in by_key[key].items():
                _add(cells.setdefault(index, Sums()), sums)
        other = _one(None, cells, _total(totals[key] for key in rest), periods)
        other.other = True
        result.append(other)
    return result


def _one(key: str | None, cells: dict[int, Sums], total: Sums, periods: int) -> Series:
    uses = [use(cells.get(index, _NOTHING)) for index in range(periods)]
    values = {name: list(map(attrgetter(name), uses)) for name in Use.__struct_fields__}
    return Series(key=key, other=False, totals=use(total), values=UseByPeriod(**values))


def _cache(models: list[ModelDay], pricer: Pricer) -> CacheUse:
    reads: defaultdict[str | None, int] = defaultdict(int)
    saved: defaultdict[str | None, float] = defaultdict(float)
    free: set[str | None] = set()
    for day in models:
        if not day.cache_read:
            continue
        reads[day.model] += day.cache_read
        price = None if day.model is None else _saving(pricer, day.model, day.at)
        if price is None:
            free.add(day.model)
        else:
            saved[day.model] += price * day.cache_read
    rows = [
        ModelCache(
            model=model,
            cache_read_tokens=count,
            saved_usd=None if model in free else round(saved[model], 9),
        )
        for model, count in reads.items()
    ]
    rows.sort(key=lambda r: (-(r.saved_usd or 0), -r.cache_read_tokens, r.model or ""))
    return CacheUse(
        cache_read_tokens=sum(reads.values()),
        saved_usd=round(sum(row.saved_usd or 0 for row in rows), 9),
        unpriced_cache_read_tokens=sum(reads[model] for model in free),
        by_model=rows,
    )


def _saving(pricer: Pricer, model: str, at: int) -> float | None:
    """US dollars that a token costs less because it is read from the cache."""
    fresh = pricer.cost_of(model, _SAMPLE, 0, 0, 0, at)
    cached = pricer.cost_of(model, 0, 0, _SAMPLE, 0, at)
    return None if fresh is None or cached is None else (fresh - cached) / _SAMPLE


def _unpriced(models: list[ModelDay]) -> list[UnpricedModel]:
    found: dict[str | None, UnpricedModel] = {}
    for day in models:
        if day.unpriced:
            row = found.setdefault(day.model, UnpricedModel(model=day.model, events=0, tokens=0))
            row.events += day.unpriced
            row.tokens += day.unpriced_tokens
    return sorted(found.values(), key=lambda row: (-row.tokens, row.model or ""))


def _tokens(sums: Sums) -> int:
    return sums.tokens_in + sums.tokens_out + sums.cache_read + sums.cache_write


_NOTHING = Sums()
