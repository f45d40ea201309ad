"""The tutorial's steps, played as it says; with `--pictures` they make its pictures anew."""

from __future__ import annotations

import re
import shlex
import signal
import struct
import subprocess
import sys
import zlib
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.contract.client import eventually
from tests.contract.server import Server, environment
from tests.e2e.sending import hook
from tests.integration.agent_settings import CLAUDE, settle

TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorial" / "first-hour.md"
PICTURES = TUTORIAL.with_name("pictures")
LARGEST = 120_000
"""Bytes of a picture."""
COLOURS = """async text => {
  const blob = await (await fetch('data:image/png;base64,' + text)).blob();
  const { width, height, data } = await pixelsOf(blob);
  const colours = Array.from({ length: width * height }, (_, i) =>
    (data[4 * i] << 16) | (data[4 * i + 1] << 8) | data[4 * i + 2]);
  const counts = new Map();
  for (const colour of colours) counts.set(colour, (counts.get(colour) ?? 0) + 1);
  const palette = [...counts].sort((a, b) => b[1] - a[1]).slice(0, 256).map(([colour]) => colour);
  const parts = colour => [colour >> 16, (colour >> 8) & 255, colour & 255];
  const away = (a, b) => parts(a).reduce((sum, part, i) => sum + (part - parts(b)[i]) ** 2, 0);
  const places = new Map(palette.map((colour, place) => [colour, place]));
  for (const colour of counts.keys()) {
    if (places.has(colour)) continue;
    const far = palette.map(each => away(each, colour));
    places.set(colour, far.indexOf(Math.min(...far)));
  }
  const pixels = colours.map(colour => String.fromCharCode(places.get(colour))).join('');
  return [width, height, palette, pixels];

  async function pixelsOf(blob) {
    const picture = await createImageBitmap(blob);
    const canvas = new OffscreenCanvas(picture.width, picture.height).getContext('2d');
    canvas.drawImage(picture, 0, 0);
    return canvas.getImageData(0, 0, picture.width, picture.height);
  }
}"""
"""A picture's size, its commonest colours, and which of them each pixel comes nearest to."""
PLAIN = """pairs => {
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    for (const [from, to] of pairs) {
      if (texts.currentNode.data.includes(from))
        texts.currentNode.data = texts.currentNode.data.replaceAll(from, to);
    }
  }
}"""
"""Writes for the picture what everyone has in place of what only the test has."""
PROGRAM = ".venv/bin/agentmonitor "
Take = Callable[[Page, str], None]


def commands() -> list[str]:
    """What the tutorial has its reader run, one after the other."""
    blocks = re.findall(r"^```sh\n(.*?)^```", TUTORIAL.read_text("utf-8"), re.M | re.S)
    return [line for block in blocks for line in block.replace("'{\n", "'{").splitlines()
            if not line.startswith("  ")]  # fmt: skip


def smaller(page: Page, png: bytes) -> bytes:
    """The same picture in its 256 commonest colours, which is a third of the size. ``page`` may
    show anything; the browser reads the picture."""
    blank = page.context.new_page()
    width, height, palette, pixels = blank.evaluate(COLOURS, b64encode(png).decode())
    blank.close()
    rows = b"".join(
        b"\0" + pixels[y * width : (y + 1) * width].encode("latin-1") for y in range(height)
    )
    chunks = {
        b"IHDR": struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0),
        b"PLTE": b"".join(colour.to_bytes(3, "big") for colour in palette),
        b"IDAT": zlib.compress(rows, 9),
        b"IEND": b"",
    }
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks.items()
    )


@pytest.fixture
def take(pytestconfig: pytest.Config, server: Server, tmp_path: Path) -> Iterator[Take]:
    """Takes a picture for the tutorial, when that is asked for."""
    asked = pytestconfig.getoption("--pictures")
    taken: set[str] = set()

    def shoot(page: Page, name: str) -> None:
        taken.add(name)
        if asked:
            page.mouse.move(0, 0)
            own = (server.address().rstrip("/").partition("//")[2], "127.0.0.1:3141")
            page.evaluate(PLAIN, [own, (str(tmp_path), "/home/me")])
            png = smaller(page, page.screenshot(animations="disabled"))
            PICTURES.mkdir(exist_ok=True)
            (PICTURES / f"{name}.png").write_bytes(png)

    yield shoot
    assert taken == {path.stem for path in PICTURES.glob("*")}


