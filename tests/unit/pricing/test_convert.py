"""genai-prices' data becomes a catalogue; what is not understood is left out and named."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentmonitor.pricing.catalogue import Catalogue, Model, Price, Rule
from agentmonitor.pricing.convert import PROVIDERS, convert, rule

PRICED = {"input_mtok": 1, "output_mtok": 2}


def data(*models: dict[str, Any], provider: str = "anthropic", **more: Any) -> bytes:
    return json.dumps([{"id": provider, "name": "A", "models": models, **more}]).encode()


def entry(prices: Any = None, **more: Any) -> dict[str, Any]:
    return {
        "id": "m",
        "match": {"equals": "m"},
        "prices": PRICED if prices is None else prices,
        **more,
    }


def made(
    *models: dict[str, Any], day: str = "2026-11-10", **more: Any
) -> tuple[Catalogue, list[str]]:
    return convert(data(*models, **more), "test", day)


def model(raw: dict[str, Any], **more: Any) -> Model:
    catalogue, strange = made(raw, **more)
    assert strange == []
    (found,) = catalogue.providers[0].decoded()
    return found


def test_prices_and_their_source_are_kept() -> None:
    catalogue, _ = made(entry(), day="2026-01-02")
    assert (catalogue.source, catalogue.date) == ("test", "2026-01-02")
    raw = entry({"input_mtok": "0.5", "cache_write_1h_mtok": 3, "web_searches_kcount": 10})
    assert model(raw).prices == [Price(input=0.5, cache_write_1h=3.0, web_search=10.0)]


def test_tiers_are_put_in_order() -> None:
    tiers = [{"start": 500, "price": 3}, {"start": 100, "price": 2}]
    (price,) = model(entry({"input_mtok": {"base": 1, "tiers": tiers}})).prices
    assert price.input == [1.0, 100, 2.0, 500, 3.0]


@pytest.mark.parametrize(
    ("constraint", "start", "hours"),
    [
        ({"start_date": "2026-03-13"}, "2026-03-13", None),
        ({"start_time": "00:30:00", "end_time": "16:30:00Z"}, None, ("00:30:00", "16:30:00")),
        ({"start_time": "08:30:00+08:00", "end_time": "00:30:00+08:00"}, None,
         ("00:30:00", "16:30:00")),
    ],
)  # fmt: skip
def test_dates_and_times_of_day_become_utc(
    constraint: dict[str, str], start: str | None, hours: tuple[str, str] | None
) -> None:
    later = {"constraint": constraint, "prices": {"input_mtok": 9}}
    assert model(entry([{"prices": PRICED}, later])).prices[1] == Price(
        start=start, hours=hours, input=9.0
    )


def test_a_mode_holds_as_long_as_the_price_beside_which_it_was_verified() -> None:
    variant = {"when": {"processing": "batch"}, "prices": {"input_mtok": 0.5}}
    dated = variant | {"constraint": {"start_date": "2026-10-14"}}
    later = {"constraint": {"start_date": "2026-03-13"}, "prices": PRICED}
    assert model(entry(price_variants=[dated])).batch == [Price(input=0.5)]
    found = model(entry([{"prices": PRICED}, later], price_variants=[dated]))
    assert found.batch == [Price(start="2026-03-13", input=0.5)]
    assert "mode-since" in found.notes
    assert model(entry(price_variants=[variant])).notes == []


def test_an_announced_mode_does_not_hold_yet() -> None:
    variant = {"when": {"processing": "batch"}, "prices": {"input_mtok": 0.5},
               "constraint": {"start_date": "2027-01-01"}}  # fmt: skip
    assert model(entry(price_variants=[variant])).batch == [Price(start="2027-01-01", input=0.5)]


def test_the_fast_mode_goes_by_several_names_and_others_are_left_out() -> None:
    flex = {"when": {"service_tier": "flex"}, "prices": {"input_mtok": 0.5}}
    priority = {"when": {"service_tier": "priority"}, "prices": {"input_mtok": 3}}
    default = {"when": {"service_tier": "default"}, "prices": {}}
    found = model(entry(price_variants=[default, flex, priority]))
    assert found.fast == [Price(input=3.0)]
    assert found.batch == []


def test_claude_gets_the_price_of_an_hour_where_it_is_missing() -> None:
    prices = {"input_mtok": {"base": 3, "tiers": [{"start": 200_000, "price": 6}]},
              "cache_write_mtok": 3.75}  # fmt: skip
    raw = entry(prices) | {"id": "anthropic.claude-x"}
    found = model(raw, provider="aws")
    assert found.prices[0].cache_write_1h == [6.0, 200_000, 12.0]
    assert found.notes == ["cache-1h"]
    assert model(entry(prices), provider="aws").prices[0].cache_write_1h is None


def test_what_has_no_price_by_tokens_stays_known_and_what_says_free_is_free() -> None:
    assert model(entry({"audio_hours": 3})).prices == []
    assert model(entry({})).prices == []
    free = entry({}) | {"id": "m:free", "match": {"equals": "m:free"}}
    assert model(free).prices == [Price(input=0.0, output=0.0)]


@pytest.mark.parametrize(
    "bad",
    [
        entry({"input_mtok": -1}),
        entry({"input_mtok": "dear"}),
        entry({"input_mtok": 1e9}),
        entry({"input_mtok": "nan"}),
        entry({"input_mtok": {"base": 1}}),
        entry([{"constraint": {"moon": "full"}, "prices": PRICED}]),
        entry([{"constraint": {"start_date": "soon"}, "prices": PRICED}]),
        entry() | {"match": {"sounds_like": "m"}},
        entry() | {"match": {"regex": "("}},
        entry() | {"match": {}},
        entry() | {"match": {"equals": 1}},
        entry() | {"match": None},
        {"id": "m"},
    ],
)
def test_what_is_not_understood_is_left_out_and_named(bad: dict[str, Any]) -> None:
    catalogue, strange = made(bad, entry() | {"id": "good", "match": {"equals": "good"}})
    assert [m.id for m in catalogue.providers[0].decoded()] == ["good"]
    (what,) = strange
    assert what.startswith("anthropic:m:")


def test_a_provider_that_is_not_understood_is_left_out_and_named() -> None:
    catalogue, strange = made(entry(), model_match={"sounds_like": "a"})
    assert catalogue.providers == []
    assert strange[0].startswith("anthropic:")


@pytest.mark.parametrize("bad", [b"", b"{}", b"[1]", b'[{"id": "anthropic"}]', b"<html>", b"\xff"])
def test_what_is_not_the_published_data_is_refused(bad: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        convert(bad, "test", "2026-11-10")


def test_providers_come_in_our_order_and_others_are_left_out() -> None:
    names = [*reversed(PROVIDERS), "somebody"]
    raw = [{"id": name, "name": name, "models": [entry()]} for name in names]
    catalogue, _ = convert(json.dumps(raw).encode(), "test", "2026-11-10")
    assert [p.id for p in catalogue.providers] == list(PROVIDERS)


def test_a_sole_maker_owns_the_names_that_do_not_tell_it() -> None:
    catalogue, _ = made(entry(), provider="openai", model_match={"starts_with": "gpt-"})
    match = catalogue.providers[0].match
    assert match is not None
    assert match.matches("m")
    catalogue, _ = made(entry(), provider="mistral", model_match={"starts_with": "mistral-"})
    match = catalogue.providers[0].match
    assert match is not None
    assert not match.matches("m")


leaves = st.one_of(
    *(
        st.builds(lambda text, kind=kind: {kind: text}, st.text("abA", min_size=1, max_size=3))
        for kind in ("equals", "starts_with", "ends_with", "contains")
    )
)
clauses = st.recursive(
    leaves,
    lambda inner: st.builds(
        lambda kind, parts: {kind: parts},
        st.sampled_from(["or", "and"]),
        st.lists(inner, min_size=1, max_size=3),
    ),
    max_leaves=8,
)


def means(clause: dict[str, Any], name: str) -> bool:
    """What a clause of genai-prices says, word by word."""
    ((kind, value),) = clause.items()
    if kind == "or":
        return any(means(each, name) for each in value)
    if kind == "and":
        return all(means(each, name) for each in value)
    text = str(value).lower()
    answers: dict[str, bool] = {
        "equals": name == text,
        "starts_with": name.startswith(text),
        "ends_with": name.endswith(text),
        "contains": text in name,
    }
    return answers[kind]


@given(clauses, st.text("ab", max_size=6))
def test_a_rule_means_what_its_clauses_say(clause: dict[str, Any], name: str) -> None:
    assert rule(clause).matches(name) == means(clause, name)


def test_regular_expressions_are_kept_as_they_are() -> None:
    assert rule({"regex": r"^O\D$"}) == Rule(regex=(r"^O\D$",))


def test_the_context_window_is_kept() -> None:
    assert model(entry(context_window=200_000)).context == 200_000
    assert model(entry()).context is None


@pytest.mark.parametrize("tokens", [0, -1, "200k", 10**12, 1.5])
def test_a_context_window_that_cannot_be_one_is_strange(tokens: Any) -> None:
    _, strange = made(entry(context_window=tokens))
    assert strange == [f"anthropic:m: a context window of {tokens!r}"]
