"""What requests cost; an unknown price is None and never 0."""

import json
import logging
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentmonitor.model.clock import from_iso
from agentmonitor.model.usage import TokenUsage
from agentmonitor.pricing.catalogue import encode, load_shipped
from agentmonitor.pricing.engine import Pricer

PRICER = Pricer()
AT = from_iso("2026-11-23T21:00:00Z")
MILLION = 1_000_000


def cost(model: str, at: str | None = None, **used: Any) -> float | None:
    return PRICER.cost(model, TokenUsage(**used), AT if at is None else from_iso(at))


@pytest.mark.parametrize(
    ("model", "dollars"),
    [
        ("claude-opus-4-8", (5.0, 25.0, 0.5, 6.25, 10.0)),
        ("claude-opus-4-1", (15.0, 75.0, 1.5, 18.75, 30.0)),
        ("claude-haiku-4-5", (1.0, 5.0, 0.1, 1.25, 2.0)),
        ("claude-3-5-sonnet-20241022", (3.0, 15.0, 0.3, 3.75, 6.0)),
        ("gpt-5", (1.25, 10.0, 0.125, 1.25, 1.25)),
        ("gpt-5-nano", (0.05, 0.4, 0.005, 0.05, 0.05)),
        ("o3-mini", (1.1, 4.4, 0.55, 1.1, 1.1)),
    ],
)
def test_known_models_cost_what_their_makers_say(model: str, dollars: tuple[float, ...]) -> None:
    """A hundred thousand of each kind of token, below every tier; without a price of its own a
    cached token costs what a fresh one does."""
    kinds = ("tokens_in", "tokens_out", "cache_read", "cache_write")
    for kind, price in zip(kinds, dollars, strict=False):
        used: dict[str, Any] = {kind: 100_000}
        assert cost(model, **used) == pytest.approx(price / 10)
    hour = cost(model, cache_write=100_000, cache_write_1h=100_000)
    assert hour == pytest.approx(dollars[4] / 10)


def test_the_five_minutes_and_the_hour_are_priced_apart() -> None:
    found = cost("claude-opus-4-8", cache_write=1000, cache_write_1h=400)
    assert found == pytest.approx((600 * 6.25 + 400 * 10) / MILLION)


def test_more_tokens_for_an_hour_than_were_written_count_as_written() -> None:
    assert cost("claude-opus-4-8", cache_write=10, cache_write_1h=99) == pytest.approx(100e-6)


def test_web_searches_cost_ten_dollars_a_thousand_at_anthropic() -> None:
    assert cost("claude-opus-4-8", web_searches=3) == pytest.approx(0.03)
    assert cost("claude-opus-4-8", web_searches=3, batch=True) == pytest.approx(0.03)


@pytest.mark.parametrize(
    ("model", "times"),
    [("claude-opus-4-8", 2), ("claude-opus-4-7", 6), ("claude-opus-4-6", 6), ("gpt-5", 2)],
)
def test_the_fast_mode_is_dearer(model: str, times: int) -> None:
    used: dict[str, Any] = {"tokens_in": 1000, "tokens_out": 1000, "cache_read": 1000}
    plain = cost(model, **used)
    assert plain is not None
    assert cost(model, **used, fast=True) == pytest.approx(plain * times)
    assert cost(f"{model}-fast", **used) == pytest.approx(plain * times)


