"""The page of a session that goes on: what comes in, and what waits for its human."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.contract.server import Server
from tests.e2e.conftest import keep
from tests.e2e.sending import SESSION, hook, waits_for_permission


def call(server: Server, name: str, command: str) -> None:
    """A hook about a call."""
    fields: dict[str, Any] = {"tool_name": "Bash", "tool_input": {"command": command}}
    if name == "PostToolUse":
        fields |= {"tool_response": {}, "duration_ms": 5}
    hook(server, name, **fields, tool_use_id=command)


def show(server: Server, page: Page) -> None:
    page.goto(f"{server.address()}sessions/{SESSION}")
    expect(page.get_by_test_id("transcript")).to_have_attribute("data-phase", "ready")


def test_what_goes_on_comes_in_without_a_jump(server: Server, page: Page) -> None:
    hook(server, "UserPromptSubmit", prompt="Make it so")
    for n in range(40):
        call(server, "PostToolUse", f"step {n}")
    show(server, page)
    expect(page.get_by_test_id("now")).to_contain_text("Thinking")
    top = page.evaluate("scrollY")
    call(server, "PreToolUse", "one more")
    expect(page.get_by_test_id("now")).to_contain_text("one more")
    call(server, "PostToolUse", "one more")
    expect(page.get_by_test_id("new-entries")).to_contain_text("1 new entry")
    assert page.evaluate("scrollY") == top
    page.get_by_test_id("new-entries").click()
    expect(page.get_by_test_id("call").filter(has_text="one more")).to_be_in_viewport()
    expect(page.get_by_test_id("new-entries")).to_have_count(0)
    # At the end, what comes is followed.
    call(server, "PostToolUse", "followed")
    expect(page.get_by_test_id("call").filter(has_text="followed")).to_be_in_viewport()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_what_is_asked_is_never_cut(server: Server, page: Page, theme: Any) -> None:
    command = "git push " + "--option=value " * 60 + "&& rm -rf END"
    hook(server, "UserPromptSubmit", prompt="Push it")
    waits_for_permission(server, command=command)
    page.emulate_media(color_scheme=theme)
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 900})
        show(server, page)
        bar = page.get_by_test_id("await")
        expect(bar).to_contain_text("Wants to run Bash")
        asked = bar.locator("p.mono")
        expect(asked).to_contain_text("rm -rf END")
        assert asked.evaluate("e => e.scrollWidth <= e.clientWidth")
        keep(page, f"session-permission-{width}-{theme}")
