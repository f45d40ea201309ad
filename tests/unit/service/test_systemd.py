"""The unit, which systemd itself checks, and what systemctl, a stand-in, is asked."""

import configparser
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from agentmonitor.config import load_settings
from agentmonitor.errors import AgentMonitorError, ConfigError
from agentmonitor.service import manage
from agentmonitor.service.definition import Definition
from agentmonitor.service.systemd import Systemd, quoted
from tests.unit.service.fakes import Fake

ODD = "a b %n $HOME \"q\" 'r' \\ ü;#"
PLAIN = Definition([sys.executable, "-m", "agentmonitor", "serve"], {"A": "1"})
RUNNING = "ActiveState=active\\nSubState=running\\nUnitFileState=enabled\\nMainPID=42\\n"
FAILED = (
    "ActiveState=failed\\nSubState=failed\\nUnitFileState=enabled\\nMainPID=0\\nResult=exit-code\\n"
)
NAME = "agentmonitor.service"


@pytest.fixture
def ctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    fake = Fake(tmp_path / "bin", "systemctl")
    fake.answer(show=f"printf '{RUNNING}'")
    monkeypatch.setenv("PATH", fake.path)
    return fake


@pytest.fixture
def systemd(tmp_path: Path) -> Systemd:
    return Systemd(tmp_path / "config")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd")
@pytest.mark.parametrize("folder", ["plain", "with space", "per%cent %n", "dol$lar $HOME"])
def test_systemd_accepts_the_unit(folder: str, tmp_path: Path, systemd: Systemd) -> None:
    place = tmp_path / folder
    place.mkdir()
    (place / "python").symlink_to(sys.executable)
    definition = Definition([str(place / "python"), "-m", ODD, "serve"], {"AGENTMONITOR_X": ODD})
    unit = tmp_path / NAME
    unit.write_text(systemd.text(definition))
    runtime = tmp_path / "run"
    runtime.mkdir()
    done = subprocess.run(
        ["systemd-analyze", "verify", "--user", str(unit)],
        env={**os.environ, "XDG_RUNTIME_DIR": str(runtime), "HOME": str(tmp_path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_unit_restarts_what_failed_and_starts_at_log_in(systemd: Systemd) -> None:
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # names keep their case
    parser.read_string(systemd.text(PLAIN))
    assert parser["Service"]["Restart"] == "on-failure"
    assert parser["Service"]["Environment"] == '"A=1"'
    assert parser["Service"]["ExecStart"].endswith('"-m" "agentmonitor" "serve"')
    assert parser["Install"]["WantedBy"] == "default.target"


def test_nothing_in_a_word_is_read_as_something_else(systemd: Systemd) -> None:
    assert quoted('a "b" %h \\') == '"a \\"b\\" %%h \\\\"'
    text = systemd.text(Definition(["/bin/x", "$HOME"], {"A": "$HOME"}))
    assert 'ExecStart="/bin/x" "$$HOME"' in text
    assert 'Environment="A=$HOME"' in text


@pytest.mark.parametrize("program", ['/a"b/python', "/a'b/python", "/a\\b/python"])
def test_a_program_that_systemd_cannot_run_is_refused(program: str, systemd: Systemd) -> None:
    with pytest.raises(ConfigError, match="another folder"):
        systemd.text(Definition([program], {}))


def test_it_is_installed_brought_up_to_date_and_taken_away(ctl: Fake, systemd: Systemd) -> None:
    assert manage.install(systemd, PLAIN, start=True) is False
    assert systemd.file.read_text() == systemd.text(PLAIN)
    assert ctl.calls()[1:] == [
        "--user daemon-reload", f"--user enable {NAME}", f"--user restart {NAME}",
    ]  # fmt: skip
    other = Definition(PLAIN.command, {"A": "2"})
    assert manage.install(systemd, other, start=False) is True
    assert '"A=2"' in systemd.file.read_text()
    assert ctl.calls()[1:] == ["--user daemon-reload", f"--user enable {NAME}"]
    neighbour = systemd.file.with_name("other.service")
    neighbour.write_text("[Unit]\n")
    assert manage.uninstall(systemd)
    assert ctl.calls() == [f"--user disable --now {NAME}", "--user daemon-reload"]
    assert list(systemd.file.parent.iterdir()) == [neighbour]
    assert not manage.uninstall(systemd)
    assert ctl.calls() == []


def test_a_unit_of_somebody_else_is_left_alone(ctl: Fake, systemd: Systemd) -> None:
    systemd.file.parent.mkdir(parents=True)
    systemd.file.write_text("[Service]\nExecStart=/bin/true\n")
    with pytest.raises(ConfigError, match="left as"):
        manage.install(systemd, PLAIN, start=True)
    with pytest.raises(ConfigError, match="left as"):
        manage.uninstall(systemd)
    assert systemd.file.read_text() == "[Service]\nExecStart=/bin/true\n"
    assert ctl.calls() == []


def test_without_a_bus_nothing_is_written_and_it_says_what_to_do(
    ctl: Fake, systemd: Systemd
) -> None:
    ctl.answer(show="echo 'Failed to connect to bus: No medium found' >&2; exit 1")
    with pytest.raises(AgentMonitorError, match=r"No medium found\. There is no systemd"):
        manage.install(systemd, PLAIN, start=True)
    assert not systemd.file.exists()


def test_what_systemctl_says_is_told(ctl: Fake, systemd: Systemd) -> None:
    ctl.answer(show=f"printf '{RUNNING}'", enable="echo 'Access denied' >&2; exit 4")
    with pytest.raises(AgentMonitorError, match=r"enable agentmonitor.service' failed: Access den"):
        manage.install(systemd, PLAIN, start=True)
    ctl.answer(disable="exit 5")
    with pytest.raises(AgentMonitorError, match="exit code 5"):
        manage.uninstall(systemd)
    assert systemd.file.exists()


def test_the_state_is_that_of_systemd(ctl: Fake, systemd: Systemd) -> None:
    status = systemd.status()
    assert (status.installed, status.enabled, status.running, status.pid) == (False, True, True, 42)
    assert status.state == "active (running)"
    ctl.answer(show=f"printf '{FAILED}'")
    status = systemd.status()
    assert (status.running, status.pid) == (False, None)
    assert status.state == "failed (failed), exit-code"


def test_the_manager_is_the_one_that_is_there(
    ctl: Fake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "c")}
    found = manage.find_manager(load_settings(environ, db_path=tmp_path / "x"), "linux")
    assert found.file == tmp_path / "c" / "systemd" / "user" / NAME
    plain = load_settings({"HOME": str(tmp_path)}, db_path=tmp_path / "x")
    assert manage.find_manager(plain, "linux").file.is_relative_to(tmp_path / ".config")
    Fake(ctl.folder, "launchctl")
    mac = manage.find_manager(plain, "darwin")
    assert mac.file.is_relative_to(tmp_path / "Library" / "LaunchAgents")
    monkeypatch.setenv("PATH", str(tmp_path))
    for platform in ("linux", "darwin", "win32"):
        with pytest.raises(ConfigError, match="-m agentmonitor serve"):
            manage.find_manager(plain, platform)
