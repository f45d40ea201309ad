"""The Activity page in a real browser."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.contract.server import Server
from tests.e2e.conftest import keep
from tests.e2e.history import cents, day, read, send, work

LUMINANCE = """hex => {
  const part = at => parseInt(hex.slice(at, at + 2), 16) / 255;
  const line = c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  return 0.2126 * line(part(1)) + 0.7152 * line(part(3)) + 0.0722 * line(part(5));
}"""


def opened(page: Page, server: Server, search: str = "") -> None:
    page.goto(f"{server.address()}activity{search}")
    expect(page.get_by_test_id("calendar")).to_be_visible()


def test_the_calendar_has_a_labelled_cell_for_each_day(server: Server, page: Page) -> None:
    work(server)
    opened(page, server)
    report = read(server, "activity")
    cells = page.get_by_test_id("calendar").locator(".cell[role=gridcell]")
    assert 365 <= cells.count() <= 371
    last = cells.and_(page.locator("[data-today]"))
    today = next(d for d in report["days"] if d["date"] == day())
    expect(last).to_have_attribute("aria-label", re.compile(f": {today['events']} events?$"))
    levels = {
        cell.get_attribute("data-level")
        for cell in page.get_by_test_id("calendar").locator("[data-level]").all()
    }
    assert levels == {"0", "1", "2", "3", "4"}


def test_streaks_and_paces_are_what_the_api_says(server: Server, page: Page) -> None:
    work(server)
    opened(page, server)
    velocity = read(server, "activity")["velocity"]
    streak = page.get_by_test_id("streak")
    expect(streak).to_contain_text(f"{velocity['current_streak_days']} day")
    expect(streak).to_contain_text(f"longest {velocity['longest_streak_days']} day")
    expect(page.get_by_test_id("active-days")).to_contain_text(f"{velocity['active_days']}")
    expect(page.get_by_test_id("pace")).to_contain_text(cents(velocity["cost_usd_per_day"]))


def test_what_is_shown_is_chosen_and_stays_in_the_address(server: Server, page: Page) -> None:
    work(server)
    opened(page, server)
    show = page.get_by_role("group", name="Show")
    show.get_by_role("button", name="Commits").click()
    expect(page).to_have_url(re.compile("metric=commits"))
    expect(page.get_by_role("grid", name=re.compile("Commits by day"))).to_be_visible()
    today = page.locator(".cell[data-today]")
    expect(today).to_have_attribute("aria-label", re.compile("commit"))
    page.go_back()
    expect(today).to_have_attribute("aria-label", re.compile("event"))


def test_a_day_is_found_with_the_keyboard_and_leads_to_its_cost(server: Server, page: Page) -> None:
    work(server)
    opened(page, server)
    page.locator(".cell[data-today]").focus()
    page.keyboard.press("ArrowLeft")
    focused = page.evaluate("document.activeElement.getAttribute('aria-label')")
    report = {d["date"]: d for d in read(server, "activity")["days"]}
    week_ago = report[day(7)]
    assert re.search(rf": {week_ago['events']} events?$", focused)
    words = page.get_by_test_id("calendar").get_by_test_id("day-words")
    expect(words).to_contain_text(cents(week_ago["cost_usd"]))
    words.get_by_role("link", name="Cost of that day").click()
    expect(page).to_have_url(re.compile(f"/cost\\?from={day(7)}&to={day(7)}"))
    expect(page.get_by_test_id("total-cost")).to_contain_text(cents(week_ago["cost_usd"]))


def test_the_table_says_the_same_day_by_day(server: Server, page: Page) -> None:
    work(server)
    opened(page, server)
    page.get_by_role("group", name="View").get_by_role("button", name="Table").click()
    days = read(server, "activity")["days"]
    rows = page.get_by_test_id("day-table").locator("tbody tr")
    expect(rows).to_have_count(len(days))
    latest = days[-1]
    expect(rows.first.locator("td").nth(1)).to_have_text(f"{latest['events']:,}")
    expect(rows.first.locator("td").nth(3)).to_have_text(f"{latest['sessions']:,}")
    expect(rows.first.locator("td").last).to_have_text(cents(latest["cost_usd"]))


def test_the_hours_of_the_week_add_up_to_all_events(server: Server, page: Page) -> None:
    work(server)
    opened(page, server)
    words = page.get_by_test_id("week").locator("td .sr").all_text_contents()
    assert len(words) == 7 * 24
    total = sum(int(text.split()[0].replace(",", "")) for text in words)
    assert total == sum(d["events"] for d in read(server, "activity")["days"])


def test_project_and_model_exclude_each_other(server: Server, page: Page) -> None:
    work(server)
    opened(page, server)
    page.get_by_label("Model", exact=True).select_option("gpt-5.1-codex")
    expect(page).to_have_url(re.compile("model=gpt-5.1-codex"))
    page.get_by_label("Project", exact=True).select_option("storefront")
    expect(page).to_have_url(re.compile("project=storefront"))
    expect(page).not_to_have_url(re.compile("model="))
    expect(page.get_by_role("group", name="Show").get_by_role("button")).to_have_count(5)
    velocity = read(server, "activity", project="storefront")["velocity"]
    expect(page.get_by_test_id("active-days")).to_contain_text(f"{velocity['active_days']}")


def test_nothing_no_match_and_no_answer_each_say_what_to_do(server: Server, page: Page) -> None:
    page.goto(f"{server.address()}activity")
    expect(page.get_by_test_id("empty")).to_contain_text("Nothing has happened")
    keep(page, "activity-empty-light")
    send(server, {"session_id": "s", "agent_type": "codex", "event_type": "tool_use"})
    expect(page.get_by_test_id("calendar")).to_be_visible(timeout=30_000)
    page.goto(f"{server.address()}activity?agent=nobody")
    expect(page.get_by_test_id("no-match")).to_be_visible()
    page.get_by_role("button", name="Clear filters").click()
    expect(page.get_by_test_id("calendar")).to_be_visible()
    page.route("**/api/v2/activity?*", lambda route: route.abort())
    page.reload()
    expect(page.get_by_test_id("error")).to_contain_text("does not answer")
    keep(page, "activity-failed-light")
    page.unroute("**/api/v2/activity?*")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_test_id("calendar")).to_be_visible()


@pytest.mark.parametrize(
    ("name", "scheme", "width"),
    [
        ("light", "light", 1440), ("dark", "dark", 1440), ("tablet", "dark", 1024),
        ("phone", "light", 390),
    ],
)  # fmt: skip
def test_each_look_fits_its_width_and_every_level_stands_out(
    server: Server, page: Page, name: str, scheme: Any, width: int
) -> None:
    work(server)
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 1200})
    opened(page, server)
    keep(page, f"activity-{name}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    tokens = page.evaluate(
        "['--surface', '--heat-1', '--heat-2', '--heat-3', '--heat-4'].map(name =>"
        " getComputedStyle(document.documentElement).getPropertyValue(name).trim())"
    )
    # What can be written in three digits is.
    full = ["#" + "".join(2 * c for c in t[1:]) if len(t) == 4 else t for t in tokens]
    ground, *levels = [page.evaluate(LUMINANCE, token) for token in full]
    ratios = [(max(ground, at) + 0.05) / (min(ground, at) + 0.05) for at in levels]
    assert min(ratios) >= 3
    assert ratios == sorted(ratios)
