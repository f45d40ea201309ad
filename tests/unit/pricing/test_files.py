"""Where the price files lie, and the settings that say so."""

from pathlib import Path

import pytest

from agentmonitor.config import PRICES_URL, load_settings
from agentmonitor.pricing.files import make_pricer, overrides_file, refreshed_file

DB = {"AGENTMONITOR_DB_PATH": "/somewhere/a.db"}


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


def test_the_files_lie_in_the_users_folders(tmp_path: Path) -> None:
    own, fetched = overrides_file(load_settings(DB)), refreshed_file()
    assert own.name == "pricing.json"
    assert fetched.name == "prices.json"
    assert own.is_relative_to(tmp_path)
    assert fetched.is_relative_to(tmp_path)


def test_settings_move_the_file_and_the_address() -> None:
    moved = {"AGENTMONITOR_PRICES_PATH": "/etc/own.json", "AGENTMONITOR_PRICES_URL": "http://a/b"}
    settings = load_settings(DB | moved)
    assert overrides_file(settings) == Path("/etc/own.json")
    assert settings.prices_url == "http://a/b"
    assert load_settings(DB).prices_url == PRICES_URL


def test_the_pricer_knows_the_users_file(tmp_path: Path) -> None:
    own = tmp_path / "own.json"
    own.write_text('{"models": {"mine": {"input": 1}}}')
    pricer = make_pricer(load_settings(DB | {"AGENTMONITOR_PRICES_PATH": str(own)}))
    assert pricer.cost_of("mine", 1_000_000, 0, 0, 0, 0) == 1.0
