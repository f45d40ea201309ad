"""The shipped price list: what the script makes, complete, in order, and small."""

import re
from itertools import pairwise

import msgspec
import pytest
from genai_prices.data import providers
from genai_prices.types import _providers_from_raw

from agentmonitor.pricing.catalogue import (
    AMOUNTS,
    FORMAT,
    Model,
    Price,
    Rule,
    decode,
    encode,
    load_shipped,
    times,
)
from scripts.build_prices import TARGET, build, published

CATALOGUE = load_shipped()
MODELS = [(provider.id, model) for provider in CATALOGUE.providers for model in provider.decoded()]
DAY = re.compile(r"20\d\d-\d\d-\d\d")


def rules(rule: Rule) -> list[Rule]:
    return [rule] + [inner for group in rule.both for each in group for inner in rules(each)]


def test_the_shipped_catalogue_is_what_the_script_makes() -> None:
    assert TARGET.read_bytes() == build(), "run `make prices`"


def test_the_script_writes_the_data_in_the_shape_that_is_published() -> None:
    """The package's own reader of that shape gets the package's own models back."""
    again = _providers_from_raw(msgspec.json.decode(msgspec.json.encode(published(providers))))
    assert [p.id for p in again] == [p.id for p in providers]
    assert [p.models for p in again] == [p.models for p in providers]


def test_it_says_where_it_is_from() -> None:
    assert re.fullmatch(r"genai-prices \d+\.\d+\.\d+", CATALOGUE.source)
    assert DAY.fullmatch(CATALOGUE.date)
    assert CATALOGUE.unit.startswith("US dollars")


def test_it_is_complete_and_small() -> None:
    assert TARGET.stat().st_size < 400_000
    assert len(MODELS) > 1500
    wanted = {"anthropic", "openai", "google", "x-ai", "deepseek", "moonshotai", "zai", "mistral",
              "aws", "azure", "openrouter", "groq"}  # fmt: skip
    assert wanted <= {provider for provider, _ in MODELS}


def test_it_is_written_as_it_is_read_a_line_a_model() -> None:
    data = encode(CATALOGUE)
    assert data == TARGET.read_bytes()
    assert data.count(b'\n{"id"') == len(MODELS)


@pytest.mark.parametrize("provider", [p.id for p in CATALOGUE.providers])
def test_each_entry_is_sound(provider: str) -> None:
    models = [model for name, model in MODELS if name == provider]
    assert models
    for model in models:
        assert set(model.notes) <= set(CATALOGUE.notes), model.id
        for rule in rules(model.match) if model.match is not None else []:
            assert rule != Rule(), model.id
            for pattern in rule.regex:
                re.compile(pattern)
        for price in [*model.prices, *model.fast, *model.batch]:
            check(model, price)
        days = [price.start for price in model.prices if price.hours is None]
        assert [d or "" for d in days] == sorted(d or "" for d in days), model.id


def check(model: Model, price: Price) -> None:
    assert price.start is None or DAY.fullmatch(price.start), model.id
    for name in AMOUNTS:
        amount = getattr(price, name)
        if isinstance(amount, list):
            assert len(amount) % 2 == 1, model.id
            assert all(a < b for a, b in pairwise(amount[1::2])), model.id
        for value in amount[::2] if isinstance(amount, list) else [amount or 0.0]:
            assert 0 <= value < 2000, model.id


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"format": 2}', b"\xff", b"{" * 100])
def test_what_is_no_catalogue_is_refused(data: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode(data)


def test_a_catalogue_of_another_format_is_refused() -> None:
    other = msgspec.structs.replace(CATALOGUE, format=FORMAT + 1)
    with pytest.raises(msgspec.DecodeError, match="format"):
        decode(encode(other))


@pytest.mark.parametrize(
    ("rule", "hits", "misses"),
    [
        (Rule(equals=("gpt-5", "gpt-6")), ["gpt-5", "gpt-6"], ["gpt-5-mini", "a-gpt-5"]),
        (Rule(starts=("gpt-5",)), ["gpt-5", "gpt-5-mini"], ["a-gpt-5"]),
        (Rule(ends=("-mini",)), ["gpt-5-mini"], ["mini-gpt"]),
        (Rule(contains=("sonnet",)), ["claude-sonnet-4"], ["claude-opus-4"]),
        (Rule(regex=(r"^o\d$",)), ["o3"], ["o3-mini"]),
        (Rule(equals=("a",), ends=("b",)), ["a", "ab"], ["ba"]),
        (Rule(both=((Rule(starts=("a",)), Rule(ends=("b",))),)), ["ab", "axb"], ["a", "b"]),
        (Rule(), [], ["", "a"]),
    ],
)
def test_rules(rule: Rule, hits: list[str], misses: list[str]) -> None:
    assert all(rule.matches(name) for name in hits)
    assert not any(rule.matches(name) for name in misses)


def test_a_model_without_a_rule_goes_by_its_id_alone() -> None:
    assert Model(id="Kimi").matches("kimi")
    assert not Model(id="Kimi").matches("kimi-2")


def test_a_factor_leaves_the_sizes_of_tiers_alone() -> None:
    assert times([3.0, 200_000, 6.0], 2) == [6.0, 200_000, 12.0]
    assert times(0.1, 3) == 0.3
    assert times(None, 2) is None
