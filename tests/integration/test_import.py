"""``agentmonitor import`` and the server's own import, from outside."""

from __future__ import annotations

import contextlib
import json
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from agentmonitor.model.clock import now_ms, to_iso
from agentmonitor.model.usage import TokenUsage
from tests.contract.client import eventually
from tests.contract.server import Server, environment
from tests.integration.claude_sessions import (
    MODELS,
    TOOLS,
    Call,
    Request,
    Session,
    encoded,
    expected_tokens,
    fork_of,
    lines_of,
)


def made_up(count: int, seed: int = 1) -> list[Session]:
    """Sessions of a few requests each, the same ones for the same seed."""
    rng = random.Random(seed)

    def one(session: str, number: int) -> Request:
        write = rng.randrange(4000)
        calls = [
            Call(f"toolu_{session}_{number}_{i}", rng.choice(TOOLS), rng.random() < 0.2)
            for i in range(rng.randrange(3))
        ]
        usage = TokenUsage(
            tokens_in=rng.randrange(5000), tokens_out=rng.randrange(1, 3000),
            cache_read=rng.randrange(90_000), cache_write=write, cache_write_1h=write // 3,
        )  # fmt: skip
        return Request(number, session, rng.choice(MODELS), usage, calls, [1], True)

    return [
        Session(f"s{n}", [one(f"s{n}", i) for i in range(rng.randrange(1, 9))], frozenset({"file"}))
        for n in range(count)
    ]


