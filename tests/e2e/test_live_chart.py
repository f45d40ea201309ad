"""The chart of the API's page, made as it says, grows while events come."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.contract.client import eventually
from tests.contract.server import Server
from tests.e2e.conftest import keep

GUIDE = (Path(__file__).parents[2] / "docs" / "reference" / "api.md").read_text("utf-8")
USED = {
    "session_id": "chart", "agent_type": "my_agent", "event_type": "llm_response",
    "model": "gpt-5", "tokens_in": 900, "tokens_out": 80,
}  # fmt: skip


@pytest.fixture
def chart(server: Server, tmp_path: Path) -> Iterator[str]:
    """The address of the page's program, which runs as it stands there but for its ports."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (program,) = re.findall(r"^```python\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
    program = program.replace("http://127.0.0.1:3141", server.address().rstrip("/"))
    file = tmp_path / "chart.py"
    file.write_text(program.replace("8765", str(port)), "utf-8")
    process = subprocess.Popen([sys.executable, str(file)], stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}/"
    try:
        eventually(lambda: answers(address))
        yield address
    finally:
        process.kill()
        process.wait()


def answers(address: str) -> bool:
    try:
        return httpx.get(address).status_code == 200
    except httpx.ConnectError:
        return False


def test_the_chart_of_the_guide_grows_by_itself(server: Server, chart: str, page: Page) -> None:
    events = f"{server.address()}api/events"
    httpx.post(events, json=USED).raise_for_status()
    page.goto(chart)
    expect(page.locator("#sum")).to_have_text("980 tokens, 0.0019 dollars")
    bar = page.locator("rect").last
    expect(bar).to_have_attribute("height", "220")
    httpx.post(events, json=USED | {"tokens_in": 4000}).raise_for_status()
    expect(page.locator("#sum")).to_have_text("5060 tokens, 0.0077 dollars")
    keep(page, "live-chart")


def test_the_chart_is_for_this_computer_alone(chart: str) -> None:
    assert httpx.get(chart, headers={"Host": "elsewhere.example"}).status_code == 403
