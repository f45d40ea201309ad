"""The list of sessions: filters, order, pages, search, and every state."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.contract.server import Server
from tests.e2e.conftest import keep
from tests.e2e.sending import events, hook, waits_for_permission


def many(server: Server, count: int) -> None:
    """Sessions s0 to s(count-1), each newer than the one before."""
    rows: list[dict[str, Any]] = []
    for n in range(count):
        base: dict[str, Any] = {
            "session_id": f"s{n}",
            "agent_type": "codex" if n % 2 else "claude_code",
            "project": f"project-{n % 3}",
            "branch": "main",
            "client_timestamp": f"2026-01-{1 + n // 1000:02}T{n // 60 % 16:02}:{n % 60:02}:00Z",
        }
        rows.append(base | {"event_type": "user_prompt", "metadata": {"prompt": f"Mend {n}"}})
        rows.append(base | {"model": "claude-sonnet-4-5", "tokens_in": 1000 * n})
        rows.append(base | {"event_type": "session_end"})
    events(server, rows)


def indexed(server: Server, words: str) -> None:
    """Wait until a search finds something."""
    for _ in range(100):
        found = httpx.get(f"{server.address()}api/v2/search", params={"q": words}).json()
        if found["results"]:
            return
    pytest.fail(f"{words} was never found")


def titles(page: Page) -> list[str]:
    return page.get_by_test_id("sessions").locator("tbody .row-link").all_inner_texts()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_sessions_are_listed_with_their_states(server: Server, page: Page, theme: Any) -> None:
    many(server, 12)
    hook(server, "UserPromptSubmit", prompt="Wait for me")
    waits_for_permission(server)
    events(server, [
        {"session_id": "odd", "project": "日本語 مشروع", "event_type": "user_prompt",
         "metadata": {"prompt": "<b>bold</b> " + "long " * 60}},
        {"session_id": "odd", "model": "nobody-knows", "tokens_in": 5},
    ])  # fmt: skip
    page.emulate_media(color_scheme=theme)
    page.goto(f"{server.address()}sessions")
    expect(page.locator("[data-session-id=s11]")).to_be_visible()
    table = page.get_by_test_id("sessions")
    expect(table.locator("[data-state=permission]:visible")).to_be_visible()
    expect(table).to_contain_text("<b>bold</b>")
    expect(table).to_contain_text("unpriced")
    keep(page, f"sessions-{theme}")
    for width in (1024, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        keep(page, f"sessions-{width}-{theme}")


def test_order_and_filters_live_in_the_address(server: Server, page: Page) -> None:
    many(server, 9)
    page.goto(f"{server.address()}sessions")
    expect(page.locator("[data-session-id=s8]")).to_be_visible()
    assert titles(page)[:2] == ["Mend 8", "Mend 7"]
    page.get_by_role("button", name="Tokens").click()
    page.get_by_role("button", name="Tokens").click()
    expect(page).to_have_url(re.compile("sort=tokens&order=asc"))
    expect(page.locator("tbody .row-link").first).to_have_text("Mend 0")
    page.get_by_label("Agent", exact=True).select_option("codex")
    expect(page.locator("tbody tr")).to_have_count(4)
    page.get_by_label("Project", exact=True).select_option("project-1")
    expect(page.locator("tbody tr")).to_have_count(2)
    page.go_back()
    expect(page.locator("tbody tr")).to_have_count(4)
    page.reload()
    expect(page.locator("tbody tr")).to_have_count(4)
    page.get_by_label("Active from", exact=True).fill("2026-06-01")
    expect(page.get_by_test_id("no-match")).to_be_visible()
    keep(page, "sessions-no-match")
    page.get_by_role("button", name="Clear filters").first.click()
    expect(page.locator("tbody tr")).to_have_count(9)


def test_a_long_list_comes_page_by_page_and_is_drawn_in_part(server: Server, page: Page) -> None:
    many(server, 350)
    page.goto(f"{server.address()}sessions")
    expect(page.locator("[data-session-id=s349]")).to_be_visible()
    rows = page.get_by_test_id("sessions").get_by_role("table")
    for _ in range(12):
        page.mouse.wheel(0, 6000)
        page.wait_for_timeout(150)
    expect(rows).to_have_attribute("aria-rowcount", "350")
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    expect(page.locator("[data-session-id=s0]")).to_be_visible()
    assert page.locator("tbody tr").count() < 80
    expect(page.locator("[data-session-id=s349]")).to_have_count(0)


def test_a_row_leads_to_its_session_and_back(server: Server, page: Page) -> None:
    many(server, 3)
    page.goto(f"{server.address()}sessions?sort=cost")
    page.get_by_role("link", name="Mend 1").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Mend 0")).to_be_visible()
    page.go_back()
    expect(page).to_have_url(re.compile(r"sessions\?sort=cost$"))
    expect(page.locator("tbody tr")).to_have_count(3)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_search_finds_the_place(server: Server, page: Page, theme: Any) -> None:
    base = {"session_id": "deep", "project": "shop"}
    rows: list[dict[str, Any]] = [base | {"metadata": {"text": f"line {n}"}} for n in range(300)]
    hostile = "the rounded <img src=x onerror=alert(1)> total 😀 rounded"
    rows[150] = base | {"metadata": {"text": hostile}}
    rows.append(base | {"event_type": "tool_use", "tool_name": "Bash",
                        "metadata": {"command": "npm run rounded"}})  # fmt: skip
    events(server, rows)
    indexed(server, "rounded npm")
    page.emulate_media(color_scheme=theme)
    page.goto(f"{server.address()}sessions")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.keyboard.press("/")
    page.keyboard.type("rounded")
    hit = page.get_by_test_id("hit").filter(has_text="onerror")
    expect(hit.locator("mark")).to_have_text(["rounded", "rounded"])
    expect(page.get_by_test_id("hit")).to_have_count(2)
    assert page.locator("main img").count() == 0
    expect(page).to_have_url(re.compile(r"\?q=rounded$"))
    keep(page, f"sessions-search-{theme}")
    page.get_by_role("button", name="By session").click()
    expect(page.get_by_test_id("hit")).to_have_count(1)
    expect(page.get_by_test_id("hit")).to_contain_text("2 hits")
    page.go_back()
    hit.get_by_role("link").click()
    expect(page).to_have_url(re.compile("/sessions/deep#event-"))
    expect(page.get_by_test_id("said").filter(has_text="onerror")).to_be_in_viewport()


def test_a_search_says_why_it_shows_nothing(server: Server, page: Page) -> None:
    many(server, 2)
    indexed(server, "mend")
    page.goto(f"{server.address()}sessions?q=nothinglikethis")
    expect(page.get_by_test_id("no-match")).to_be_visible()
    other = page.context.new_page()  # on this one the browser may report what was refused
    other.goto(f"{server.address()}sessions?q=-mend")
    expect(other.get_by_test_id("bad-query")).to_be_visible()
    answer: dict[str, Any] = {
        "results": [],
        "next": None,
        "indexed_to": 1,
        "behind": 1204,
        "problem": None,
    }
    page.route("**/api/v2/search**", lambda route: route.fulfill(json=answer))
    page.goto(f"{server.address()}sessions?q=mend")
    expect(page.get_by_test_id("behind")).to_contain_text("1,204 events behind")
    keep(page, "sessions-behind")
    page.unroute("**/api/v2/search**")
    page.route("**/api/v2/search**", lambda route: route.abort())
    page.goto(f"{server.address()}sessions?q=mend")
    expect(page.get_by_test_id("error")).to_contain_text("The search failed")
    page.unroute("**/api/v2/search**")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_test_id("hit")).to_have_count(2)


def test_states_are_live(server: Server, page: Page) -> None:
    hook(server, "UserPromptSubmit", prompt="Make it so")
    page.goto(f"{server.address()}sessions")
    table = page.get_by_test_id("sessions")
    expect(table.locator("[data-state=working]:visible")).to_be_visible()
    waits_for_permission(server)
    expect(table.locator("[data-state=permission]:visible")).to_be_visible()
    hook(server, "UserPromptSubmit", session="another", prompt="A new one")
    expect(table).to_contain_text("A new one")


def test_an_empty_and_a_failed_list_say_so(server: Server, page: Page) -> None:
    page.goto(f"{server.address()}sessions")
    expect(page.get_by_test_id("empty")).to_contain_text("There is no session yet")
    expect(page.get_by_role("link", name="Connect an agent")).to_be_visible()
    keep(page, "sessions-empty")
    page.route("**/api/v2/sessions?**", lambda route: route.abort())
    page.reload()
    expect(page.get_by_test_id("error")).to_be_visible()
    keep(page, "sessions-failed")
    page.unroute("**/api/v2/sessions?**")
    many(server, 1)
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("tbody tr")).to_have_count(1)


def test_a_lost_connection_shows_and_leaves_the_list(server: Server, page: Page) -> None:
    many(server, 2)
    page.goto(f"{server.address()}sessions")
    expect(page.locator("tbody tr")).to_have_count(2)
    server.stop()
    expect(page.get_by_test_id("connection")).to_have_attribute(
        "data-status", "disconnected", timeout=30_000
    )
    expect(page.get_by_text("No connection since")).to_be_visible()
    expect(page.locator("tbody tr")).to_have_count(2)
    keep(page, "sessions-disconnected")
