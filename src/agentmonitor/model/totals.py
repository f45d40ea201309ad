"""What everything that is stored adds up to, by what tells it apart."""

import msgspec


class UsageTotal(msgspec.Struct, frozen=True, kw_only=True):
    """All events of one agent, type, tool and model."""

    agent_type: str
    event_type: str
    tool_name: str | None
    model: str | None
    events: int
    errors: int
    """Events that are no success."""
    tokens_in: int
    tokens_out: int
    cache_read: int
    cache_write: int
    cost_nano: int
    """1e-9 US dollars."""
    unpriced_tokens: int

    @property
    def tokens(self) -> int:
        """Tokens of every class."""
        return self.tokens_in + self.tokens_out + self.cache_read + self.cache_write


class Totals(msgspec.Struct, frozen=True):
    """The totals of one moment."""

    usage: list[UsageTotal] = []
    sessions: dict[str, int] = {}
    """Sessions by state; every state is there."""
