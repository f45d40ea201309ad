"""`agentmonitor connect` on a home with the settings of three agents: they work, and nothing of
theirs is lost."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from agentmonitor.connect.jsonc import parse
from tests.contract.client import eventually
from tests.contract.server import Server, environment
from tests.integration.agent_settings import CLAUDE, CODEX, settle


@pytest.fixture
def home(tmp_path: Path) -> Path:
    settle(tmp_path)
    return tmp_path


@pytest.fixture
def server(home: Path) -> Iterator[str]:
    found = Server(home, {})
    yield found.address().rstrip("/")
    assert found.stop() == 0


def settings_of(home: Path) -> dict[str, tuple[bytes, int]]:
    """Every file in the agents' folders, with its rights."""
    return {
        str(path.relative_to(home)): (path.read_bytes(), path.stat().st_mode)
        for folder in ("claude", "codex", ".gemini", ".qwen", ".factory", "shop")
        for path in sorted((home / folder).rglob("*"))
        if path.is_file()
    }


def run(home: Path, *words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "agentmonitor", *words],
        env=environment(home, {}), cwd=cwd or home, capture_output=True, text=True, check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip


def ran(home: Path, *words: str, cwd: Path | None = None) -> str:
    done = run(home, *words, cwd=cwd)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def read(path: Path) -> Any:
    return parse(path.read_text("utf-8-sig")).data()


