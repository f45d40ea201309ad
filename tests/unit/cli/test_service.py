"""``agentmonitor service`` from outside, with a systemctl that starts and stops the server."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.contract.client import eventually
from tests.contract.server import environment
from tests.unit.service.fakes import Fake

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="is about systemd")


class Machine:
    """A home with a systemd."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pid = folder / "pid"
        self.ctl = Fake(folder / "bin", "systemctl")
        self.unit = folder / "config" / "systemd" / "user" / "agentmonitor.service"
        running = f"[ -e '{self.pid}' ] && kill -0 $(cat '{self.pid}') 2> /dev/null"
        self.ctl.answer(
            restart=f"'{sys.executable}' -m agentmonitor serve --port 0 > '{folder}/log' 2>&1 &\n"
            f"echo $! > '{self.pid}'",
            disable=f"kill $(cat '{self.pid}')",
            show=f"if {running}; then echo ActiveState=active; echo MainPID=$(cat '{self.pid}');"
            " else echo ActiveState=inactive; fi",
        )

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        settings = {"PATH": self.ctl.path, "AGENTMONITOR_MAX_FEED": "77"}
        return subprocess.run(
            [sys.executable, "-m", "agentmonitor", "service", *words],
            env=environment(self.folder, settings),
            capture_output=True, text=True, check=False, timeout=90,
        )  # fmt: skip


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    machine = Machine(tmp_path)
    yield machine
    if machine.pid.exists():
        subprocess.run(["kill", machine.pid.read_text().strip()], check=False, capture_output=True)


def test_it_is_installed_runs_and_is_taken_away(machine: Machine) -> None:
    before = machine.run("status", "--json")
    assert before.returncode == 4
    assert json.loads(before.stdout)["installed"] is False
    done = machine.run("install")
    assert done.returncode == 0, done.stderr
    assert "with AGENTMONITOR_MAX_FEED=77" in done.stdout
    assert '"AGENTMONITOR_MAX_FEED=77"' in machine.unit.read_text()
    status = machine.run("status", "--json")
    told = json.loads(status.stdout)
    assert (status.returncode, told["running"], told["installed"]) == (0, True, True)
    assert told["address"] in done.stdout
    assert httpx.get(f"{told['address']}api/health").json()["status"] == "ok"
    gone = machine.run("uninstall")
    assert (gone.returncode, gone.stderr) == (0, "")
    assert not machine.unit.exists()
    assert (machine.folder / "contract.db").exists()
    assert eventually(lambda: machine.run("status").returncode == 4)


def test_a_dry_run_changes_nothing(machine: Machine) -> None:
    done = machine.run("install", "--dry-run")
    assert done.returncode == 0
    assert str(machine.unit) in done.stdout
    assert "ExecStart=" in done.stdout
    assert "systemctl --user enable agentmonitor.service" in done.stdout
    assert not machine.unit.parent.exists()
    assert machine.ctl.calls() == []
    assert machine.run("uninstall", "--dry-run").returncode == 0


def test_a_service_that_does_not_come_up_is_told(machine: Machine) -> None:
    machine.ctl.answer(show="echo ActiveState=failed; echo SubState=failed; echo Result=exit-code")
    done = machine.run("install")
    assert done.returncode == 1
    assert "failed (failed), exit-code" in done.stderr
    assert "journalctl --user" in done.stderr


def test_beside_a_server_by_hand_nothing_is_installed(machine: Machine) -> None:
    machine.run("install")
    machine.unit.unlink()
    machine.ctl.answer(show="echo ActiveState=inactive")
    done = machine.run("install")
    assert done.returncode == 1
    assert "Stop it first" in done.stderr
    assert not machine.unit.exists()
