"""Looking after the database by command and over HTTP, with and without a server."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from agentmonitor.model.clock import DAY_MS, now_ms, to_iso
from tests.contract.client import eventually
from tests.contract.server import Server, environment
from tests.integration.test_import import imported, made_up, written


def run(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "agentmonitor", "db", *arguments],
        env=environment(folder, more), capture_output=True, text=True, check=False,
    )  # fmt: skip


def answered(folder: Path, *arguments: str) -> dict[str, Any]:
    done = run(folder, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def send(address: str, count: int, days_ago: float, session: str = "s") -> None:
    when = to_iso(now_ms() - int(days_ago * DAY_MS))
    one = {
        "session_id": session, "agent_type": "my_agent", "event_type": "llm_response",
        "model": "gpt-5", "tokens_in": 900, "tokens_out": 80, "client_timestamp": when,
    }  # fmt: skip
    answer = httpx.post(f"{address}api/events/batch", json={"events": [one] * count})
    assert answer.status_code == 201, answer.text


def outcome(answer: httpx.Response) -> dict[str, Any]:
    """The last line of an answer that told its progress."""
    assert answer.status_code == 200, answer.text
    last = json.loads(answer.text.splitlines()[-1])
    return dict(last["outcome"])


def sums(address: str) -> dict[str, Any]:
    stats = httpx.get(f"{address}api/stats").json()
    cost = httpx.get(f"{address}api/stats/cost").json()
    sessions = httpx.get(f"{address}api/sessions?limit=0").json()["sessions"]
    kept = ("id", "event_count", "tokens_in", "tokens_out", "total_cost_usd", "files_edited")
    return {
        "stats": {k: v for k, v in stats.items() if k.startswith(("total", "unpriced"))},
        "models": cost["by_model"],
        "timeline": cost["timeline"],
        "sessions": sorted([str(row[k]) for k in kept] for row in sessions),
    }


def test_all_of_it_works_beside_a_running_server(tmp_path: Path) -> None:
    server = Server(tmp_path, {})
    address = server.address()
    send(address, 30, days_ago=100)
    send(address, 10, days_ago=0)
    info = answered(tmp_path, "info")
    assert (info["events"], info["sessions"], info["pruned_events"]) == (40, 1, 0)
    assert info["held_by"]["address"] == address
    assert info["path"] == str(tmp_path / "contract.db")
    assert httpx.get(f"{address}api/v2/database").json()["events"] == 40
    assert answered(tmp_path, "check")["sound"]

    copy = tmp_path / "copy.db"
    assert run(tmp_path, "backup", str(copy)).returncode == 0
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    again = run(tmp_path, "backup", str(copy))
    assert again.returncode == 1
    assert "--force" in again.stderr
    assert answered(tmp_path, "check", "--db", str(copy))["sound"]
    refused = run(tmp_path, "restore", str(copy))
    assert refused.returncode == 1
    assert address in refused.stderr
    compacting = run(tmp_path, "compact")
    assert compacting.returncode == 1
    assert address in compacting.stderr

    before = sums(address)
    dry = answered(tmp_path, "prune", "--older-than", "90d")
    assert (dry["applied"], dry["events"]) == (False, 30)
    assert httpx.get(f"{address}api/events").json()["total"] == 40
    done = run(tmp_path, "prune", "--older-than", "90d", "--apply")
    assert done.returncode == 0, done.stderr
    assert "30 events were deleted" in done.stdout
    assert httpx.get(f"{address}api/events").json()["total"] == 10
    assert sums(address) == before
    assert answered(tmp_path, "info")["pruned_events"] == 30
    assert server.stop() == 0

    assert run(tmp_path, "rebuild").returncode == 0
    assert answered(tmp_path, "check", "--full")["sound"]
    assert run(tmp_path, "compact").returncode == 0
    restored = run(tmp_path, "restore", str(copy))
    assert restored.returncode == 0, restored.stderr
    assert "before-restore" in restored.stdout
    assert answered(tmp_path, "info")["events"] == 40
    server = Server(tmp_path, {})
    assert sums(server.address()) == before
    assert server.stop() == 0


def test_what_was_pruned_does_not_come_back_by_an_import(tmp_path: Path) -> None:
    story = made_up(6)
    projects = written(tmp_path, story)
    imported(tmp_path)
    server = Server(tmp_path, {})
    before = sums(server.address())
    assert server.stop() == 0
    count = answered(tmp_path, "info")["events"]
    assert answered(tmp_path, "prune", "--older-than", "1d", "--apply")["events"] == count
    assert imported(tmp_path, "--force")["new"] == 0
    assert run(tmp_path, "rebuild").returncode == 0
    assert imported(tmp_path, "--force", "--path", str(projects))["new"] == 0
    assert answered(tmp_path, "check")["sound"]
    server = Server(tmp_path, {})
    assert sums(server.address()) == before
    assert server.stop() == 0


def test_a_server_keeps_to_its_limits_by_itself(tmp_path: Path) -> None:
    first = Server(tmp_path, {"AGENTMONITOR_RETENTION_DAYS": "30"})
    send(first.address(), 60, days_ago=40)
    send(first.address(), 5, days_ago=2)
    before = sums(first.address())
    assert first.stop() == 0
    # What arrived within the last day stays; so as if these had arrived long ago:
    import sqlite3

    connection = sqlite3.connect(tmp_path / "contract.db")
    connection.execute("UPDATE events SET lag = 0")
    connection.commit()
    connection.close()
    server = Server(tmp_path, {"AGENTMONITOR_RETENTION_DAYS": "30"})
    address = server.address()
    eventually(lambda: httpx.get(f"{address}api/events").json()["total"] == 5)
    assert sums(address) == before
    assert httpx.get(f"{address}api/v2/database").json()["retention"]["days"] == 30
    assert server.stop() == 0
    assert answered(tmp_path, "check")["sound"]


def test_a_backup_over_http_makes_a_new_file_in_its_folder_and_nothing_else(
    tmp_path: Path,
) -> None:
    server = Server(tmp_path, {})
    address = server.address()
    send(address, 3, days_ago=0)
    url = f"{address}api/v2/database/backup"
    made = outcome(httpx.post(url, json={"name": "mine.db"}))
    assert made["path"] == str(tmp_path / "backups/mine.db")
    assert Path(made["path"]).stat().st_size == made["bytes"]
    assert outcome(httpx.post(url))["path"].startswith(str(tmp_path / "backups/agentmonitor-2"))
    assert answered(tmp_path, "check", "--db", made["path"])["sound"]
    for bad in ("mine.db", "../contract.db", "/etc/passwd", ".hidden", "", "a/b", "a\0b"):
        answer = httpx.post(url, json={"name": bad})
        assert answer.status_code == 400, bad
        assert answer.json()["details"][0]["field"] == "name"
    foreign = httpx.post(url, json={}, headers={"Origin": "https://elsewhere.example"})
    assert foreign.status_code == 403
    assert len(list((tmp_path / "backups").iterdir())) == 2
    assert server.stop() == 0


def test_a_prune_over_http_tells_what_would_go_and_refuses_what_is_no_limit(
    tmp_path: Path,
) -> None:
    server = Server(tmp_path, {})
    address = server.address()
    send(address, 60, days_ago=10)
    url = f"{address}api/v2/database/prune"
    assert outcome(httpx.post(url, json={"days": 9}))["events"] == 60
    for bad in ({}, {"days": -1}, {"gigabytes": 1e9}, {"days": "old"}, {"years": 1}):
        assert httpx.post(url, json=bad).status_code == 400, bad
    assert outcome(httpx.post(url, json={"days": 11, "apply": True}))["events"] == 0
    assert outcome(httpx.post(url, json={"gigabytes": 1e-9, "apply": True}))["events"] == 60
    assert httpx.get(f"{address}api/events").json() == {"events": [], "total": 0}
    assert httpx.get(f"{address}api/stats").json()["total_events"] == 60
    assert server.stop() == 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("prune",), "name a limit"),
        (("prune", "--older-than", "soon"), "90d"),
        (("prune", "--larger-than", "2"), "2GB"),
        (("prune", "--older-than", "0d"), "90d"),
        (("info", "--db", "none.db"), "no database"),
        (("check", "--db", "none.db"), "no database"),
        (("backup", "x.db", "--db", "none.db"), "no database"),
        (("restore", "none.db"), "no database"),
        (("compact", "--db", "none.db"), "no database"),
        (("prune", "--older-than", "9d", "--db", "none.db"), "no database"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    tmp_path: Path, arguments: tuple[str, ...], told: str
) -> None:
    if "--db" not in arguments and "none.db" not in arguments:
        server = Server(tmp_path, {})
        server.address()
        assert server.stop() == 0
    done = run(tmp_path, *[str(tmp_path / a) if a.endswith(".db") else a for a in arguments])
    assert done.returncode == 1
    assert told in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert "Traceback" not in done.stderr


def test_a_wrong_database_is_told_with_exit_code_1(tmp_path: Path) -> None:
    import sqlite3

    server = Server(tmp_path, {})
    send(server.address(), 3, days_ago=0)
    assert server.stop() == 0
    connection = sqlite3.connect(tmp_path / "contract.db")
    connection.execute("UPDATE sessions SET events = 77")
    connection.commit()
    connection.close()
    done = run(tmp_path, "check")
    assert done.returncode == 1
    assert "agentmonitor db rebuild" in done.stdout
    assert run(tmp_path, "rebuild").returncode == 0
    assert run(tmp_path, "check").returncode == 0
