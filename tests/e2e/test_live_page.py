"""The Live page in a real browser, on what a real agent's hooks send."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.contract.server import Server
from tests.e2e.conftest import keep
from tests.e2e.sending import SESSION, event, events, hook, waits_for_permission


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
    # The tiles ask again less often where the server, or the machine, answers slowly.
    unhurried = 30_000
    expect(page.get_by_test_id("tile-cost")).to_contain_text("unpriced", timeout=unhurried)
    event(server, event_type="error", metadata={"error": "stream disconnected"})
    expect(page.get_by_test_id("tile-errors")).to_contain_text("1", timeout=unhurried)


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


def test_the_attention_strip_tells_who_waits_for_what(server: Server, page: Page) -> None:
    for number in range(7):
        session = f"ask-{number}"
        hook(server, "UserPromptSubmit", session, prompt=f"Task {number}")
        waits_for_permission(server, session, f"make deploy-{number}")
    hook(server, "UserPromptSubmit", "limited", prompt="Over the limit")
    hook(server, "StopFailure", "limited", error="rate_limit")
    page.goto(server.address())
    strip = page.get_by_test_id("attention")
    expect(strip).to_contain_text("8")
    expect(strip).to_contain_text("Rate-limited")
    # What is asked must not push the work out of sight, and nobody is forgotten.
    expect(strip.locator(".ask")).to_have_count(5)
    strip.get_by_role("button", name="2 more wait for you").click()
    expect(strip.locator(".ask")).to_have_count(7)
    expect(page.locator(".rail__badge")).to_contain_text("8")
    strip.get_by_role("link", name="Open Task 0").click()
    expect(page).to_have_url(re.compile(r"/sessions/ask-0$"))


def test_a_call_that_runs_for_long_is_pointed_out(server: Server, page: Page) -> None:
    hook(server, "UserPromptSubmit", prompt="Train the model")
    hook(server, "PreToolUse", tool_name="Bash", tool_input={"command": "train"}, tool_use_id="1")
    page.clock.install()
    page.goto(server.address())
    expect(card(page)).to_have_attribute("data-state", "working")
    expect(page.get_by_test_id("attention")).to_have_count(0)
    page.clock.fast_forward("11:00")
    expect(page.get_by_test_id("attention")).to_contain_text("Stuck?")
    expect(page.get_by_test_id("attention")).to_contain_text("train")
    expect(card(page)).to_have_attribute("data-state", "stuck")


def test_cards_sort_and_filter_and_the_address_keeps_it(server: Server, page: Page) -> None:
    for number, (agent, project) in enumerate([("codex", "shop"), ("codex", "docs"), ("my", "x")]):
        event(
            server,
            session_id=f"s{number}",
            agent_type=agent,
            project=project,
            model="claude-sonnet-4-5",
            tokens_in=1000 * (number + 1),
        )
    page.goto(server.address())
    cards = page.get_by_test_id("card")
    expect(cards).to_have_count(3)
    page.get_by_label("Order").select_option("cost")
    expect(cards.first).to_have_attribute("data-session-id", "s2")
    main = page.locator(".live__main")
    main.get_by_label("Agent").select_option("codex")
    expect(cards).to_have_count(2)
    main.get_by_label("Project").select_option("docs")
    expect(cards).to_have_count(1)
    expect(page).to_have_url(re.compile("sort=cost&agent=codex&project=docs"))
    expect(page.get_by_test_id("event")).to_have_count(1)
    page.reload()
    expect(cards).to_have_count(1)
    page.go_back()
    expect(cards).to_have_count(2)
    page.get_by_role("button", name="Need you").click()
    expect(page.get_by_test_id("no-match")).to_be_visible()
    page.get_by_role("button", name="Show all 3 live").click()
    expect(cards).to_have_count(3)


def test_a_card_says_how_full_the_context_is(server: Server, page: Page) -> None:
    page.goto(server.address())
    expect(page.get_by_test_id("empty")).to_be_visible()
    event(server, model="claude-opus-4-5", tokens_in=4_000, cache_read_tokens=120_000)
    other = card(page, "other")
    meter = other.get_by_role("img", name="Context window used")
    expect(other).to_contain_text("62% of 200k context")
    expect(meter).to_have_accessible_name("Context window used: 62%")
    low = meter.locator("i").evaluate("bar => getComputedStyle(bar).backgroundColor")
    event(server, model="claude-opus-4-5", tokens_in=4_000, cache_read_tokens=166_000)
    expect(other).to_contain_text("85% of 200k context")
    high = meter.locator("i").evaluate("bar => getComputedStyle(bar).backgroundColor")
    assert high != low
    keep(page, "context-light")
    # More than there is room for: the window is another one than the catalogue says.
    event(server, model="claude-opus-4-5", tokens_in=250_000)
    expect(other).to_contain_text("250k context")
    expect(meter).to_have_count(0)


def test_the_feed_filters_by_kind_tool_and_type(server: Server, page: Page) -> None:
    event(server, event_type="tool_use", tool_name="Bash")
    event(server, event_type="tool_use", tool_name="Read", status="error")
    event(server, event_type="user_prompt", metadata={"prompt": "hello"})
    page.goto(server.address())
    rows = page.get_by_test_id("event")
    expect(rows).to_have_count(3)
    feed = page.get_by_test_id("feed")
    feed.get_by_role("button", name="Errors").click()
    expect(rows).to_have_count(1)
    feed.get_by_role("button", name="All", exact=True).click()
    feed.get_by_role("button", name="More").click()
    feed.get_by_label("Tool").select_option("Bash")
    expect(rows).to_have_count(1)
    feed.get_by_label("Tool").select_option("")
    feed.get_by_label("Type").select_option("user_prompt")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("hello")
    feed.get_by_role("button", name="Prompts").click()
    feed.get_by_label("Type").select_option("tool_use")
    expect(page.get_by_test_id("feed-no-match")).to_be_visible()
    feed.get_by_role("button", name="Clear filters").click()
    expect(rows).to_have_count(3)


def test_thousands_of_rows_are_drawn_a_few_at_a_time(server: Server, page: Page) -> None:
    page.goto(server.address())
    expect(page.get_by_test_id("empty")).to_be_visible()
    events(server, [{"event_type": "tool_use", "tool_name": f"t{n}"} for n in range(3000)])
    feed_list = page.get_by_role("region", name="Event list")
    expect(feed_list.locator("[aria-setsize='3000']").first).to_be_visible()
    assert page.get_by_test_id("event").count() < 60
    # By keyboard from the first to the last, and to the session of the row.
    feed_list.focus()
    page.keyboard.press("ArrowDown")
    expect(feed_list.locator("a:focus")).to_have_text("t2999")
    page.keyboard.press("End")
    expect(feed_list.locator("a:focus")).to_have_text("t0")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/sessions/other#event-\d+$"))


def test_a_row_that_is_read_stays_while_new_ones_come(server: Server, page: Page) -> None:
    events(server, [{"event_type": "tool_use", "tool_name": f"t{n}"} for n in range(150)])
    page.goto(server.address())
    feed_list = page.get_by_role("region", name="Event list")
    expect(feed_list.get_by_text("t149", exact=True)).to_be_visible()
    feed_list.evaluate("box => box.scrollTo(0, 44 * 60)")
    row = feed_list.get_by_text("t89", exact=True)
    expect(row).to_be_visible()
    before = row.bounding_box()
    events(server, [{"event_type": "tool_use", "tool_name": f"new{n}"} for n in range(20)])
    expect(feed_list.locator("[aria-setsize='170']").first).to_be_attached()
    after = row.bounding_box()
    assert before is not None
    assert after is not None
    assert abs(before["y"] - after["y"]) <= 1


def test_forty_sessions_with_any_name_fit(server: Server, page: Page) -> None:
    names = ["支払いシートの不安定なテストを修正する", "أصلح اختبار الدفع المتقلب", "W" * 400]
    for number in range(40):
        prompt = f"{names[number % 3]} {number}"
        hook(server, "UserPromptSubmit", f"s{number}", prompt=prompt, cwd=f"/srv/{'p' * number}x")
    for width in (1440, 1024, 390):
        page.set_viewport_size({"width": width, "height": 1000})
        page.goto(server.address())
        expect(page.get_by_test_id("card")).to_have_count(40)
        keep(page, f"live-forty-{width}")
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
