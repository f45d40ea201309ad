"""What a request costs. An unknown price is None, never 0."""

from agentmonitor.model.clock import to_iso
from agentmonitor.pricing.catalogue import Model, Price, Tier, load_catalogue

MILLION = 1_000_000
_CACHE = 1000
"""Looked-up model names kept; what arrives is untrusted, so this may not grow freely."""


class Pricer:
    """Prices requests by the shipped catalogue, which is read at the first request."""

    def __init__(self) -> None:
        self._models: list[Model] | None = None
        self._known: dict[str, list[Price]] = {}

    def cost(
        self,
        model: str,
        tokens_in: int,
        tokens_out: int,
        cache_read: int,
        cache_write: int,
        at: int,
    ) -> float | None:
        """US dollars of one request at the time ``at`` (ms); None when no price is known.

        ``tokens_in`` does not hold the cached tokens.
        """
        prices = self._known.get(model)
        if prices is None:
            prices = self._find(model)
        price = _current(prices, at)
        if price is None:
            return None
        prompt = tokens_in + cache_read + cache_write
        rates: Price | Tier = price
        for tier in price.tiers:
            if prompt > tier.above:
                rates = tier
        each_in = price.input if rates.input is None else rates.input
        each_out = price.output if rates.output is None else rates.output
        each_read = price.cache_read if rates.cache_read is None else rates.cache_read
        each_write = price.cache_write if rates.cache_write is None else rates.cache_write
        return (
            tokens_in * each_in
            + tokens_out * each_out
            + cache_read * (each_in if each_read is None else each_read)
            + cache_write * (each_in if each_write is None else each_write)
        ) / MILLION

    def _find(self, model: str) -> list[Price]:
        if self._models is None:
            self._models = load_catalogue().models
        # Gateways put the provider first: "anthropic/claude-…", "openrouter/openai/gpt-…".
        name = model.lower().rsplit("/", 1)[-1]
        found: list[Price] = next((m.prices for m in self._models if m.match.matches(name)), [])
        if len(self._known) >= _CACHE:
            self._known.clear()
        self._known[model] = found
        return found


def _current(prices: list[Price], at: int) -> Price | None:
    if len(prices) == 1 and prices[0].start is None:
        return prices[0]
    day = to_iso(at)[:10]
    current = None
    for price in prices:
        if price.start is None or price.start <= day:
            current = price
    return current
