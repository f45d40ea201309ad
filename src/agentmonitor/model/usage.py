"""Token usage: what a model request used, and through which channel it was reported."""

from enum import IntEnum

import msgspec


class Channel(IntEnum):
    """How a report reached us. The larger one knows better: its figures count.

    Each is a bit, so that a number can hold all that reported an activity.
    """

    METRIC = 1
    """OTLP metrics: sums by session and model, without the requests."""
    EARLIER = 2
    """The database of an earlier runtime."""
    API = 4
    """Plain HTTP."""
    HOOK = 8
    SPAN = 16
    LOG = 32
    """OTLP log records."""
    FILE = 64
    """The agent's own session file."""


class TokenUsage(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What one model request used.

    Each token is in one class only: ``tokens_in`` holds no cached tokens, ``tokens_out`` holds
    the reasoning.
    """

    tokens_in: int = 0
    tokens_out: int = 0
    cache_read: int = 0
    cache_write: int = 0
    """All tokens written to the cache, for whatever time they stay."""
    cache_write_1h: int = 0
    """Those of ``cache_write`` that stay for an hour, which costs more."""
    web_searches: int = 0
    fast: bool = False
    """The provider's dearer fast mode."""
    batch: bool = False
    """The provider's cheaper batch mode."""


class Report(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a report of token usage says beyond its event's tokens, model and cost."""

    cache_write_1h: int = 0
    web_searches: int = 0
    fast: bool = False
    batch: bool = False
    is_copy: bool = False
    """A copy of the original, as forks, resumed sessions and side chains make them."""
    approximate: bool = False
    """An early snapshot; any other report of the request is better."""
    session_wide: bool = False
    """The request cannot be recognised in other channels: the report counts only as long as
    no better channel reports usage of its session."""


class Priceable(msgspec.Struct, frozen=True):
    """A stored model request as the pricer needs it. Costs are US dollars."""

    event: int
    model: str
    at: int
    """Its own time, ms."""
    usage: TokenUsage
    cost_usd: float | None
    """What counts now."""
    own_cost_usd: float | None
    """What we thought that it cost."""
    is_fixed: bool = False
    """What counts is what a client named over plain HTTP, whatever we think."""
