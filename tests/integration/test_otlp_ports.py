"""The ports for OTLP: when they cannot be had, and when the server stops."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from pathlib import Path

import grpc
import httpx
import pytest

from tests.contract.client import eventually
from tests.contract.server import Server
from tests.contract.test_settings import free_port
from tests.integration.otlp_calls import TRIED_AGAIN, channel_to, claude_logs, outcome

PORTS = ("AGENTMONITOR_OTLP_HTTP_PORT", "AGENTMONITOR_OTLP_GRPC_PORT")


@pytest.mark.parametrize("name", PORTS)
def test_a_port_in_use_is_named_and_nothing_is_left_behind(tmp_path: Path, name: str) -> None:
    ports = {other: str(free_port()) for other in PORTS}
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        server = Server(tmp_path, ports | {name: port})
        assert server.wait() == 1
    said = server.output()
    assert f"Port {port} on 127.0.0.1 is in use" in said
    assert name in said
    assert len(said.splitlines()) == 1
    again = Server(tmp_path, ports)  # the database was let go
    again.address()
    assert again.stop() == 0


def test_one_port_for_two_purposes_is_refused(tmp_path: Path) -> None:
    server = Server(tmp_path, dict.fromkeys(PORTS, str(free_port())))
    assert server.wait() == 1
    assert all(name in server.output() for name in PORTS)
    assert "Traceback" not in server.output()


def test_without_grpc_the_start_says_what_to_install(tmp_path: Path) -> None:
    absent = tmp_path / "absent"
    absent.mkdir()
    (absent / "grpc.py").write_text("raise ModuleNotFoundError(\"No module named 'grpc'\")\n")
    settings = {"PYTHONPATH": str(absent), "AGENTMONITOR_OTLP_GRPC_PORT": str(free_port())}
    server = Server(tmp_path, settings)
    assert server.wait() == 1
    assert 'pip install "agentmonitor[grpc]"' in server.output()
    assert "Traceback" not in server.output()
    assert not (tmp_path / "contract.db").exists()
    without = Server(tmp_path, {"PYTHONPATH": str(absent)})
    without.address()
    assert without.stop() == 0


def test_a_stop_ends_with_exporters_connected_and_loses_nothing_that_was_answered(
    tmp_path: Path,
) -> None:
    port = free_port()
    server = Server(tmp_path, {"AGENTMONITOR_OTLP_GRPC_PORT": str(port)})
    server.address()
    answered = 0
    codes: list[grpc.StatusCode] = []

    def export() -> None:
        nonlocal answered
        with channel_to(port) as channel:
            while not codes:
                code, _ = outcome(channel, claude_logs("s", *[1] * 50).SerializeToString())
                if code is not grpc.StatusCode.OK:
                    codes.append(code)
                    return
                answered += 50

    with channel_to(port) as idle:
        grpc.channel_ready_future(idle).result(30)
        exporter = threading.Thread(target=export)
        exporter.start()
        assert eventually(lambda: answered >= 500)
        assert server.stop() == 0
        exporter.join()
    assert codes[0] in TRIED_AGAIN
    assert "Traceback" not in server.output(), server.output()
    again = Server(tmp_path, {})
    total = httpx.get(f"{again.address()}api/stats").json()["total_tokens_in"]
    assert total >= answered
    assert again.stop() == 0


def test_the_modules_of_an_idle_server_have_no_grpc() -> None:
    script = "import sys, agentmonitor.server.serve; print('\\n'.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-I", "-c", script], check=True, capture_output=True, text=True
    )
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert loaded & {"grpc", "google", "opentelemetry"} == set()
