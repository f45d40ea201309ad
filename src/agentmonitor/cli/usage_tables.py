"""The tables of ``agentmonitor usage``."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, tzinfo

import msgspec

from agentmonitor.cli.output import (
    Cell,
    Column,
    Table,
    count,
    duration,
    money,
    note,
    say,
)
from agentmonitor.cli.text import clean
from agentmonitor.model.analytics import (
    CacheUse,
    PeriodStart,
    Previous,
    SessionReport,
    UnpricedModel,
    Use,
)
from agentmonitor.model.windows import Block, BlockModel

_NEEDED = (
    "tokens_in", "tokens_out", "cache_write_tokens", "cache_read_tokens", "cost_usd",
    "unpriced_events",
)  # fmt: skip
_Amounts = tuple[float, ...]
"""The numbers of ``_NEEDED``."""
NAMED = 3
"""So many models are named in a row."""
NONE_KEY = "(none)"
_SUM_COLUMNS = (
    Column("input", right=True, optional=2),
    Column("output", right=True, optional=1),
    Column("cache write", right=True, optional=4),
    Column("cache read", right=True, optional=3),
    Column("tokens", right=True),
    Column("cost", right=True),
)


class _Blocks(msgspec.Struct):
    blocks: list[Block]


class _Series(msgspec.Struct):
    key: str | None
    other: bool
    values: dict[str, list[int | float]]


class _Report(msgspec.Struct, rename={"since": "from", "until": "to"}):
    """What is shown of a UsageReport."""

    since: str
    until: str
    bucket: str
    by: str
    buckets: list[PeriodStart]
    totals: Use
    previous: Previous
    series: list[_Series]
    cache: CacheUse | None
    unpriced: list[UnpricedModel] | None


def show_periods(body: bytes, *, breakdown: bool) -> None:
    """Usage by day, week or month."""
    report = msgspec.json.decode(body, type=_Report)
    # In a breakdown the names are what tells the rows apart.
    by = Column(f"{report.by}s", flexible=True, least=20, optional=0 if breakdown else 5)
    table = Table(Column(report.bucket), by, *_SUM_COLUMNS)
    names = [_name(series) for series in report.series]
    uses = [_uses(series.values) for series in report.series]
    totals = _uses(_added([series.values for series in report.series]))
    for index, period in enumerate(report.buckets):
        # Most events have no tokens: tool calls, for which no model is named.
        parts = [
            (name, use[index]) for name, use in zip(names, uses, strict=True) if any(use[index])
        ]
        if not parts:
            continue
        label = "" if breakdown else _names([name for name, _ in parts])
        style = "bold" if breakdown else None
        table.add(period.label, label, *_amounts(totals[index]), style=style)
        if breakdown:
            for name, part in parts:
                table.add("", name, *_amounts(part), style="dim")
    if not len(table):
        _nothing(report.since, report.until)
        return
    table.rule()
    table.add("total", "", *_cells(report.totals), style="bold")
    table.show()
    _remarks(report)


def show_sessions(body: bytes, zone: tzinfo) -> None:
    """The dearest sessions."""
    report = msgspec.json.decode(body, type=SessionReport)
    if not report.sessions:
        _nothing(report.since, report.until)
        return
    table = Table(
        Column("session", flexible=True),
        Column("agent", optional=6),
        Column("project", flexible=True, optional=5),
        Column("last used", optional=7),
        *_SUM_COLUMNS,
    )
    for row in report.sessions:
        when = local_minute(row.last_event_at, zone)
        table.add(row.title or row.session_id, row.agent, row.project, when, *_cells(row.totals))
    table.rule()
    table.add("total", "", "", "", *_cells(report.totals), style="bold")
    table.show()
    say(f"{len(report.sessions):,} of {report.total:,} sessions, each over its whole life.", "dim")


def show_blocks(body: bytes, zone: tzinfo, *, breakdown: bool) -> None:
    """The provider's blocks."""
    blocks = msgspec.json.decode(body, type=_Blocks).blocks
    if not blocks:
        note("No blocks in this time. They are counted for agents whose provider has them.")
        return
    table = Table(
        Column("begins"),
        Column("agent", flexible=True, least=12),
        Column("active", right=True, optional=5),
        Column("models", flexible=True, least=20, optional=0 if breakdown else 7),
        *_SUM_COLUMNS,
    )
    for block in reversed(blocks):
        lasts = datetime.fromisoformat(block.last_at) - datetime.fromisoformat(block.first_at)
        names = "" if breakdown else _names([m.model or NONE_KEY for m in block.models])
        table.add(
            local_minute(block.starts_at, zone),
            block.agent_type,
            "now" if block.is_active else duration(lasts.total_seconds() * 1000 + 60_000),
            names,
            *_token_cells(block),
            style="green" if block.is_active else None,
        )
        if breakdown:
            for model in block.models:
                name = model.model or NONE_KEY
                table.add("", "", "", name, *_token_cells(model), style="dim")
    table.show()


