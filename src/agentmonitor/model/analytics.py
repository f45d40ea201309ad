"""What is asked about usage, tools and activity, and the answers.

Costs are US dollars, durations milliseconds. Times are ms since the epoch in questions and ISO
8601 UTC in answers.
"""

from collections.abc import Sequence
from typing import Literal, get_args

import msgspec

from agentmonitor.model.clock import IsoTime
from agentmonitor.model.periods import Period

By = Literal["model", "agent", "project", "branch"]
DIMENSIONS: tuple[By, ...] = get_args(By)


class Where(msgspec.Struct, frozen=True, kw_only=True):
    """Which events: ``since <= time < until`` (ms) and every field that is given."""

    since: int
    until: int
    agent: str | None = None
    project: str | None = None
    branch: str | None = None
    model: str | None = None
    session: str | None = None
    q: str | None = None
    """Text in the session's title, id or folder, upper or lower case."""


class Sums(msgspec.Struct, kw_only=True, gc=False):
    """What some events add up to. The cost is in nanodollars: whole, so that it stays exact."""

    events: int = 0
    errors: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cache_read: int = 0
    cache_write: int = 0
    cost_nano: int = 0
    unpriced: int = 0
    unpriced_tokens: int = 0


SUMS = Sums.__struct_fields__


class ModelDay(msgspec.Struct, gc=False):
    """What a model read from its cache, and what of it has no price, within one day (UTC) or a part
    of it."""

    at: int
    """A time of the day, ms."""
    model: str | None
    cache_read: int
    unpriced: int
    unpriced_tokens: int


class SessionUse(msgspec.Struct, kw_only=True):
    """A session with its sums over its whole life."""

    session_id: str
    agent: str
    title: str | None
    project: str | None
    branch: str | None
    model: str | None
    started_at: int
    last_event_at: int
    sums: Sums


class UsageQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """Usage by period and one dimension."""

    where: Where
    by: By
    edges: Sequence[int]
    """Where the periods begin and the last one ends, ms; the range may cut both ends."""
    before: int
    """Where the span to compare with begins; it ends where the range begins."""


class UsageFacts(msgspec.Struct, kw_only=True):
    """What the store knows of it, of one state."""

    cells: dict[tuple[int, str | None], Sums]
    """By period and value of the dimension."""
    previous: Sums
    models: list[ModelDay] | None
    """None: there is no sum by model for these filters."""


class Use(msgspec.Struct, kw_only=True):
    """Sums as they are answered."""

    events: int
    errors: int
    tokens_in: int
    tokens_out: int
    cache_read_tokens: int
    cache_write_tokens: int
    cost_usd: float
    unpriced_events: int
    unpriced_tokens: int | None
    """None: sessions keep no such sum."""


class PeriodStart(msgspec.Struct):
    """One period: when it begins, and its name on the calendar of the zone."""

    starts_at: IsoTime
    label: str


class UseByPeriod(msgspec.Struct, kw_only=True):
    """The sums of Use, each with one number for each period."""

    events: list[int]
    errors: list[int]
    tokens_in: list[int]
    tokens_out: list[int]
    cache_read_tokens: list[int]
    cache_write_tokens: list[int]
    cost_usd: list[float]
    unpriced_events: list[int]
    unpriced_tokens: list[int]


class Series(msgspec.Struct, kw_only=True):
    """One value of the dimension."""

    key: str | None
    """None: the events that have no such value, or, with ``other``, all values not listed."""
    other: bool
    totals: Use
    values: UseByPeriod


class Previous(msgspec.Struct, kw_only=True, rename={"since": "from", "until": "to"}):
    """The same span right before."""

    since: IsoTime
    until: IsoTime
    totals: Use


class ModelCache(msgspec.Struct, kw_only=True):
    """What a model read from its cache, and what that saved; null when it has no price."""

    model: str | None
    cache_read_tokens: int
    saved_usd: float | None


class CacheUse(msgspec.Struct, kw_only=True):
    """What cached reads saved; tokens of models without a price stand apart."""

    cache_read_tokens: int
    saved_usd: float
    unpriced_cache_read_tokens: int
    by_model: list[ModelCache]


class UnpricedModel(msgspec.Struct, kw_only=True):
    """A model with tokens and no price; null: the events do not name one."""

    model: str | None
    events: int
    tokens: int


class UsageReport(msgspec.Struct, kw_only=True, rename={"since": "from", "until": "to"}):
    """``GET /api/v2/usage``."""

    since: IsoTime
    until: IsoTime
    tz: str
    bucket: Period
    by: By
    buckets: list[PeriodStart]
    totals: Use
    previous: Previous
    series: list[Series]
    """The dearest first; what is not listed at the end, as one with ``other``."""
    cache: CacheUse | None
    unpriced: list[UnpricedModel] | None


class SessionRowUse(msgspec.Struct, kw_only=True):
    """One session of ``GET /api/v2/usage?by=session``, with its sums over its whole life."""

    session_id: str
    agent: str
    title: str | None
    project: str | None
    branch: str | None
    model: str | None
    started_at: IsoTime
    last_event_at: IsoTime
    totals: Use


class SessionReport(msgspec.Struct, kw_only=True, rename={"since": "from", "until": "to"}):
    """``GET /api/v2/usage?by=session``: sessions that were active in the range."""

    since: IsoTime
    until: IsoTime
    tz: str
    by: Literal["session"]
    total: int
    totals: Use
    """Over all of them, also those that are not listed."""
    sessions: list[SessionRowUse]
