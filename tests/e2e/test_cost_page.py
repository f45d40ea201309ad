"""The Cost page in a real browser: its figures are the API's, to the cent."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.contract.client import eventually
from tests.contract.server import Server
from tests.e2e.conftest import keep
from tests.e2e.history import UNPRICED, cents, day, read, send, stamp, work


def opened(page: Page, server: Server, search: str = "") -> Locator:
    """The page, once its chart stands."""
    page.goto(f"{server.address()}cost{search}")
    expect(page.get_by_test_id("chart").locator("canvas")).to_be_visible()
    return page.get_by_test_id("chart")


def asked(days: int = 30) -> dict[str, str]:
    return {"from": day(days - 1), "to": day()}


def test_every_total_is_what_the_api_says_to_the_cent(server: Server, page: Page) -> None:
    work(server)
    opened(page, server)
    usage = read(server, "usage", **asked(), by="model")
    expect(page.get_by_test_id("total-cost")).to_contain_text(cents(usage["totals"]["cost_usd"]))
    cache = page.get_by_test_id("total-cache")
    expect(cache).to_contain_text(f"saved {cents(usage['cache']['saved_usd'])}")
    sessions = read(server, "usage", **asked(), by="session")
    expect(page.get_by_test_id("total-sessions")).to_contain_text(f"{sessions['total']}")
    legend = page.get_by_test_id("legend")
    for series in usage["series"]:
        if series["totals"]["cost_usd"] > 0:
            key = legend.get_by_role("button", name=series["key"])
            expect(key).to_contain_text(cents(series["totals"]["cost_usd"]))
    projects = read(server, "usage", **asked(), by="project")["series"]
    rows = page.get_by_test_id("project")
    for at, series in enumerate(projects):
        expect(rows.nth(at)).to_contain_text(series["key"])
        expect(rows.nth(at)).to_contain_text(cents(series["totals"]["cost_usd"]))
    dearest = page.get_by_test_id("dearest").locator("li")
    for at, session in enumerate(sessions["sessions"][:5]):
        expect(dearest.nth(at)).to_contain_text(session["title"])
        expect(dearest.nth(at)).to_contain_text(cents(session["totals"]["cost_usd"]))
    link = page.get_by_test_id("dearest").get_by_role("link", name=re.compile("Task")).first
    assert link.get_attribute("href") == f"/sessions/{sessions['sessions'][0]['session_id']}"


def test_what_has_no_price_is_named_with_its_tokens_and_never_zero(
    server: Server, page: Page
) -> None:
    use = {"event_type": "llm_response", "agent_type": "codex", "session_id": "s"}
    send(server, use | {"model": UNPRICED, "tokens_in": 12_345, "client_timestamp": stamp(1)})
    opened(page, server)
    expect(page.get_by_test_id("unpriced")).to_contain_text(UNPRICED)
    expect(page.get_by_test_id("unpriced")).to_contain_text("12.3k tokens")
    expect(page.get_by_test_id("total-cost")).not_to_contain_text("$0.00")
    expect(page.get_by_test_id("dearest")).to_contain_text("unpriced")
    expect(page.get_by_test_id("legend")).to_contain_text("no price")
    keep(page, "cost-unpriced-light")


def test_the_choices_stand_in_the_address_and_the_back_button_undoes_them(
    server: Server, page: Page
) -> None:
    work(server)
    opened(page, server)
    stack = page.get_by_role("group", name="Stack by")
    stack.get_by_role("button", name="Agent").click()
    expect(page).to_have_url(re.compile("by=agent"))
    expect(page.get_by_test_id("legend")).to_contain_text("Claude Code")
    page.get_by_role("group", name="Unit").get_by_role("button", name="Tokens").click()
    expect(page.get_by_role("heading", name="Tokens by day")).to_be_visible()
    page.get_by_role("group", name="Period").get_by_role("button", name="7 days").click()
    week = read(server, "usage", **asked(7), by="agent")
    expect(page.get_by_test_id("total-cost")).to_contain_text(cents(week["totals"]["cost_usd"]))
    expect(page.get_by_test_id("chart")).to_have_attribute("data-count", "7")
    page.go_back()
    expect(page.get_by_test_id("chart")).to_have_attribute("data-count", "30")
    page.go_back()
    page.go_back()
    expect(page).not_to_have_url(re.compile("by="))
    expect(stack.get_by_role("button", name="Model")).to_have_attribute("aria-pressed", "true")
    page.reload()
    expect(page.get_by_test_id("total-cost")).to_be_visible()


@pytest.mark.parametrize(("name", "count"), [("Today", 24), ("12 months", 12)])
def test_periods_are_divided_as_suits_them(
    server: Server, page: Page, name: str, count: int
) -> None:
    work(server)
    opened(page, server)
    page.get_by_role("group", name="Period").get_by_role("button", name=name).click()
    expect(page.get_by_test_id("chart")).to_have_attribute("data-count", str(count))


def test_an_own_range_is_typed_in_and_a_wrong_one_says_so(server: Server, page: Page) -> None:
    work(server)
    opened(page, server)
    page.get_by_role("button", name="Range").click()
    page.get_by_role("textbox", name="From").fill(day(9))
    page.get_by_role("textbox", name="To").fill(day(12))
    expect(page.get_by_role("alert")).to_contain_text("comes after")
    page.get_by_role("textbox", name="To").fill(day(5))
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page).to_have_url(re.compile(f"from={day(9)}&to={day(5)}"))
    usage = read(server, "usage", **{"from": day(9), "to": day(5)})
    expect(page.get_by_test_id("total-cost")).to_contain_text(cents(usage["totals"]["cost_usd"]))


def test_a_legend_filters_and_a_bar_leads_into_its_day(server: Server, page: Page) -> None:
    work(server)
    chart = opened(page, server)
    page.get_by_test_id("legend").get_by_role("button", name="gpt-5.1-codex").click()
    expect(page).to_have_url(re.compile("model=gpt-5.1-codex"))
    usage = read(server, "usage", **asked(), model="gpt-5.1-codex")
    expect(page.get_by_test_id("total-cost")).to_contain_text(cents(usage["totals"]["cost_usd"]))
    page.get_by_test_id("scope").get_by_role("button", name="Clear").click()
    expect(page).not_to_have_url(re.compile("model="))
    whole = read(server, "usage", **asked())["totals"]["cost_usd"]
    expect(page.get_by_test_id("total-cost")).to_contain_text(cents(whole))
    expect(chart.locator(".u-over")).to_be_visible()  # it is drawn anew
    box = chart.locator(".u-over").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 28.5 / 30, box["y"] + box["height"] - 4)
    yesterday = read(server, "usage", **{"from": day(1), "to": day(1)})
    expect(page.get_by_test_id("tip")).to_contain_text(cents(yesterday["totals"]["cost_usd"]))
    page.mouse.down()
    page.mouse.up()
    expect(page).to_have_url(re.compile(f"from={day(1)}&to={day(1)}"))
    expect(page.get_by_test_id("chart")).to_have_attribute("data-count", "24")


def test_the_chart_is_as_sharp_as_the_screen_it_is_moved_to(server: Server, page: Page) -> None:
    work(server)
    canvas = opened(page, server).locator("canvas")
    ratio = "canvas => canvas.width / canvas.clientWidth"
    assert canvas.evaluate(ratio) == pytest.approx(1, abs=0.01)
    screen = {"width": 1200, "height": 900, "deviceScaleFactor": 2, "mobile": False}
    page.context.new_cdp_session(page).send("Emulation.setDeviceMetricsOverride", screen)
    eventually(lambda: canvas.evaluate(ratio) == pytest.approx(2, abs=0.01))


def test_the_chart_is_read_and_entered_by_keyboard(server: Server, page: Page) -> None:
    work(server)
    opened(page, server)
    slider = page.get_by_role("slider")
    slider.focus()
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    yesterday = read(server, "usage", **{"from": day(1), "to": day(1)})
    cost = yesterday["totals"]["cost_usd"]
    said = slider.get_attribute("aria-valuetext")
    assert said is not None
    assert float(said.rsplit("$", 1)[1].replace(",", "")) == pytest.approx(cost)
    expect(page.get_by_test_id("tip")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("tip")).to_have_count(0)
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"from={day()}&to={day()}"))


def test_the_table_says_what_the_bars_say(server: Server, page: Page) -> None:
    work(server)
    opened(page, server)
    page.get_by_role("group", name="View").get_by_role("button", name="Table").click()
    rows = page.get_by_test_id("chart-table").locator("tbody tr")
    expect(rows).to_have_count(30)
    usage = read(server, "usage", **asked(), by="model")
    total = usage["series"]
    for at in (0, 1, 12):
        index = len(usage["buckets"]) - 1 - at
        cost = sum(series["values"]["cost_usd"][index] for series in total)
        expect(rows.nth(at).locator("td").first).to_have_text(cents(cost))


def test_windows_say_what_is_used_and_where_it_leads(server: Server, page: Page) -> None:
    send(server, {"event_type": "user_prompt", "agent_type": "claude_code", "session_id": "s"})
    soon = datetime.now(UTC) + timedelta(hours=2)
    reset = {"used_percentage": 68, "resets_at": int(soon.timestamp())}
    told = {"rate_limits": {"five_hour": reset}}
    path = f"{server.address()}api/statusline/claude-code"
    assert httpx.post(path, json=told).status_code == 200
    opened(page, server)
    window = page.get_by_test_id("window").filter(has_text="68%")
    expect(window).to_contain_text("Claude Code")
    expect(window).to_contain_text("5 hours")
    expect(window).to_contain_text("resets")
    gauge = window.get_by_role("img", name=re.compile("68% used, 60% of the time"))
    used = gauge.locator(".gauge__used").bounding_box()
    whole = gauge.bounding_box()
    assert used is not None
    assert whole is not None
    assert used["width"] / whole["width"] == pytest.approx(0.68, abs=0.01)


def test_the_csv_has_the_rows_of_the_chart(server: Server, page: Page) -> None:
    work(server)
    opened(page, server, "?by=agent&period=7d")
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    lines = download.value.path().read_text().splitlines()
    assert "agent" in lines[0]
    usage = read(server, "usage", **asked(7), by="agent")
    column = lines[0].split(",").index("cost_usd")
    total = sum(float(line.split(",")[column]) for line in lines[1:])
    assert total == pytest.approx(usage["totals"]["cost_usd"])


def test_new_use_shows_by_itself(server: Server, page: Page) -> None:
    work(server, 3)
    opened(page, server)
    before = read(server, "usage", **asked())["totals"]["cost_usd"]
    expect(page.get_by_test_id("total-cost")).to_contain_text(cents(before))
    send(
        server,
        {
            "session_id": "new", "agent_type": "codex", "event_type": "llm_response",
            "model": "gpt-5.1-codex", "tokens_in": 2_000_000, "tokens_out": 100_000,
        },
    )  # fmt: skip
    after = read(server, "usage", **asked())["totals"]["cost_usd"]
    assert after > before
    expect(page.get_by_test_id("total-cost")).to_contain_text(cents(after), timeout=15_000)


def test_nothing_no_match_and_no_answer_each_say_what_to_do(server: Server, page: Page) -> None:
    page.goto(f"{server.address()}cost")
    expect(page.get_by_test_id("empty").first).to_contain_text("Nothing was used")
    keep(page, "cost-empty-light")
    work(server, 3)
    page.goto(f"{server.address()}cost?model=nobody")
    expect(page.get_by_test_id("no-match")).to_be_visible()
    page.get_by_role("button", name="Clear filters").click()
    expect(page.get_by_test_id("chart")).to_be_visible()

    page.route("**/api/v2/usage?*", lambda route: route.abort())
    page.reload()
    expect(page.get_by_test_id("error").first).to_contain_text("does not answer")
    keep(page, "cost-failed-light")
    page.unroute("**/api/v2/usage?*")
    page.get_by_role("button", name="Try again").first.click()
    expect(page.get_by_test_id("chart")).to_be_visible()


def test_what_fails_while_the_page_stands_says_so_and_keeps_the_figures(
    server: Server, page: Page
) -> None:
    work(server, 3)
    opened(page, server)
    cost = page.get_by_test_id("total-cost").inner_text()
    page.route("**/api/v2/usage?*", lambda route: route.abort())
    page.get_by_role("group", name="Stack by").get_by_role("button", name="Agent").click()
    expect(page.get_by_test_id("error").first).to_contain_text("not up to date")
    assert page.get_by_test_id("total-cost").inner_text() == cost


@pytest.mark.parametrize(
    ("name", "scheme", "width"),
    [
        ("light", "light", 1440), ("dark", "dark", 1440), ("tablet", "light", 1024),
        ("phone", "light", 390), ("phone-dark", "dark", 390),
    ],
)  # fmt: skip
def test_each_look_fits_its_width(
    server: Server, page: Page, name: str, scheme: Any, width: int
) -> None:
    work(server)
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 1200})
    opened(page, server)
    expect(page.get_by_test_id("dearest").locator("li").first).to_be_visible()
    keep(page, f"cost-{name}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_chart_takes_the_colours_of_a_theme_that_is_chosen_later(
    server: Server, page: Page
) -> None:
    work(server)
    page.emulate_media(color_scheme="light")
    opened(page, server)
    canvas = "document.querySelector('[data-testid=chart] canvas').toDataURL()"
    light = page.evaluate(canvas)
    page.emulate_media(color_scheme="dark")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.wait_for_function(f"before => {canvas} !== before", arg=light)
