"""What the dashboard weighs, and that it comes from this machine alone."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

import agentmonitor.server
from tests.contract.server import Server
from tests.e2e.sending import event

UI = Path(agentmonitor.server.__file__).with_name("ui")
PAGES = ["", "sessions", "sessions/other", "cost", "tools", "activity", "connect"]
EACH = 120_000
FIRST = 65_000
"""Bytes of script when compressed: what any page fetches, and what the first one does."""


def weight(paths: list[Path]) -> int:
    return sum(len(gzip.compress(path.read_bytes(), 9)) for path in paths)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_fetches_little_and_nothing_from_elsewhere(
    server: Server, page: Page, path: str
) -> None:
    event(server)
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url))
    page.goto(server.address() + path)
    expect(page.locator("h1")).to_be_visible()
    expect(page.get_by_test_id("loading")).to_have_count(0)
    page.wait_for_timeout(500)
    assert [url for url in fetched if not url.startswith(server.address())] == []
    scripts = {UI / url.removeprefix(server.address()) for url in fetched if url.endswith(".js")}
    assert len(scripts) > 2
    assert weight(sorted(scripts)) <= (EACH if path else FIRST)


def test_no_file_names_another_host() -> None:
    # Names of XML kinds, and where Svelte explains its errors: nothing is fetched from there.
    harmless = ("http://www.w3.org/", "https://svelte.dev/")
    files = [*UI.rglob("*.js"), *UI.rglob("*.css"), *UI.rglob("*.html")]
    assert files
    for path in files:
        found = re.findall(r"https?://[\w.-]+\.\w+/?", path.read_text())
        assert [url for url in found if not url.startswith(harmless)] == [], path.name
