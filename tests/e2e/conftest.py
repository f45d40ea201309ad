"""A real Chromium on a real server."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.contract.server import Server

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
SCREENSHOTS = Path(__file__).with_name("screenshots")


@pytest.fixture(scope="package")
def browser(pytestconfig: pytest.Config) -> Iterator[Browser]:
    # Not for the session: while Playwright runs, its event loop counts as this thread's.
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    if path is None:
        reason = "there is no Chromium; on Debian: apt-get install chromium"
        if pytestconfig.getoption("--require-browser"):
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=list(QUIET))
        yield started
        started.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    started = Server(tmp_path, {"AGENTMONITOR_STATS_INTERVAL": "500"})
    started.address()
    yield started
    if started._process.poll() is None:
        started.stop()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that may report no error and send no request elsewhere."""
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    opened = context.new_page()
    faults: list[str] = []
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on(
        "console",
        lambda message: faults.append(message.text) if message.type == "error" else None,
    )
    opened.on(
        "request",
        lambda request: (
            None
            if request.url.startswith(("http://127.0.0.1:", "data:"))
            else faults.append(f"a request left: {request.url}")
        ),
    )
    yield opened
    context.close()
    # A server that is stopped on purpose shows as failed requests in the console.
    assert [f for f in faults if "ERR_CONNECTION" not in f and "net::" not in f] == []


def keep(page: Page, name: str) -> None:
    """Keep a screenshot for whoever reviews the run."""
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png")
