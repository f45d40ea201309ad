"""What agents write is text on every page, whatever it looks like."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from tests.contract.server import Server
from tests.e2e.sending import event, hook

MARKUP = (
    "<script>window.owned=1</script>"
    '<img src=x onerror="window.owned=1"><svg onload="window.owned=1">'
    '<a href="javascript:window.owned=1">click</a>'
)
MARKDOWN = (
    "[click](javascript:window.owned=1) ![x](https://example.com/x.png) "
    "<iframe srcdoc='<script>parent.owned=1</script>'></iframe> "
    "[out](data:text/html,<script>1</script>)\n\n```html\n" + MARKUP + "\n```\n"
)
ANSI = "\x1b[31mred\x1b[0m \x1b]8;;javascript:1\x07link\x1b]8;;\x07 \x07"
BIDI = "rm \u202etxt.fdp\u202c -rf /"
SESSION = "<b>s&1</b>/\"'`"
PAGES = [
    "",
    "sessions",
    f"sessions/{quote(SESSION, safe='')}",
    "cost",
    "tools",
    "activity",
    "connect",
]


def send(server: Server) -> None:
    names = {"session_id": SESSION, "agent_type": MARKUP[:60], "project": MARKUP, "branch": MARKUP}
    prompt = MARKDOWN + ANSI + BIDI
    event(server, **names, event_type="user_prompt", metadata={"prompt": prompt})
    tool = {"command": MARKUP + ANSI, "error": MARKUP, "output": ANSI + MARKUP}
    event(server, **names, event_type="tool_use", tool_name=MARKUP[:100], metadata=tool)
    event(server, **names, event_type="error", tool_name=MARKUP[:100], metadata=tool)
    event(
        server,
        **names,
        event_type="response",
        model=MARKUP,
        tokens_in=5,
        metadata={"message": prompt},
    )
    event(server, **names, event_type="git_commit", metadata={"message": MARKUP})


@pytest.mark.parametrize("path", PAGES)
def test_hostile_text_stays_text(server: Server, page: Page, path: str) -> None:
    # The `page` fixture fails on any request that leaves, and on any error of a script.
    send(server)
    page.goto(server.address() + path)
    expect(page.locator("h1")).to_be_visible()
    expect(page.get_by_test_id("loading")).to_have_count(0)
    expect(page.locator("main")).not_to_be_empty()
    page.wait_for_timeout(300)
    main = page.locator("main")
    assert main.locator("script, iframe, img, object, embed, [onerror], [onload]").count() == 0
    hrefs = main.locator("a[href]").evaluate_all("all => all.map((a) => a.getAttribute('href'))")
    assert [href for href in hrefs if not href.startswith(("/", "#", "http"))] == []
    assert page.evaluate("window.owned") is None
    assert "\u202e" not in main.inner_text()


def test_a_link_to_a_session_with_a_strange_id_finds_it(server: Server, page: Page) -> None:
    send(server)
    page.goto(server.address())
    page.get_by_test_id("card").locator("h3 a").click()
    expect(page).to_have_url(server.address() + "sessions/" + encoded(page, SESSION))
    page.go_back()
    expect(page.get_by_test_id("card")).to_be_visible()


def encoded(page: Page, text: str) -> Any:
    """As the browser writes it into a path."""
    return page.evaluate("text => encodeURIComponent(text)", text)


def test_what_is_asked_is_shown_with_its_tricks_written_out(server: Server, page: Page) -> None:
    command = f"echo {BIDI} {ANSI}"
    hook(server, "UserPromptSubmit", prompt="x")
    tool: dict[str, Any] = {"tool_name": "Bash", "tool_input": {"command": command}}
    hook(server, "PreToolUse", **tool, tool_use_id="1")
    hook(server, "PermissionRequest", **tool)
    page.goto(server.address())
    asked = page.get_by_test_id("attention").locator(".ask__what")
    expect(asked).to_contain_text("\\u{202e}txt.fdp")
    expect(asked).to_contain_text("\\u{1b}[31mred")


def test_a_huge_text_does_not_hold_the_page_up(server: Server, page: Page) -> None:
    hook(server, "UserPromptSubmit", prompt="# x\n" + "- [a](b) **c** `d`\n" * 20_000)
    page.goto(server.address())
    expect(page.get_by_test_id("card")).to_be_visible()
    page.get_by_test_id("card").locator("h3 a").click()
    expect(page.locator("h1")).to_be_visible()
    expect(page.get_by_test_id("loading")).to_have_count(0)
