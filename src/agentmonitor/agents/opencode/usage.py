"""Tokens of a message or of a step in it.

Format: sst/opencode, ``packages/opencode/src/session`` (``getUsage``). ``input`` holds no cached
tokens. Whether ``output`` holds the reasoning depends on the version: newer ones take it out,
those between them and the first ones tell by their ``total`` that they did not. The first ones
pass on what the provider says, which counts reasoning as output, but for Google.
"""

from typing import Any

import msgspec

from agentmonitor.agents.documents import count, mapping, text, total


class Tokens(msgspec.Struct, frozen=True):
    """Tokens, each in one class only."""

    fresh: int
    out: int
    reasoning: int
    """Those of ``out`` that were reasoning."""
    read: int
    written: int

    @property
    def any(self) -> bool:
        """Whether anything was used."""
        return bool(self.fresh or self.out or self.read or self.written)

    @property
    def print(self) -> str:
        """The counts as text."""
        return f"{self.fresh}.{self.out}.{self.reasoning}.{self.read}.{self.written}"


def tokens_of(told: Any, provider: Any, *, is_apart: bool = False) -> Tokens:
    """What ``tokens`` of a message or a step says. ``is_apart``: its version is known to keep the
    reasoning out of the output."""
    facts = mapping(told)
    cache = mapping(facts.get("cache"))
    fresh, out = count(facts.get("input")), count(facts.get("output"))
    reasoning = count(facts.get("reasoning"))
    read, written = count(cache.get("read")), count(cache.get("write"))
    if reasoning and (is_apart or not _is_in_output(facts, fresh + out + read + written, provider)):
        out = total(out, reasoning)
    return Tokens(fresh, out, reasoning, read, written)


def _is_in_output(facts: Any, without: int, provider: Any) -> bool:
    """Whether the reasoning is part of the output; ``without``: the sum without it."""
    reasoning = count(facts.get("reasoning"))
    if reasoning > count(facts.get("output")):
        return False
    whole = count(facts.get("total"))
    if whole:
        return whole == without
    return not text(provider).startswith("google") and "total" not in facts
