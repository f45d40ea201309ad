"""genai-prices as the oracle: what it says a request costs."""

from datetime import UTC, datetime
from functools import cache

from genai_prices.data import providers
from genai_prices.types import ModelInfo, PriceVariant, Provider, StartDateConstraint, Usage

from agentmonitor.model.clock import from_iso
from agentmonitor.model.usage import TokenUsage

PROVIDERS = {provider.id: provider for provider in providers}
FAST = ({"speed": "fast"}, {"service_tier": "fast"}, {"service_tier": "priority"})
BATCH = ({"processing": "batch"},)


@cache
def model(provider: str, name: str) -> ModelInfo | None:
    """The model of ``provider`` that the oracle finds by ``name``."""
    return PROVIDERS[provider].find_model(name, all_providers=providers)


def makes(provider: str, name: str) -> bool:
    """Whether the oracle takes a bare ``name`` for one of a model of ``provider``."""
    # Z.ai and Zhipu are one; the oracle takes bare names for the latter's.
    match = PROVIDERS["zhipuai" if provider == "zai" else provider].model_match
    known = model(provider, name) is not None
    return known and match is not None and match.is_match(name)


def variants(found: ModelInfo, usage: TokenUsage) -> list[PriceVariant]:
    """Those that the mode of ``usage`` selects."""
    if not usage.fast and not usage.batch:
        return []
    for when in BATCH if usage.batch else FAST:
        chosen = [v for v in found.price_variants or () if v.when == when and v.prices.__dict__]
        if chosen:
            return chosen
    return []


def verified(found: ModelInfo, usage: TokenUsage) -> int | None:
    """Since when the oracle knows the prices of the mode (ms); None: always, or never."""
    days = [
        v.constraint.start_date.isoformat()
        for v in variants(found, usage)
        if isinstance(v.constraint, StartDateConstraint)
    ]
    chosen = variants(found, usage)
    return from_iso(min(days)) if days and len(days) == len(chosen) else None


def cost(provider: Provider, found: ModelInfo, usage: TokenUsage, at: int) -> float:
    """US dollars, computed in decimals. Its input tokens hold the cached ones."""
    context = next((v.when for v in variants(found, usage)), None)
    price = found.calc_price(
        Usage(
            input_tokens=usage.tokens_in + usage.cache_read + usage.cache_write,
            output_tokens=usage.tokens_out,
            cache_read_tokens=usage.cache_read,
            cache_write_tokens=usage.cache_write,
            cache_write_1h_tokens=usage.cache_write_1h,
            web_searches=usage.web_searches,
        ),
        provider,
        genai_request_timestamp=datetime.fromtimestamp(at / 1000, UTC),
        price_context=context,
    )
    return float(price.total_price)


def refs(found: ModelInfo) -> list[str]:
    """Names that the model's rule spells out, and its id."""
    names: list[str] = [found.id]
    clauses = [found.match]
    while clauses:
        clause = clauses.pop()
        clauses += getattr(clause, "or_", [])
        names += [n for key in ("equals", "starts_with") if (n := getattr(clause, key, None))]
    return list(dict.fromkeys(name.lower() for name in names))
