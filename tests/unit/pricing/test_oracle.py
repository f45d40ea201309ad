"""Every price against genai-prices: equal to a billionth of a dollar, or listed with its reason."""

import pytest
from genai_prices.types import ModelInfo
from hypothesis import given, settings
from hypothesis import strategies as st

from agentmonitor.model.clock import DAY_MS, from_iso
from agentmonitor.model.usage import TokenUsage
from agentmonitor.pricing.catalogue import Model, load_shipped
from agentmonitor.pricing.engine import Pricer
from agentmonitor.pricing.lookup import find
from agentmonitor.pricing.plan import Plan
from tests.unit.pricing import oracle

NANO = 1e-9
MAKERS = ("anthropic", "openai", "google", "x-ai", "deepseek", "moonshotai", "zai", "mistral")
SELLERS = ("aws", "azure", "zhipuai", "groq", "minimax", "github-copilot", "together", "cohere")

REASONS = {
    "not-by-tokens": "genai-prices says 0 for what it has no token price of; here it is unknown",
    "cache-1h": "genai-prices has no price of an hour in the cache; Anthropic's rule fills it in",
    "fast-6x": "genai-prices leaves out the fast mode that these models had",
    "mode-since": "genai-prices prices a mode as standard before the day it verified the price",
}
"""All the ways in which the two differ."""

CATALOGUE = load_shipped()
MODELS = {provider.id: provider.decoded() for provider in CATALOGUE.providers}

counts = st.one_of(
    st.integers(0, 2000), st.integers(0, 500_000), st.sampled_from([0, 200_000, 272_000])
)


@st.composite
def usages(draw: st.DrawFn) -> TokenUsage:
    written = draw(counts)
    mode = draw(st.sampled_from(["", "", "fast", "batch"]))
    return TokenUsage(
        tokens_in=draw(counts),
        tokens_out=draw(counts),
        cache_read=draw(counts),
        cache_write=written,
        cache_write_1h=draw(st.integers(0, written)),
        web_searches=draw(st.integers(0, 30)),
        fast=mode == "fast",
        batch=mode == "batch",
    )


times = st.one_of(
    st.integers(from_iso("2023-01-01"), from_iso("2027-12-31")),
    # The edges of days and of DeepSeek's hours, and the first days of new prices.
    st.builds(
        lambda day, minute, off: from_iso(day) + minute * 60_000 + off,
        st.sampled_from(["2025-06-10", "2026-03-13", "2026-08-17", "2026-10-14", "2027-01-01"]),
        st.sampled_from([0, 30, 60, 240, 360, 600, 990]),
        st.integers(-1, 1),
    ),
)


def reason(theirs: ModelInfo, model: Model, usage: TokenUsage, at: int) -> str | None:
    """Why the prices of the request may differ."""
    if not model.prices:
        return "not-by-tokens"
    if usage.fast and not usage.batch and any(n.startswith("fast-6x") for n in model.notes):
        return "fast-6x"
    if "mode-since" in model.notes:
        since = oracle.verified(theirs, usage)
        if since is not None and at < since:
            return "mode-since"
    return "cache-1h" if "cache-1h" in model.notes and usage.cache_write_1h else None


def differences(provider: str, usage: TokenUsage, at: int) -> set[str]:
    """The reasons met when every model of ``provider`` is compared; a difference without one
    fails."""
    met = set()
    pricer = Pricer()
    theirs = {model.id: model for model in oracle.PROVIDERS[provider].models}
    for model in MODELS[provider]:
        pricer._plans[model.id] = Plan(model)
        wanted = oracle.cost(oracle.PROVIDERS[provider], theirs[model.id], usage, at)
        cost = pricer.cost(model.id, usage, at)
        if cost is None or abs(cost - wanted) > NANO:
            why = reason(theirs[model.id], model, usage, at)
            assert why in REASONS, (provider, model.id, cost, wanted)
            met.add(why)
    return met


