"""Points in time: milliseconds since the epoch inside, ISO 8601 UTC outside."""

import time
from datetime import UTC, datetime
from typing import Annotated

import msgspec

MINUTE_MS = 60_000
HOUR_MS = 3_600_000
DAY_MS = 86_400_000

IsoTime = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date-time"})]
"""A time in an answer, as ``to_iso`` writes it."""

_FIRST = datetime.min.replace(tzinfo=UTC)
_LAST = datetime.max.replace(tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def now_ms() -> int:
    """The wall clock, in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def to_iso(ms: int) -> str:
    """``ms`` as ``2026-11-23T21:00:00.000Z``."""
    seconds, rest = divmod(ms, 1000)
    try:
        moment = datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        # Outside the years 1 to 9999: only a damaged database holds such a time.
        moment = _FIRST if ms < 0 else _LAST
    return f"{moment.isoformat()[:19]}.{rest:03d}Z"


def from_iso(text: str) -> int:
    """Milliseconds since the epoch of an ISO 8601 timestamp; without an offset it is UTC.

    Raises ValueError when ``text`` is no such timestamp.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    delta = moment - _EPOCH
    return delta.days * DAY_MS + delta.seconds * 1000 + delta.microseconds // 1000
