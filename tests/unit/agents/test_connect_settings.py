"""What each agent's settings get, given what is in them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agentmonitor.agents.claude_code.hooks import HTTP_EVENTS
from agentmonitor.agents.registry import load_registry
from agentmonitor.agents.setup import Wanted
from agentmonitor.connect.edits import apply, read
from agentmonitor.connect.plan import edited
from agentmonitor.connect.programs import Programs
from agentmonitor.connect.status import Connection, connections
from agentmonitor.paths import Folders

ORIGIN = "http://127.0.0.1:3141"
EVENTS = 31
"""All of Claude Code's; it must never be asked to report WorktreeCreate."""


@pytest.fixture
def wanted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Wanted:
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return Wanted(
        origin=ORIGIN, folders=Folders(tmp_path), commands=Programs(tmp_path / "our programs")
    )


def settle(agent_type: str, wanted: Wanted, name: str, content: str = "") -> tuple[Any, list[str]]:
    """What the file says once all is in it, and the notes."""
    agent = load_registry().by_type(agent_type)
    assert agent is not None
    assert agent.setup is not None
    setup = agent.setup(wanted)
    assert setup is not None
    (file,) = [file for file in setup.files if file.path.name == name]
    found = edited(file, content.encode())
    text = (found.content or b"").decode()
    assert edited(file, text.encode()).done == []
    return read(text, file.format), found.wanted.notes


def home(wanted: Wanted, name: str) -> Path:
    folder = wanted.folders.home / name
    folder.mkdir()
    return folder


def look(wanted: Wanted) -> dict[str, Connection]:
    return {each.agent_type: each for each in connections(load_registry().agents, wanted)}


def below(folder: Path, found: dict[str, Connection]) -> set[str]:
    files = [Path(path) for connection in found.values() for path in connection.files]
    return {path.relative_to(folder).as_posix() for path in files}


def test_an_agent_is_found_by_its_folder_or_its_program(wanted: Wanted, tmp_path: Path) -> None:
    assert look(wanted) == {}
    home(wanted, ".gemini")
    program = tmp_path / "bin" / "codex"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    assert set(look(wanted)) == {"gemini_cli", "codex"}


def test_folders_that_the_user_moved_are_heeded(wanted: Wanted, tmp_path: Path) -> None:
    moved = {
        "CLAUDE_CONFIG_DIR": str(tmp_path / "a"), "CODEX_HOME": str(tmp_path / "b"),
        "GEMINI_CLI_HOME": str(tmp_path / "c"), "QWEN_HOME": "~/d",
    }  # fmt: skip
    (tmp_path / "b").mkdir()
    (tmp_path / "c" / ".gemini").mkdir(parents=True)
    (tmp_path / "d").mkdir()
    found = look(msgspec.structs.replace(wanted, folders=Folders(tmp_path, moved)))
    paths = {
        Path(path).relative_to(tmp_path).as_posix() for c in found.values() for path in c.files
    }
    assert paths == {
        "a/settings.json", "b/config.toml", "b/hooks.json", "c/.gemini/settings.json",
        "d/settings.json",
    }  # fmt: skip


def test_claude_code_reports_by_url_but_for_two_events(wanted: Wanted) -> None:
    home(wanted, ".claude")
    found, notes = settle("claude_code", wanted, "settings.json")
    kinds = {name: groups[0]["hooks"][0]["type"] for name, groups in found["hooks"].items()}
    assert {name for name, kind in kinds.items() if kind == "command"} == {"SessionStart", "Setup"}
    assert {name for name, kind in kinds.items() if kind == "http"} == set(HTTP_EVENTS)
    assert "WorktreeCreate" not in kinds
    assert len(kinds) < EVENTS
    assert found["env"]["OTEL_EXPORTER_OTLP_ENDPOINT"] == ORIGIN
    assert found["env"]["CLAUDE_CODE_ENABLE_TELEMETRY"] == "1"
    assert "/api/statusline/claude-code" in found["statusLine"]["command"]
    assert notes == []