def local_minute(iso: str, zone: tzinfo) -> str:
    """A time of the API as the clock on the wall showed it."""
    return datetime.fromisoformat(iso).astimezone(zone).strftime("%Y-%m-%d %H:%M")


def _nothing(since: str, until: str) -> None:
    note(f"Nothing was used from {since[:10]} to {until[:10]}. Choose another --since.")


def _remarks(report: _Report) -> None:
    if report.cache is not None and report.cache.cache_read_tokens:
        saved = money(report.cache.saved_usd, report.cache.unpriced_cache_read_tokens)
        tokens = count(report.cache.cache_read_tokens)
        say(f"Cached reads saved about {saved} ({tokens} tokens).", "dim")
    if report.unpriced:
        say(f"No price is known for {', '.join(map(_unpriced, report.unpriced))}.", "yellow")
        say("To set one: agentmonitor pricing show MODEL, then costs recalc.", "dim")
    before = report.previous.totals
    if before.events:
        cost = money(before.cost_usd, before.unpriced_events)
        say(f"The same span before: {cost}, {count(_tokens(before))} tokens.", "dim")


def _unpriced(row: UnpricedModel) -> str:
    name = "requests without a model" if row.model is None else clean(row.model)
    return f"{name} ({count(row.tokens)} tokens)"


def _name(series: _Series) -> str:
    return "others" if series.other else NONE_KEY if series.key is None else series.key


def _names(names: list[str]) -> str:
    shown = ", ".join(names[:NAMED])
    return f"{shown} +{len(names) - NAMED}" if len(names) > NAMED else shown


def _uses(values: Mapping[str, Sequence[float]]) -> list[_Amounts]:
    """A period's tokens by class, cost, and events without a price, for each period."""
    return list(zip(*(values[name] for name in _NEEDED), strict=True))


def _added(parts: Sequence[Mapping[str, Sequence[float]]]) -> dict[str, list[float]]:
    """The sums of all series, by period."""
    return {
        name: [sum(each) for each in zip(*(part[name] for part in parts), strict=True)]
        for name in _NEEDED
    }


def _amounts(use: _Amounts) -> Iterator[Cell]:
    *tokens, cost, unpriced = use
    yield from tokens
    yield sum(tokens)
    yield money(cost, int(unpriced))


def _tokens(use: Use) -> int:
    return use.tokens_in + use.tokens_out + use.cache_read_tokens + use.cache_write_tokens


def _cells(use: Use) -> Iterator[Cell]:
    yield from (use.tokens_in, use.tokens_out, use.cache_write_tokens, use.cache_read_tokens)
    yield _tokens(use)
    yield money(use.cost_usd, use.unpriced_events)


def _token_cells(part: Block | BlockModel) -> Iterator[Cell]:
    """Of a block or a model's share of it."""
    classes = [
        getattr(part, f"{name}_tokens" if "cache" in name else f"tokens_{name}")
        for name in ("in", "out", "cache_write", "cache_read")
    ]
    yield from classes
    yield sum(classes)
    yield money(part.cost_usd, part.unpriced_tokens)
