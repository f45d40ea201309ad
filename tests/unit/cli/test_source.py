"""Where reports come from, and what is said when they come from nowhere."""

import sqlite3
from pathlib import Path

import pytest

from agentmonitor.cli.source import Refused, Unreachable, find_server, open_reports, target
from agentmonitor.errors import ConfigError, DatabaseUnusable
from agentmonitor.storage.sqlite.engine import SqliteEngine


@pytest.fixture
def database(tmp_path: Path) -> Path:
    file = tmp_path / "here.db"
    engine = SqliteEngine(file)
    engine.open()
    engine.close()
    return file


def test_what_is_not_given_is_not_asked() -> None:
    query = {"a": None, "b": False, "c": True, "d": "", "e": 0, "f": "x y&z"}
    assert target("/p", query) == "/p?c=1&e=0&f=x+y%26z"
    assert target("/p", {}) == "/p"


def test_the_database_is_read_when_no_server_runs(database: Path) -> None:
    with open_reports(db=database) as reports:
        assert reports.address is None
        assert reports.get("/api/v2/sessions")["sessions"] == []


def test_reading_leaves_the_database_to_others(database: Path) -> None:
    with open_reports(db=database) as reports:
        engine = SqliteEngine(database)
        engine.open()
        assert reports.get("/api/v2/tools")["calls"] == 0
        engine.close()


def test_no_database_is_said_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="agentmonitor serve"):
        open_reports(db=tmp_path / "none.db")
    assert list(tmp_path.iterdir()) == []


def test_an_older_database_is_not_read(database: Path) -> None:
    with sqlite3.connect(database) as connection:
        connection.execute("DELETE FROM migrations WHERE number > 3")
    connection.close()
    with pytest.raises(ConfigError, match="Start 'agentmonitor serve' once"):
        open_reports(db=database)


def test_a_newer_database_is_not_read(database: Path) -> None:
    with sqlite3.connect(database) as connection:
        connection.execute("INSERT INTO migrations VALUES (9999, 'x', 'y')")
    connection.close()
    with pytest.raises(DatabaseUnusable, match="pip install --upgrade"):
        open_reports(db=database)


def test_another_programs_database_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "other.db"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE migrations (number INTEGER)")
    connection.close()
    with pytest.raises(DatabaseUnusable, match="no database of AgentMonitor"):
        open_reports(db=file)


def test_a_fault_is_named_by_its_option(database: Path) -> None:
    with open_reports(db=database) as reports:
        with pytest.raises(Refused, match=r"^--since must be an ISO 8601 date") as caught:
            reports.get("/api/v2/usage", {"from": "never"})
        assert caught.value.status == 400
        with pytest.raises(Refused, match="no session") as caught:
            reports.get("/api/v2/sessions/none")
        assert caught.value.status == 404


@pytest.mark.parametrize("url", ["ftp://127.0.0.1", "http://", "http://127.0.0.1:http"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="Write it as http://127"):
        open_reports(url)


def test_a_server_that_is_not_there() -> None:
    with (
        open_reports("http://127.0.0.1:9") as reports,
        pytest.raises(Unreachable, match="agentmonitor serve"),
    ):
        reports.get("/api/health")


def test_an_address_and_a_database_exclude_each_other(database: Path) -> None:
    with pytest.raises(ConfigError, match="not both"):
        open_reports("http://127.0.0.1:9", database)


def test_what_only_a_server_can_do_says_so(database: Path) -> None:
    with pytest.raises(ConfigError, match="No server runs for"):
        find_server(db=database)
    assert find_server("http://127.0.0.1:9") == "http://127.0.0.1:9/"


def test_a_lock_of_a_server_that_is_gone_is_no_obstacle(database: Path) -> None:
    """A process of that number lives, but it is not the server: process 1 is never one."""
    lock = database.with_name("here.db.lock")
    lock.write_text('{"pid": 1, "since": "", "address": "http://127.0.0.1:9/"}')
    with open_reports(db=database) as reports:
        assert reports.address is None
