"""Claude Code's status line: the JSON that its command is given holds the real quotas.

Only subscriptions have them, and only after a session's first answer:
``rate_limits.<window> {used_percentage, resets_at}``.
"""

from collections.abc import Mapping
from typing import Any

from agentmonitor.agents.claude_code.keys import AGENT_TYPE
from agentmonitor.errors import InvalidInput
from agentmonitor.model.clock import from_iso
from agentmonitor.model.quota import Quota
from agentmonitor.model.windows import MAX_PERCENT

_MINUTES = {"five_hour": 5 * 60, "seven_day": 7 * 24 * 60}
_MAX_WINDOWS = 16
_SECONDS_BELOW = 1e11
"""As seconds the year 5138, as milliseconds 1973: what is larger is milliseconds."""


def parse_statusline(payload: Mapping[str, Any], at: int) -> list[Quota]:
    """The quotas in a status line's input; ``at``: its arrival, in ms. Raises InvalidInput.

    A window whose reset has passed is left out: a session that rests repeats what it last heard.
    """
    limits = payload.get("rate_limits")
    if limits is None:
        return []
    if not isinstance(limits, dict):
        raise _fault("rate_limits", "must be a JSON object")
    quotas = []
    for window, limit in list(limits.items())[:_MAX_WINDOWS]:
        if limit is None:
            continue
        field = f"rate_limits.{window}"
        if not isinstance(limit, dict):
            if window in _MINUTES:
                raise _fault(field, "must be a JSON object")
            continue
        percent = limit.get("used_percentage")
        if percent is None:
            continue
        if (
            isinstance(percent, bool)
            or not isinstance(percent, int | float)
            or not 0 <= percent <= MAX_PERCENT
        ):
            raise _fault(f"{field}.used_percentage", f"must be from 0 to {MAX_PERCENT:.0f}")
        resets_at = _moment(limit.get("resets_at"), f"{field}.resets_at")
        if resets_at is not None and resets_at <= at:
            continue
        quotas.append(
            Quota(
                agent_type=AGENT_TYPE,
                window=window,
                used_percent=float(percent),
                at=at,
                resets_at=resets_at,
                window_minutes=_MINUTES.get(window),
            )
        )
    return quotas


def _moment(value: Any, field: str) -> int | None:
    """Milliseconds of a time in seconds, milliseconds or ISO 8601."""
    if value is None:
        return None
    try:
        if isinstance(value, str):
            if not value.strip().isdecimal():
                return from_iso(value.strip())
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise TypeError
        return int(value * 1000 if value < _SECONDS_BELOW else value)
    except (TypeError, ValueError, OverflowError):
        raise _fault(field, "must be seconds since the epoch or an ISO 8601 time") from None


def _fault(field: str, message: str) -> InvalidInput:
    return InvalidInput(f"Invalid status line: {field} {message}.", [(field, message)])
