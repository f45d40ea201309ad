"""The environment: where the server listens, and settings that are not valid."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from .client import Api, event, eventually, unique
from .conftest import Launch
from .server import Server
from .sse import Stream

INVALID = {
    "AGENTMONITOR_MAX_PAYLOAD_KB": "abc",
    "AGENTMONITOR_SESSION_TIMEOUT": "-1",
    "AGENTMONITOR_MAX_FEED": "1.5.2",
    "AGENTMONITOR_STATS_INTERVAL": "10",
    "AGENTMONITOR_MAX_SSE_CLIENTS": "many",
    "AGENTMONITOR_SSE_HEARTBEAT_MS": "5",
    "AGENTMONITOR_AUTO_IMPORT_MINUTES": "often",
    "AGENTMONITOR_SESSION_TOKEN_LIMIT_CLAUDE_CODE": "lots",
    "AGENTMONITOR_SESSION_COST_LIMIT_CODEX": "x",
}


def test_invalid_values_are_reported_once_and_fall_back(launch: Launch) -> None:
    with launch(INVALID) as own:
        assert own.server is not None
        lines = own.server.output().splitlines()
        reported = {name: sum(name in line for line in lines) for name in INVALID}
        assert reported == dict.fromkeys(INVALID, 1)

        agent = unique("ct-agent")
        own.ingest(event(agent, metadata={"blob": "x" * 9000}))
        own.ingest(event("claude_code"), event("codex"))
        assert own.rows(agent_type=agent)[0]["payload_truncated"] == 0
        limits = {row["agent_type"]: row for row in own.read("/api/stats/usage-monitor")}
        assert limits["claude_code"]["session"]["limit"] == 44000
        assert limits["codex"]["session"]["limit"] == 500
        with ExitStack() as streams:
            for _ in range(3):
                streams.enter_context(Stream(own.url)).connected()


def test_valid_values_are_not_reported(launch: Launch) -> None:
    valid = {
        "AGENTMONITOR_MAX_PAYLOAD_KB": "20",
        "AGENTMONITOR_SESSION_TIMEOUT": "7",
        "AGENTMONITOR_STATS_INTERVAL": "250",
        "AGENTMONITOR_MAX_SSE_CLIENTS": "3",
        "AGENTMONITOR_SSE_HEARTBEAT_MS": "1000",
    }
    with launch(valid) as own:
        assert own.server is not None
        printed = own.server.output()
        assert [name for name in valid if name in printed] == []
        agent = unique("ct-agent")
        own.ingest(event(agent, metadata={"blob": "x" * 15_000}))
        assert own.rows(agent_type=agent)[0]["payload_truncated"] == 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_the_port_may_come_from_the_environment(new_folder: Callable[[], Path]) -> None:
    port = free_port()
    server = Server(new_folder(), {"AGENTMONITOR_PORT": str(port)}, arguments=())
    try:
        assert server.address() == f"http://127.0.0.1:{port}/"
        api = Api(server.address())
        assert api.read("/api/health")["status"] == "ok"
        api.close()
        server.stop()
    finally:
        server.kill()


def test_the_flags_go_before_the_environment(new_folder: Callable[[], Path]) -> None:
    folder, port = new_folder(), free_port()
    settings = {"AGENTMONITOR_PORT": "1", "AGENTMONITOR_DB_PATH": str(folder / "not.db")}
    flags = ("--host", "127.0.0.1", "--port", str(port), "--db", str(folder / "flag.db"))
    server = Server(folder, settings, flags)
    try:
        assert server.address() == f"http://127.0.0.1:{port}/"
        server.stop()
    finally:
        server.kill()
    assert (folder / "flag.db").stat().st_size > 0
    assert not (folder / "not.db").exists()


def test_a_project_s_branch_is_looked_up_under_the_projects_folder(
    launch: Launch, new_folder: Callable[[], Path], agent: str
) -> None:
    projects = new_folder()
    git = projects / "ct-demo" / ".git"
    for folder in ("objects", "refs/heads"):
        (git / folder).mkdir(parents=True)
    (git / "HEAD").write_text("ref: refs/heads/feature/ct\n")
    with launch({"AGENTMONITOR_PROJECTS_DIR": str(projects)}) as own:
        session = unique("ct-s")

        def branch() -> object:
            own.ingest(event(agent, session_id=session, project="ct-demo"))
            return own.session(session)["branch"]

        assert eventually(branch) == "feature/ct"
        given = event(agent, project="ct-demo", branch="ct-given")
        assert own.stored(given)["branch"] == "ct-given"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_a_host_that_is_not_loopback_is_refused(new_folder: Callable[[], Path], host: str) -> None:
    server = Server(new_folder(), {"AGENTMONITOR_HOST": host})
    assert server.wait() != 0
    assert host in server.output()
    assert "Traceback" not in server.output()
