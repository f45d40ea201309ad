"""What the requests of a thread used, from the cumulative totals that follow each of them.

Format: openai/codex, ``codex-rs/protocol`` (TokenUsageInfo, RateLimitSnapshot). A ``token_count``
holds ``total_token_usage`` (since the thread began) and ``last_token_usage`` (of the last
request). Cached tokens are part of the input, reasoning is part of the output.

A request used what the total grew by: the line of an earlier one may be missing, and the same
line may stand there again. The total may also begin anew, which no line announces: after a
resumption by an older version, or when the context window overflowed, where it is set to zero.
That is seen by a class that shrank, or by a total that equals its own last request. What counts
then is the last request. The whole new total would count, too, what is in it from before, if it
went back to an older state instead of to zero; it counts only when there is no last request.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from agentmonitor.agents.codex.names import AGENT_TYPE
from agentmonitor.agents.codex.values import count, mapping, moment, name, number
from agentmonitor.model.quota import Quota


class Totals(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Tokens by class. Cached and written ones are part of ``input``, reasoning of ``output``."""

    input: int = 0
    cached: int = 0
    written: int = 0
    output: int = 0
    reasoning: int = 0

    def minus(self, other: "Totals") -> "Totals":
        """The difference; a class that shrank has 0."""
        taken = Totals(
            max(0, self.input - other.input),
            max(0, self.cached - other.cached),
            max(0, self.written - other.written),
            max(0, self.output - other.output),
            max(0, self.reasoning - other.reasoning),
        )
        return taken.sound()

    def sound(self) -> "Totals":
        """With the parts no larger than the whole."""
        if self.cached + self.written <= self.input and self.reasoning <= self.output:
            return self
        cached = min(self.cached, self.input)
        written = min(self.written, self.input - cached)
        reasoning = min(self.reasoning, self.output)
        return Totals(self.input, cached, written, self.output, reasoning)

    def within(self, other: "Totals") -> bool:
        """Whether no class is larger than in ``other``."""
        return (
            self.input <= other.input
            and self.cached <= other.cached
            and self.written <= other.written
            and self.output <= other.output
        )

    def counts_as(self, other: "Totals") -> bool:
        """Whether all that is paid for is the same."""
        return self.within(other) and other.within(self)

    @property
    def uncached(self) -> int:
        """Input that was neither read from the cache nor written to it."""
        return self.input - self.cached - self.written

    @property
    def any(self) -> bool:
        """Whether a request used it."""
        return bool(self.input or self.output)


NOTHING = Totals()


class Used(msgspec.Struct, frozen=True, gc=False):
    """What the requests since the line before used."""

    tokens: Totals
    last: Totals | None
    """What the last of them used, as it was reported."""
    total: int
    """Input and output since the thread began: with ``resets``, what the report is known by."""
    resets: int


class Meter(msgspec.Struct, omit_defaults=True):
    """The totals of one thread, line by line."""

    total: Totals | None = None
    resets: int = 0
    inherits: bool = False
    """The thread may have begun with the totals of another one, which are not its own."""

    def skip(self, info: Any) -> None:
        """Another thread's request: its total is where this thread's begins."""
        total = totals(mapping(info).get("total_token_usage"))
        if total is not None:
            self.total = total

    def take(self, info: Any) -> Used | None:
        """What ``info`` of a ``token_count`` adds; None when that is nothing."""
        facts = mapping(info)
        total = totals(facts.get("total_token_usage"))
        if total is None:
            return None
        last = totals(facts.get("last_token_usage"))
        fits = last is not None and last.any and last.within(total)
        before = self.total
        if before is None:
            before = NOTHING
            if self.inherits:
                before = total.minus(last) if last is not None and fits else total
        self.total = total
        if total.counts_as(before):
            return None
        anew = before.any and last is not None and total.counts_as(last)
        if anew or not before.within(total):
            self.resets += 1
            tokens = last if last is not None and fits else total
        else:
            tokens = total.minus(before)
        if not tokens.any:
            return None
        return Used(tokens, last, total.input + total.output, self.resets)


def totals(value: Any) -> Totals | None:
    """A TokenUsage object; None when it is none."""
    if type(value) is not dict and not isinstance(value, Mapping):
        return None
    get = value.get
    return Totals(
        count(get("input_tokens")) or 0,
        count(get("cached_input_tokens")) or 0,
        count(get("cache_write_input_tokens", 0)) or 0,
        count(get("output_tokens")) or 0,
        count(get("reasoning_output_tokens")) or 0,
    ).sound()


def quotas(rate_limits: Any, at: int) -> list[Quota]:
    """The limits that came with a ``token_count``, as the provider names them."""
    limits = mapping(rate_limits)
    which = name(limits.get("limit_id"))
    prefix = "" if which in ("", AGENT_TYPE) else f"{which}:"
    found = []
    for window in ("primary", "secondary"):
        limit = mapping(limits.get(window))
        used = number(limit.get("used_percent"))
        if used is None or not 0 <= used <= 1000:
            continue
        resets_at = moment(limit.get("resets_at"))
        resets_in = number(limit.get("resets_in_seconds"))
        if resets_at is None and resets_in is not None and 0 <= resets_in <= 1e9:
            resets_at = at + int(resets_in * 1000)
        found.append(
            Quota(
                agent_type=AGENT_TYPE,
                window=prefix + window,
                used_percent=used,
                at=at,
                resets_at=resets_at,
                window_minutes=count(limit.get("window_minutes")),
            )
        )
    return found
