"""axe-core finds nothing serious, on any page, in either theme."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.contract.server import Server
from tests.e2e.conftest import keep
from tests.e2e.sending import SESSION, event, hook, waits_for_permission

AXE = Path(__file__).parents[2] / "frontend/node_modules/axe-core/axe.min.js"
PAGES = ["", "sessions", f"sessions/{SESSION}", "cost", "tools", "activity", "connect"]


def fill(server: Server) -> None:
    hook(server, "UserPromptSubmit", prompt="Make ledger writes idempotent\n\n- one\n- `two`")
    hook(server, "PreToolUse", tool_name="Edit", tool_input={"file_path": "a.py"}, tool_use_id="1")
    hook(server, "PostToolUse", tool_name="Edit", tool_input={"file_path": "a.py"}, tool_use_id="1")
    hook(server, "SubagentStart", agent_id="sub-1", agent_type="tests")
    waits_for_permission(server)
    hook(server, "UserPromptSubmit", "limited", prompt="Another")
    hook(server, "StopFailure", "limited", error="rate_limit")
    event(server, model="claude-sonnet-4-5", tokens_in=100_000, tokens_out=9000, project="shop")
    event(server, model="no-known-price", tokens_in=5000)
    event(server, event_type="tool_use", tool_name="Bash", status="error", duration_ms=5)


def findings(page: Page) -> list[str]:
    """What axe calls serious or critical, each with the first place it is found at."""
    # The strict policy lets no script into the page; the debugger's own may run.
    page.evaluate(AXE.read_text() + "; undefined")
    answer: dict[str, Any] = page.evaluate(
        "() => axe.run(document, { resultTypes: ['violations'] })"
    )
    return [
        f"{found['id']}: {found['help']}: {found['nodes'][0]['html'][:200]} "
        f"{found['nodes'][0].get('failureSummary', '')}"
        for found in answer["violations"]
        if found["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_every_page_can_be_used_by_everybody(
    server: Server, page: Page, path: str, scheme: Any
) -> None:
    if not AXE.exists():
        pytest.skip("axe-core is not installed: run npm ci in frontend")
    fill(server)
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.goto(server.address() + path)
    expect(page.locator("h1")).to_be_visible()
    expect(page.get_by_test_id("loading")).to_have_count(0)
    page.wait_for_timeout(300)
    keep(page, f"page-{path.split('/')[0] or 'live'}{'-one' if '/' in path else ''}-{scheme}")
    assert findings(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_so_can_what_lies_over_a_page(server: Server, page: Page, scheme: Any) -> None:
    if not AXE.exists():
        pytest.skip("axe-core is not installed: run npm ci in frontend")
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.goto(server.address())
    expect(page.get_by_test_id("empty")).to_be_visible()
    assert findings(page) == []
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    assert findings(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog", name="Commands")).to_be_visible()
    keep(page, f"palette-{scheme}")
    assert findings(page) == []


def test_the_keyboard_reaches_every_part_of_live(server: Server, page: Page) -> None:
    fill(server)
    page.goto(server.address())
    expect(page.get_by_test_id("card").first).to_be_visible()
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate(
                "() => { const e = document.activeElement;"
                " return e.getAttribute('aria-label') ?? e.textContent.trim().slice(0, 40) }"
            )
        )
    expected = {"Skip to the page", "Open Make ledger writes idempotent", "Event list", "Order"}
    assert expected <= reached, reached
