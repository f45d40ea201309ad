"""Checks of the program, its settings and the service."""

from importlib import resources, util
from pathlib import Path

import pytest

from agentmonitor import __version__
from agentmonitor.config import Settings, load_settings
from agentmonitor.doctor import installation
from agentmonitor.doctor.installation import (
    check_dashboard,
    check_grpc,
    check_service,
    check_settings,
    check_versions,
)
from agentmonitor.paths import Folders
from tests.unit.service.fakes import Fake

DB = Path("/x.db")


def test_invalid_settings_are_told_with_where_to_look(tmp_path: Path) -> None:
    assert check_settings(load_settings({}, db_path=DB)).state == "ok"
    file = tmp_path / "config.toml"
    file.write_text("prot = 1\nport = 70000\n")
    found = check_settings(load_settings({"AGENTMONITOR_CONFIG": str(file)}, db_path=DB))
    assert found.state == "warn"
    assert "prot" in found.seen
    assert "and 1 more" in found.seen
    assert str(file) in found.seen
    assert "agentmonitor config" in (found.advice or "")


def test_versions_are_named_and_a_sqlite_without_search_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = check_versions()
    assert __version__ in found.seen
    monkeypatch.setattr(installation, "has_fts5", lambda: False)
    assert check_versions().state == "warn"


def test_a_package_without_the_dashboard_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resources, "files", lambda package: tmp_path)
    assert check_dashboard().state == "fail"
    (tmp_path / "ui").mkdir()
    (tmp_path / "ui" / "index.html").write_text("<!doctype html>")
    assert check_dashboard().state == "ok"


def test_grpc_that_is_asked_for_must_be_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings({"AGENTMONITOR_OTLP_GRPC_PORT": "4317"}, db_path=DB)
    assert check_grpc(load_settings({}, db_path=DB)) is None
    monkeypatch.setattr(util, "find_spec", lambda name: None)
    found = check_grpc(settings)
    assert found is not None
    assert found.state == "fail"
    assert "agentmonitor[grpc]" in (found.advice or "")


def test_a_service_that_is_installed_must_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = Fake(tmp_path / "bin", "systemctl")
    monkeypatch.setenv("PATH", fake.path)
    monkeypatch.setattr("sys.platform", "linux")
    settings = Settings(db_path=DB, folders=Folders(tmp_path))
    assert check_service(settings) is None
    unit = tmp_path / ".config" / "systemd" / "user" / "agentmonitor.service"
    unit.parent.mkdir(parents=True)
    unit.touch()
    for said, state in (
        ("echo ActiveState=active", "ok"),
        ("echo ActiveState=failed", "warn"),
        ("echo no bus >&2; exit 1", "warn"),
    ):
        fake.answer(show=said)
        found = check_service(settings)
        assert found is not None
        assert found.state == state
    monkeypatch.setenv("PATH", str(tmp_path))
    assert check_service(settings) is None
