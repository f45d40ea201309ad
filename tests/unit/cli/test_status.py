"""``agentmonitor status``, ``open`` and ``doctor`` from outside."""

import http.server
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from agentmonitor import __version__
from tests.contract.server import Server, environment


def run(folder: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    env = environment(folder, variables)
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        if name not in variables:
            env.pop(name, None)
    return subprocess.run(
        [sys.executable, "-m", "agentmonitor", *words],
        env=env, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    server = Server(tmp_path, {})
    try:
        address = server.address()
        event = {"session_id": "s", "agent_type": "a", "event_type": "tool_use"}
        assert httpx.post(f"{address}api/events", json=event).status_code == 201
        yield address
    finally:
        server.kill()


@pytest.fixture
def stranger() -> Iterator[str]:
    """A server that is no AgentMonitor."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as above
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_status_tells_what_runs(served: str, tmp_path: Path) -> None:
    done = run(tmp_path, "status", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert (told["running"], told["address"], told["version"]) == (True, served, __version__)
    assert (told["events"], told["sessions_live"]) == (1, 1)
    assert told["database"] == str(tmp_path / "contract.db")
    assert told["database_bytes"] > 0
    assert os.kill(told["pid"], 0) is None  # type: ignore[func-returns-value]  # that it lives
    plain = run(tmp_path, "status").stdout
    assert served in plain
    assert "\x1b" not in plain
    named = json.loads(run(tmp_path, "status", "--json", "--url", served).stdout)
    assert (named["running"], named["pid"], named["events"]) == (True, None, 1)


def test_status_without_a_server_is_exit_code_3(tmp_path: Path, stranger: str) -> None:
    done = run(tmp_path, "status")
    assert done.returncode == 3
    assert "agentmonitor serve" in done.stdout
    told = json.loads(run(tmp_path, "status", "--json").stdout)
    assert (told["running"], told["address"]) == (False, None)
    assert "No server runs" in told["reason"]
    for url in ("http://127.0.0.1:9", stranger):
        assert run(tmp_path, "status", "--url", url).returncode == 3
    assert run(tmp_path, "status", "--url", "nonsense://x").returncode == 3


def test_open_starts_the_browser_and_prints_the_address(served: str, tmp_path: Path) -> None:
    note = tmp_path / "opened"
    browser = tmp_path / "browser"
    browser.write_text(f"#!/bin/sh\nprintf '%s' \"$1\" > '{note}'\n")
    browser.chmod(0o755)
    assert run(tmp_path, "open", "--print", BROWSER=str(browser)).stdout == f"{served}\n"
    assert not note.exists()
    done = run(tmp_path, "open", BROWSER=str(browser))
    assert (done.returncode, done.stdout) == (0, f"{served}\n")
    assert note.read_text() == served


@pytest.mark.skipif(sys.platform != "linux", reason="is about a machine without a display")
def test_open_without_a_display_prints_the_address(served: str, tmp_path: Path) -> None:
    done = run(tmp_path, "open")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{served}\n", "")


def test_open_without_a_server_says_how_to_start_one(tmp_path: Path) -> None:
    done = run(tmp_path, "open")
    assert (done.returncode, done.stdout) == (1, "")
    assert "agentmonitor serve" in done.stderr


def test_the_doctor_finds_a_sound_installation_well(served: str, tmp_path: Path) -> None:
    done = run(tmp_path, "doctor", "--json")
    told = json.loads(done.stdout)
    checks = {each["name"]: each for each in told["checks"]}
    assert {"versions", "settings", "server", "port", "database", "disk", "clock"} <= set(checks)
    for name in ("settings", "server", "port", "database", "clock"):
        assert checks[name]["state"] == "ok", checks[name]
    assert told["ok"] == all(each["state"] != "fail" for each in told["checks"])
    assert done.returncode == (0 if told["ok"] else 1)
    plain = run(tmp_path, "doctor")
    assert served in plain.stdout
    assert "\x1b" not in plain.stdout


def test_the_doctor_says_what_to_do_about_what_fails(tmp_path: Path) -> None:
    (tmp_path / "contract.db").write_text("no database")
    done = run(tmp_path, "doctor")
    assert done.returncode == 1
    assert "db restore" in done.stdout
    assert "agentmonitor serve" in done.stdout
    config = tmp_path / "config.toml"
    config.write_text("port =")
    done = run(tmp_path, "doctor", "--json", AGENTMONITOR_CONFIG=str(config))
    told = json.loads(done.stdout)
    assert (done.returncode, told["ok"]) == (1, False)
    assert [each["name"] for each in told["checks"]] == ["settings"]


def test_the_doctor_asks_the_server_that_is_named(tmp_path: Path, stranger: str) -> None:
    done = run(tmp_path, "doctor", "--json", "--url", stranger)
    checks = {each["name"]: each for each in json.loads(done.stdout)["checks"]}
    assert (done.returncode, checks["server"]["state"]) == (1, "fail")
    assert "port" not in checks
