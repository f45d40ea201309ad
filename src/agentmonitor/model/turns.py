"""The turns of a session: from a prompt to the end of the work on it.

A turn reaches from a human's prompt to the next one, so that everything belongs to one turn; what
a sub-agent does belongs to the turn in which it does it. A turn ends with the last work of the main
thread: not every agent reports ends, and some work on after one.

Of its time, ``wait_ms`` is spent on open questions to the human, ``tool_ms`` on tools while there
is no such question, and ``model_ms`` is the rest: the three add up to the turn. Tools that run at
the same time count once.
"""

from collections.abc import Iterable, Iterator
from operator import attrgetter
from typing import Literal

import msgspec

from agentmonitor.model.clock import IsoTime, to_iso
from agentmonitor.model.turn_spans import Moments, Span, TurnSpan, turn_spans

Outcome = Literal["done", "interrupted", "failed", "running"]

PASSIVE = frozenset({"session_start", "session_end", "notification", "hook"})
"""Types that are no work: they neither begin nor prolong a turn."""
_ANSWERS = frozenset({"llm_response", "response", "turn_end", "user_prompt", "error"})
"""What the thread that asked does only when it waits no more."""


class Step(msgspec.Struct, kw_only=True, gc=False):
    """An event, as far as turns go by it. Times and durations are milliseconds."""

    id: int
    at: int
    type: str
    ok: bool = True
    tool: str | None = None
    model: str | None = None
    duration: int | None = None
    tokens_in: int = 0
    tokens_out: int = 0
    cache_read: int = 0
    cache_write: int = 0
    cost_nano: int | None = None
    """1e-9 US dollars."""
    lines_added: int = 0
    lines_removed: int = 0
    subagent: str | None = None
    words: str | None = None
    """A prompt's first line; the reason of a turn's end."""


