"""The command ``agentmonitor pricing``, as a user runs it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.pricing.web import DATA, serving

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AGENTMONITOR_", "XDG_"))}
    home = {
        "HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "XDG_DATA_HOME": str(tmp_path / "data"),
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }

    def call(*words: str, **settings: str) -> "subprocess.CompletedProcess[str]":
        named = {f"AGENTMONITOR_{name}": value for name, value in settings.items()}
        return subprocess.run(
            [sys.executable, "-m", "agentmonitor", "pricing", *words],
            env=kept | home | named,
            capture_output=True,
            text=True,
            check=False,
        )

    return call


def test_show_explains_a_model(run: Run) -> None:
    done = run("show", "bedrock/us.anthropic.claude-opus-4-1-20250805-v1:0")
    assert done.returncode == 0, done.stderr
    assert "regional.anthropic.claude-opus-4-1-20250805-v1:0 of aws" in done.stdout
    assert "genai-prices" in done.stdout
    assert "twice the input price" in done.stdout


def test_show_prices_at_a_date_with_tiers_modes_and_history(run: Run) -> None:
    done = run("show", "claude-opus-4-6[1m]", "--at", "2026-03-01", "--json")
    shown = json.loads(done.stdout)
    low, high = shown["rates"]["standard"]
    assert (low["above"], low["input"], low["cache write 1h"]) == (0, 5.0, 10.0)
    assert (high["above"], high["input"], high["output"]) == (200_000, 10.0, 37.5)
    assert shown["rates"]["fast"][0]["input"] == 30.0
    assert [price.get("from") for price in shown["prices"]] == [None, "2026-03-13"]
    later = json.loads(run("show", "claude-opus-4-6", "--at", "2026-04-01", "--json").stdout)
    assert len(later["rates"]["standard"]) == 1


def test_show_says_the_history_in_words(run: Run) -> None:
    assert "since 2025-06-10: input 2" in run("show", "o3").stdout
    assert "from 00:30:00 to 16:30:00 UTC" in run("show", "deepseek-chat").stdout
    assert "input 5 (10 above 200,000)" in run("show", "claude-opus-4-6").stdout


def test_an_unknown_model_is_answered_with_the_nearest_names_and_what_to_write(
    run: Run, tmp_path: Path
) -> None:
    done = run("show", "clade-opus-4-8")
    assert done.returncode == 1
    assert "claude-opus-4-8" in done.stderr
    assert '{"models": {"clade-opus-4-8": {"input"' in done.stderr
    assert str(tmp_path) in done.stderr
    assert "pricing.json" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_what_is_not_sold_by_tokens_is_said_to_be(run: Run) -> None:
    done = run("show", "whisper-1")
    assert done.returncode == 1
    assert "by tokens" in done.stderr


def test_a_wrong_date_is_refused(run: Run) -> None:
    done = run("show", "o3", "--at", "yesterday")
    assert done.returncode == 1
    assert "2026-03-01" in done.stderr


def test_list_shows_a_provider(run: Run) -> None:
    done = run("list", "--provider", "anthropic")
    assert done.returncode == 0, done.stderr
    assert "anthropic/claude-opus-4-8" in done.stdout
    assert "openai/" not in done.stdout


def test_list_as_json_holds_every_provider(run: Run) -> None:
    rows = json.loads(run("list", "--json").stdout)["models"]
    assert len(rows) > 1500
    assert {"anthropic", "openai", "openrouter"} <= {row["provider"] for row in rows}


def test_list_of_an_unknown_provider_names_the_known_ones(run: Run) -> None:
    done = run("list", "--provider", "nobody")
    assert done.returncode == 1
    assert "anthropic" in done.stderr


def test_the_users_own_price_is_shown_as_such(run: Run, tmp_path: Path) -> None:
    own = tmp_path / "own.json"
    own.write_text('{"models": {"o3": {"input": 7}}}')
    done = run("show", "o3", PRICES_PATH=str(own))
    assert "o3 is o3 of you" in done.stdout
    assert str(own) in done.stdout
    assert "you/o3" in run("list", PRICES_PATH=str(own)).stdout


@pytest.mark.parametrize("words", [["list"], ["show", "o3"], ["refresh"]])
def test_a_wrong_file_of_the_users_is_named_with_its_field(
    run: Run, tmp_path: Path, words: list[str]
) -> None:
    own = tmp_path / "own.json"
    own.write_text('{"models": {"mine": {"input": "cheap"}}}')
    done = run(*words, PRICES_PATH=str(own), PRICES_URL="http://127.0.0.1:1/")
    assert done.returncode == 1
    assert 'models."mine".input' in done.stderr


def test_refresh_writes_what_show_then_uses(run: Run) -> None:
    data = json.loads(DATA)
    (anthropic,) = [p for p in data if p["id"] == "anthropic"]
    (opus,) = [m for m in anthropic["models"] if m["id"] == "claude-opus-4-8"]
    opus["prices"]["input_mtok"] = 55.5
    with serving(json.dumps(data).encode()) as url:
        done = run("refresh", PRICES_URL=url)
    assert done.returncode == 0, done.stderr
    assert "prices.json" in done.stdout
    shown = run("show", "claude-opus-4-8").stdout
    assert "55.5" in shown
    assert "refreshed" in shown


def test_a_refresh_that_fails_says_so_and_keeps_the_prices(run: Run) -> None:
    before = run("show", "claude-opus-4-8").stdout
    with serving(b"<html>") as url:
        done = run("refresh", PRICES_URL=url)
    assert done.returncode == 1
    assert "not price data" in done.stderr
    assert run("show", "claude-opus-4-8", "--at", "2026-11-01").returncode == 0
    assert before.split("At ")[0] == run("show", "claude-opus-4-8").stdout.split("At ")[0]
