"""Checks of each agent's connection."""

import os
from pathlib import Path

import msgspec
import pytest

from agentmonitor.agents.registry import load_registry
from agentmonitor.agents.setup import Channel
from agentmonitor.config import Settings, load_settings
from agentmonitor.connect.act import connect
from agentmonitor.connect.journal import Journal
from agentmonitor.connect.plan import make_plans
from agentmonitor.connect.programs import Programs, connect_folder
from agentmonitor.connect.request import make_wanted
from agentmonitor.connect.status import Connection, State
from agentmonitor.doctor.agents import check_agents, judge
from agentmonitor.importer.waiting import OnDisk
from agentmonitor.model.channels import Way, WayUse
from agentmonitor.model.clock import DAY_MS, HOUR_MS, MINUTE_MS, now_ms
from agentmonitor.model.usage import Channel as Reporting
from agentmonitor.storage.sqlite.engine import SqliteEngine
from tests.unit.builders import event
from tests.unit.storage.store import Store

Uses = dict[Way, WayUse]


def connection(settings: str = "", fault: str | None = None, **states: State) -> Connection:
    channels = msgspec.convert(states, dict[Channel, State])
    return Connection(
        agent_type="some_agent", label="Some", files=[settings] if settings else [], fault=fault,
        channels=channels, notes=["Telemetry goes to another place."],
    )  # fmt: skip


def disk(newest_at: int, new_files: int = 0) -> OnDisk:
    return OnDisk(
        folders=[], files=2, bytes=9, new_files=new_files, new_bytes=0, newest_at=newest_at,
        complete=True,
    )  # fmt: skip


def ago(ms: int) -> int:
    return now_ms() - ms


def test_what_is_connected_and_reports_is_well() -> None:
    uses: Uses = {
        "hook": WayUse(5, ago(3 * MINUTE_MS)),
        "files": WayUse(9, ago(2 * HOUR_MS)),
    }
    set_ = connection(hooks="here", guard="no")
    found = judge("Some", set_, uses, disk(ago(MINUTE_MS)), imports=True)
    assert found.state == "ok"
    assert "hook 3 min ago, files 2 h ago" in found.seen
    assert "2 session files" in found.seen


@pytest.mark.parametrize("state", ["no", "partly"])
def test_what_is_not_connected_is_told_how(state: State) -> None:
    found = judge("Some", connection(hooks=state), {}, None, imports=True)
    assert found.state == "warn"
    assert "none yet" in found.seen
    assert "agentmonitor connect" in (found.advice or "")


def test_what_points_elsewhere_is_told_with_the_reason() -> None:
    found = judge("Some", connection(hooks="elsewhere"), {}, None, imports=True)
    assert (found.state, found.advice) == ("warn", "Telemetry goes to another place.")


def test_settings_that_cannot_be_read_fail() -> None:
    found = judge("Some", connection(fault="x.json is no JSON."), {}, None, imports=True)
    assert found.state == "fail"
    assert "x.json is no JSON." in found.seen


def test_hooks_that_are_set_and_silent_are_found_by_the_files(tmp_path: Path) -> None:
    settings = tmp_path / "settings.json"
    settings.touch()
    os.utime(settings, (1_700_000_000, 1_700_000_000))
    set_ = connection(str(settings), hooks="here")
    hook: Uses = {"hook": WayUse(1, ago(5 * HOUR_MS))}
    silent = judge("Some", set_, hook, disk(ago(0)), imports=True)
    assert silent.state == "warn"
    assert "do not report" in silent.seen
    assert "Restart" in (silent.advice or "")
    cases: list[tuple[Uses, int]] = [
        ({"hook": WayUse(1, ago(MINUTE_MS))}, ago(0)),  # both are of now
        (hook, ago(6 * HOUR_MS)),  # nothing happened since
        ({}, ago(3 * DAY_MS)),  # long ago
    ]
    for uses, active_at in cases:
        found = judge("Some", set_, uses, disk(active_at), imports=True)
        assert found.state == "ok"
    settings.write_text("{}")  # connected a moment ago: a running agent does not know yet
    assert judge("Some", set_, {}, disk(ago(0)), imports=True).state == "ok"


def test_files_that_nobody_imports_are_told() -> None:
    found = judge("Some", None, {}, disk(ago(0), new_files=2), imports=False)
    assert found.state == "warn"
    assert "agentmonitor import" in (found.advice or "")
    assert judge("Some", None, {}, disk(ago(0), new_files=2), imports=True).state == "ok"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("PATH", str(tmp_path))  # the agents of this machine are not the test's
    environ = {"HOME": str(tmp_path)}
    return load_settings(environ, db_path=tmp_path / "a.db")


def test_only_agents_that_are_there_or_were_heard_of_are_told(home: Settings) -> None:
    agents = load_registry().agents
    (nobody,) = check_agents(home, agents, None)
    assert nobody.state == "ok"
    folder = home.folders.home / ".claude"
    folder.mkdir()
    (folder / "settings.json").write_text("{}")
    (claude,) = check_agents(home, agents, None)
    assert (claude.name, claude.state) == ("Claude Code", "warn")
    engine = SqliteEngine(home.db_path)
    engine.open()
    told = event(agent_type="codex", channel=Reporting.LOG, occurred_at=ago(HOUR_MS))
    told.created_at = now_ms()
    Store(engine).write(told)
    engine.close()
    found = {each.name: each for each in check_agents(home, agents, None)}
    assert set(found) == {"Claude Code", "Codex CLI"}
    assert "otlp 1 h ago" in found["Codex CLI"].seen
    assert (folder / "settings.json").read_text() == "{}"


def test_an_agent_of_another_server_and_programs_that_are_gone_are_told(home: Settings) -> None:
    (home.folders.home / ".codex").mkdir()
    agents = load_registry().agents
    there = "http://127.0.0.1:9999"
    (plan,) = make_plans(agents, make_wanted(home, url=there), Journal(connect_folder()))
    programs = Programs(connect_folder())
    programs.install()
    connect(plan, there, None, Journal(connect_folder()))
    (codex,) = check_agents(home, agents, None)
    assert codex.state == "warn"
    assert f"connected with {there}" in codex.seen
    assert "agentmonitor connect" in (codex.advice or "")
    (codex,) = check_agents(home, agents, there)
    assert codex.state == "ok"
    programs.uninstall()
    _, gone = check_agents(home, agents, there)
    assert (gone.name, gone.state) == ("programs", "fail")
    assert "agentmonitor connect" in (gone.advice or "")