def written(folder: Path, story: list[Session]) -> Path:
    """The sessions' files in a fake home, one of them forked; the agent's folder."""
    projects = folder / "claude/projects"
    for number, session in enumerate(story):
        path = projects / f"-home-dev-p{number % 5}/{session.id}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encoded(lines_of(session)))
    story[0].forked = len(story[0].requests)
    fork = encoded(fork_of(story[0]))
    (projects / f"-home-dev-p0/{story[0].id}-fork.jsonl").write_bytes(fork)
    return projects


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts servers, which end with the test whatever becomes of it."""
    servers: list[Server] = []

    def start(folder: Path, settings: dict[str, str]) -> Server:
        servers.append(Server(folder, settings))
        return servers[-1]

    yield start
    for server in servers:
        server.kill()


Serve = Callable[[Path, dict[str, str]], Server]


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "agentmonitor", "import", *arguments],
        env=environment(folder, {}), capture_output=True, text=True, check=False,
    )  # fmt: skip


def imported(folder: Path, *arguments: str) -> dict[str, Any]:
    """The outcome for Claude Code."""
    done = run(folder, "--json", *arguments)
    assert done.returncode == 0, done.stderr
    (agent,) = (a for a in json.loads(done.stdout)["agents"] if a["agent_type"] == "claude_code")
    return dict(agent)


def whole(story: list[Session]) -> Counter[str]:
    return sum(expected_tokens(story).values(), Counter())


def check(address: str, story: list[Session]) -> None:
    """The totals over HTTP are those of the truth."""
    stats = httpx.get(f"{address}api/stats").json()
    truth = whole(story)
    assert stats["total_tokens_in"] == truth["tokens_in"]
    assert stats["total_tokens_out"] == truth["tokens_out"]
    assert stats["total_cache_read_tokens"] == truth["cache_read"]
    assert stats["total_cache_write_tokens"] == truth["cache_write"]
    assert stats["active_sessions"] == 0
    calls = Counter(call.name for s in story for r in s.requests for call in r.calls)
    tools = httpx.get(f"{address}api/stats/tools").json()["tools"]
    assert {tool["tool_name"]: tool["total_calls"] for tool in tools} == calls


def test_history_is_imported_once_by_command_and_by_server(tmp_path: Path, serve: Serve) -> None:
    story = made_up(12)
    written(tmp_path, story)
    dry = imported(tmp_path, "--dry-run")
    assert (dry["found"], dry["new"]) == (13, 0)
    first = imported(tmp_path)
    assert (first["found"], first["known"], first["unreadable"]) == (13, 0, 0)
    assert first["new"] > 0
    again = imported(tmp_path)
    assert (again["known"], again["events"], again["new"]) == (13, 0, 0)
    assert imported(tmp_path, "--force")["new"] == 0
    server = serve(tmp_path, {"AGENTMONITOR_AUTO_IMPORT_MINUTES": "10"})
    address = server.address()
    check(address, story)
    # Now the server holds the database, and does the work.
    more = made_up(3, seed=2)
    for session in more:
        session.id = f"more-{session.id}"
        for request in session.requests:
            request.session = session.id
            for call in request.calls:
                call.id = f"more-{call.id}"
    server_folder = tmp_path / "claude/projects/-home-dev-more"
    server_folder.mkdir()
    for session in more:
        (server_folder / f"{session.id}.jsonl").write_bytes(encoded(lines_of(session)))
    done = run(tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Claude Code" in done.stdout
    check(address, story + more)
    assert server.stop() == 0


def test_what_was_imported_can_be_searched_without_a_server(tmp_path: Path) -> None:
    projects = written(tmp_path, made_up(2))
    line = {
        "type": "user", "uuid": "u-1", "sessionId": "told", "timestamp": "2026-09-01T08:00:00.000Z",
        "cwd": "/home/dev/shop", "message": {"role": "user", "content": "about a blue heron"},
    }  # fmt: skip
    (projects / "-home-dev-p0/told.jsonl").write_text(json.dumps(line) + "\n")
    assert run(tmp_path).returncode == 0
    found = subprocess.run(
        [sys.executable, "-m", "agentmonitor", "search", "heron", "--json"],
        env=environment(tmp_path, {}), capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "told" in found.stdout


def test_bad_lines_are_named_and_nothing_else_is_lost(tmp_path: Path, serve: Serve) -> None:
    story = made_up(2)
    projects = written(tmp_path, story)
    path = projects / "-home-dev-p1/s1.jsonl"
    path.write_bytes(b'{"type":"user","broken\n' + path.read_bytes())
    done = run(tmp_path)
    assert done.returncode == 0
    assert f"{path}:1: " in done.stdout
    server = serve(tmp_path, {})
    check(server.address(), story)
    assert server.stop() == 0


def files_read(folder: Path) -> int:
    """How many session files the database has an entry of."""
    if not (folder / "contract.db").exists():
        return 0
    try:
        with contextlib.closing(sqlite3.connect(folder / "contract.db")) as database:
            return int(database.execute("SELECT count(*) FROM file_marks").fetchone()[0])
    except sqlite3.OperationalError:  # it is being made
        return 0


def test_an_interrupted_import_goes_on_from_there(tmp_path: Path, serve: Serve) -> None:
    story = made_up(400)
    written(tmp_path, story)
    process = subprocess.Popen(
        [sys.executable, "-m", "agentmonitor", "import", "--json"],
        env=environment(tmp_path, {}), stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    eventually(lambda: files_read(tmp_path) > 0)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    interrupted = json.loads(out)
    killed = subprocess.Popen(
        [sys.executable, "-m", "agentmonitor", "import"],
        env=environment(tmp_path, {}), stdout=subprocess.DEVNULL,
    )  # fmt: skip
    time.sleep(0.4)
    killed.kill()
    killed.wait()
    imported(tmp_path)
    assert interrupted["agents"]
    assert imported(tmp_path)["known"] == 401
    server = serve(tmp_path, {})
    check(server.address(), story)
    assert server.stop() == 0


@pytest.mark.parametrize("kept", ["full", "off"])
def test_a_running_server_is_live_by_files_alone(tmp_path: Path, serve: Serve, kept: str) -> None:
    settings = {"AGENTMONITOR_AUTO_IMPORT_MINUTES": "10", "AGENTMONITOR_CAPTURE": kept}
    server = serve(tmp_path, settings)
    address = server.address()
    path = tmp_path / "claude/projects/-home-dev-shop/live.jsonl"
    path.parent.mkdir(parents=True)
    session = Session("live", made_up(1)[0].requests[:1], frozenset({"file"}))
    session.requests[0].session = "live"
    now = to_iso(now_ms())
    lines = [line | {"timestamp": now} for line in lines_of(session)]
    path.write_bytes(encoded(lines))

    def row() -> dict[str, Any]:
        answer = httpx.get(f"{address}api/sessions/live")
        return dict(answer.json()["session"]) if answer.status_code == 200 else {}

    eventually(lambda: row().get("status") == "active")
    assert row()["project"] == "shop"
    assert row()["title"] == ("Make the tests pass" if kept == "full" else None)
    assert ("Make the tests pass" in httpx.get(f"{address}api/events").text) == (kept == "full")
    assert server.stop() == 0


def test_a_database_of_an_earlier_runtime_is_taken_over(tmp_path: Path, serve: Serve) -> None:
    story = made_up(3)
    written(tmp_path, story)
    database = sqlite3.connect(tmp_path / "earlier.db")
    database.execute("CREATE TABLE sessions (id TEXT PRIMARY KEY, project TEXT, branch TEXT)")
    database.execute(
        "CREATE TABLE events (id INTEGER PRIMARY KEY, event_id TEXT, session_id TEXT,"
        " agent_type TEXT, event_type TEXT, tokens_in INTEGER, tokens_out INTEGER,"
        " model TEXT, cost_usd REAL, created_at TEXT, metadata TEXT, source TEXT)"
    )
    both = [story[0].id, "only there"]
    database.executemany(
        "INSERT INTO events VALUES (NULL, ?, ?, 'claude_code', 'llm_response', 100, 50,"
        " 'claude-sonnet-4-5', 0.5, '2026-11-20T09:00:00.000Z', '{}', 'otel')",
        [(f"e{n}", session) for n, session in enumerate(both)],
    )
    database.commit()
    database.close()
    for _ in range(2):
        done = run(tmp_path, "--from-db", str(tmp_path / "earlier.db"))
        assert done.returncode == 0, done.stderr
        imported(tmp_path)
    server = serve(tmp_path, {})
    stats = httpx.get(f"{server.address()}api/stats").json()
    truth = whole(story)
    # The session that the files bring too counts by the files.
    assert stats["total_tokens_in"] == truth["tokens_in"] + 100
    assert stats["total_tokens_out"] == truth["tokens_out"] + 50
    assert server.stop() == 0
    refused = run(tmp_path, "--from-db", str(tmp_path / "contract.db"))
    assert refused.returncode == 1
    assert "Traceback" not in refused.stderr


def test_who_does_not_wait_for_the_index_is_told_and_it_goes_on(tmp_path: Path) -> None:
    line = {"type": "user", "sessionId": "s", "timestamp": "2026-09-01T08:00:00.000Z"}
    lines = [
        line | {"uuid": f"u{n}", "message": {"role": "user", "content": f"heron {n} " + "w " * 400}}
        for n in range(30_000)
    ]
    file = tmp_path / "claude/projects/-p/s.jsonl"
    file.parent.mkdir(parents=True)
    file.write_text("".join(json.dumps(each) + "\n" for each in lines))
    process = subprocess.Popen(
        [sys.executable, "-m", "agentmonitor", "import"],
        env=environment(tmp_path, {}), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    eventually(lambda: indexed(tmp_path) > 0)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate()
    assert process.returncode == 0
    assert "not all can be searched yet" in told
    assert indexed(tmp_path) < len(lines)
    assert run(tmp_path).stderr == ""
    assert indexed(tmp_path) == len(lines)


def indexed(folder: Path) -> int:
    """How many events can be searched."""
    for file in folder.rglob("*-search.db"):
        index = sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)
        with contextlib.closing(index), contextlib.suppress(sqlite3.OperationalError):
            return int(index.execute("SELECT indexed_to FROM state").fetchone()[0])
    return 0