@pytest.mark.parametrize("provider", [*MAKERS, *(p for p in MODELS if p not in MAKERS)])
def test_every_model_costs_what_the_oracle_says(provider: str) -> None:
    """OpenRouter's are many; among them are Qwen's, which no one else of them sells."""

    @settings(max_examples=10 if len(MODELS[provider]) > 200 else 30, deadline=None, database=None)
    @given(usage=usages(), at=times)
    def check(usage: TokenUsage, at: int) -> None:
        differences(provider, usage, at)

    check()


def test_each_listed_difference_occurs() -> None:
    usage = TokenUsage(tokens_in=1000, cache_write=1000, cache_write_1h=1000)
    fast = TokenUsage(tokens_in=1000, fast=True)
    batch = TokenUsage(tokens_in=1000, batch=True)
    at = from_iso("2026-07-01")
    assert "cache-1h" in differences("aws", usage, at)
    assert "fast-6x" in differences("anthropic", fast, at)
    assert "mode-since" in differences("openai", batch, at)
    assert "not-by-tokens" in differences("openai", usage, at)


def test_where_a_price_of_an_hour_is_filled_in_it_is_twice_the_input() -> None:
    filled = 0
    for provider in CATALOGUE.providers:
        for model in provider.decoded():
            if "cache-1h" in model.notes:
                assert "claude" in model.id
                filled += 1
                for price in model.prices:
                    if isinstance(price.input, float) and price.cache_write is not None:
                        assert price.cache_write_1h == pytest.approx(2 * price.input)
    assert filled > 10


@pytest.mark.parametrize("provider", MAKERS)
@settings(max_examples=20, deadline=None)
@given(usage=usages())
def test_a_mode_costs_before_its_verification_what_it_did_then(
    provider: str, usage: TokenUsage
) -> None:
    """As long as the standard price was the same."""
    for theirs in oracle.PROVIDERS[provider].models:
        since = oracle.verified(theirs, usage)
        if since is None or isinstance(theirs.prices, list) or since > from_iso("2026-11-10"):
            continue
        model = next(m for m in MODELS[provider] if m.id == theirs.id)
        if not model.prices or any(
            note.startswith(("fast-6x", "cache-1h")) for note in model.notes
        ):
            continue
        pricer = Pricer()
        pricer._plans["it"] = Plan(model)
        wanted = oracle.cost(oracle.PROVIDERS[provider], theirs, usage, since + DAY_MS)
        cost = pricer.cost("it", usage, since - 100 * DAY_MS)
        assert cost == pytest.approx(wanted, abs=NANO), model.id


OTHER_NAMES = {
    # Google's own entries of Anthropic's models come later than Anthropic's.
    "anthropic/claude-sonnet-4",
}


@pytest.mark.parametrize("provider", [*MAKERS, *SELLERS])
def test_every_name_that_the_oracle_spells_out_means_the_same_model(provider: str) -> None:
    compared = 0
    for theirs in oracle.PROVIDERS[provider].models:
        for ref in oracle.refs(theirs):
            wanted = oracle.model(provider, ref)
            if wanted is None or ref in OTHER_NAMES:
                continue
            found = find(CATALOGUE, f"{provider}/{ref}")
            assert found is not None, ref
            assert found.model.id == wanted.id, ref
            compared += 1
    assert compared >= len(oracle.PROVIDERS[provider].models) / 2


@pytest.mark.parametrize("provider", MAKERS)
def test_a_bare_name_is_its_makers(provider: str) -> None:
    compared = 0
    for theirs in oracle.PROVIDERS[provider].models:
        for ref in oracle.refs(theirs):
            if not set("/@") & set(ref) and oracle.makes(provider, ref):
                found = find(CATALOGUE, ref)
                assert found is not None, ref
                assert found.provider.id == provider, ref
                compared += 1
    assert compared >= len(MODELS[provider]) / 2
