"""Usage windows, blocks, and when a quota can be believed.

A window is a stretch of time with a limit. A block is the provider's kind of session window: it
begins with the first message after the block before, rounded down to the full hour, and lasts for
a whole number of hours whatever happens in it.
"""

import math
from collections.abc import Iterable
from typing import Literal

import msgspec

from agentmonitor.model.clock import DAY_MS, HOUR_MS, IsoTime, from_iso
from agentmonitor.model.event import MAX_NAME
from agentmonitor.model.quota import Quota

Kind = Literal["tokens", "cost"]
"""What a limit counts: tokens in and out, without the cache, or US dollars."""

MAX_PERCENT = 1000.0
MAX_WINDOW_NAME = 200
_EARLIEST = from_iso("2020-01-01T00:00:00Z")
_MAX_SKEW_MS = HOUR_MS
_MAX_RESET_DAYS = 400


class UsageWindow(msgspec.Struct, kw_only=True):
    """One window of ``GET /api/v2/windows``. Times are ISO 8601; null is unknown or none."""

    agent_type: str
    window: str
    """``session``, ``extended``, ``weekly``, or the provider's name of another one."""
    kind: Kind
    """The unit of used, limit, burn_rate_per_hour and projected: tokens or US dollars."""
    source: Literal["guessed", "reported"]
    window_hours: float | None
    starts_at: IsoTime | None
    ends_at: IsoTime | None
    used: float | None
    limit: float | None
    used_percent: float | None
    burn_rate_per_hour: float | None
    projected: float | None
    projected_percent: float | None
    limit_reached_at: IsoTime | None
    reported_at: IsoTime | None


class BlockModel(msgspec.Struct, kw_only=True):
    """One model's share of a block. ``model`` is null where no report names one."""

    model: str | None
    tokens_in: int
    tokens_out: int
    cache_read_tokens: int
    cache_write_tokens: int
    cost_usd: float
    unpriced_tokens: int


class Block(msgspec.Struct, kw_only=True):
    """One block of ``GET /api/v2/blocks``. Times are ISO 8601."""

    agent_type: str
    starts_at: IsoTime
    ends_at: IsoTime
    is_active: bool
    first_at: IsoTime
    """The minute of its first message."""
    last_at: IsoTime
    """The minute of its last message so far."""
    gap_before_ms: int | None
    """From the last message of the block before to the first of this one, to the minute."""
    events: int
    tokens_in: int
    tokens_out: int
    cache_read_tokens: int
    cache_write_tokens: int
    cost_usd: float
    unpriced_tokens: int
    models: list[BlockModel]
    """The dearest first."""


def block_starts(hours: Iterable[int], length: int) -> list[int]:
    """The first hour of each block; ``hours``: those with messages, ascending, ``length``: hours.

    Blocks begin and end on full hours, so hours are precise enough. A pause as long as a block
    always ends one: what comes before such a pause has no bearing on what comes after it.
    """
    starts: list[int] = []
    for hour in hours:
        if not starts or hour >= starts[-1] + length:
            starts.append(hour)
    return starts


def believable(quotas: Iterable[Quota], now: int) -> list[Quota]:
    """Those of ``quotas`` that can be true as of ``now`` (ms): for history that is read in bulk,
    where one absurd line shall not cost the others."""
    return [quota for quota in quotas if not quota_faults(quota, now)]


def quota_faults(quota: Quota, now: int) -> list[tuple[str, str]]:
    """Why ``quota`` cannot be true as of ``now`` (ms), as (field, message)."""
    found: list[tuple[str, str]] = []
    for field, text, longest in (
        ("agent_type", quota.agent_type, MAX_NAME),
        ("window", quota.window, MAX_WINDOW_NAME),
    ):
        if not 0 < len(text) <= longest or not text.isprintable():
            found.append((field, f"must be 1 to {longest} printable characters"))
    if not math.isfinite(quota.used_percent) or not 0 <= quota.used_percent <= MAX_PERCENT:
        found.append(("used_percent", f"must be a number from 0 to {MAX_PERCENT:.0f}"))
    if not _EARLIEST <= quota.at <= now + _MAX_SKEW_MS:
        found.append(("at", "must be ms since the epoch, from 2020 to an hour from now"))
    resets, minutes = quota.resets_at, quota.window_minutes
    if resets is not None and not (
        quota.at - DAY_MS <= resets <= quota.at + _MAX_RESET_DAYS * DAY_MS
    ):
        found.append(
            ("resets_at", f"must be within {_MAX_RESET_DAYS} days after the report; check its unit")
        )
    if minutes is not None and not 1 <= minutes <= _MAX_RESET_DAYS * 1440:
        found.append(("window_minutes", f"must be from 1 to {_MAX_RESET_DAYS * 1440}"))
    return found
