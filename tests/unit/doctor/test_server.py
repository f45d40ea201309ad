"""Checks of the server and its port."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentmonitor import __version__
from agentmonitor.config import Settings, load_settings
from agentmonitor.doctor.facts import ServerFacts
from agentmonitor.doctor.server import check_port, check_server
from agentmonitor.model.database import Holder

HOLDER = Holder(pid=77, since="2026-11-24T00:00:00.000Z")


def facts(version: str | None) -> ServerFacts:
    return ServerFacts(
        address="http://127.0.0.1:1/", version=version, uptime_s=3700, events=1, sessions_live=0,
        database_bytes=1, memory_bytes=None,
    )  # fmt: skip


def settings(port: int, host: str = "127.0.0.1") -> Settings:
    return load_settings({}, port=port, host=host, db_path=Path("/x.db"))


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that another program listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)
        yield listener.getsockname()[1]


def test_a_server_of_this_version_is_well() -> None:
    found = check_server(facts(__version__), HOLDER)
    assert found.state == "ok"
    assert "1 h 1 min" in found.seen


def test_a_server_of_another_version_wants_a_restart() -> None:
    found = check_server(facts("0.0.1"), HOLDER)
    assert found.state == "warn"
    assert "0.0.1" in found.seen
    assert "Restart" in (found.advice or "")


def test_no_server_a_silent_one_and_a_command_at_work_are_told_apart() -> None:
    none, silent = check_server(None, None), check_server("timed out", HOLDER)
    working = check_server(None, HOLDER)
    assert [none.state, silent.state, working.state] == ["warn", "fail", "warn"]
    assert "agentmonitor serve" in (none.advice or "")
    assert "process 77" in silent.seen
    assert "timed out" in silent.seen
    assert "wait" in (working.advice or "")


def test_a_port_that_another_program_has_is_told(taken: int) -> None:
    found = check_port(settings(taken), running=False)
    assert found.state == "fail"
    assert f"{taken} on 127.0.0.1" in found.seen
    assert "--port" in (found.advice or "")
    assert check_port(settings(taken), running=True).state == "ok"


def test_a_free_port_is_well_and_stays_free(taken: int) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
    for _ in range(2):
        assert check_port(settings(free), running=False).state == "ok"
    assert check_port(settings(0), running=False).state == "ok"


def test_an_address_that_is_not_of_this_machine_is_told() -> None:
    found = check_port(settings(4000, "203.0.113.1"), running=False)
    assert found.state == "fail"
    assert "127.0.0.1" in (found.advice or "")
