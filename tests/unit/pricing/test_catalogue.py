"""The shipped price list: complete, in order, and with rules that mean what they say."""

import re
from itertools import pairwise

import pytest

from agentmonitor.pricing.catalogue import Model, Rule, load_catalogue

CATALOGUE = load_catalogue()

NOT_BY_ITS_ID = {
    # Vertex' names of Anthropic's models: Anthropic's own entries come first, at the same price.
    "claude-3-5-haiku", "claude-3-7-sonnet", "claude-3-opus", "claude-4-opus", "claude-4-sonnet",
    # Their rules know only the dated or "-latest" names that the API takes.
    "codestral", "magistral-small", "mistral-medium-3-1", "pixtral-large",
    # Fine-tuned models always have a suffix after a colon.
    "ft:gpt-4o", "ft:gpt-4o-mini",
}  # fmt: skip


def rules(rule: Rule) -> list[Rule]:
    nested = (rule.any_of or []) + (rule.all_of or [])
    return [rule] + [inner for each in nested for inner in rules(each)]


def test_the_catalogue_says_where_it_is_from() -> None:
    assert CATALOGUE.source.startswith("genai-prices")
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", CATALOGUE.date)
    assert CATALOGUE.unit == "US dollars a million tokens"
    assert len(CATALOGUE.models) > 100
    assert {"anthropic", "openai", "google"} <= {m.provider for m in CATALOGUE.models}


@pytest.mark.parametrize("model", CATALOGUE.models, ids=lambda m: f"{m.provider}:{m.id}")
def test_each_entry_is_sound(model: Model) -> None:
    for rule in rules(model.match):
        fields = (rule.equals, rule.starts_with, rule.ends_with, rule.contains, rule.regex,
                  rule.any_of, rule.all_of)  # fmt: skip
        assert sum(bool(value) for value in fields) == 1
        if rule.regex is not None:
            re.compile(rule.regex)
    starts = [price.start for price in model.prices]
    assert starts
    assert starts == [None, *sorted(s for s in starts if s is not None)]
    assert all(re.fullmatch(r"20\d\d-\d\d-\d\d", s) for s in starts if s is not None)
    for price in model.prices:
        amounts = (price.input, price.output, price.cache_read, price.cache_write)
        assert all(a is None or 0 <= a < 1000 for a in amounts)
        assert all(a.above < b.above for a, b in pairwise(price.tiers))


def test_each_entry_is_the_first_to_know_its_own_id() -> None:
    strays = set()
    for model in CATALOGUE.models:
        name = model.id.lower().rsplit("/", 1)[-1]
        first = next((m for m in CATALOGUE.models if m.match.matches(name)), None)
        if first is None or first.id != model.id:
            strays.add(model.id)
    assert strays == NOT_BY_ITS_ID


@pytest.mark.parametrize(
    ("rule", "hits", "misses"),
    [
        (Rule(equals="Gpt-5"), ["gpt-5"], ["gpt-5-mini", "a-gpt-5"]),
        (Rule(starts_with="Gpt-5"), ["gpt-5", "gpt-5-mini"], ["a-gpt-5"]),
        (Rule(ends_with="-Mini"), ["gpt-5-mini"], ["mini-gpt"]),
        (Rule(contains="Sonnet"), ["claude-sonnet-4"], ["claude-opus-4"]),
        (Rule(regex=r"^o\d$"), ["o3"], ["o3-mini"]),
        (Rule(any_of=[Rule(equals="a"), Rule(equals="b")]), ["a", "b"], ["ab"]),
        (Rule(all_of=[Rule(starts_with="a"), Rule(ends_with="b")]), ["ab", "axb"], ["a", "b"]),
        (Rule(), [], ["", "a"]),
    ],
)
def test_rules(rule: Rule, hits: list[str], misses: list[str]) -> None:
    assert all(rule.matches(name) for name in hits)
    assert not any(rule.matches(name) for name in misses)
