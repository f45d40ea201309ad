"""When in a turn its time went where: the spans that a time line draws."""

from collections.abc import Iterable
from typing import Literal

import msgspec

Span = tuple[int, int]
"""From, to; ms since the epoch."""

SpanKind = Literal["tool", "wait", "subagent", "error"]

_STEPS = 200
"""Gaps of less than one of so many parts of the turn are closed: nobody could see them."""
_MAX_SUBAGENTS = 40


class TurnSpan(msgspec.Struct, kw_only=True):
    """A part of a turn, in milliseconds since its start."""

    kind: SpanKind
    """``tool`` runs, ``wait`` is an open question to the human, ``subagent`` reaches from the first
    to the last that one did, ``error`` is a moment: what was no success."""
    from_ms: int
    to_ms: int
    name: str | None = None
    """The sub-agent's id."""


class Moments(msgspec.Struct):
    """What happened when in the turn under way. Times are ms since the epoch."""

    errors: list[int] = []
    subagents: dict[str, Span] = {}

    def note(self, at: int, began: int | None, subagent: str | None, *, ok: bool) -> None:
        """Take one step."""
        if not ok:
            self.errors.append(at)
        if subagent is not None:
            first, last = self.subagents.get(subagent, (at, at))
            self.subagents[subagent] = min(first, at if began is None else began), max(last, at)


def turn_spans(
    start: int, end: int, tools: list[Span], waits: list[Span], moments: Moments
) -> list[TurnSpan]:
    """The spans of the turn from ``start`` to ``end``, of each kind by time."""
    gap = (end - start) // _STEPS
    errors: list[Span] = [(at, at) for at in moments.errors]
    found = [
        TurnSpan(kind=kind, from_ms=low - start, to_ms=high - start)
        for kind, spans in _kinds(tools, waits, errors)
        for low, high in joined(spans, start, end, gap)
    ]
    for name, span in list(moments.subagents.items())[:_MAX_SUBAGENTS]:
        for low, high in joined([span], start, end, 0):
            found.append(
                TurnSpan(kind="subagent", from_ms=low - start, to_ms=high - start, name=name)
            )
    return found


def _kinds(
    tools: list[Span], waits: list[Span], errors: list[Span]
) -> tuple[tuple[SpanKind, list[Span]], ...]:
    return (("tool", tools), ("wait", waits), ("error", errors))


def joined(spans: Iterable[Span], low: int, high: int, gap: int) -> list[Span]:
    """The parts of ``spans`` within ``low`` to ``high``, those closer than ``gap`` ms as one."""
    found: list[Span] = []
    for start, end in sorted(spans):
        start, end = max(start, low), min(end, high)
        if end < start:
            continue
        if found and start - found[-1][1] <= gap:
            found[-1] = found[-1][0], max(found[-1][1], end)
        else:
            found.append((start, end))
    return found
