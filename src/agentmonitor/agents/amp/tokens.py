"""What the requests of a thread used, by its messages and by its ledger."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from agentmonitor.agents.documents import count, mapping, moment, name, objects, text, word
from agentmonitor.agents.scene import MAX_ID


class Tokens(msgspec.Struct, frozen=True):
    """What a request used, as a message or the ledger tells it."""

    model: str
    tokens_in: int
    tokens_out: int
    cache_read: int
    cache_write: int

    @property
    def any(self) -> bool:
        """Whether it used anything."""
        return bool(self.tokens_in or self.tokens_out or self.cache_read or self.cache_write)


class Entry(msgspec.Struct):
    """An entry of the ledger."""

    tokens: Tokens
    key: str
    at: int | None
    message: str
    charge: Any
    used: bool = False


def entries(events: Any, prefix: str) -> Iterator[Entry]:
    """The entries of a ledger; ``prefix`` begins their keys."""
    for event in objects(events):
        facts = mapping(event.get("tokens"))
        tokens = Tokens(
            name(event.get("model")), count(facts.get("input")), count(facts.get("output")),
            count(facts.get("cacheReadInputTokens")), count(facts.get("cacheCreationInputTokens")),
        )  # fmt: skip
        message = word(event.get("toMessageId"))
        own = name(event.get("id")) or ":".join(
            (text(event.get("timestamp"), 40), tokens.model[:MAX_ID], message,
             f"{tokens.tokens_in}.{tokens.tokens_out}")
        )  # fmt: skip
        if tokens.any:
            at = moment(event.get("timestamp"))
            yield Entry(tokens, f"{prefix}{own}", at, message, event.get("credits"))


def match(ledger: list[Entry], tokens: Tokens, message_id: str) -> Entry | None:
    """The entry for a message's request, which is used from now on."""
    free = [entry for entry in ledger if not entry.used]
    same = [entry for entry in free if entry.tokens == tokens]
    named = [entry for entry in free if entry.message == message_id != ""]
    best = [entry for entry in same if entry.message == message_id] or same or named[-1:]
    if not best:
        return None
    best[0].used = True
    return best[0]


def usage(told: Mapping[str, Any]) -> Tokens:
    """What a message says of its request."""
    read = count(told.get("cacheReadInputTokens"))
    written = count(told.get("cacheCreationInputTokens"))
    fresh, whole = count(told.get("inputTokens")), count(told.get("totalInputTokens"))
    if whole and fresh + read + written > whole:  # the cached tokens are among them
        fresh = max(0, whole - read - written)
    return Tokens(name(told.get("model")), fresh, count(told.get("outputTokens")), read, written)
