"""The ``page`` workload: the dashboard in a real Chromium.

First the Live page while 5,000 events/s come in for a minute: is it ever frozen, does its memory
grow? Then how long it takes from the navigation to what is useful (figures, cards and events) on a
large database.
"""

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agentmonitor.bench.latency import percentile
from agentmonitor.bench.load import Load
from benchmarks.figures import Figure, Outcome
from benchmarks.ingest import BATCH, start_posting
from benchmarks.read import database
from benchmarks.server import Api, BenchmarkError, server

if TYPE_CHECKING:
    from playwright.sync_api import Browser, CDPSession, Page

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync",
         "--disable-background-networking", "--disable-component-update"]  # fmt: skip
EVENTS_A_SECOND = 5000
CONNECTIONS = 16
FILL_S = 10.0
"""After so long the feed holds as many rows as it ever does; memory is compared from there on."""
FROZEN_MS = 500
PAINT_MS = 1000
GROWTH = 1.1
PAINTS = 7
WATCH = """() => {
  const seen = (window.seen = { longest: 0, frames: 0, gaps: [] });
  let last = performance.now();
  const frame = (now) => {
    const gap = now - last;
    last = now;
    seen.frames += 1;
    seen.longest = Math.max(seen.longest, gap);
    if (gap > 100) seen.gaps.push(Math.round(gap));
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}"""
USEFUL = """
  const look = () => {
    const figure = document.querySelector('[data-testid=tile-cost] .tile__fig');
    const known = figure && /\\d/.test(figure.textContent);
    if (known && document.querySelector('[data-testid=event]')) window.useful = performance.now();
    else requestAnimationFrame(look);
  };
  look();
"""


def run(seconds: float, events: int, days: int) -> Outcome:
    """``seconds`` of load, then first paints on ``events`` events of ``days`` days."""
    outcome = Outcome()
    with browser() as chromium:
        _under_load(chromium, seconds, outcome)
        _first_paint(chromium, database(events, days), outcome)
    return outcome


@contextmanager
def browser() -> Iterator["Browser"]:
    """A Chromium of this machine. Raises BenchmarkError when there is none."""
    path = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if path is None:
        raise BenchmarkError("There is no Chromium; on Debian: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield started
        started.close()


def _under_load(chromium: "Browser", seconds: float, outcome: Outcome) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="amon-bench-") as folder,
        server(Path(folder) / "bench.db") as running,
    ):
        page = chromium.new_page(viewport={"width": 1440, "height": 1000})
        devtools = page.context.new_cdp_session(page)
        page.goto(f"http://127.0.0.1:{running.port}/")
        load = Load(running.port, True, BATCH, CONNECTIONS, seconds, FILL_S, EVENTS_A_SECOND)
        finish = start_posting(load)
        page.wait_for_selector("[data-testid=event]")
        page.wait_for_timeout(FILL_S * 1000)
        before = _heap_mib(devtools)
        page.evaluate(WATCH)
        page.wait_for_timeout(seconds * 1000)
        seen: dict[str, Any] = page.evaluate("window.seen")
        after = _heap_mib(devtools)
        report = finish()
        behind = _seconds_behind(page, Api(running.port))
        page.close()
    outcome.figures += [
        Figure("page", "ingested meanwhile", report["events_a_second"], "events/s"),
        Figure("page", "longest time without a frame", seen["longest"], "ms", FROZEN_MS),
        Figure("page", "frames", seen["frames"] / seconds, "frames/s"),
        Figure("page", "script memory", after, "MiB"),
        Figure("page", "script memory, growth", after / before, "times", GROWTH),
        Figure("page", "last event shown after the end", behind, "s"),
    ]
    outcome.details["under_load"] = {
        "seconds": seconds, "frames": seen["frames"], "gaps_over_100_ms": seen["gaps"],
        "heap_mib": [round(before, 1), round(after, 1)],
    }  # fmt: skip


def _heap_mib(devtools: "CDPSession") -> float:
    """What the page's script holds once its garbage is collected."""
    devtools.send("HeapProfiler.collectGarbage")
    used: float = devtools.send("Runtime.getHeapUsage")["usedSize"]
    return used / 2**20


def _seconds_behind(page: "Page", api: Api) -> float:
    """How long after the load's end the page shows the newest event. Raises BenchmarkError."""
    newest = max(row["id"] for row in api.json("/api/events?limit=50")["events"])
    api.close()
    began = time.perf_counter()
    page.evaluate("document.querySelector('.feed__list').scrollTo(0, 0)")
    try:
        shown = "id => [...document.querySelectorAll('[data-event-id]')].some("
        shown += "(row) => Number(row.dataset.eventId) === id)"
        page.wait_for_function(shown, arg=newest, timeout=60_000)
    except Exception as error:
        raise BenchmarkError(f"Event {newest} never came to the page.") from error
    return time.perf_counter() - began


def _first_paint(chromium: "Browser", source: Path, outcome: Outcome) -> None:
    times: list[float] = []
    with tempfile.TemporaryDirectory(prefix="amon-bench-") as folder:
        copy = Path(folder) / "bench.db"
        shutil.copyfile(source, copy)
        with server(copy) as running:
            for _ in range(PAINTS + 1):
                context = chromium.new_context(viewport={"width": 1440, "height": 1000})
                page = context.new_page()
                page.add_init_script(USEFUL)
                page.goto(f"http://127.0.0.1:{running.port}/")
                page.wait_for_function("() => window.useful > 0", timeout=60_000)
                times.append(page.evaluate("window.useful"))
                context.close()
    kept = sorted(times[1:])  # the first one also fills the server's caches
    outcome.figures.append(
        Figure("page", "first useful paint", percentile(kept, 0.5), "ms", PAINT_MS)
    )
    outcome.details["first_paint_ms"] = [round(each) for each in times]