class Turn(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One turn. Times are ms since the epoch, costs whole nanodollars."""

    number: int
    """The first one is 1."""
    first_event: int
    started: int
    ended: int
    """The last work so far."""
    prompt: str | None
    """Its first line; None for what came before the first prompt."""
    outcome: Outcome | None = None
    before_ms: int | None = None
    """Since the turn before it."""
    wait_ms: int = 0
    tool_ms: int = 0
    model_ms: int = 0
    events: int = 0
    errors: int = 0
    tool_calls: int = 0
    failures: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cache_read: int = 0
    cache_write: int = 0
    cost_nano: int = 0
    priced: int = 0
    unpriced_tokens: int = 0
    lines_added: int = 0
    lines_removed: int = 0
    models: list[str] = []
    subagents: list[str] = []
    spans: list[TurnSpan] | None = None


class TurnRow(msgspec.Struct, kw_only=True):
    """A turn as the API shows it. Times are ISO 8601 UTC, costs US dollars."""

    number: int
    first_event: int
    prompt: str | None
    started_at: IsoTime
    ended_at: IsoTime | None
    """None while it goes on."""
    duration_ms: int
    outcome: Outcome | None
    before_ms: int | None
    wait_ms: int
    tool_ms: int
    model_ms: int
    events: int
    errors: int
    tool_calls: int
    failures: int
    tokens_in: int
    tokens_out: int
    cache_read_tokens: int
    cache_write_tokens: int
    cost_usd: float | None
    """None: there are tokens, and none of them has a price."""
    unpriced_tokens: int
    lines_added: int
    lines_removed: int
    models: list[str]
    subagents: list[str]
    spans: list[TurnSpan] | None
    """None: they were not asked for."""


_SAME = [name for name in TurnRow.__struct_fields__ if name in Turn.__struct_fields__]
_same = attrgetter(*_SAME)


def turn_row(turn: Turn) -> TurnRow:
    """``turn`` for the API."""
    return TurnRow(
        started_at=to_iso(turn.started),
        ended_at=None if turn.outcome == "running" else to_iso(turn.ended),
        duration_ms=turn.ended - turn.started,
        cache_read_tokens=turn.cache_read,
        cache_write_tokens=turn.cache_write,
        cost_usd=None if turn.unpriced_tokens and not turn.priced else turn.cost_nano / 1e9,
        **dict(zip(_SAME, _same(turn), strict=True)),
    )


class _Asked(msgspec.Struct):
    at: int
    tool: str | None


class Teller:
    """Takes the steps of a session in the order of their times, and gives its turns."""

    def __init__(self, number: int = 1, before: int | None = None, *, spans: bool = False) -> None:
        self._number = number
        self._moments = Moments() if spans else None
        self._before = before
        self._turn: Turn | None = None
        self._tools: list[Span] = []
        self._waits: list[Span] = []
        self._open: dict[str | None, _Asked] = {}

    def take(self, step: Step) -> Turn | None:
        """The turn that ``step`` puts an end to."""
        over = None
        if step.type == "user_prompt" and step.subagent is None:
            over = self.finish()
            self._begin(step, step.words or "")
        elif self._turn is None:
            used = step.tokens_in or step.tokens_out or step.cache_read or step.cache_write
            if step.type in PASSIVE and not used and step.cost_nano is None:
                return None
            self._begin(step, None)
        if self._turn is not None:
            self._time(self._turn, step)
            _count(self._turn, step)
        return over

    def finish(self, *, running: bool = False) -> Turn | None:
        """The turn under way, as far as it is known; None when there is none."""
        turn = self._turn
        if turn is None:
            return None
        if running and turn.outcome is None:
            turn.outcome = "running"
        waits = self._waits + [(asked.at, turn.ended) for asked in self._open.values()]
        turn.wait_ms = covered(waits, turn.started, turn.ended)
        busy = covered(waits + self._tools, turn.started, turn.ended)
        turn.tool_ms = busy - turn.wait_ms
        turn.model_ms = turn.ended - turn.started - busy
        if self._moments is not None:
            turn.spans = turn_spans(turn.started, turn.ended, self._tools, waits, self._moments)
            self._moments = Moments()
        self._turn = None
        self._tools, self._waits, self._open = [], [], {}
        self._number, self._before = turn.number + 1, turn.ended
        return turn

    def _begin(self, step: Step, prompt: str | None) -> None:
        before = None if self._before is None else max(0, step.at - self._before)
        self._turn = Turn(
            number=self._number, first_event=step.id, started=step.at, ended=step.at,
            prompt=prompt, before_ms=before, models=[], subagents=[],
        )  # fmt: skip

    def _time(self, turn: Turn, step: Step) -> None:
        began = step.at - step.duration if step.duration is not None else None
        if self._open:
            self._settle(step, began)
        if self._moments is not None:
            self._moments.note(step.at, began, step.subagent, ok=step.ok)
        if step.type == "permission_request":
            self._open.setdefault(step.subagent, _Asked(at=step.at, tool=step.tool))
        elif step.type == "tool_use" and began is not None:
            self._tools.append((began, step.at))
        if step.subagent is None and step.type not in PASSIVE:
            turn.ended = max(turn.ended, step.at)
            turn.outcome = _outcome(turn.outcome, step)

    def _settle(self, step: Step, began: int | None) -> None:
        """Close the question of the step's thread, if the step shows that it was answered."""
        asked = self._open.get(step.subagent)
        if asked is None:
            return
        end = None
        if step.type == "tool_use":
            if began is not None and began >= asked.at:
                end = began
            elif step.tool == asked.tool or asked.tool is None:
                # When it began is not known, or counted from before the question.
                end = step.at
        elif step.type in _ANSWERS:
            end = step.at
        if end is not None:
            self._waits.append((asked.at, end))
            del self._open[step.subagent]


def tell(steps: Iterable[Step], *, running: bool = False, spans: bool = False) -> Iterator[Turn]:
    """All turns of a session, whose events ``steps`` are, by time."""
    teller = Teller(spans=spans)
    for step in steps:
        turn = teller.take(step)
        if turn is not None:
            yield turn
    last = teller.finish(running=running)
    if last is not None:
        yield last


def covered(spans: list[Span], low: int, high: int) -> int:
    """How much of ``low`` to ``high`` the spans cover together, in ms."""
    total, reached = 0, low
    for start, end in sorted(spans):
        start, end = max(start, reached), min(end, high)
        if end > start:
            total += end - start
            reached = end
    return total


def _outcome(known: Outcome | None, step: Step) -> Outcome | None:
    if step.type == "turn_end":
        return "interrupted" if step.words == "interrupted" else "done"
    if step.type == "error":
        return "failed"
    if known == "failed" or step.type == "tool_use":
        return None
    return known


def _count(turn: Turn, step: Step) -> None:
    turn.events += 1
    turn.errors += not step.ok
    if step.type == "tool_use":
        turn.tool_calls += 1
        turn.failures += not step.ok
    tokens = step.tokens_in + step.tokens_out + step.cache_read + step.cache_write
    turn.tokens_in += step.tokens_in
    turn.tokens_out += step.tokens_out
    turn.cache_read += step.cache_read
    turn.cache_write += step.cache_write
    turn.lines_added += step.lines_added
    turn.lines_removed += step.lines_removed
    if step.cost_nano is None:
        turn.unpriced_tokens += tokens
    else:
        turn.cost_nano += step.cost_nano
        turn.priced += 1
    if step.model is not None and tokens and step.model not in turn.models:
        turn.models.append(step.model)
    if step.subagent is not None and step.subagent not in turn.subagents:
        turn.subagents.append(step.subagent)
