"""Quota: how much of a limit the provider itself says is used."""

import msgspec


class Quota(msgspec.Struct, frozen=True, kw_only=True):
    """One limit as an agent reported it. Times are milliseconds since the epoch."""

    agent_type: str
    window: str
    """The provider's name of the window, e.g. ``five_hour``, ``seven_day``, ``primary``."""
    used_percent: float
    at: int
    """When it was true."""
    resets_at: int | None = None
    window_minutes: int | None = None
    """The window's length, where it is known."""