def told(home: Path, group: dict[str, Any], payload: dict[str, Any]) -> None:
    """What an agent does when an event comes that a group of hooks is for."""
    for hook in group["hooks"]:
        if hook["type"] == "http":
            assert httpx.post(hook["url"], json=payload).status_code == 200
        else:
            done = command(home, hook["command"], payload)
            assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def command(home: Path, line: str, payload: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    env = {"HOME": str(home), "PATH": os.environ["PATH"]}
    return subprocess.run(
        ["/bin/sh", "-c", line], input=json.dumps(payload), env=env,
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def sessions(address: str) -> dict[str, str]:
    rows = httpx.get(f"{address}/api/sessions?limit=0").json()["sessions"]
    return {row["id"]: row["agent_type"] for row in rows}


def work(home: Path, address: str) -> None:
    """Each agent begins a session, and says so as its settings tell it to."""
    claude = read(home / "claude/settings.json")
    start = {"session_id": "c1", "hook_event_name": "SessionStart", "source": "startup"}
    told(home, claude["hooks"]["SessionStart"][-1], start)
    asked = {"session_id": "c1", "hook_event_name": "UserPromptSubmit", "prompt": "Hi", "cwd": "/"}
    told(home, claude["hooks"]["UserPromptSubmit"][-1], asked)
    limits = {"five_hour": {"used_percentage": 23.5, "resets_at": int(time.time()) + 3600}}
    line = command(home, claude["statusLine"]["command"], {"rate_limits": limits})
    assert line.stdout.startswith("mine: ")
    codex = read(home / "codex/hooks.json")
    start = {"session_id": "x" * 36, "hook_event_name": "SessionStart", "cwd": "/"}
    told(home, codex["hooks"]["SessionStart"][-1], start)
    gemini = read(home / ".gemini/settings.json")
    start = {"session_id": "g1", "hook_event_name": "SessionStart", "source": "startup"}
    told(home, gemini["hooks"]["SessionStart"][-1], start)
    exporter = tomllib.loads((home / "codex/config.toml").read_text())["otel"]["exporter"]
    for endpoint in (
        exporter["otlp-http"]["endpoint"],
        claude["env"]["OTEL_EXPORTER_OTLP_ENDPOINT"] + "/v1/logs",
        gemini["telemetry"]["otlpEndpoint"] + "/v1/metrics",
    ):
        assert httpx.post(endpoint, json={}).status_code == 200
    assert sessions(address) == {"c1": "claude_code", "x" * 36: "codex", "g1": "gemini_cli"}
    eventually(lambda: quota(address) == 23.5)


def quota(address: str) -> float | None:
    windows = httpx.get(f"{address}/api/v2/windows").json()["windows"]
    found = [w["used_percent"] for w in windows if w["source"] == "reported"]
    return float(found[0]) if found else None


def test_three_agents_connect_work_and_disconnect_without_a_trace(home: Path, server: str) -> None:
    before = settings_of(home)
    shown = ran(home, "connect", "--dry-run")
    assert "Nothing was changed" in shown
    assert settings_of(home) == before
    for line in (CLAUDE.splitlines()[1], "+++ ", server):
        assert line in shown

    out = ran(home, "connect", "--yes")
    for label in ("Claude Code", "Codex CLI", "Gemini CLI", "Qwen Code"):
        assert f"{label} is connected with {server}." in out
    assert "trust them" in out
    assert "Droid\nThere is nothing to change: its session files are followed." in out
    connected = settings_of(home)
    claude = read(home / "claude/settings.json")
    assert claude["hooks"]["PreToolUse"][0]["hooks"][0]["command"] == "~/.claude/check.sh"
    assert claude["env"]["DISABLE_AUTOUPDATER"] == "1"
    for note in ("// Work account.", "// asks before rm", "/* loud */", '"deny": [], }'):
        assert note in (home / "claude/settings.json").read_text()
    assert "# so that I find it" in (home / "codex/config.toml").read_text()
    assert (home / ".gemini/settings.json").read_bytes().startswith(b"\xef\xbb\xbf{\r\n\t")

    work(home, server)

    again = ran(home, "connect", "--yes")
    assert "is connected with" in again
    assert "@@" not in again
    assert settings_of(home) == connected

    shown = ran(home, "disconnect", "--dry-run")
    assert f'-exporter = {{otlp-http = {{endpoint = "{server}/v1/logs"' in shown
    assert settings_of(home) == connected
    out = ran(home, "disconnect")
    assert "is restored" in out
    assert "is deleted" in out
    assert settings_of(home) == before
    assert not (home / "data/agentmonitor/connect/bin").exists()
    assert ran(home, "disconnect") == "Nothing is connected.\n"


def test_what_agents_wrote_meanwhile_stays(home: Path) -> None:
    ran(home, "connect", "--yes", "--url", "http://127.0.0.1:3999")
    config = home / "codex/config.toml"
    trust = '\n[hooks.state."/home/me/.codex/hooks.json:stop:1:0"]\ntrusted_hash = "sha256:1"\n'
    config.write_text(config.read_text() + trust)
    path = home / "claude/settings.json"
    settings = read(path) | {"model": "sonnet"}
    path.write_text(json.dumps(settings, indent=2))  # as the agent does: without comments
    ran(home, "disconnect")
    assert config.read_text() == CODEX + trust
    assert read(path) == parse(CLAUDE).data() | {"model": "sonnet"}


def test_what_the_user_changed_by_hand_stays_and_all_else_is_as_it_was(home: Path) -> None:
    odd = '{"a":1,\n\n  "hooks" : { /* none */ },\n"b": [ 1,2 ]}\n'
    files = {
        home / "claude/settings.json": odd,
        home / "codex/config.toml": '[a]\nb = 1\n\n[otel.tls]\nca = "x" # mine\n',
        home / ".gemini/settings.json": '{\r\n\t"b": [ 1 ],\r\n\t"telemetry" : {}}\r\n',
    }
    for path, text in files.items():
        path.write_bytes(text.encode())
    ran(home, "connect", "--yes", "--url", "http://127.0.0.1:3999")
    for path in files:
        path.write_bytes(path.read_bytes().replace(b"1", b"17", 1) + b"\n")
    ran(home, "disconnect")
    for path, text in files.items():
        assert path.read_bytes() == text.replace("1", "17", 1).encode() + b"\n"


def test_a_program_of_ours_that_the_user_still_names_stays(home: Path) -> None:
    ran(home, "connect", "--yes", "--url", "http://127.0.0.1:3999")
    path = home / "claude/settings.json"
    settings = read(path)
    line = settings["statusLine"]["command"] + " | tr a-z A-Z"
    path.write_text(json.dumps(settings | {"statusLine": {"type": "command", "command": line}}))
    assert str(path) in ran(home, "disconnect")
    assert command(home, line, {}).stdout.startswith("MINE: ")


def test_telemetry_that_the_shell_sends_elsewhere_is_left(home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "agentmonitor", "connect", "--yes", "--agent", "claude_code"],
        env=environment(home, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}),
        cwd=home, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "your shell sends it to http://collector:4318" in done.stdout
    settings = read(home / "claude/settings.json")
    assert settings["env"] == {"DISABLE_AUTOUPDATER": "1"}
    assert "SessionStart" in settings["hooks"]


def test_a_project_has_settings_of_its_own(home: Path) -> None:
    before = settings_of(home)
    shop = home / "shop"
    shop.mkdir()
    ran(home, "connect", "--yes", "--project", "--url", "http://127.0.0.1:3999", cwd=shop)
    changed = set(settings_of(home)) - set(before)
    assert changed == {
        "shop/.claude/settings.local.json", "shop/.codex/hooks.json",
        "shop/.gemini/settings.json", "shop/.qwen/settings.json",
    }  # fmt: skip
    assert "Nothing of that kind is connected" in ran(home, "disconnect", "--project")
    ran(home, "disconnect", "--project", cwd=shop)
    assert settings_of(home) == before
    assert list(shop.iterdir()) == []


def test_one_agent_can_be_chosen_and_an_unknown_one_is_named(home: Path) -> None:
    before = settings_of(home)
    ran(home, "connect", "--yes", "--agent", "gemini-cli")
    assert {name for name, now in settings_of(home).items() if now != before[name]} == {
        ".gemini/settings.json"
    }
    assert "Nothing of that kind is connected" in ran(home, "disconnect", "--agent", "codex")
    ran(home, "disconnect", "--agent", "gemini_cli")
    assert settings_of(home) == before
    for words, reason in (
        (("--agent", "nobody"), "There is no agent 'nobody'"),
        (("--agent", "goose"), "goose was not found on this machine"),
        (("--url", "ftp://x"), "is no address of a server"),
        (("--url", "http://x/;id"), "is no address of a server"),
        (("--url", "http://x y"), "is no address of a server"),
    ):
        done = run(home, "connect", "--yes", *words)
        assert done.returncode == 1
        assert reason in done.stderr
    assert settings_of(home) == before


def test_settings_that_cannot_be_read_stop_only_their_agent(home: Path) -> None:
    (home / "claude/settings.json").write_text('{\n  "hooks": {\n')
    before = settings_of(home)
    done = run(home, "connect", "--yes")
    assert done.returncode == 1
    assert "claude/settings.json cannot be understood, line 3" in done.stderr
    assert "Gemini CLI is connected" in done.stdout
    assert settings_of(home)["claude/settings.json"] == before["claude/settings.json"]
    ran(home, "disconnect")
    assert settings_of(home) == before


def test_without_a_terminal_nothing_is_done_unasked(home: Path) -> None:
    before = settings_of(home)
    done = run(home, "connect")
    assert done.returncode == 1
    assert "--yes" in done.stderr
    assert settings_of(home) == before


def test_in_a_terminal_each_agent_is_asked_about(home: Path) -> None:
    before = settings_of(home)
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "agentmonitor", "connect", "--agent", "codex", "--agent",
         "gemini_cli"],
        env=environment(home, {}), cwd=home, stdin=follower, stdout=follower, stderr=follower,
    )  # fmt: skip
    os.close(follower)
    os.write(leader, b"n\ny\n")
    shown = b""
    try:
        while piece := os.read(leader, 65536):
            shown += piece
    except OSError:  # the other end is closed
        pass
    os.close(leader)
    assert process.wait() == 0
    assert b"Change the settings of Codex CLI?" in shown
    changed = {name for name, now in settings_of(home).items() if now != before.get(name)}
    assert changed == {".gemini/settings.json"}


def test_the_guard_answers_an_agent_while_no_server_runs(home: Path) -> None:
    ran(home, "connect", "--yes", "--guard", "--url", "http://127.0.0.1:3999")
    groups = read(home / "claude/settings.json")["hooks"]["PreToolUse"]
    call = {"hook_event_name": "PreToolUse", "tool_name": "Bash", "cwd": "/tmp"}
    line = groups[-1]["hooks"][0]["command"]
    answer = command(home, line, call | {"tool_input": {"command": "cd / && rm -rf *"}})
    decision = json.loads(answer.stdout)["hookSpecificOutput"]["permissionDecision"]
    assert decision == "deny"
    answer = command(home, line, call | {"tool_input": {"command": "rm -rf node_modules"}})
    assert answer.stdout == ""
    ran(home, "connect", "--yes", "--no-guard", "--url", "http://127.0.0.1:3999")
    assert "bin/guard" not in (home / "claude/settings.json").read_text()
