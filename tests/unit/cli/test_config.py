"""``agentmonitor config``: what it shows, and the file that it writes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.contract.server import environment


def run(folder: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "agentmonitor", "config", *arguments],
        env=environment(folder, {f"AGENTMONITOR_{k}": v for k, v in settings.items()}),
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text('port = 4000\n[agents.some_agent]\ncapture = "off"\n')
    return path


def test_it_shows_each_value_and_where_it_came_from(tmp_path: Path, file: Path) -> None:
    done = run(tmp_path, "--json", CONFIG=str(file), MAX_FEED="9")
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    found = {each["name"]: each for each in told["settings"]}
    assert (told["file"], told["exists"], told["problems"]) == (str(file), True, [])
    assert found["port"] == {
        "name": "port", "value": 4000, "origin": "file", "where": str(file),
    }  # fmt: skip
    assert found["max_feed"]["where"] == "AGENTMONITOR_MAX_FEED"
    assert found["capture_some_agent"]["value"] == "off"
    assert found["host"]["origin"] == "default"
    assert found["weekly_token_limit_claude_code"]["value"] == 293000
    plain = run(tmp_path, CONFIG=str(file), MAX_FEED="9").stdout
    assert "\x1b" not in plain
    rows = {line.split()[0]: line.split()[1:] for line in plain.splitlines()[1:]}
    assert rows["port"] == ["4000", "file"]
    assert rows["max_feed"] == ["9", "environment:", "AGENTMONITOR_MAX_FEED"]


def test_a_window_that_is_set_for_all_agents_says_so(tmp_path: Path) -> None:
    done = run(tmp_path, "--json", SESSION_WINDOW_HOURS="3")
    found = {each["name"]: each for each in json.loads(done.stdout)["settings"]}
    row = found["session_window_hours_claude_code"]
    assert (row["value"], row["where"]) == (3, "AGENTMONITOR_SESSION_WINDOW_HOURS")


def test_an_invalid_value_is_told_with_exit_code_1(tmp_path: Path) -> None:
    done = run(tmp_path, PORT="x")
    assert done.returncode == 1
    assert "AGENTMONITOR_PORT='x'" in done.stderr
    assert "using 3141" in done.stderr


def test_a_file_that_is_no_toml_is_one_line_of_error(tmp_path: Path, file: Path) -> None:
    file.write_text("port = ")
    done = run(tmp_path, CONFIG=str(file))
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1
    assert str(file) in done.stderr


def test_a_first_file_is_written_once(tmp_path: Path) -> None:
    path = tmp_path / "new" / "config.toml"
    assert run(tmp_path, "path", CONFIG=str(path)).stdout == f"{path}\n"
    assert run(tmp_path, "init", CONFIG=str(path)).returncode == 0
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_text("port = 1\n")
    again = run(tmp_path, "init", CONFIG=str(path))
    assert again.returncode == 1
    assert "left as it is" in again.stderr
    assert path.read_text() == "port = 1\n"
