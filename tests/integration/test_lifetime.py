"""Starting and stopping: one server for a database, clean stops, clear refusals."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import threading
import time
from pathlib import Path

import httpx
import pytest

from tests.contract.server import Server

EVENT = {"session_id": "s", "agent_type": "a", "event_type": "tool_use"}


def refusal(folder: Path, settings: dict[str, str], *arguments: str) -> str:
    """What a server says that must not start."""
    server = Server(folder, settings, ("--port", "0", *arguments))
    assert server.wait() == 1
    output = server.output()
    assert "Traceback" not in output
    return output


def test_a_second_server_says_who_holds_the_database(tmp_path: Path) -> None:
    first = Server(tmp_path, {})
    address = first.address()
    said = refusal(tmp_path, {})
    holder = json.loads((tmp_path / "contract.db.lock").read_text())
    assert f"process {holder['pid']}" in said
    assert address in said
    assert first.stop() == 0


def test_the_lock_of_a_killed_server_is_taken_over(tmp_path: Path) -> None:
    first = Server(tmp_path, {})
    first.address()
    first.kill()
    assert json.loads((tmp_path / "contract.db.lock").read_text())["pid"]
    second = Server(tmp_path, {})
    second.address()
    assert second.stop() == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stores_the_queue_ends_the_streams_and_exits_cleanly(
    tmp_path: Path, number: signal.Signals
) -> None:
    server = Server(tmp_path, {})
    address = server.address()
    acknowledged = 0
    refused = threading.Event()

    def post() -> None:
        nonlocal acknowledged
        with httpx.Client(base_url=address, timeout=10) as client:
            while True:
                try:
                    answer = client.post("/api/events/batch", json={"events": [EVENT] * 50})
                except httpx.HTTPError:
                    refused.set()
                    return
                if answer.status_code == 201:
                    acknowledged += answer.json()["received"]

    poster = threading.Thread(target=post)
    with httpx.stream("GET", f"{address}api/stream", timeout=20) as stream:
        chunks = stream.iter_raw()
        next(chunks)
        poster.start()
        time.sleep(0.4)
        server._process.send_signal(number)
        for _ in chunks:  # ends without an error: the stream was closed in order
            pass
    poster.join()
    assert refused.is_set()
    assert server.wait() == 0
    assert "Traceback" not in server.output()
    again = Server(tmp_path, {})
    total = httpx.get(f"{again.address()}api/stats").json()["total_events"]
    assert acknowledged > 0
    assert total >= acknowledged
    assert again.stop() == 0


def test_the_database_is_its_owners_alone(tmp_path: Path) -> None:
    database = tmp_path / "new" / "folder" / "a.db"
    server = Server(tmp_path, {"AGENTMONITOR_DB_PATH": str(database)})
    httpx.post(f"{server.address()}api/events", json=EVENT).raise_for_status()
    assert database.stat().st_mode & 0o777 == 0o600
    for suffix in ("-wal", "-shm", ".lock"):
        assert (database.parent / (database.name + suffix)).stat().st_mode & 0o077 == 0
    assert database.parent.stat().st_mode & 0o777 == 0o700
    assert server.stop() == 0


def test_without_a_setting_the_database_lies_in_the_users_data_folder(tmp_path: Path) -> None:
    server = Server(tmp_path, {"AGENTMONITOR_DB_PATH": ""})
    server.address()
    found = [p for p in tmp_path.rglob("agentmonitor.db") if p.is_file()]
    assert len(found) == 1
    assert server.stop() == 0


def test_a_port_in_use_is_named_with_what_to_do(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = refusal(tmp_path, {}, "--port", str(port))
    assert f"Port {port}" in said
    assert "--port" in said


@pytest.mark.parametrize("content", [b"this is no database at all, only text" * 100, b"x"])
def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(
    tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "notes.txt"
    file.write_bytes(content)
    said = refusal(tmp_path, {"AGENTMONITOR_DB_PATH": str(file)})
    assert "AGENTMONITOR_DB_PATH" in said
    assert file.read_bytes() == content


def test_another_programs_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "other.db"
    with sqlite3.connect(file) as other:
        other.execute("CREATE TABLE precious (value)")
    other.close()
    before = file.read_bytes()
    assert "another program" in refusal(tmp_path, {"AGENTMONITOR_DB_PATH": str(file)})
    assert file.read_bytes() == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_named_with_what_to_do(tmp_path: Path) -> None:
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o500)
    said = refusal(tmp_path, {"AGENTMONITOR_DB_PATH": str(folder / "a.db")})
    assert "AGENTMONITOR_DB_PATH" in said or "--db" in said


def test_a_folder_that_cannot_be_made_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    said = refusal(tmp_path, {"AGENTMONITOR_DB_PATH": str(tmp_path / "file" / "sub" / "a.db")})
    assert "AGENTMONITOR_DB_PATH" in said


def test_listening_for_other_machines_is_refused(tmp_path: Path) -> None:
    said = refusal(tmp_path, {}, "--host", "0.0.0.0")
    assert "0.0.0.0" in said
    assert "127.0.0.1" in said


def test_sessions_that_fell_silent_while_no_server_ran_are_not_shown_as_live(
    tmp_path: Path,
) -> None:
    server = Server(tmp_path, {})
    httpx.post(f"{server.address()}api/events", json=EVENT).raise_for_status()
    assert server.stop() == 0
    with sqlite3.connect(tmp_path / "contract.db") as database:
        database.execute("UPDATE sessions SET seen_at = seen_at - 3600000")
    database.close()
    again = Server(tmp_path, {})  # its next regular look at the sessions is 15 s away
    address = again.address()
    deadline = time.monotonic() + 8
    status = "active"
    while status == "active" and time.monotonic() < deadline:
        (row,) = httpx.get(f"{address}api/sessions").json()["sessions"]
        status = row["status"]
    assert status == "ended"
    assert again.stop() == 0
