"""The Live page in a real browser, on what a real agent's hooks send."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.contract.server import Server
from tests.e2e.conftest import keep

SESSION = "11111111-2222-4333-8444-555555555555"


def hook(server: Server, name: str, session: str = SESSION, **fields: Any) -> None:
    body = {"session_id": session, "hook_event_name": name, "cwd": "/srv/ledger-api"} | fields
    answer = httpx.post(f"{server.address()}api/hooks/claude-code", json=body)
    assert (answer.status_code, answer.content) == (200, b"")


def event(server: Server, **fields: Any) -> None:
    body = {"session_id": "other", "agent_type": "codex", "event_type": "llm_response"} | fields
    assert httpx.post(f"{server.address()}api/events", json=body).status_code == 201


def card(page: Page, session: str = SESSION) -> Any:
    return page.locator(f"[data-testid=card][data-session-id='{session}']")


def test_a_session_goes_through_its_states_before_ones_eyes(server: Server, page: Page) -> None:
    page.goto(server.address())
    expect(page.get_by_test_id("empty")).to_be_visible()
    keep(page, "empty-light")

    hook(server, "UserPromptSubmit", prompt="Make ledger writes idempotent")
    expect(card(page)).to_have_attribute("data-state", "working")
    expect(card(page)).to_contain_text("Make ledger writes idempotent")
    expect(card(page)).to_contain_text("ledger-api")
    expect(page.get_by_test_id("empty")).to_have_count(0)

    tool: dict[str, Any] = {
        "tool_name": "Bash",
        "tool_input": {"command": "git push --force-with-lease"},
        "tool_use_id": "t1",
    }
    hook(server, "PreToolUse", **tool)
    expect(card(page)).to_contain_text("git push --force-with-lease")
    hook(server, "PermissionRequest", tool_name="Bash", tool_input=tool["tool_input"])
    expect(card(page)).to_have_attribute("data-state", "permission")
    expect(page.get_by_test_id("attention")).to_contain_text("git push --force-with-lease")
    expect(page).to_have_title(re.compile(r"^\(1\)"))
    keep(page, "permission-light")

    hook(server, "PostToolUse", **tool, tool_response={}, duration_ms=812)
    expect(card(page)).to_have_attribute("data-state", "working")
    expect(page.get_by_test_id("attention")).to_have_count(0)
    hook(server, "Stop", last_assistant_message="All writes carry a key now.")
    expect(card(page)).to_have_attribute("data-state", "idle")
    hook(server, "StopFailure", error="rate_limit")
    expect(card(page)).to_have_attribute("data-state", re.compile("failed|limited"))
    expect(page.get_by_test_id("event").first).to_be_visible()
    assert page.get_by_test_id("event").count() >= 4


def test_tiles_follow_cost_tokens_and_what_has_no_price(server: Server, page: Page) -> None:
    event(server, model="claude-sonnet-4-5", tokens_in=100_000, tokens_out=10_000)
    page.goto(server.address())
    expect(page.get_by_test_id("tile-cost")).to_contain_text("$0.45")
    event(server, model="a-model-nobody-knows", tokens_in=5000)
    expect(page.get_by_test_id("tile-cost")).to_contain_text("unpriced")
    event(server, event_type="error", metadata={"error": "stream disconnected"})
    expect(page.get_by_test_id("tile-errors")).to_contain_text("1")


def test_what_agents_write_is_text_and_never_markup(server: Server, page: Page) -> None:
    nasty = "<img src=x onerror=\"document.title='owned'\"><script>1</script>"
    hook(server, "UserPromptSubmit", prompt=nasty)
    hook(server, "PreToolUse", tool_name=nasty, tool_input={"command": nasty}, tool_use_id="x")
    hook(server, "PostToolUse", tool_name=nasty, tool_input={"command": nasty}, tool_use_id="x")
    page.goto(server.address())
    expect(card(page)).to_contain_text("<img src=x")
    assert page.locator("img[src=x]").count() == 0
    assert "owned" not in page.title()


def test_a_lost_connection_shows_and_nothing_is_missed(
    tmp_path: Path, server: Server, page: Page
) -> None:
    event(server, tool_name="before")
    address = server.address()
    page.goto(address)
    connection = page.get_by_test_id("connection")
    expect(connection).to_have_attribute("data-status", "streaming")
    server.stop()
    expect(connection).not_to_have_attribute("data-status", "streaming")
    keep(page, "disconnected-light")
    port = address.rstrip("/").rsplit(":", 1)[1]
    again = Server(tmp_path, {}, ("--port", port))
    again.address()
    for number in range(3):
        event(again, event_type="tool_use", tool_name=f"after-{number}")
    expect(connection).to_have_attribute("data-status", "streaming", timeout=30_000)
    for number in range(3):
        expect(page.get_by_test_id("feed")).to_contain_text(f"after-{number}")
    ids = [row.get_attribute("data-event-id") for row in page.get_by_test_id("event").all()]
    assert len(ids) == len(set(ids)) == 4
    again.stop()


def test_paused_the_feed_holds_what_comes_and_gives_it_back(server: Server, page: Page) -> None:
    event(server, event_type="tool_use", tool_name="first")
    page.goto(server.address())
    expect(page.get_by_test_id("feed")).to_contain_text("first")
    page.get_by_test_id("pause").click()
    event(server, event_type="tool_use", tool_name="second")
    expect(page.get_by_test_id("held")).to_contain_text("1")
    expect(page.get_by_test_id("feed")).not_to_contain_text("second")
    page.get_by_test_id("pause").click()
    expect(page.get_by_test_id("feed")).to_contain_text("second")


@pytest.mark.parametrize(
    ("name", "scheme", "width"),
    [("light", "light", 1440), ("dark", "dark", 1440), ("phone", "light", 390)],
)
def test_each_look_fits_its_width(
    server: Server, page: Page, name: str, scheme: Any, width: int
) -> None:
    for number in range(3):
        session = f"session-{number}"
        hook(server, "UserPromptSubmit", session, prompt=f"Task number {number}")
        hook(server, "PreToolUse", session, tool_name="Bash", tool_input={"command": "make test"})
    hook(server, "PermissionRequest", "session-1", tool_name="Bash", tool_input={"command": "rm x"})
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 1000})
    page.goto(server.address())
    expect(page.get_by_test_id("card")).to_have_count(3)
    keep(page, f"live-{name}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_page_carries_a_strict_policy_and_caches_as_it_should(server: Server) -> None:
    address = server.address()
    document = httpx.get(address)
    policy = document.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert document.headers["cache-control"] == "no-cache"
    tag = document.headers["etag"]
    assert httpx.get(address, headers={"if-none-match": tag}).status_code == 304
    assets = re.findall(r"/assets/[^\"']+", document.text)
    assert assets
    for asset in assets:
        answer = httpx.get(address.rstrip("/") + asset)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