def test_the_first_fast_mode_was_half_price_until_the_middle_of_february() -> None:
    used: dict[str, Any] = {"tokens_in": MILLION // 10, "fast": True}
    assert cost("claude-opus-4-6", at="2026-02-16T23:00:00Z", **used) == pytest.approx(1.5)
    assert cost("claude-opus-4-6", at="2026-02-17T00:00:00Z", **used) == pytest.approx(3.0)


def test_a_model_without_a_fast_mode_costs_the_same() -> None:
    assert cost("claude-haiku-4-5", tokens_in=9, fast=True) == cost("claude-haiku-4-5", tokens_in=9)


@pytest.mark.parametrize("model", ["claude-opus-4-8", "gpt-5-nano", "gemini-2.5-pro"])
def test_a_batch_costs_half(model: str) -> None:
    used: dict[str, Any] = {"tokens_in": 1000, "tokens_out": 1000}
    plain = cost(model, **used)
    assert plain is not None
    assert cost(model, **used, batch=True) == pytest.approx(plain / 2)


@pytest.mark.parametrize("model", ["", "<synthetic>", "unknown", "my-own-model", "/", "claude"])
def test_an_unknown_model_has_no_price(model: str) -> None:
    assert cost(model, tokens_in=MILLION) is None
    assert cost(model) is None
    assert PRICER.cost_of(model, 1, 2, 3, 4, AT) is None


def test_what_is_known_not_to_be_sold_by_tokens_has_no_price() -> None:
    assert cost("whisper-1", tokens_in=MILLION) is None


def test_what_is_free_costs_nothing() -> None:
    assert cost("openrouter/qwen/qwen3-coder:free", tokens_in=MILLION, tokens_out=MILLION) == 0.0


def test_a_fee_by_request_is_added() -> None:
    """Perplexity's Sonar Pro costs 14 dollars a thousand requests beside its tokens."""
    assert cost("perplexity/sonar-pro") == pytest.approx(0.014)
    assert PRICER.cost_of("perplexity/sonar-pro", 0, 0, 0, 0, AT) == pytest.approx(0.014)


def test_a_large_prompt_is_dearer_as_a_whole() -> None:
    below = cost("claude-sonnet-4-5", tokens_in=200_000, tokens_out=1000)
    above = cost("claude-sonnet-4-5", tokens_in=200_001, tokens_out=1000)
    assert below == pytest.approx(200_000 * 3 / MILLION + 1000 * 15 / MILLION)
    assert above == pytest.approx(200_001 * 6 / MILLION + 1000 * 22.5 / MILLION)
    cached = cost("claude-sonnet-4-5", tokens_in=1, cache_read=199_000, cache_write=1000)
    assert cached == pytest.approx((6 + 199_000 * 0.6 + 1000 * 7.5) / MILLION)
    # The answer's size does not matter.
    long_answer = cost("claude-sonnet-4-5", tokens_in=10, tokens_out=300_000)
    assert long_answer == pytest.approx((30 + 300_000 * 15) / MILLION)


def test_a_tier_holds_for_a_mode_too() -> None:
    found = cost("claude-sonnet-4-5", tokens_in=300_000, batch=True)
    assert found == pytest.approx(300_000 * 3 / MILLION)


def test_a_price_holds_from_its_day_on() -> None:
    assert cost("o3", at="2025-06-09T23:59:59.999Z", tokens_in=100_000) == pytest.approx(1.0)
    assert cost("o3", at="2025-06-10T00:00:00Z", tokens_in=100_000) == pytest.approx(0.2)
    assert cost("o3", at="1970-01-01T00:00:00Z", tokens_in=100_000) == pytest.approx(1.0)
    assert cost("o3", at="9999-12-31T00:00:00Z", tokens_in=100_000) == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("at", "dollars"),
    [("00:29:59", 0.135), ("00:30:00", 0.27), ("16:29:59", 0.27), ("16:30:00", 0.135)],
)
def test_a_price_by_the_time_of_day_holds_within_its_hours(at: str, dollars: float) -> None:
    for day in ("2025-03-01", "2026-11-23", "2025-03-01"):
        found = cost("deepseek-chat", at=f"{day}T{at}Z", tokens_in=MILLION)
        assert found == pytest.approx(dollars)


@given(
    st.text(max_size=40),
    st.lists(st.integers(0, 2**53 - 1), min_size=6, max_size=6),
    st.integers(-(2**53), 2**53),
)
def test_any_request_has_a_price_or_none(model: str, used: list[int], at: int) -> None:
    fields = ("tokens_in", "tokens_out", "cache_read", "cache_write", "cache_write_1h",
              "web_searches")  # fmt: skip
    usage = msgspec.convert(dict(zip(fields, used, strict=True)), TokenUsage)
    for name in (model, "claude-sonnet-4-5", "deepseek-v4-flash"):
        found = PRICER.cost(name, usage, at)
        assert found is None or found >= 0


@given(st.lists(st.integers(0, 300_000), min_size=4, max_size=4), st.integers(0, 2 * AT))
def test_both_ways_to_ask_agree(used: list[int], at: int) -> None:
    fields = ("tokens_in", "tokens_out", "cache_read", "cache_write")
    usage = msgspec.convert(dict(zip(fields, used, strict=True)), TokenUsage)
    for name in ("claude-opus-4-6", "gpt-5", "deepseek-chat", "unknown"):
        a, b, c, d = used
        assert PRICER.cost(name, usage, at) == PRICER.cost_of(name, a, b, c, d, at)


@given(st.lists(st.integers(0, 40_000), min_size=4, max_size=4))
def test_more_tokens_never_cost_less(used: list[int]) -> None:
    a, b, c, d = used
    found = PRICER.cost_of("claude-sonnet-4-5", a, b, c, d, AT)
    more = PRICER.cost_of("claude-sonnet-4-5", a + 1, b + 1, c + 1, d + 1, AT)
    assert found is not None
    assert more is not None
    assert found < more


def test_many_strange_names_do_not_make_it_forget_the_known_ones() -> None:
    pricer = Pricer()
    before = pricer.cost_of("gpt-5", 1000, 0, 0, 0, AT)
    for n in range(3000):
        assert pricer.cost_of(f"strange-{n}", 1000, 0, 0, 0, AT) is None
    assert pricer.cost_of("gpt-5", 1000, 0, 0, 0, AT) == before
    assert len(pricer._plans) <= 1000


def write_own(file: Path, **models: object) -> Path:
    file.write_text(json.dumps({"models": models}))
    return file


