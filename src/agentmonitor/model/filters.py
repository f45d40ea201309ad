"""What a read may ask for. Times are milliseconds since the epoch, of the events' own time."""

import msgspec


class EventFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which events: every field that is given must match."""

    agent_type: str | None = None
    event_type: str | None = None
    tool_name: str | None = None
    session_id: str | None = None
    branch: str | None = None
    project: str | None = None
    model: str | None = None
    source: str | None = None
    since: int | None = None
    """At or after."""
    until: int | None = None
    """At or before."""


class SessionFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which sessions."""

    status: str | None = None
    exclude_status: str | None = None
    agent_type: str | None = None
    since: int | None = None
    """Those with an event at or after."""
    live: bool = False
    """Not ended, or with a state that says that work goes on or that a human is waited for."""
