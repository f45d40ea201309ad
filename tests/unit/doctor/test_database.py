"""Checks of the database, its disk and the clock."""

import shutil
import sqlite3
from pathlib import Path
from types import SimpleNamespace

import pytest

from agentmonitor.config import Settings, load_settings
from agentmonitor.doctor.database import check_clock, check_database, check_disk
from agentmonitor.errors import DatabaseUnusable
from agentmonitor.model.clock import DAY_MS, from_iso, now_ms
from agentmonitor.storage.sqlite.check import check
from agentmonitor.storage.sqlite.engine import SqliteEngine
from tests.unit.builders import event
from tests.unit.storage.store import Store


def settings(path: Path) -> Settings:
    return load_settings({}, db_path=path)


def written(path: Path, at: int | None = None) -> Path:
    engine = SqliteEngine(path)
    engine.open()
    Store(engine).write(event(occurred_at=at or now_ms(), created_at=now_ms()))
    engine.close()
    return path


def test_a_sound_database_is_described(tmp_path: Path) -> None:
    found, info = check_database(settings(written(tmp_path / "a.db")))
    assert found.state == "ok"
    assert "1 events" in found.seen
    assert info is not None
    assert check_clock(info).state == "ok"


def test_a_database_that_is_not_there_yet_is_no_fault(tmp_path: Path) -> None:
    found, info = check_database(settings(tmp_path / "deep" / "down" / "a.db"))
    assert (found.state, info) == ("ok", None)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"no database at all" * 100])
def test_what_is_no_database_of_ours_fails(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    path.write_bytes(content)
    found, info = check_database(settings(path))
    assert (found.state, info) == ("fail", None)
    assert "db restore" in (found.advice or "")
    assert path.read_bytes() == content


def test_a_database_of_a_newer_version_wants_an_update_and_no_start(tmp_path: Path) -> None:
    path = written(tmp_path / "a.db")
    connection = sqlite3.connect(path)
    connection.execute("INSERT INTO migrations VALUES (9999, 'later.sql', '')")
    connection.commit()
    connection.close()
    found, _ = check_database(settings(path))
    assert found.state == "fail"
    assert "pip install --upgrade" in (found.advice or "")
    with pytest.raises(DatabaseUnusable, match="newer"):
        check(path)


def test_a_database_of_an_older_version_wants_a_start(tmp_path: Path) -> None:
    path = written(tmp_path / "a.db")
    connection = sqlite3.connect(path)
    connection.execute("DELETE FROM migrations WHERE number = (SELECT max(number) FROM migrations)")
    connection.commit()
    connection.close()
    found, _ = check_database(settings(path))
    assert found.state == "warn"
    assert "Start the server" in (found.advice or "")


@pytest.mark.parametrize(("free", "state"), [(5e7, "fail"), (5e8, "warn"), (5e9, "ok")])
def test_a_full_disk_is_told_in_time(
    free: float, state: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=free))
    found = check_disk(settings(tmp_path / "not" / "there" / "a.db"))
    assert found.state == state
    assert str(tmp_path) in found.seen
    assert (found.advice is None) == (state == "ok")


def test_a_clock_that_cannot_be_right_is_told(tmp_path: Path) -> None:
    now = now_ms()
    _, info = check_database(settings(written(tmp_path / "a.db", at=now)))
    assert check_clock(info, now).state == "ok"
    assert check_clock(None, now).state == "ok"
    behind = check_clock(info, now - 2 * DAY_MS)
    assert behind.state == "warn"
    assert "more than a day ahead" in behind.seen
    assert check_clock(info, from_iso("1970-01-01T00:00:00Z")).state == "fail"
