"""A model's prices as numbers to multiply with, by the time of the request."""

import math
from datetime import date, time

from agentmonitor.model.clock import DAY_MS
from agentmonitor.pricing.catalogue import AMOUNTS, Amount, Model, Price

Rates = tuple[float, float, float, float, float, float, float, float, "Rates | None"]
"""Prices of a million of each: (the largest prompt for which they hold, input, output, cache
read, cache write for 5 minutes and for an hour, web search, request, those of a larger prompt).
A tuple, because taking one apart is the cheapest there is on the hot path."""

_EPOCH = date(1970, 1, 1).toordinal()


class Span:
    """The rates from ``start`` until before ``end`` (ms); None where no price is known."""

    __slots__ = ("batch", "end", "fast", "standard", "start")

    def __init__(
        self,
        start: float,
        end: float,
        standard: Rates | None,
        fast: Rates | None,
        batch: Rates | None,
    ) -> None:
        self.start = start
        self.end = end
        self.standard = standard
        self.fast = fast
        self.batch = batch


class Plan:
    """The spans of one model, each worked out when it is first asked for."""

    __slots__ = ("_days", "_fast", "_model", "_spans", "_times", "span")

    def __init__(self, model: Model | None, *, fast: bool = False) -> None:
        """``fast``: the model's name asks for its fast mode, so every request has it."""
        self._model = model
        self._fast = fast
        every = [] if model is None else [*model.prices, *model.fast, *model.batch]
        self._days = sorted({_day_ms(p.start) for p in every if p.start is not None})
        self._times = sorted({_clock_ms(t) for p in every if p.hours is not None for t in p.hours})
        self._spans: dict[tuple[float, float], tuple[Rates | None, Rates | None, Rates | None]] = {}
        self.span = Span(math.inf, -math.inf, None, None, None)
        """The one asked for last: most requests are of the same time as the one before."""

    def at(self, at: int) -> Span:
        """The span that holds ``at`` (ms)."""
        day, end = _around(self._days, at)
        start = day
        since = -math.inf
        if self._times:
            clock = at % DAY_MS
            since, until = _around([0, *self._times, DAY_MS], clock)
            start, end = max(day, at - clock + since), min(end, at - clock + until)
        rates = self._spans.get((day, since))
        if rates is None:
            rates = self._spans[day, since] = self._rates(at)
        self.span = span = Span(start, end, *rates)
        return span

    def _rates(self, at: int) -> tuple[Rates | None, Rates | None, Rates | None]:
        if self._model is None:
            return None, None, None
        standard = amounts_at(self._model.prices, at)
        fast = _rates(standard | changes_at(self._model.fast, at))
        if self._fast:
            return fast, fast, fast
        return _rates(standard), fast, _rates(standard | changes_at(self._model.batch, at))


def holds(price: Price, at: int) -> bool:
    """Whether ``price`` is in force at ``at`` (ms)."""
    if price.start is not None and at < _day_ms(price.start):
        return False
    if price.hours is None:
        return True
    start, end = (_clock_ms(text) for text in price.hours)
    clock = at % DAY_MS
    return start <= clock < end if start <= end else clock >= start or clock < end


def amounts_at(prices: list[Price], at: int) -> dict[str, Amount]:
    """What holds at ``at`` (ms): the last that is in force, else the first."""
    if not prices:
        return {}
    return _amounts(next((p for p in reversed(prices) if holds(p, at)), prices[0]))


def changes_at(changes: list[Price], at: int) -> dict[str, Amount]:
    """What a mode changes at ``at`` (ms): of each amount, the first that is in force."""
    changed: dict[str, Amount] = {}
    for price in changes:
        if holds(price, at):
            changed = _amounts(price) | changed
    return changed


def _amounts(price: Price) -> dict[str, Amount]:
    values = ((name, getattr(price, name)) for name in AMOUNTS)
    return {name: value for name, value in values if value is not None}


def tiers(amounts: dict[str, Amount]) -> list[int]:
    """The prompt sizes above which something costs more, the smallest first."""
    lists = [amount for amount in amounts.values() if isinstance(amount, list)]
    return sorted({int(above) for amount in lists for above in amount[1::2]})


def amount_above(amount: Amount, above: int) -> float:
    """The price of a request whose prompt is larger than ``above`` tokens; -1: of any."""
    if not isinstance(amount, list):
        return amount
    value = amount[0]
    for start, price in zip(amount[1::2], amount[2::2], strict=True):
        if start <= above:
            value = price
    return value


def _rates(amounts: dict[str, Amount]) -> Rates | None:
    """None when the model is not sold by tokens."""
    if "input" not in amounts and "output" not in amounts:
        return None
    rates: Rates | None = None
    limit = math.inf
    for above in reversed([-1, *tiers(amounts)]):
        level = {name: amount_above(amount, above) for name, amount in amounts.items()}
        fresh = level.get("input", 0.0)
        write = level.get("cache_write", fresh)
        rates = (
            limit,
            fresh,
            level.get("output", 0.0),
            level.get("cache_read", fresh),
            write,
            level.get("cache_write_1h", write),
            1000 * level.get("web_search", 0.0),
            1000 * level.get("request", 0.0),
            rates,
        )
        limit = above
    return rates


def _day_ms(text: str) -> int:
    return (date.fromisoformat(text).toordinal() - _EPOCH) * DAY_MS


def _clock_ms(text: str) -> int:
    clock = time.fromisoformat(text)
    return ((clock.hour * 60 + clock.minute) * 60 + clock.second) * 1000


def _around(marks: list[int], at: int) -> tuple[float, float]:
    """The last of ``marks`` that is not after ``at``, and the first that is."""
    start = -math.inf
    for mark in marks:
        if mark > at:
            return start, mark
        start = mark
    return start, math.inf