@pytest.mark.parametrize(
    "env",
    [
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "https://collector.example"},
        {"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": "https://collector.example/v1/logs"},
        {"OTEL_LOGS_EXPORTER": "console"},
        {"CLAUDE_CODE_ENABLE_TELEMETRY": "0"},
        {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
    ],
)
def test_claude_codes_telemetry_stays_where_the_user_sends_it(
    wanted: Wanted, env: dict[str, str]
) -> None:
    home(wanted, ".claude")
    found, notes = settle("claude_code", wanted, "settings.json", json.dumps({"env": env}))
    assert found["env"] == env
    assert next(iter(env)) in notes[0]
    assert "hooks" in found


def test_claude_codes_telemetry_that_comes_here_already_stays_as_it_is(wanted: Wanted) -> None:
    home(wanted, ".claude")
    env = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"{ORIGIN}/", "OTEL_LOGS_EXPORTER": "otlp,console",
           "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}  # fmt: skip
    found, notes = settle("claude_code", wanted, "settings.json", json.dumps({"env": env}))
    assert found["env"].items() >= env.items()
    assert found["env"]["OTEL_METRICS_EXPORTER"] == "otlp"
    assert notes == []


def test_a_list_of_allowed_urls_gets_ours_where_it_does_not_hold_it(wanted: Wanted) -> None:
    home(wanted, ".claude")
    for allowed, grows in (([], True), (["http://127.0.0.1:*"], False), (["http://x/*"], True)):
        text = json.dumps({"allowedHttpHookUrls": allowed})
        found, _ = settle("claude_code", wanted, "settings.json", text)
        assert len(found["allowedHttpHookUrls"]) == len(allowed) + grows


def test_a_status_line_that_is_no_command_and_hooks_that_are_off_are_mentioned(
    wanted: Wanted,
) -> None:
    home(wanted, ".claude")
    text = json.dumps({"statusLine": {"type": "builtin"}, "disableAllHooks": True})
    found, notes = settle("claude_code", wanted, "settings.json", text)
    assert found["statusLine"] == {"type": "builtin"}
    assert len(notes) == 2


def test_a_project_gets_hooks_in_settings_that_are_the_users_own(
    wanted: Wanted, tmp_path: Path
) -> None:
    for name in (".claude", ".codex", ".gemini"):
        home(wanted, name)
    found = look(msgspec.structs.replace(wanted, project=tmp_path / "shop"))
    paths = {
        Path(path).relative_to(tmp_path).as_posix() for c in found.values() for path in c.files
    }
    assert paths == {
        "shop/.claude/settings.local.json", "shop/.codex/hooks.json", "shop/.gemini/settings.json",
    }  # fmt: skip
    assert "quota" not in found["claude_code"].channels


@pytest.mark.parametrize(
    ("config", "comes"),
    [
        ("", True),
        ('[otel]\nexporter = "none"', True),
        ('[otel]\nenvironment = "dev"', True),
        ('[otel]\nexporter = { otlp-grpc = { endpoint = "https://x:4317" } }', False),
        ('[otel.exporter.otlp-http]\nendpoint = "https://x/v1/logs"', False),
        (f'[otel.exporter.otlp-http]\nendpoint = "{ORIGIN}/v1/logs"\nprotocol = "binary"', True),
    ],
)
def test_codex_exports_here_unless_it_exports_elsewhere(
    wanted: Wanted, config: str, comes: bool
) -> None:
    home(wanted, ".codex")
    found, notes = settle("codex", wanted, "config.toml", config)
    endpoint = found["otel"]["exporter"].get("otlp-http", {}).get("endpoint")
    assert (endpoint == f"{ORIGIN}/v1/logs") == comes
    assert (notes == []) == comes


def test_codex_hooks_that_are_off_or_in_two_places_are_mentioned(wanted: Wanted) -> None:
    home(wanted, ".codex")
    config = "[features]\nhooks = false\n[[hooks.Stop]]\n[[hooks.Stop.hooks]]\ntype = 'command'\n"
    assert len(settle("codex", wanted, "config.toml", config)[1]) == 2


