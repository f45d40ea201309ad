"""What the ``usage`` of an answer says, in token classes that do not overlap."""

from collections.abc import Iterator
from typing import Any

import msgspec

from agentmonitor.agents.claude_code import tools
from agentmonitor.model.event import MAX_COST_USD, MAX_INT


class Spend(msgspec.Struct, frozen=True, gc=False):
    """What one request used: the fields of ``Event`` and of ``Report`` under their names."""

    tokens_in: int = 0
    tokens_out: int = 0
    cache_read: int = 0
    cache_write: int = 0
    cache_write_1h: int = 0
    web_searches: int = 0
    fast: bool = False
    batch: bool = False

    @property
    def is_nothing(self) -> bool:
        """Whether no token was used."""
        return not (self.tokens_in or self.tokens_out or self.cache_read or self.cache_write)


class Iteration(msgspec.Struct, frozen=True, gc=False):
    """A model's own part in an answer, which the answer's usage does not contain."""

    number: int
    kind: str
    model: str
    spend: Spend


NOTHING = Spend()


def spend(usage: Any) -> Spend:
    """What ``usage`` says.

    Cache writes: what the breakdown by lifetime does not explain of the sum counts as 5 minutes.
    A breakdown larger than the sum is believed, because a sum of 0 beside it is what is wrong:
    each part of the breakdown was counted by the API on its own.
    """
    if not isinstance(usage, dict):
        return NOTHING
    get = usage.get
    written = _count(get("cache_creation_input_tokens"))
    hour = searches = 0
    breakdown = get("cache_creation")
    if breakdown and isinstance(breakdown, dict):
        hour = _count(breakdown.get("ephemeral_1h_input_tokens"))
        explained = hour + _count(breakdown.get("ephemeral_5m_input_tokens"))
        if explained > written:
            written = min(explained, MAX_INT)
    server_tools = get("server_tool_use")
    if server_tools and isinstance(server_tools, dict):
        searches = _count(server_tools.get("web_search_requests"))
    return Spend(
        tokens_in=_count(get("input_tokens")),
        tokens_out=_count(get("output_tokens")),
        cache_read=_count(get("cache_read_input_tokens")),
        cache_write=written,
        cache_write_1h=hour,
        web_searches=searches,
        fast=get("speed") == "fast",
        batch=get("service_tier") == "batch",
    )


def iterations(usage: Any, model: str) -> Iterator[Iteration]:
    """The parts of an answer by ``model`` that its usage does not contain.

    Source: the API reference on compaction and on the advisor tool. The sums of ``usage`` leave
    out what an advisor used, which is another model, and what a compaction used, which is not.
    """
    listed = usage.get("iterations") if isinstance(usage, dict) else None
    if not isinstance(listed, list):
        return
    for number, item in enumerate(listed):
        if not isinstance(item, dict):
            continue
        kind = tools.name(item, "type")
        named = tools.name(item, "model") or model
        # The same model may be named with and without its date.
        is_own = not (named.startswith(model) or model.startswith(named))
        if not is_own and kind != "compaction":
            continue
        used = spend(item)
        if not used.is_nothing:
            yield Iteration(number, kind, named, used)


def dollars(value: Any) -> float | None:
    """A plausible amount; else None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value <= MAX_COST_USD else None


def _count(value: Any) -> int:
    if type(value) is int and 0 <= value <= MAX_INT:
        return value
    return tools.count(value) or 0
