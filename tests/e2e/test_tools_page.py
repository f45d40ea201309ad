"""The Tools page in a real browser."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.contract.server import Server
from tests.e2e.conftest import keep
from tests.e2e.history import day, read, send, stamp, work


def asked(days: int = 30) -> dict[str, str]:
    return {"from": day(days - 1), "to": day()}


def opened(page: Page, server: Server, search: str = "") -> None:
    page.goto(f"{server.address()}tools{search}")
    expect(page.get_by_test_id("tool-table")).to_be_visible()


def test_calls_failures_and_durations_are_what_the_api_says(server: Server, page: Page) -> None:
    work(server)
    opened(page, server)
    report = read(server, "tools", **asked())
    expect(page.get_by_test_id("total-calls")).to_contain_text(f"{report['calls']:,}")
    expect(page.get_by_test_id("total-failures")).to_contain_text(f"{report['failures']:,}")
    for tool in report["tools"]:
        row = page.locator(f"[data-testid=tool][data-tool='{tool['tool']}'] tr")
        expect(row.locator("td").nth(0)).to_have_text(f"{tool['calls']:,}")
        expect(row.locator("td").nth(1)).to_have_text(f"{tool['failures']:,}")
        p95 = row.locator("td").nth(4)
        milliseconds = tool["p95_ms"]
        shown = f"{milliseconds:.0f} ms" if milliseconds < 999.5 else f"{milliseconds / 1000:.1f} s"
        expect(p95).to_have_text(shown)


def test_a_tool_opens_into_its_agents_or_projects_which_filter(server: Server, page: Page) -> None:
    work(server)
    opened(page, server)
    bash = page.locator("[data-testid=tool][data-tool=Bash]")
    bash.get_by_role("button", name="Bash", exact=True).click()
    page.get_by_role("button", name="Codex CLI").click()
    expect(page).to_have_url(re.compile("agent=codex"))
    report = read(server, "tools", **asked(), agent="codex")
    expect(page.get_by_test_id("total-calls")).to_contain_text(f"{report['calls']:,}")
    page.go_back()
    page.get_by_role("group", name="Told apart by").get_by_role("button", name="Project").click()
    expect(page).to_have_url(re.compile("by=project"))
    expect(page.get_by_role("button", name="storefront")).to_be_visible()


def test_the_order_is_chosen_in_the_head_and_stays_in_the_address(
    server: Server, page: Page
) -> None:
    work(server)
    opened(page, server)
    page.get_by_role("button", name="Failures", exact=True).click()
    first = page.get_by_test_id("tool").first
    expect(first).to_have_attribute("data-tool", "Bash")
    page.get_by_role("button", name="p95", exact=True).click()
    page.get_by_role("button", name="p95", exact=True).click()
    expect(page.get_by_test_id("tool").first).to_have_attribute("data-tool", "Read")
    expect(page).to_have_url(re.compile("sort=p95&order=asc"))
    expect(page.locator("th[aria-sort=ascending]")).to_have_count(1)


def test_failing_commands_stand_once_with_their_error_and_lead_to_the_session(
    server: Server, page: Page
) -> None:
    failed = {"event_type": "tool_use", "tool_name": "Bash", "status": "error"}
    base = {"agent_type": "codex", "project": "shop"}
    nasty = "make <b>all</b>"
    send(
        server,
        base | {"session_id": "one", "event_type": "user_prompt", "metadata": {"prompt": "Go"}},
        *(
            base | failed
            | {
                "session_id": "one", "client_timestamp": stamp(0, 3 + at),
                "metadata": {"command": nasty, "error": "No rule to make target"},
            }
            for at in range(3)
        ),
        base | failed | {"session_id": "two", "tool_name": "Edit", "client_timestamp": stamp(0, 1)},
    )  # fmt: skip
    opened(page, server)
    rows = page.get_by_test_id("failure")
    expect(rows).to_have_count(2)
    again = rows.nth(1)
    expect(again).to_contain_text(nasty)
    expect(again).to_contain_text("No rule to make target")
    expect(again.get_by_role("button")).to_have_text(re.compile("^3"))
    again.get_by_role("button").click()
    expect(again.locator("li")).to_have_count(2)
    latest = read(server, "failures", session="one")["failures"][0]["event_id"]
    link = again.locator(".fail__where").get_by_role("link", name="Go")
    expect(link).to_have_attribute("href", f"/sessions/one#event-{latest}")
    page.locator("[data-tool=Edit]").get_by_title("Show the latest failures of Edit").click()
    expect(page).to_have_url(re.compile("tool=Edit"))
    expect(rows).to_have_count(1)
    page.go_back()
    expect(rows).to_have_count(2)


def test_new_calls_show_by_themselves(server: Server, page: Page) -> None:
    work(server, 3)
    opened(page, server)
    calls = read(server, "tools", **asked())["calls"]
    expect(page.get_by_test_id("total-calls")).to_contain_text(f"{calls:,}")
    send(
        server,
        {
            "session_id": "x", "agent_type": "codex", "event_type": "tool_use", "tool_name": "Grep",
            "status": "error", "metadata": {"pattern": "needle", "error": "bad pattern"},
        },
    )  # fmt: skip
    expect(page.get_by_test_id("total-calls")).to_contain_text(f"{calls + 1:,}", timeout=15_000)
    expect(page.get_by_test_id("failure").first).to_contain_text("needle", timeout=15_000)


def test_nothing_no_match_no_failure_and_no_answer_each_say_so(server: Server, page: Page) -> None:
    page.goto(f"{server.address()}tools")
    expect(page.get_by_test_id("empty")).to_contain_text("No tool was called")
    keep(page, "tools-empty-light")
    send(
        server,
        {"session_id": "s", "agent_type": "codex", "event_type": "tool_use", "tool_name": "Bash"},
    )
    page.goto(f"{server.address()}tools?agent=nobody")
    expect(page.get_by_test_id("no-match")).to_be_visible()
    page.get_by_role("button", name="Clear filters").click()
    expect(page.get_by_test_id("no-failures")).to_contain_text("No call failed")
    page.route("**/api/v2/tools?*", lambda route: route.abort())
    page.reload()
    expect(page.get_by_test_id("error")).to_contain_text("does not answer")
    keep(page, "tools-failed-light")
    page.unroute("**/api/v2/tools?*")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_test_id("tool-table")).to_be_visible()


@pytest.mark.parametrize(
    ("name", "scheme", "width"),
    [
        ("light", "light", 1440), ("dark", "dark", 1440), ("tablet", "light", 1024),
        ("phone", "light", 390),
    ],
)  # fmt: skip
def test_each_look_fits_its_width(
    server: Server, page: Page, name: str, scheme: Any, width: int
) -> None:
    work(server)
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 1200})
    opened(page, server)
    expect(page.get_by_test_id("failure").first).to_be_visible()
    keep(page, f"tools-{name}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
