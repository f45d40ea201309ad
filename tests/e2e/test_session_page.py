"""The page of one session: transcript, turns, files, errors, and how it follows what goes on."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.contract.server import Server
from tests.e2e.conftest import keep
from tests.e2e.sending import events

DIFF = "@@ -8,3 +8,3 @@ class A\n x = 1\n-    return one\n+    return two\n y = 2\n"
ANSWER = """Two failures, **one** cause: `post()` raises.

## Plan

1. Look
   - [x] done
2. Mend

| file | tests |
|---|--:|
| `a.py` | 212 |

```python
def post():  # once
    return "first"
```

![plan](https://example.com/leak.png) [guide](https://example.com/guide) [bad](javascript:alert(1))
"""
HOSTILE = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"


def row(number: int, kind: str, **fields: Any) -> dict[str, Any]:
    at = f"2026-01-02T10:{number // 60:02}:{number % 60:02}.000Z"
    base = {"session_id": "s1", "agent_type": "codex", "project": "ledger-api"}
    return base | {"event_type": kind, "branch": "feat/x", "client_timestamp": at} | fields


def call(number: int, tool: str, status: str = "success", **metadata: Any) -> dict[str, Any]:
    return row(number, "tool_use", tool_name=tool, duration_ms=900, status=status,
               metadata=metadata)  # fmt: skip


def answer(number: int, text: str) -> dict[str, Any]:
    return row(number, "llm_response", model="claude-sonnet-4-5", tokens_in=1000, tokens_out=200,
               cache_read_tokens=9000, metadata={"text": text})  # fmt: skip


def story(server: Server) -> None:
    """Two turns with all there is."""
    events(server, [
        row(0, "user_prompt", metadata={"prompt": "Run the suite"}),
        answer(10, ANSWER),
        call(20, "Bash", "error", command="pytest -q", error="Exit code 1",
             output="\x1b[31mFAILED\x1b[0m test_a.py"),
        *(call(30 + n, "Read", file_path=f"/src/{n}.py") for n in range(4)),
        call(40, "Edit", file_path="/src/a.py", diff=DIFF, lines_added=1, lines_removed=1),
        call(50, "Bash", command="ls", subagent_id="helper-1", subagent_type="helper"),
        row(60, "turn_end"),
        row(100, "user_prompt", metadata={"prompt": "And that"}),
        call(110, "Bash", "error", command="make", error="No rule"),
        answer(120, "All is well."),
        row(130, "session_end"),
    ])  # fmt: skip


def one_call(page: Page, subject: str) -> Any:
    return page.get_by_test_id("call").filter(has_text=subject).first


def refused(page: Page) -> Page:
    """Another page, on which the browser may report that the server refused something."""
    return page.context.new_page()


def show(server: Server, page: Page, rest: str = "", session: str = "s1") -> None:
    page.goto(f"{server.address()}sessions/{session}{rest}")
    expect(page.get_by_test_id("transcript")).to_have_attribute("data-phase", "ready")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_session_is_told_whole(server: Server, page: Page, theme: Any) -> None:
    story(server)
    page.emulate_media(color_scheme=theme)
    show(server, page)
    expect(page.get_by_role("heading", name="Run the suite")).to_be_visible()
    expect(page).to_have_title("Run the suite · AgentMonitor")
    said = page.get_by_test_id("said").nth(1)
    expect(said.locator("strong")).to_have_text("one")
    expect(said.get_by_role("heading", name="Plan")).to_be_visible()
    expect(said.locator("td").first).to_have_text("a.py")
    expect(said.locator(".syn-k").first).to_have_text("def")
    failed = one_call(page, "pytest -q")
    expect(failed).to_contain_text("exit 1")
    expect(failed.locator("[data-tone=bad]", has_text="FAILED")).to_be_visible()
    expect(page.get_by_role("button", name="4 reads")).to_be_visible()
    one_call(page, "/src/a.py").get_by_role("button").first.click()
    added = page.locator(".diff__line[data-kind=add]")
    expect(added).to_contain_text("return two")
    expect(added.locator("mark")).to_have_text("two")
    expect(page.get_by_test_id("turn")).to_have_count(2)
    expect(page.get_by_test_id("files")).to_contain_text("a.py")
    expect(page.get_by_test_id("subagents")).to_contain_text("helper")
    expect(page.get_by_test_id("tools")).to_contain_text("2 failed")
    expect(page.get_by_test_id("context")).to_contain_text("5%")
    expect(page.get_by_test_id("context")).to_contain_text("10k of 200k")
    expect(page.get_by_test_id("cost-by-turn").get_by_role("listitem")).to_have_count(2)
    keep(page, f"session-{theme}")
    for width in (1024, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        keep(page, f"session-{width}-{theme}")


def test_links_lead_to_the_web_alone_and_images_are_not_fetched(server: Server, page: Page) -> None:
    story(server)
    show(server, page)  # the page fixture fails on any request that leaves
    said = page.get_by_test_id("said").nth(1)
    link = said.get_by_role("link", name="guide")
    expect(link).to_have_attribute("rel", "noopener noreferrer nofollow")
    expect(said).to_contain_text("image: plan (https://example.com/leak.png)")
    expect(said).to_contain_text("bad (javascript:alert(1))")
    assert page.locator(".story img").count() == 0
    assert page.locator("a[href^='javascript']").count() == 0


def test_hostile_text_stays_text(server: Server, page: Page) -> None:
    events(server, [
        row(0, "user_prompt", metadata={"prompt": HOSTILE}, project=HOSTILE, branch=HOSTILE),
        answer(1, f"{HOSTILE}\n\n> {HOSTILE}\n\n`{HOSTILE}`\n\n\u202eevil"),
        call(2, HOSTILE, "error", command=HOSTILE, output=HOSTILE, error=HOSTILE),
        call(3, "Edit", file_path=f"/{HOSTILE}", diff=f"@@ -1 +1 @@ {HOSTILE}\n+{HOSTILE}",
             lines_added=1),
        row(4, "error", metadata={"error": HOSTILE}),
        row(5, "notification", metadata={"message": HOSTILE}),
        call(6, "Bash", command="x", subagent_id=HOSTILE, subagent_type=HOSTILE),
    ])  # fmt: skip
    show(server, page)
    page.eval_on_selector_all(
        ".call__head[aria-expanded=false]", "all => all.forEach(each => each.click())"
    )
    expect(page.get_by_test_id("said").first).to_contain_text("onerror")
    expect(page.get_by_test_id("said").nth(1)).to_contain_text("\\u{202e}evil")
    assert page.locator("main img, main script").count() == 0
    assert "owned" not in page.title().split("<")[0]
    keep(page, "session-hostile")


def test_the_keys_go_from_error_to_error(server: Server, page: Page) -> None:
    story(server)
    show(server, page)
    page.keyboard.press("n")
    expect(page).to_have_url(re.compile("#event-"))
    first = page.url
    expect(one_call(page, "pytest -q")).to_be_in_viewport()
    page.keyboard.press("n")
    expect(page).not_to_have_url(first)
    expect(one_call(page, "No rule")).to_be_in_viewport()
    page.keyboard.press("n")
    expect(page.get_by_text("No error further on")).to_be_visible()
    page.keyboard.press("p")
    expect(page).to_have_url(first)


def test_an_address_names_an_event_and_a_filter(server: Server, page: Page) -> None:
    story(server)
    show(server, page, "?show=errors")
    expect(page.get_by_test_id("call")).to_have_count(2)
    page.get_by_role("button", name="All", exact=True).click()
    expect(page.get_by_role("button", name="4 reads")).to_be_visible()
    page.go_back()
    expect(page.get_by_test_id("call")).to_have_count(2)
    page.get_by_test_id("files").get_by_role("button").click()
    expect(page.get_by_test_id("call")).to_have_count(1)
    expect(page).to_have_url(re.compile("file="))
    page.goto(f"{server.address()}sessions/s1?tool=Nothing")
    expect(page.get_by_test_id("no-match")).to_be_visible()
    other = refused(page)
    other.goto(f"{server.address()}sessions/s1#event-999999")
    expect(other.get_by_text("Event 999999 is not in this session")).to_be_visible()
    expect(other.get_by_test_id("said").first).to_be_visible()


def test_a_turn_is_a_link_to_its_place(server: Server, page: Page) -> None:
    story(server)
    page.set_viewport_size({"width": 1440, "height": 500})
    show(server, page)
    page.get_by_test_id("turn").nth(1).click()
    expect(page).to_have_url(re.compile("#turn-2$"))
    expect(page.get_by_role("heading", name="Turn 2")).to_be_in_viewport()


def test_a_long_session_is_never_loaded_whole(server: Server, page: Page) -> None:
    rows = [row(0, "user_prompt", metadata={"prompt": "Begin"})]
    for n in range(1, 6000):
        kind = n % 500
        if kind == 0:
            rows.append(row(n // 2, "user_prompt", metadata={"prompt": f"Prompt {n}"}))
        else:
            rows.append(call(n // 2, "Bash", command=f"step {n}"))
    rows.append(row(3100, "session_end"))
    events(server, rows)
    asked: list[str] = []
    page.on("request", lambda r: asked.append(r.url) if "/transcript" in r.url else None)
    show(server, page)
    expect(page.get_by_test_id("call").first).to_contain_text("step 1")
    assert page.get_by_test_id("call").count() < 400
    page.goto(f"{server.address()}sessions/s1#turn-11")
    page.reload()
    expect(page.get_by_role("heading", name="Turn 11")).to_be_in_viewport()
    expect(one_call(page, "step 5001")).to_be_visible()
    assert page.get_by_test_id("call").count() < 1100
    before = page.get_by_test_id("call").count()
    more = page.get_by_role("button", name="Show what came before")
    page.mouse.wheel(0, -100)  # a hand ends the jump
    more.hover()
    read = page.locator(f"#{page.get_by_test_id('call').first.get_attribute('id')}")
    at = read.bounding_box()
    more.click()
    expect(page.get_by_text("step 4900")).to_be_attached()
    now = read.bounding_box()
    assert at is not None
    assert now is not None
    assert abs(at["y"] - now["y"]) < 3
    assert page.get_by_test_id("call").count() > before
    assert len(asked) < 20


def test_a_megabyte_is_drawn_when_somebody_wants_it(server: Server, page: Page) -> None:
    events(server, [answer(0, "word " * 40_000 + "THE END"), row(1, "session_end")])
    show(server, page)
    expect(page.get_by_text("THE END")).to_have_count(0)
    page.get_by_role("button", name="Show all").click()
    expect(page.get_by_text("THE END")).to_be_attached()


def test_an_export_is_a_file(server: Server, page: Page) -> None:
    story(server)
    show(server, page)
    for name, suffix in (("Markdown", "md"), ("JSON", "json"), ("HTML", "html")):
        page.get_by_role("button", name="Export").click()
        with page.expect_download() as download:
            page.get_by_role("menuitem", name=name).click()
        assert download.value.suggested_filename.endswith(f".{suffix}")
        text = download.value.path().read_text()
        assert "pytest -q" in text
        if suffix == "json":
            assert len(json.loads(text)["entries"]) == 14


def test_an_empty_an_unknown_and_a_failed_session_say_so(server: Server, page: Page) -> None:
    events(server, [row(0, "session_start"), row(1, "hook")])
    other = refused(page)
    other.goto(f"{server.address()}sessions/no%2Fsuch")
    expect(other.get_by_test_id("unknown")).to_contain_text("no/such")
    keep(other, "session-unknown")
    page.route("**/api/v2/sessions/**", lambda route: route.abort())
    page.goto(f"{server.address()}sessions/s1")
    expect(page.get_by_test_id("transcript").get_by_test_id("error")).to_be_visible()
    keep(page, "session-failed")
    page.unroute("**/api/v2/sessions/**")
    page.get_by_role("button", name="Try again").last.click()
    expect(page.get_by_test_id("transcript")).to_have_attribute("data-phase", "ready")
    expect(page.get_by_text("Session started")).to_be_visible()


def test_a_failed_transcript_leaves_the_rest(server: Server, page: Page) -> None:
    story(server)
    page.route("**/transcript**", lambda route: route.abort())
    page.goto(f"{server.address()}sessions/s1")
    expect(page.get_by_text("The transcript could not be fetched")).to_be_visible()
    expect(page.get_by_test_id("figures")).to_be_visible()
    with page.expect_request("**/transcript**"):
        page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("The transcript could not be fetched")).to_be_visible()
    page.unroute("**/transcript**")
    # News of the session are a reason to ask again, too.
    events(server, [row(140, "user_prompt", metadata={"prompt": "One thing more"})])
    expect(page.get_by_test_id("said").first).to_be_visible()