def test_the_users_own_price_wins(tmp_path: Path) -> None:
    own = write_own(tmp_path / "pricing.json", **{"gpt-5": {"input": 100.0}, "mine": {"output": 1}})
    pricer = Pricer(overrides=own)
    assert pricer.cost_of("gpt-5", 10_000, 0, 0, 0, AT) == pytest.approx(1.0)
    assert pricer.cost_of("openai/gpt-5-2025-08-07", 10_000, 0, 0, 0, AT) == pytest.approx(1.0)
    assert pricer.cost_of("mine", 5, MILLION, 0, 0, AT) == pytest.approx(1.0)
    assert pricer.cost_of("gpt-5-mini", 10_000, 0, 0, 0, AT) == pytest.approx(0.0025)


def test_a_file_that_is_wrong_is_logged_once_and_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    own = write_own(tmp_path / "pricing.json", mine={"input": "cheap"})
    (tmp_path / "prices.json").write_text("{}")
    pricer = Pricer(own, tmp_path / "prices.json")
    with caplog.at_level(logging.WARNING):
        for name in ("gpt-5", "mine", "gpt-5-mini"):
            pricer.cost_of(name, 1, 1, 1, 1, AT)
    assert pricer.cost_of("gpt-5", MILLION // 10, 0, 0, 0, AT) == pytest.approx(0.125)
    assert len(caplog.records) == 2
    assert 'models."mine".input' in caplog.text
    assert "pricing refresh" in caplog.text


@pytest.mark.parametrize(("day", "used"), [("2999-01-01", True), ("2020-01-01", False)])
def test_a_refreshed_catalogue_counts_unless_the_shipped_one_is_newer(
    tmp_path: Path, day: str, used: bool
) -> None:
    shipped = load_shipped()
    other = msgspec.structs.replace(shipped, date=day, providers=shipped.providers[:1])
    (tmp_path / "prices.json").write_bytes(encode(other))
    pricer = Pricer(refreshed=tmp_path / "prices.json")
    assert pricer.cost_of("claude-opus-4-8", 1, 1, 1, 1, AT) is not None
    assert (pricer.cost_of("gpt-5", 1, 1, 1, 1, AT) is None) == used


def test_a_refreshed_catalogue_with_damaged_models_is_left_out(tmp_path: Path) -> None:
    data = encode(msgspec.structs.replace(load_shipped(), date="2999-01-01"))
    (tmp_path / "prices.json").write_bytes(data.replace(b'"input":5.0', b'"input":"5"'))
    pricer = Pricer(refreshed=tmp_path / "prices.json")
    assert pricer.cost_of("claude-opus-4-8", MILLION, 0, 0, 0, AT) == pytest.approx(5.0)


def test_nothing_is_read_before_the_first_request(tmp_path: Path) -> None:
    pricer = Pricer(tmp_path, tmp_path)  # folders, so that reading them would fail
    assert pricer._catalogue is None
    assert pricer._overrides is None


def test_a_reload_reads_what_has_changed(tmp_path: Path) -> None:
    own = write_own(tmp_path / "pricing.json", mine={"input": 1})
    pricer = Pricer(own)
    assert pricer.cost_of("mine", MILLION, 0, 0, 0, AT) == 1.0
    write_own(own, mine={"input": 2})
    assert pricer.cost_of("mine", MILLION, 0, 0, 0, AT) == 1.0
    pricer.reload()
    assert pricer.cost_of("mine", MILLION, 0, 0, 0, AT) == 2.0


def test_an_explanation_says_where_a_price_is_from(tmp_path: Path) -> None:
    own = write_own(tmp_path / "pricing.json", mine={"input": 1})
    pricer = Pricer(own)
    found = pricer.explain("anthropic/claude-opus-4-6[1m]")
    assert found is not None
    assert (found.provider, found.model) == ("anthropic", "claude-opus-4-6")
    assert found.source.startswith("genai-prices")
    assert [price.start for price in found.prices] == [None, "2026-03-13"]
    assert any("six times" in note for note in found.notes)
    mine = pricer.explain("mine")
    assert mine is not None
    assert (mine.provider, mine.source, mine.date) == ("you", str(own), None)
    assert pricer.explain("unknown") is None


@pytest.mark.parametrize(
    ("model", "tokens"),
    [
        ("claude-opus-4-5-20251101", 200_000),
        ("claude-sonnet-4-5[1m]", 1_000_000),
        ("anthropic/claude-opus-4-8", 1_000_000),
        ("gpt-5.1-codex-max", 400_000),
        ("a-model-nobody-knows", None),
        ("", None),
    ],
)
def test_a_context_window_is_what_the_name_asks_for_or_the_catalogue_says(
    model: str, tokens: int | None
) -> None:
    assert PRICER.context_window(model) == tokens


def test_a_window_that_the_maker_does_not_tell_is_what_others_list() -> None:
    found = PRICER.explain("gemini-2.5-pro")
    assert found is not None
    assert (found.provider, PRICER.context_window("gemini-2.5-pro")) == ("google", 1_048_576)


@given(st.text(max_size=80))
def test_a_context_window_of_any_name_is_none_or_positive(name: str) -> None:
    tokens = PRICER.context_window(name)
    assert tokens is None or tokens > 0


def test_the_names_of_models_that_are_kept_do_not_grow_without_end() -> None:
    pricer = Pricer()
    for number in range(1500):
        pricer.context_window(f"[{number}]")
    assert len(pricer._windows) <= 1000
