"""The Connect page: the first thing on a new database, and where history is imported."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.contract.server import Server
from tests.e2e.conftest import keep
from tests.e2e.sending import hook, session_file


def agent(page: Page, agent_type: str = "claude_code") -> Any:
    return page.locator(f"[data-testid=agent][data-agent-type={agent_type}]")


@pytest.mark.parametrize("path", ["", "connect"])
def test_a_new_database_begins_with_connect_and_turns_into_live(
    server: Server, page: Page, path: str
) -> None:
    page.goto(server.address() + path)
    expect(page.get_by_test_id("empty")).to_contain_text("Listening, no event so far")
    expect(agent(page)).to_have_attribute("data-standing", "absent")
    hook(server, "UserPromptSubmit", prompt="The first words")
    expect(page.get_by_test_id("card")).to_contain_text("The first words")
    assert page.url == server.address()


def test_each_agent_shows_what_came_by_which_channel(server: Server, page: Page) -> None:
    hook(server, "UserPromptSubmit", prompt="Hello")
    page.goto(server.address() + "connect")
    expect(agent(page)).to_have_attribute("data-standing", "live")
    hooks = agent(page).locator("[data-channel=hook]")
    expect(hooks).to_contain_text("1 event")
    hook(server, "Stop", last_assistant_message="Done")
    expect(hooks).to_contain_text("2 events", timeout=15_000)
    expect(agent(page).locator("[data-channel=otlp]")).to_contain_text("nothing came this way")
    expect(agent(page, "codex")).to_have_attribute("data-standing", "absent")


def test_the_command_and_the_snippet_are_there_to_be_copied(server: Server, page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(server.address() + "connect")
    origin = server.address().rstrip("/")
    agent(page).get_by_role("button", name=re.compile("Copy the command")).click()
    expect(agent(page).get_by_text("Copied").first).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == f"agentmonitor connect --agent claude-code --url {origin}"
    agent(page).get_by_text("or by hand").click()
    expect(agent(page).locator(".byhand pre")).to_contain_text(origin)


def test_history_is_imported_at_the_press_of_a_button(
    server: Server, page: Page, tmp_path: Path
) -> None:
    session_file(tmp_path, prompts=40)
    broken = session_file(tmp_path, prompts=1, session="99999999-2222-4333-8444-555555555555")
    broken.write_text("nonsense\n" + broken.read_text())
    page.goto(server.address() + "connect")
    row = agent(page).get_by_test_id("import")
    expect(row).to_contain_text("2 files to import")
    keep(page, "connect-light")
    row.get_by_role("button", name="Import").click()
    expect(row).to_contain_text("41 new events imported", timeout=15_000)
    expect(row).to_contain_text("could not be read")
    row.get_by_text("what could not be read").click()
    expect(row.locator(".faults")).to_contain_text(".jsonl:1")
    expect(row.get_by_role("button", name="Import")).to_be_disabled(timeout=15_000)
    expect(agent(page)).to_have_attribute("data-standing", "seen")


def test_an_import_that_fails_says_why_and_can_be_tried_again(
    server: Server, page: Page, tmp_path: Path
) -> None:
    session_file(tmp_path)
    page.goto(server.address() + "connect")
    row = agent(page).get_by_test_id("import")
    page.route("**/api/v2/import", lambda route: route.abort())
    row.get_by_role("button", name="Import").click()
    expect(row).to_contain_text("The connection broke before the end")
    page.unroute("**/api/v2/import")
    row.get_by_role("button", name="Try again").click()
    expect(row).to_contain_text("3 new events imported", timeout=15_000)


def test_a_list_that_does_not_come_can_be_asked_for_again(server: Server, page: Page) -> None:
    page.route("**/api/v2/agents", lambda route: route.abort())
    page.goto(server.address() + "connect")
    expect(page.get_by_test_id("error")).to_contain_text("The agents could not be listed")
    page.unroute("**/api/v2/agents")
    page.get_by_role("button", name="Try again").click()
    expect(agent(page)).to_be_visible()


@pytest.mark.parametrize(("scheme", "width"), [("dark", 1440), ("light", 390)])
def test_it_fits_its_width(server: Server, page: Page, scheme: Any, width: int) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 1000})
    page.goto(server.address() + "connect")
    expect(agent(page)).to_be_visible()
    keep(page, f"connect-{scheme}-{width}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
