"""A server that goes and comes back under an open page."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Page, expect

from tests.contract.server import Server
from tests.e2e.conftest import keep
from tests.e2e.sending import event, events, hook


def again(folder: Path, address: str) -> Server:
    """The server once more, at the same address and on the same database."""
    port = address.rstrip("/").rsplit(":", 1)[1]
    started = Server(folder, {"AGENTMONITOR_STATS_INTERVAL": "500"}, ("--port", port))
    started.address()
    return started


def status(page: Page) -> Any:
    return page.get_by_test_id("connection")


def shown(page: Page) -> list[str]:
    """The heads of all rows of the feed, by going through it."""
    heads: list[str] = page.evaluate(
        """async () => {
          const box = document.querySelector('.feed__list');
          const rows = new Map();
          for (let top = 0; ; top += 300) {
            box.scrollTo(0, top);
            await new Promise((done) => setTimeout(done, 40));
            for (const row of box.querySelectorAll('[data-testid=event]')) {
              const id = row.dataset.eventId;
              const same = box.querySelectorAll(`[data-event-id="${id}"]`).length;
              if (same > 1) throw new Error(`${id} is there ${same} times`);
              rows.set(id, row.querySelector('a').textContent);
            }
            if (top > box.scrollHeight) return [...rows.values()];
          }
        }"""
    )
    return heads


def test_no_event_is_missing_or_doubled_after_restarts(
    tmp_path: Path, server: Server, page: Page
) -> None:
    address = server.address()
    names: list[str] = []

    def send(to: Server, count: int) -> None:
        fresh = [f"call-{len(names) + n}" for n in range(count)]
        events(to, [{"event_type": "tool_use", "tool_name": name} for name in fresh])
        names.extend(fresh)

    send(server, 20)
    page.goto(address)
    expect(status(page)).to_have_attribute("data-status", "streaming")
    running = server
    for _ in range(3):
        send(running, 15)
        running.stop()
        running = again(tmp_path, address)
        # Before the page is back: these have to be made up for.
        send(running, 25)
        expect(status(page)).to_have_attribute("data-status", "streaming", timeout=40_000)
        send(running, 5)
    expect(page.get_by_test_id("event").first).to_contain_text(names[-1])
    assert sorted(shown(page)) == sorted(names)
    running.stop()


def test_a_lost_connection_shows_and_what_is_there_stays(
    tmp_path: Path, server: Server, page: Page
) -> None:
    hook(server, "UserPromptSubmit", prompt="Go on")
    address = server.address()
    page.goto(address)
    expect(status(page)).to_have_attribute("data-status", "streaming")
    server.stop()
    expect(status(page)).to_have_attribute("data-status", "disconnected", timeout=30_000)
    expect(page.get_by_text("No connection since")).to_be_visible()
    expect(page.get_by_test_id("card")).to_contain_text("Go on")
    keep(page, "disconnected-light")
    running = again(tmp_path, address)
    page.get_by_role("button", name="Try now").click()
    expect(status(page)).to_have_attribute("data-status", "streaming", timeout=30_000)
    expect(page.get_by_text("No connection since")).to_have_count(0)
    running.stop()


def test_a_paused_feed_holds_what_was_missed(tmp_path: Path, server: Server, page: Page) -> None:
    event(server, event_type="tool_use", tool_name="first")
    address = server.address()
    page.goto(address)
    expect(page.get_by_test_id("feed")).to_contain_text("first")
    page.get_by_test_id("pause").click()
    server.stop()
    running = again(tmp_path, address)
    event(running, event_type="tool_use", tool_name="missed")
    expect(page.get_by_test_id("held")).to_contain_text("1 new event", timeout=40_000)
    expect(page.get_by_test_id("feed")).not_to_contain_text("missed")
    page.get_by_test_id("pause").click()
    expect(page.get_by_test_id("feed")).to_contain_text("missed")
    running.stop()


def test_a_page_opened_without_a_server_fills_itself(
    tmp_path: Path, server: Server, page: Page
) -> None:
    event(server, event_type="tool_use", tool_name="first")
    address = server.address()
    page.route("**/api/**", lambda route: route.abort())
    page.goto(address)
    expect(page.get_by_test_id("error")).to_contain_text("agentmonitor serve")
    page.unroute("**/api/**")
    expect(page.get_by_test_id("feed")).to_contain_text("first", timeout=40_000)


def test_another_database_under_the_page_starts_it_afresh(
    tmp_path: Path, server: Server, page: Page
) -> None:
    events(server, [{"event_type": "tool_use", "tool_name": f"old-{n}"} for n in range(9)])
    address = server.address()
    page.goto(address)
    expect(page.get_by_test_id("feed")).to_contain_text("old-8")
    server.stop()
    for file in tmp_path.glob("contract.db*"):
        file.unlink()
    running = again(tmp_path, address)
    event(running, event_type="tool_use", tool_name="new")
    expect(page.get_by_test_id("feed")).to_contain_text("new", timeout=40_000)
    expect(page.get_by_test_id("feed")).not_to_contain_text("old-8")
    running.stop()


def test_a_hidden_tab_costs_nothing_and_catches_up(server: Server, page: Page) -> None:
    event(server, event_type="tool_use", tool_name="first")
    page.clock.install()
    page.goto(server.address())
    expect(page.get_by_test_id("feed")).to_contain_text("first")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    hide = """(hidden) => {
      Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    }"""
    page.evaluate(hide, True)
    page.clock.run_for(31_000)
    health = f"{server.address()}api/health"
    until(lambda: httpx.get(health).json()["sse_clients"] == 0)
    asked.clear()
    event(server, event_type="tool_use", tool_name="meanwhile")
    page.clock.run_for(120_000)
    assert asked == []
    page.evaluate(hide, False)
    page.clock.run_for(1000)
    page.clock.resume()
    expect(page.get_by_test_id("feed")).to_contain_text("meanwhile")


def until(holds: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait for the server to notice something."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)