@pytest.fixture
def run(tmp_path: Path) -> Callable[[str], str]:
    """Runs a line of the tutorial in the test's home; what it printed."""

    def ran(line: str) -> str:
        words = shlex.split(line.removeprefix(PROGRAM))
        done = subprocess.run(
            [sys.executable, "-m", "agentmonitor", *words], env=environment(tmp_path, {}),
            capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return ran


def test_its_pictures_are_those_it_shows_and_small() -> None:
    shown = re.findall(r"!\[[^\]]{20,}\]\((pictures/\w+\.png)\)", TUTORIAL.read_text("utf-8"))
    assert sorted(shown) == sorted(f"pictures/{path.name}" for path in PICTURES.iterdir())
    for name in shown:
        data = (TUTORIAL.parent / name).read_bytes()
        assert data.startswith(b"\x89PNG")
        assert struct.unpack_from(">I", data, 16) == (1280,), name
        assert len(data) <= LARGEST, name


def test_a_picture_of_few_colours_stays_what_it_is_when_it_is_packed(page: Page) -> None:
    page.set_viewport_size({"width": 300, "height": 200})
    page.set_content("<p style='color: #d02040; border: 3px solid #0a0'>made</p>")
    png = page.screenshot()
    packed = smaller(page, png)
    assert len(packed) < len(png)
    before, after = (page.evaluate(COLOURS, b64encode(each).decode()) for each in (png, packed))
    assert len(before[2]) < 256
    assert before == after


def test_its_steps_do_what_it_says(
    server: Server, page: Page, tmp_path: Path, take: Take, run: Callable[[str], str]
) -> None:
    start, demo, send, dry, connect, top, usage, undo = commands()
    assert start == "make run"
    assert send.startswith("curl http://127.0.0.1:3141/api/events ")  # tests/docs runs it
    settle(tmp_path)
    address = server.address()
    page.set_viewport_size({"width": 1280, "height": 800})

    page.goto(address)
    expect(page.get_by_test_id("empty")).to_contain_text("Listening, no event so far")
    expect(page.locator("[data-testid=agent][data-agent-type=claude_code]")).to_be_visible()
    take(page, "connect")

    with playing(server, demo) as player:
        expect(page.get_by_test_id("card").first).to_be_visible()
        eventually(lambda: late(address) and asks(address), timeout=60)
        player.send_signal(signal.SIGSTOP)
        expect(page.get_by_test_id("attention").locator(".ask")).to_be_visible()
        expect(page.get_by_text(re.compile(r"\d+% of \S+ context")).first).to_be_visible()
        take(page, "live")
        page.locator("[data-testid=card][data-state=permission] h3 a").click()
        expect(page.get_by_test_id("transcript")).to_have_attribute("data-phase", "ready")
        expect(page.get_by_test_id("turn").first).to_be_visible()
        page.evaluate("scrollTo(0, 0)")
        take(page, "session")
        player.send_signal(signal.SIGCONT)
        assert player.wait(60) == 0

    page.get_by_role("link", name="Cost").click()
    expect(page.get_by_test_id("cost")).to_contain_text("$")
    expect(page.get_by_test_id("loading")).to_have_count(0)
    take(page, "cost")

    found = f"{address}api/v2/search?q=test"
    eventually(lambda: httpx.get(found).json()["results"])
    page.keyboard.press("/")
    page.keyboard.type("test")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("hit").first).to_contain_text("test")
    page.set_viewport_size({"width": 1280, "height": 560})
    take(page, "search")
    page.get_by_test_id("hit").first.get_by_role("link").first.click()
    expect(page).to_have_url(re.compile(r"/sessions/demo-1-\d#event-"))

    settings = tmp_path / "claude" / "settings.json"
    assert "Nothing was changed" in run(dry)
    assert settings.read_text() == CLAUDE
    run(f"{connect} --yes")
    assert address.rstrip("/") in settings.read_text()
    hook(server, "UserPromptSubmit", "mine", prompt="The first words of mine")
    page.goto(address)
    expect(page.get_by_text("The first words of mine").first).to_be_visible()
    assert "The first words of mine" in run(top)
    assert "$" in run(usage)
    run(undo)
    assert settings.read_text() == CLAUDE


@contextmanager
def playing(server: Server, line: str) -> Iterator[subprocess.Popen[bytes]]:
    """The process that plays the demo."""
    words = [*shlex.split(line.removeprefix(PROGRAM)), "--seed", "1", "--url", server.address()]
    process = subprocess.Popen(
        [sys.executable, "-m", "agentmonitor", *words], stdout=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def late(address: str) -> bool:
    """Whether a session of the demo is over, and so the others have much to show."""
    rows = httpx.get(f"{address}api/sessions?limit=0").json()["sessions"]
    return any(row["state"] == "ended" for row in rows)


def asks(address: str) -> bool:
    attention = httpx.get(f"{address}api/v2/live").json()["attention"]
    return any(each["reason"] == "permission" for each in attention)
