"""What all pages share: the rail, the router, the keys, the palette, the theme."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.contract.server import Server
from tests.e2e.conftest import keep
from tests.e2e.sending import event, events, hook, waits_for_permission

PAGES = {
    "": "Live",
    "sessions": "Sessions",
    "cost": "Cost",
    "tools": "Tools",
    "activity": "Activity",
    "connect": "Connect",
}


def heading(page: Page, name: str) -> Any:
    return page.get_by_role("heading", name=name, level=1, exact=True)


def test_every_page_has_an_address_of_its_own(server: Server, page: Page) -> None:
    event(server)
    for path, title in PAGES.items():
        page.goto(server.address() + path)
        expect(heading(page, title)).to_be_visible()
        expect(page).to_have_title(f"{title} · AgentMonitor")
        rail = page.get_by_role("navigation", name="Pages")
        expect(rail.locator("[aria-current=page]")).to_contain_text(title)


def test_the_server_knows_the_pages_and_no_others(server: Server) -> None:
    address = server.address()
    for path in [*PAGES, "sessions/s1", "sessions/a%2Fb%3F"]:
        answer = httpx.get(address + path)
        assert (answer.status_code, answer.headers["content-type"][:9]) == (200, "text/html")
    for path in ["nope", "sessions/", "sessions/a/b", "cost/", "index.php"]:
        answer = httpx.get(address + path)
        assert answer.status_code == 404
        assert answer.json()["error"]
    # What is posted to the bare address is taken for OTLP.
    assert httpx.post(address, json={}).status_code == 400
    for path in ["cost", "sessions/s1", "index.html"]:
        refused = httpx.post(address + path, json={})
        assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD")


def test_going_from_page_to_page_loads_no_document(server: Server, page: Page) -> None:
    event(server)
    page.goto(server.address())
    page.evaluate("window.same = true")
    for title in ("Sessions", "Cost", "Tools", "Activity", "Connect", "Live"):
        page.get_by_role("navigation", name="Pages").get_by_role("link", name=title).click()
        expect(heading(page, title)).to_be_focused()
    page.go_back()
    expect(heading(page, "Connect")).to_be_visible()
    page.go_forward()
    expect(heading(page, "Live")).to_be_visible()
    assert page.evaluate("window.same") is True


def test_the_back_button_returns_to_where_the_page_was_left(server: Server, page: Page) -> None:
    for number in range(30):
        hook(server, "UserPromptSubmit", f"s{number}", prompt=f"Task {number}")
    page.goto(server.address())
    expect(page.get_by_test_id("card")).to_have_count(30)
    page.evaluate("scrollTo(0, 900)")
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Connect").click()
    expect(heading(page, "Connect")).to_be_visible()
    assert page.evaluate("scrollY") == 0
    page.go_back()
    expect(page.get_by_test_id("card")).to_have_count(30)
    page.wait_for_function("() => Math.abs(scrollY - 900) < 2")


def test_keys_lead_everywhere(server: Server, page: Page) -> None:
    event(server)
    page.goto(server.address())
    expect(page.get_by_test_id("card")).to_be_visible()
    for key, title in {
        "c": "Cost",
        "t": "Tools",
        "a": "Activity",
        "n": "Connect",
        "l": "Live",
    }.items():
        page.keyboard.press("g")
        page.keyboard.press(key)
        expect(heading(page, title)).to_be_visible()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("/")
    expect(page.locator("[data-search]")).to_be_focused()
    page.keyboard.type("gp?")  # a key that is typed is no command
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/sessions\?q=gp%3F$"))


def test_the_first_tab_stop_skips_the_rail(server: Server, page: Page) -> None:
    event(server)
    page.goto(server.address())
    expect(page.get_by_test_id("card")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the page")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_the_palette_finds_pages_sessions_and_actions(server: Server, page: Page) -> None:
    rows = [
        {"session_id": f"old-{n}", "client_timestamp": "2026-01-02T10:00:00Z"} for n in range(3)
    ]
    events(server, rows)
    hook(server, "UserPromptSubmit", "live-one", prompt="Make ledger writes idempotent")
    page.goto(server.address())
    expect(page.get_by_test_id("card").first).to_be_visible()
    page.keyboard.press("Control+k")
    palette = page.get_by_role("dialog", name="Commands")
    expect(palette.get_by_role("combobox")).to_be_focused()
    keep(page, "palette-light")
    page.keyboard.type("ledger")
    expect(palette.get_by_role("option").first).to_contain_text("Make ledger writes idempotent")
    palette.get_by_role("combobox").fill("old-2")  # not live: the server finds it
    expect(palette.get_by_role("option").first).to_contain_text("old-2")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/sessions/old-2$"))
    page.keyboard.press("Control+k")
    page.keyboard.type("dark")
    page.keyboard.press("Enter")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.keyboard.press("Control+k")
    page.keyboard.type("cost")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(heading(page, "Cost")).to_be_visible()
    page.keyboard.press("Control+k")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


@pytest.mark.parametrize(
    "end",
    [
        "input.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', bubbles: true}))",
        "input.closest('dialog').close()",
    ],
    ids=["an action", "Escape"],
)
def test_the_palette_opens_again_at_once_and_stays(server: Server, page: Page, end: str) -> None:
    event(server)
    page.goto(server.address())
    expect(page.get_by_test_id("card").first).to_be_visible()
    page.keyboard.press("Control+k")
    palette = page.get_by_role("dialog", name="Commands")
    palette.get_by_role("combobox").fill("dark")
    expect(palette.get_by_role("option").first).to_contain_text("Dark theme")
    # The next key comes before the browser tells that the dialog was closed.
    page.evaluate(
        f"""async () => {{
          const input = document.querySelector('dialog input');
          const told = new Promise(done => input.closest('dialog').addEventListener('close', done));
          {end};
          for (let turn = 0; turn < 20; turn++) await null;
          window.dispatchEvent(new KeyboardEvent('keydown', {{key: 'k', ctrlKey: true}}));
          await told;
          await new Promise(done => setTimeout(done));
        }}"""
    )
    expect(palette.get_by_role("combobox")).to_be_focused()
    expect(palette.get_by_role("combobox")).to_have_value("")


def test_the_theme_is_kept_and_follows_the_system(server: Server, page: Page) -> None:
    page.emulate_media(color_scheme="dark")
    page.goto(server.address())
    root = page.locator("html")
    expect(root).to_have_attribute("data-theme", "dark")
    page.emulate_media(color_scheme="light")
    expect(root).to_have_attribute("data-theme", "light")
    theme = page.get_by_test_id("theme")
    theme.click()
    theme.click()
    expect(theme).to_have_attribute("data-choice", "dark")
    page.reload()
    expect(root).to_have_attribute("data-theme", "dark")


def test_who_needs_somebody_shows_on_every_page(server: Server, page: Page) -> None:
    event(server)
    page.goto(server.address() + "cost")
    expect(heading(page, "Cost")).to_be_visible()
    waits_for_permission(server)
    expect(page.locator(".rail__badge")).to_contain_text("1")
    expect(page).to_have_title("(1) Cost · AgentMonitor")


@pytest.mark.parametrize("width", [1440, 1024, 390])
def test_no_page_is_wider_than_its_window(server: Server, page: Page, width: int) -> None:
    long = "an-extremely-long-name-" * 8
    event(server, session_id=long, project=long, branch=long, model=long, tokens_in=5)
    page.set_viewport_size({"width": width, "height": 900})
    for path, title in PAGES.items():
        page.goto(server.address() + path)
        expect(heading(page, title)).to_be_visible()
        expect(page.get_by_test_id("loading")).to_have_count(0)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_an_address_that_is_no_page_says_so(server: Server, page: Page) -> None:
    event(server)
    page.goto(server.address())
    page.evaluate(
        "history.pushState(null, '', '/nope'); dispatchEvent(new PopStateEvent('popstate'))"
    )
    expect(heading(page, "Not found")).to_be_visible()
    page.get_by_role("link", name="Go to Live").click()
    expect(heading(page, "Live")).to_be_visible()
