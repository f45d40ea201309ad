"""The property list, and what launchctl is asked. launchctl is a stand-in."""

import plistlib
from pathlib import Path

import pytest

from agentmonitor.errors import AgentMonitorError, ConfigError
from agentmonitor.service import manage
from agentmonitor.service.definition import Definition
from agentmonitor.service.launchd import LABEL, Launchd
from tests.unit.service.fakes import Fake

ODD = "a b & <c> \"q\" 'r' \\ ü %n $HOME"
DEFINITION = Definition([f"/{ODD}/python", "-m", "agentmonitor", "serve"], {"A": ODD})
LOADED = "printf 'gui/501/x = {\\n\\tstate = running\\n\\tpid = 77\\n}\\n'"
GONE = "echo 'Could not find service' >&2; exit 113"
TARGET = f"gui/501/{LABEL}"


@pytest.fixture
def ctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    fake = Fake(tmp_path / "bin", "launchctl")
    fake.answer(print=GONE)
    monkeypatch.setenv("PATH", fake.path)
    monkeypatch.setattr(manage, "PAUSE_S", 0)
    return fake


@pytest.fixture
def launchd(tmp_path: Path) -> Launchd:
    return Launchd(tmp_path, 501)


def test_the_property_list_says_what_is_run(launchd: Launchd, tmp_path: Path) -> None:
    told = plistlib.loads(launchd.text(DEFINITION).encode())
    assert told["Label"] == LABEL
    assert told["ProgramArguments"] == DEFINITION.command
    assert told["EnvironmentVariables"] == {"A": ODD}
    assert told["RunAtLoad"] is True
    assert told["KeepAlive"] == {"SuccessfulExit": False}
    assert told["StandardErrorPath"] == str(tmp_path / "Library" / "Logs" / "agentmonitor.log")


def test_it_is_installed_brought_up_to_date_and_taken_away(ctl: Fake, launchd: Launchd) -> None:
    assert manage.install(launchd, DEFINITION, start=True) is False
    assert launchd.is_ours(launchd.file.read_bytes())
    begun = [f"enable {TARGET}", f"bootstrap gui/501 {launchd.file}"]
    assert [each for each in ctl.calls() if "print" not in each] == begun
    ctl.answer(print=LOADED)
    assert manage.install(launchd, DEFINITION, start=True) is True
    assert [each for each in ctl.calls() if "print" not in each] == [f"bootout {TARGET}", *begun]
    assert manage.uninstall(launchd)
    assert [each for each in ctl.calls() if "print" not in each] == [f"bootout {TARGET}"]
    assert list(launchd.file.parent.iterdir()) == []
    assert not manage.uninstall(launchd)


def test_letting_go_takes_a_moment(ctl: Fake, launchd: Launchd) -> None:
    """An agent that is being let go cannot be loaded yet."""
    once = ctl.folder / "once"
    busy = f"if [ ! -e '{once}' ]; then : > '{once}'; echo 'Bootstrap failed: 5' >&2; exit 5; fi"
    ctl.answer(print=LOADED, bootstrap=busy)
    manage.install(launchd, DEFINITION, start=True)
    assert [each.split()[0] for each in ctl.calls()].count("bootstrap") == 2
    ctl.answer(print=LOADED, bootstrap="echo 'Bootstrap failed: 5: Input/output error' >&2; exit 5")
    with pytest.raises(AgentMonitorError, match="Input/output error"):
        manage.install(launchd, DEFINITION, start=True)


@pytest.mark.parametrize("content", [b"", b"nonsense", b"<plist/>", plistlib.dumps({"Label": "x"})])
def test_a_file_of_somebody_else_is_left_alone(content: bytes, ctl: Fake, launchd: Launchd) -> None:
    launchd.file.parent.mkdir(parents=True)
    launchd.file.write_bytes(content)
    with pytest.raises(ConfigError, match="left as"):
        manage.install(launchd, DEFINITION, start=True)
    with pytest.raises(ConfigError, match="left as"):
        manage.uninstall(launchd)
    assert launchd.file.read_bytes() == content
    assert [each for each in ctl.calls() if "print" not in each] == []


def test_the_state_is_that_of_launchd(ctl: Fake, launchd: Launchd) -> None:
    status = launchd.status()
    assert (status.running, status.enabled, status.state) == (False, False, "not loaded")
    launchd.file.parent.mkdir(parents=True)
    launchd.file.write_text(launchd.text(DEFINITION))
    ctl.answer(print=LOADED)
    status = launchd.status()
    assert (status.running, status.enabled, status.pid) == (True, True, 77)
    assert status.state == "running"
