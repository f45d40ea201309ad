"""The documentation holds: what it names exists, what exists is named, its examples run."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import click
import httpx
import pytest

from agentmonitor.agents.registry import load_registry, usage_windows
from agentmonitor.cli.main import COMMANDS
from agentmonitor.config import load_settings
from agentmonitor.config.declared import SETTINGS
from agentmonitor.model.wire import EVENT_TYPES
from agentmonitor.server.app import all_routes
from tests.contract.server import Server

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
PAGES += sorted((ROOT / "docs").rglob("*.md"))
BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^\1```", re.MULTILINE | re.DOTALL)


def text(page: str) -> str:
    return (ROOT / page).read_text("utf-8")


def blocks(page: Path, language: str) -> list[str]:
    return [b for _, name, b in BLOCK.findall(page.read_text("utf-8")) if name == language]


def curls() -> list[str]:
    """Every curl call of every page, continuation lines and quoted bodies included."""
    found = []
    for page in PAGES:
        for block in blocks(page, "sh"):
            found += re.findall(r"^ *curl (?:'[^']*'|[^'\n])*", block, re.MULTILINE)
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text("utf-8")):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_make_target_that_is_named_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", text("Makefile"), re.MULTILINE))
    named = set(re.findall(r"`make ([a-z]+)", page.read_text("utf-8")))
    for block in blocks(page, "sh"):
        named |= set(re.findall(r"^ *make ([a-z]+)", block, re.MULTILINE))
    assert named <= targets


def documented_settings() -> dict[str, str]:
    rows = re.findall(
        r"^\| `AGENTMONITOR_(\w+)` \| ([^|]+) \|", text("docs/reference/settings.md"), re.M
    )
    return dict(rows)


def test_every_setting_is_documented_and_every_documented_setting_is_read() -> None:
    read = {setting.name for setting in SETTINGS} | {"CONFIG"}
    documented = set(documented_settings())
    windows = {name for name in documented if "WINDOW_HOURS" in name or "_LIMIT_" in name}
    assert documented - windows == read
    for name in windows:
        assert load_settings({f"AGENTMONITOR_{name}": "7"}).usage == {name: 7.0}


def test_the_documented_defaults_of_the_usage_windows_are_the_real_ones() -> None:
    settings = load_settings({})
    for name, value in documented_settings().items():
        for agent in load_registry().agents:
            suffix = f"_{agent.agent_type.upper()}"
            windows = usage_windows(agent, settings)
            if windows is not None and name.endswith(suffix):
                window, kind = name.removesuffix(suffix).split("_", 1)
                field = "hours" if kind == "WINDOW_HOURS" else "limit"
                assert getattr(windows, f"{window.lower()}_{field}") == float(value)


def commands(group: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    if isinstance(group, click.Group):
        if group.invoke_without_command:
            yield path, group
        for name, command in group.commands.items():
            yield from commands(command, f"{path} {name}")
    else:
        yield path, group


def test_every_command_is_documented_with_options_that_exist() -> None:
    page = text("docs/reference/cli.md")
    sections = dict(re.findall(r"^## agentmonitor ([\w ]+)\n(.*?)(?=^## |\Z)", page, re.M | re.S))
    real: dict[str, click.Command] = {}
    for name, module in COMMANDS.items():
        real |= dict(commands(import_module(module).command, name))
    assert set(sections) == set(real)
    for name, command in real.items():
        assert command.help
        assert "Example: agentmonitor" in command.help
        options = {option for parameter in command.params for option in parameter.opts}
        assert set(re.findall(r"--[a-z-]+", sections[name])) <= options


def test_every_path_of_the_api_is_documented_and_exists() -> None:
    real = {
        (method, path)
        for method, path in all_routes().routes()
        if method != "HEAD" and "{agent}" not in path
    }
    page = text("docs/reference/api.md")
    named = set(re.findall(r"`(GET|POST) (/[^`\s]*)`", page))
    agents = load_registry().agents
    by_agent = {("POST", f"/api/hooks/{a.hook_slug}") for a in agents if a.parse_hook}
    by_agent |= {("POST", f"/api/statusline/{a.hook_slug}") for a in agents if a.parse_statusline}
    assert named == real | by_agent


def test_the_event_types_of_the_api_page_are_those_that_are_accepted() -> None:
    row = next(
        line for line in text("docs/reference/api.md").splitlines() if "| `event_type` |" in line
    )
    assert set(re.findall(r"`(\w+)`", row)) - {"event_type"} == EVENT_TYPES


def test_the_hooks_of_the_guide_are_those_that_the_dashboard_offers() -> None:
    agent = load_registry().by_hook("claude-code")
    assert agent is not None
    assert agent.connect is not None
    offered = json.loads(agent.connect.snippet.replace("{origin}", "http://127.0.0.1:3141"))
    (guide,) = blocks(ROOT / "docs/how-to/connect-claude-code.md", "json")
    assert json.loads(guide) == offered


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
def test_the_examples_run(tmp_path: Path) -> None:
    examples = curls()
    assert len(examples) > 8
    server = Server(tmp_path, {})
    address = server.address().rstrip("/")
    for example in examples:
        words = shlex.split(example.replace("http://127.0.0.1:3141", address))
        streaming = "-N" in words
        run = subprocess.run(
            [*words, "-sS", "-o", "-", "-w", "\n%{http_code}", *(["-m", "1"] if streaming else [])],
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.stdout.rsplit("\n", 1)[1] in ("200", "201"), (
            f"{example}\n{run.stdout}{run.stderr}"
        )
    sessions = httpx.get(f"{address}/api/sessions").json()["sessions"]
    states = {row["id"]: row["state"] for row in sessions}
    assert states["try-it"] == "permission"
    assert server.stop() == 0


def test_the_demo_plays_from_beginning_to_end(tmp_path: Path) -> None:
    server = Server(tmp_path, {})
    address = server.address()
    command = ["-m", "agentmonitor", "demo", "--speed", "100000", "--seed", "1", "--url", address]
    run = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    stats = httpx.get(f"{address}api/stats").json()
    assert len(stats["agent_breakdown"]) == 3
    assert stats["unpriced_events"] == 0
    assert stats["total_cost_usd"] > 1
    states = {row["state"] for row in httpx.get(f"{address}api/sessions").json()["sessions"]}
    assert {"idle", "failed", "ended"} <= states
    assert server.stop() == 0
    missing = subprocess.run(
        [sys.executable, *command], capture_output=True, text=True, check=False
    )
    assert missing.returncode == 1
    assert "agentmonitor serve" in missing.stderr
