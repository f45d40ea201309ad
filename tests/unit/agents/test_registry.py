"""The agents that there are: unmistakable, legible, and with limits that users can change."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from agentmonitor.agents.base import Agent, Palette
from agentmonitor.agents.registry import load_registry, usage_windows
from agentmonitor.config import load_settings

REGISTRY = load_registry()
AGENTS = REGISTRY.agents


def luminance(color: str) -> float:
    """Relative luminance, as WCAG 2 defines it."""
    channels = (int(color[i : i + 2], 16) / 255 for i in (1, 3, 5))
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(a: str, b: str) -> float:
    lighter, darker = sorted((luminance(a), luminance(b)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_computed_as_the_standard_says() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_no_two_agents_can_be_confused() -> None:
    for names in (
        [a.agent_type for a in AGENTS],
        [a.label for a in AGENTS],
        [a.short for a in AGENTS],
        [a.hook_slug for a in AGENTS if a.hook_slug],
        [a.colors.light.mark for a in AGENTS],
        [a.colors.dark.mark for a in AGENTS],
    ):
        assert len(set(names)) == len(names)
    known = {a.agent_type for a in AGENTS}
    assert {"claude_code", "codex", "gemini_cli"} <= known
    assert {"amp", "copilot_cli", "droid", "goose", "opencode"} <= known


@pytest.mark.parametrize("agent", AGENTS, ids=lambda a: a.agent_type)
def test_an_agent_is_shown_by_two_letters_and_legible_colours(agent: Agent) -> None:
    assert re.fullmatch(r"[A-Z][A-Za-z]", agent.short)
    for palette in (agent.colors.light, agent.colors.dark):
        assert isinstance(palette, Palette)
        for color in (palette.mark, palette.text, palette.soft):
            assert re.fullmatch(r"#[0-9a-f]{6}", color)
        assert contrast(palette.text, palette.soft) >= 4.5
        # The mark is a graphic: it must be seen on its ground.
    assert luminance(agent.colors.light.soft) > luminance(agent.colors.dark.soft)


@pytest.mark.parametrize("agent", AGENTS, ids=lambda a: a.agent_type)
def test_a_hook_has_a_slug_and_a_parser_or_neither(agent: Agent) -> None:
    assert (agent.hook_slug is None) == (agent.parse_hook is None)
    assert REGISTRY.by_type(agent.agent_type) is agent
    if agent.hook_slug is not None:
        assert re.fullmatch(r"[a-z0-9-]+", agent.hook_slug)
        assert REGISTRY.by_hook(agent.hook_slug) is agent


def test_what_is_not_known_is_not_found() -> None:
    assert REGISTRY.by_type("nobody") is None
    assert REGISTRY.by_hook("") is None
    assert REGISTRY.by_hook("nobody") is None


def test_a_snippet_can_be_pasted_as_it_is() -> None:
    for agent in AGENTS:
        if agent.connect is None:
            continue
        text = agent.connect.snippet.replace("{origin}", "http://127.0.0.1:3141")
        hooks = json.loads(text)["hooks"]
        assert "WorktreeCreate" not in hooks
        for entries in hooks.values():
            (hook,) = entries[0]["hooks"]
            url = f"http://127.0.0.1:3141/api/hooks/{agent.hook_slug}"
            assert hook["type"] == "http" or url in hook["command"]
            assert hook.get("url", url) == url


def test_the_registry_sums_up_its_agents() -> None:
    assert REGISTRY.lingering == {"claude_code"}
    assert {"Edit", "apply_patch", "write_file"} <= REGISTRY.edit_tools


def windows(agent_type: str, **environ: str) -> tuple[Any, ...] | None:
    agent = REGISTRY.by_type(agent_type)
    assert agent is not None
    settings = load_settings(
        {f"AGENTMONITOR_{k}": v for k, v in environ.items()}, db_path=Path("/x")
    )
    found = usage_windows(agent, settings)
    if found is None:
        return None
    return (
        found.limit_type, found.session_hours, found.session_limit, found.extended_hours,
        found.extended_limit, found.weekly_hours, found.weekly_limit,
    )  # fmt: skip


def test_the_defaults_are_the_contracts() -> None:
    assert windows("claude_code") == ("tokens", 5, 44_000, 24, 0, 168, 293_000)
    assert windows("codex") == ("cost", 5, 500, 168, 1500, 168, 0)
    assert windows("gemini_cli") is None


def test_each_window_can_be_changed() -> None:
    changed = windows(
        "claude_code",
        SESSION_WINDOW_HOURS_CLAUDE_CODE="6", SESSION_TOKEN_LIMIT_CLAUDE_CODE="1",
        EXTENDED_WINDOW_HOURS_CLAUDE_CODE="12", EXTENDED_TOKEN_LIMIT_CLAUDE_CODE="2",
        WEEKLY_WINDOW_HOURS_CLAUDE_CODE="100", WEEKLY_TOKEN_LIMIT_CLAUDE_CODE="3",
    )  # fmt: skip
    assert changed == ("tokens", 6, 1, 12, 2, 100, 3)
    changed = windows(
        "codex", SESSION_COST_LIMIT_CODEX="1.5", EXTENDED_WINDOW_HOURS_CODEX="0.5",
        EXTENDED_COST_LIMIT_CODEX="0", SESSION_TOKEN_LIMIT_CODEX="9",
    )  # fmt: skip
    assert changed == ("cost", 5, 1.5, 0.5, 0, 168, 0)


def test_an_agents_own_window_wins_over_everybodys() -> None:
    both = {"SESSION_WINDOW_HOURS": "3", "SESSION_WINDOW_HOURS_CODEX": "4"}
    own, others = windows("codex", **both), windows("claude_code", **both)
    assert own is not None
    assert others is not None
    assert (own[1], others[1]) == (4, 3)


def test_limits_of_nothing_are_no_limits() -> None:
    none = {"SESSION_TOKEN_LIMIT_CLAUDE_CODE": "0", "WEEKLY_TOKEN_LIMIT_CLAUDE_CODE": "0"}
    assert windows("claude_code", **none) is None