def test_codex_hooks_go_behind_those_that_the_user_has_reviewed(wanted: Wanted) -> None:
    home(wanted, ".codex")
    own = {"matcher": "^Bash$", "hooks": [{"type": "command", "command": "check"}]}
    text = json.dumps({"hooks": {"PreToolUse": [own]}})
    found, _ = settle("codex", wanted, "hooks.json", text)
    assert found["hooks"]["PreToolUse"][0] == own
    assert len(found["hooks"]["PreToolUse"]) == 2


@pytest.mark.parametrize(
    ("telemetry", "comes"),
    [
        ({}, True),
        ({"enabled": False, "logPrompts": False}, True),
        ({"enabled": True, "target": "gcp"}, False),
        ({"otlpEndpoint": "https://collector.example"}, False),
        ({"outfile": "/tmp/t.log"}, False),
        ({"otlpEndpoint": f"{ORIGIN}/"}, True),
    ],
)
@pytest.mark.parametrize("agent", [("gemini_cli", ".gemini"), ("qwen_code", ".qwen")])
def test_gemini_cli_and_qwen_code_export_here_unless_they_export_elsewhere(
    wanted: Wanted, agent: tuple[str, str], telemetry: dict[str, Any], comes: bool
) -> None:
    home(wanted, agent[1])
    text = json.dumps({"telemetry": telemetry})
    found, notes = settle(agent[0], wanted, "settings.json", text)
    if comes:
        assert found["telemetry"]["enabled"] is True
        assert found["telemetry"]["otlpProtocol"] == "http"
        assert found["telemetry"]["otlpEndpoint"].startswith(ORIGIN)
    else:
        assert found["telemetry"] == telemetry
    assert (notes == []) == comes


def test_gemini_cli_that_runs_no_hooks_is_mentioned(wanted: Wanted) -> None:
    home(wanted, ".gemini")
    text = json.dumps({"hooksConfig": {"enabled": False}})
    assert len(settle("gemini_cli", wanted, "settings.json", text)[1]) == 1


@pytest.mark.parametrize(
    ("agent", "folder", "name", "event", "dialect"),
    [
        ("claude_code", ".claude", "settings.json", "PreToolUse", "permission"),
        ("codex", ".codex", "hooks.json", "PreToolUse", "permission"),
        ("gemini_cli", ".gemini", "settings.json", "BeforeTool", "decision"),
    ],
)
def test_the_guard_is_one_more_hook_and_only_when_asked_for(
    wanted: Wanted, agent: str, folder: str, name: str, event: str, dialect: str
) -> None:
    home(wanted, folder)
    without, _ = settle(agent, wanted, name)
    with_guard, _ = settle(agent, msgspec.structs.replace(wanted, guard=True), name)
    assert len(without["hooks"][event]) == 1
    assert with_guard["hooks"][event][:1] == without["hooks"][event]
    command = with_guard["hooks"][event][1]["hooks"][0]["command"]
    assert command == wanted.commands.guard("permission" if dialect == "permission" else "decision")


def test_the_state_of_each_channel_is_told(wanted: Wanted) -> None:
    claude, codex = home(wanted, ".claude"), home(wanted, ".codex")
    channels = look(wanted)["claude_code"].channels
    assert channels == {"hooks": "no", "telemetry": "no", "quota": "no"}
    agent = load_registry().by_type("claude_code")
    assert agent is not None
    assert agent.setup is not None
    setup = agent.setup(wanted)
    assert setup is not None
    edits = setup.files[0].changes({}).edits
    part = [each for each in edits if each.channel == "telemetry" or each.path[-1] == "Stop"]
    (claude / "settings.json").write_text(apply("", "json", part)[0])
    channels = look(wanted)["claude_code"].channels
    assert channels == {"hooks": "partly", "telemetry": "here", "quota": "no"}
    (claude / "settings.json").write_text(apply("", "json", edits)[0])
    assert set(look(wanted)["claude_code"].channels.values()) == {"here"}
    elsewhere = msgspec.structs.replace(wanted, origin="http://127.0.0.1:4000")
    channels = look(elsewhere)["claude_code"].channels
    assert channels == {"hooks": "no", "telemetry": "elsewhere", "quota": "no"}
    (codex / "config.toml").write_text("otel = [")
    assert str(codex / "config.toml") in (look(wanted)["codex"].fault or "")
