"""What a service runs, and the variables that it takes over."""

import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from agentmonitor.agents.registry import load_registry
from agentmonitor.config import Settings, load_settings, own_variables
from agentmonitor.errors import ConfigError
from agentmonitor.paths import Folders
from agentmonitor.service.definition import Definition, make_definition


def made(variables: Mapping[str, str]) -> Definition:
    folders = Folders(Path("/home/u"), variables)
    settings = Settings(db_path=Path("/x.db"), folders=folders)
    return make_definition(settings, load_registry().agents)


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in own_variables():
        monkeypatch.delenv(name)


def test_it_runs_this_interpreter_and_this_program() -> None:
    words = made({}).command
    assert words[1:] == ["-m", "agentmonitor", "serve"]
    assert Path(words[0]).is_absolute()
    assert Path(words[0]).samefile(sys.executable)


def test_folders_that_move_an_agents_files_are_taken_over_and_others_are_not() -> None:
    moved = {"CODEX_HOME": "/c", "CLAUDE_CONFIG_DIR": "/d", "JAVA_HOME": "/j", "TEX_DIR": "/t"}
    assert made(moved).variables == {"CODEX_HOME": "/c", "CLAUDE_CONFIG_DIR": "/d"}
    assert "XDG_DATA_HOME" in made({"XDG_DATA_HOME": "/data"}).variables


def test_settings_of_the_shell_are_taken_over_with_absolute_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AGENTMONITOR_PORT", "4000")
    monkeypatch.setenv("AGENTMONITOR_DB_PATH", "sub/a.db")
    monkeypatch.setenv("AGENTMONITOR_CONFIG", "c.toml")
    monkeypatch.setenv("AGENTMONITOR_HOST", "  ")
    assert made({}).variables == {
        "AGENTMONITOR_PORT": "4000",
        "AGENTMONITOR_DB_PATH": str(tmp_path / "sub" / "a.db"),
        "AGENTMONITOR_CONFIG": str(tmp_path / "c.toml"),
    }


def test_what_no_service_can_take_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTMONITOR_ALLOWED_HOSTS", "a\nExecStart=/bin/evil")
    with pytest.raises(ConfigError, match="control character"):
        made({})


def test_what_it_takes_over_means_the_same_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENTMONITOR_DB_PATH", "~/a.db")
    monkeypatch.setenv("HOME", str(tmp_path))
    variables = made({}).variables
    assert load_settings(variables).db_path == load_settings().db_path == tmp_path / "a.db"
