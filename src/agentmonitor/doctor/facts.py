"""What a running server says about itself."""

import msgspec


class ServerFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A server that answers."""

    address: str
    version: str | None
    """None: it does not say."""
    uptime_s: float
    events: int
    sessions_live: int
    database_bytes: int
    memory_bytes: int | None
    """Resident; None where the server cannot tell."""
