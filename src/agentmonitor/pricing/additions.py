"""Facts that genai-prices does not have, each with its source. Applied by ``convert``."""

from typing import Any

from agentmonitor.pricing.catalogue import TOKENS, Model, Price, times

NOTES = {
    "cache-1h": "cache_write_1h is not from genai-prices but twice the input price, which is"
    " Anthropic's rule for Claude:"
    " https://platform.claude.com/docs/en/build-with-claude/prompt-caching#pricing",
    "fast-6x": "fast is not from genai-prices but six times the standard prices, prompt caching"
    " included: https://platform.claude.com/docs/en/build-with-claude/fast-mode",
    "fast-6x-intro": "fast is not from genai-prices but six times the standard prices, prompt"
    " caching included, and half of that until 2026-02-16:"
    " https://platform.claude.com/docs/en/build-with-claude/fast-mode,"
    " https://code.claude.com/docs/en/fast-mode",
    "mode-since": "genai-prices says when it verified the prices of a mode, not since when they"
    " hold; they are taken to hold as long as the standard price beside which they stand.",
    "free": "The name says that it is free.",
}
"""By key; the catalogue carries them, and a model those that concern it."""

_FAST_TIMES: dict[str, tuple[str, list[tuple[str | None, float]]]] = {
    "claude-opus-4-6": ("fast-6x-intro", [("2026-02-17", 6.0), (None, 3.0)]),
    "claude-opus-4-7": ("fast-6x", [(None, 6.0)]),
}
"""Models of Anthropic that had a fast mode which genai-prices leaves out: the note, and the
factors on the standard prices by first day, the newest first."""


def multiplied(price: Price, factor: float, start: str | None) -> Price:
    """The prices of tokens multiplied, from the day ``start`` on."""
    changed: dict[str, Any] = {n: times(getattr(price, n), factor) for n in TOKENS}
    return Price(start=start, **{k: v for k, v in changed.items() if v is not None})


def fast_prices(provider: str, model: Model) -> tuple[list[Price], str] | None:
    """The fast mode's prices and the key of the note, the newest first; None: nothing is known
    beyond what genai-prices says."""
    if provider != "anthropic" or model.fast or model.id not in _FAST_TIMES:
        return None
    note, factors = _FAST_TIMES[model.id]
    prices = []
    for start, factor in factors:
        for price in reversed(model.prices):
            # Each standard price meets the factor that holds in its time.
            later = max(filter(None, (start, price.start)), default=None)
            prices.append(multiplied(price, factor, later))
    return prices, note


def with_cache_hour(model: Model) -> tuple[list[Price], bool]:
    """The prices with that of an hour in the cache, and whether one was missing."""
    missing = "claude" in model.id.lower()
    prices = [
        _with_hour(price) if missing and price.cache_write_1h is None else price
        for price in model.prices
    ]
    return prices, prices != model.prices


def _with_hour(price: Price) -> Price:
    if price.cache_write is None or price.input is None:
        return price
    kept = {name: getattr(price, name) for name in price.__struct_fields__}
    return Price(**kept | {"cache_write_1h": times(price.input, 2)})
