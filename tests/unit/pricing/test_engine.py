"""What requests cost; an unknown price is None and never 0."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentmonitor.model.clock import from_iso
from agentmonitor.pricing.engine import Pricer

PRICER = Pricer()
AT = from_iso("2026-11-23T21:00:00Z")
MILLION = 1_000_000


def cost(model: str, *tokens: int, at: str | None = None) -> float | None:
    """``tokens``: in, out, cache read, cache write, in millions of a token's price."""
    fresh, out, read, written = (*tokens, 0, 0, 0, 0)[:4]
    return PRICER.cost(model, fresh, out, read, written, AT if at is None else from_iso(at))


@pytest.mark.parametrize(
    ("model", "dollars"),
    [
        ("claude-opus-4-8", (5.0, 25.0, 0.5, 6.25)),
        ("claude-opus-4-1", (15.0, 75.0, 1.5, 18.75)),
        ("claude-haiku-4-5", (1.0, 5.0, 0.1, 1.25)),
        ("claude-3-5-sonnet-20241022", (3.0, 15.0, 0.3, 3.75)),
        ("gpt-5", (1.25, 10.0, 0.125, 1.25)),
        ("gpt-5-nano", (0.05, 0.4, 0.005, 0.05)),
        ("o3-mini", (1.1, 4.4, 0.55, 1.1)),
    ],
)
def test_known_models_cost_what_their_makers_say(
    model: str, dollars: tuple[float, float, float, float]
) -> None:
    """A hundred thousand of each kind of token, below every tier; without a price of its own a
    cached token costs what a fresh one does."""
    for kind, price in enumerate(dollars):
        tokens = [0, 0, 0, 0]
        tokens[kind] = 100_000
        assert cost(model, *tokens) == pytest.approx(price / 10)


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("anthropic/claude-sonnet-4.5", "claude-sonnet-4-5"),
        ("openrouter/anthropic/claude-sonnet-4.5", "claude-sonnet-4-5"),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5"),
        ("claude-sonnet-4-5@20250929", "claude-sonnet-4-5"),
        ("claude-sonnet-4-5-20250929", "claude-sonnet-4-5"),
        ("CLAUDE-Sonnet-4-5", "claude-sonnet-4-5"),
        ("claude-sonnet-4-20250514", "claude-sonnet-4-0"),
        ("openai/gpt-5-mini", "gpt-5-mini"),
        ("gpt-4o-2024-08-06", "gpt-4o"),
        ("google/gemini-2.5-pro", "gemini-2.5-pro"),
        ("models/gemini-2.5-pro", "gemini-2.5-pro"),
    ],
)
def test_other_spellings_mean_the_same_model(name: str, model: str) -> None:
    found = cost(name, 1000, 2000, 3000, 4000)
    assert found is not None
    assert found == cost(model, 1000, 2000, 3000, 4000)


@pytest.mark.parametrize("model", ["", "<synthetic>", "unknown", "my-own-model", "/", "claude"])
def test_an_unknown_model_has_no_price(model: str) -> None:
    assert cost(model, MILLION) is None
    assert cost(model) is None


def test_a_large_prompt_is_dearer_as_a_whole() -> None:
    below = cost("claude-sonnet-4-5", 200_000, 1000)
    above = cost("claude-sonnet-4-5", 200_001, 1000)
    assert below == pytest.approx(200_000 * 3 / MILLION + 1000 * 15 / MILLION)
    assert above == pytest.approx(200_001 * 6 / MILLION + 1000 * 22.5 / MILLION)
    cached = cost("claude-sonnet-4-5", 1, 0, 200_000)
    assert cached == pytest.approx((6 + 200_000 * 0.6) / MILLION)
    # The answer's size does not matter.
    assert cost("claude-sonnet-4-5", 10, 300_000) == pytest.approx((30 + 300_000 * 15) / MILLION)


def test_a_tier_without_its_own_price_keeps_the_models() -> None:
    found = cost("gemini-2.5-pro", 1, 0, 0, 300_000)
    assert found == pytest.approx((1 + 300_000) * 2.5 / MILLION)


def test_a_price_holds_from_its_day_on() -> None:
    assert cost("o3", 100_000, at="2025-06-09T23:59:59.999Z") == pytest.approx(1.0)
    assert cost("o3", 100_000, at="2025-06-10T00:00:00Z") == pytest.approx(0.2)
    assert cost("o3", 100_000, at="1970-01-01T00:00:00Z") == pytest.approx(1.0)
    assert cost("deepseek-v4-flash", 100_000, at="2026-08-20") == pytest.approx(0.022)
    assert cost("deepseek-v4-flash", 100_000, at="2026-09-10") == pytest.approx(0.015)


@given(st.text(max_size=40), st.lists(st.integers(0, 2**53 - 1), min_size=4, max_size=4))
def test_any_name_and_size_has_a_price_or_none(model: str, tokens: list[int]) -> None:
    found = cost(model, *tokens)
    assert found is None or found >= 0


@given(st.lists(st.integers(0, 40_000), min_size=4, max_size=4))
def test_more_tokens_never_cost_less(tokens: list[int]) -> None:
    found, more = (
        cost("claude-sonnet-4-5", *tokens),
        cost("claude-sonnet-4-5", *(t + 1 for t in tokens)),
    )
    assert found is not None
    assert more is not None
    assert found < more


def test_many_strange_names_do_not_make_it_forget_the_known_ones() -> None:
    pricer = Pricer()
    before = pricer.cost("gpt-5", 1000, 0, 0, 0, AT)
    for n in range(3000):
        assert pricer.cost(f"strange-{n}", 1000, 0, 0, 0, AT) is None
    assert pricer.cost("gpt-5", 1000, 0, 0, 0, AT) == before
    assert len(pricer._known) <= 1000
