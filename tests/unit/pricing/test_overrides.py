"""The user's own prices: simple to write, and what is wrong is named by its field."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from agentmonitor.errors import ConfigError
from agentmonitor.model.usage import TokenUsage
from agentmonitor.pricing.engine import Pricer
from agentmonitor.pricing.overrides import EXAMPLE, load_overrides

AT = 1_790_000_000_000
FULL = {
    "input": 1.0,
    "output": 2.0,
    "cache_read": 0.1,
    "cache_write": 1.25,
    "cache_write_1h": 2.0,
    "web_search": 10.0,
    "tiers": [{"above": 1000, "input": 3.0, "output": 4.0}],
    "fast": 6,
    "batch": {"input": 0.5},
    "aliases": ["Mine-2", "vendor/mine"],
}


def write(folder: Path, models: Any) -> Path:
    file = folder / "pricing.json"
    file.write_text(json.dumps({"models": models}))
    return file


@pytest.mark.parametrize(
    ("used", "dollars"),
    [
        ({"tokens_in": 1000}, 1000 * 1.0),
        ({"tokens_in": 1001}, 1001 * 3.0),
        ({"tokens_in": 1, "tokens_out": 10, "cache_read": 1000}, 3 + 40 + 100),
        ({"cache_write": 10, "cache_write_1h": 4}, 6 * 1.25 + 4 * 2),
        ({"web_searches": 2}, 20_000),
        ({"tokens_in": 10, "tokens_out": 10, "fast": True}, 60 + 120),
        ({"tokens_in": 1001, "fast": True}, 1001 * 18),
        ({"tokens_in": 10, "tokens_out": 10, "batch": True}, 5 + 20),
        ({"tokens_in": 5000, "batch": True}, 5000 * 0.5),
    ],
)
def test_every_field_counts(tmp_path: Path, used: dict[str, Any], dollars: float) -> None:
    pricer = Pricer(write(tmp_path, {"mine": FULL}))
    assert pricer.cost("mine", TokenUsage(**used), AT) == pytest.approx(dollars / 1_000_000)


def test_a_tier_may_price_what_has_no_price_below_it(tmp_path: Path) -> None:
    entry = {"input": 1.0, "tiers": [{"above": 100, "cache_read": 5.0}]}
    pricer = Pricer(write(tmp_path, {"mine": entry}))
    assert pricer.cost_of("mine", 0, 0, 100, 0, AT) == pytest.approx(100e-6)
    assert pricer.cost_of("mine", 0, 0, 101, 0, AT) == pytest.approx(505e-6)


@pytest.mark.parametrize(
    "name",
    ["mine", "MINE", "mine[1m]", "gateway/mine", "mine-2026-01-01", "mine-2", "vendor/mine"],
)
def test_a_name_means_itself_dated_and_behind_prefixes(tmp_path: Path, name: str) -> None:
    assert load_overrides(write(tmp_path, {"mine": FULL})).find(name) is not None


@pytest.mark.parametrize("name", ["", "min", "mine-too", "vendor/other", "x" * 500])
def test_other_names_are_left_alone(tmp_path: Path, name: str) -> None:
    assert load_overrides(write(tmp_path, {"mine": FULL})).find(name) is None


def test_the_longest_name_that_fits_counts(tmp_path: Path) -> None:
    own = load_overrides(write(tmp_path, {"m": {"input": 1}, "v/m": {"input": 2}}))
    found = own.find("v/m")
    assert found is not None
    assert found[0].id == "v/m"


def test_fast_in_the_name_asks_for_the_fast_mode(tmp_path: Path) -> None:
    pricer = Pricer(write(tmp_path, {"mine": FULL, "slow": {"input": 1}}))
    assert pricer.cost_of("mine-fast", 10, 0, 0, 0, AT) == pytest.approx(60e-6)
    assert pricer.cost_of("slow-fast", 10, 0, 0, 0, AT) is None


def test_a_price_of_nothing_is_free(tmp_path: Path) -> None:
    assert Pricer(write(tmp_path, {"mine": {"input": 0}})).cost_of("mine", 9, 9, 9, 9, AT) == 0.0


def test_a_file_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    assert len(load_overrides(tmp_path / "pricing.json")) == 0


@pytest.mark.parametrize(
    ("entry", "field"),
    [
        ({"input": "1"}, 'models."mine".input'),
        ({"input": -1}, 'models."mine".input'),
        ({"input": 1e999}, 'models."mine".input'),
        ({"imput": 1, "input": 1}, "imput"),
        ({}, "neither an input nor an output"),
        ({"input": 1, "tiers": [{"input": 2}]}, "above"),
        ({"input": 1, "tiers": [{"above": 9, "input": -2}]}, 'models."mine".tiers.input'),
        ({"input": 1, "tiers": [{"above": 9}, {"above": 9}]}, 'models."mine".tiers'),
        ({"input": 1, "fast": "dear"}, 'models."mine".fast'),
        ({"input": 1, "fast": -2}, 'models."mine".fast'),
        ({"input": 1, "batch": {"output": -2}}, 'models."mine".batch.output'),
        ({"input": 1, "aliases": "a"}, 'models."mine".aliases'),
        ({"input": 1, "aliases": [""]}, "empty"),
        ({"input": 1, "aliases": ["MINE"]}, "twice"),
        ([], 'models."mine"'),
    ],
)
def test_what_is_wrong_is_named_with_what_to_do(tmp_path: Path, entry: Any, field: str) -> None:
    file = tmp_path / "pricing.json"
    file.write_text(json.dumps({"models": {"mine": entry}}).replace("Infinity", "1e999"))
    with pytest.raises(ConfigError) as fault:
        load_overrides(file)
    assert str(file) in str(fault.value)
    assert field in str(fault.value)
    assert EXAMPLE in str(fault.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"models": []}', '{"model": {}}'])
def test_what_is_no_price_file_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "pricing.json"
    file.write_text(text)
    with pytest.raises(ConfigError, match=r"pricing\.json"):
        load_overrides(file)


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_overrides(tmp_path)


def test_the_example_of_the_message_works(tmp_path: Path) -> None:
    file = tmp_path / "pricing.json"
    file.write_text(EXAMPLE)
    assert Pricer(file).cost_of("my-model", 1_000_000, 0, 0, 0, AT) == 1.0


def test_the_example_of_the_documentation_works(tmp_path: Path) -> None:
    page = Path(__file__).parents[3] / "docs" / "explanation" / "pricing.md"
    (example,) = re.findall(r"```json\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    file = tmp_path / "pricing.json"
    file.write_text(example)
    pricer = Pricer(file)
    assert pricer.cost_of("my-other-name", 200_000, 0, 0, 0, AT) == pytest.approx(0.2)
    assert pricer.cost_of("my-model", 200_001, 0, 0, 0, AT) == pytest.approx(0.400002)
