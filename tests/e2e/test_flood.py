"""More events than anybody reads: the page keeps up, and keeps no more than it shows.

How fast it keeps up is measured by the `page` benchmark, for a minute at 5,000 events/s.
"""

from __future__ import annotations

from playwright.sync_api import CDPSession, Page, expect

from tests.contract.server import Server
from tests.e2e.sending import events

WAVE = 15_000
"""Events; three times what the feed keeps."""
GROWTH = 1.1


def holds(devtools: CDPSession) -> tuple[float, float]:
    """Bytes of script and nodes of the document, once the garbage is collected."""
    for _ in range(3):
        devtools.send("HeapProfiler.collectGarbage")
    heap: float = devtools.send("Runtime.getHeapUsage")["usedSize"]
    nodes: float = devtools.send("Memory.getDOMCounters")["nodes"]
    return heap, nodes


def test_a_flood_is_shown_to_its_end_and_leaves_nothing_behind(server: Server, page: Page) -> None:
    devtools = page.context.new_cdp_session(page)
    page.goto(server.address())
    expect(page.get_by_test_id("empty")).to_be_visible()
    sent = 0

    def wave() -> None:
        nonlocal sent
        rows = [
            {
                "session_id": f"flood-{n % 20}",
                "event_type": "tool_use",
                "tool_name": f"tool-{n % 9}",
                "project": f"project-{n % 5}",
                "metadata": {"command": f"make part-{n} " + "x" * 200},
            }
            for n in range(sent, sent + WAVE)
        ]
        events(server, rows)
        sent += WAVE
        first = page.get_by_test_id("event").first
        expect(first).to_contain_text(f"make part-{sent - 1} ", timeout=60_000)
        page.wait_for_timeout(1500)

    wave()
    heap, nodes = holds(devtools)
    for _ in range(2):
        wave()
    heap_after, nodes_after = holds(devtools)
    expect(page.get_by_test_id("card")).to_have_count(20)
    assert heap_after < heap * GROWTH, (heap, heap_after)
    assert nodes_after < nodes * GROWTH + 200, (nodes, nodes_after)
    # It still answers.
    page.get_by_test_id("pause").click()
    events(server, [{"event_type": "tool_use", "tool_name": "one more"}])
    expect(page.get_by_test_id("held")).to_contain_text("1 new event")
