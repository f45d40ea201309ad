"""The commands in a real terminal: colours, the live feed, the live view."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from agentmonitor.cli.screen import ENTER, LEAVE
from agentmonitor.model.clock import now_ms, to_iso
from tests.contract.client import eventually
from tests.contract.server import Server, environment
from tests.integration.terminal import Terminal


class Live:
    """A server to which a test sends events."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.server = Server(folder, {})
        self.address = self.server.address()
        self.env = environment(folder, {"TZ": "UTC"})
        self.env.pop("NO_COLOR", None)

    def send(self, text: str, **more: Any) -> None:
        event = {"session_id": "s1", "agent_type": "my_agent", "event_type": "user_prompt",
                 "project": "shop", "metadata": {"prompt": text}, **more}  # fmt: skip
        assert httpx.post(f"{self.address}api/events", json=event).status_code == 201


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    made = Live(tmp_path)
    yield made
    assert made.server.stop() == 0


def ask(live: Live, session: str) -> None:
    """A session that waits for permission."""
    hook = {"session_id": session, "cwd": str(live.folder), "hook_event_name": "PermissionRequest",
            "tool_name": "Bash", "tool_input": {"command": "rm -r build"}}  # fmt: skip
    assert httpx.post(f"{live.address}api/hooks/claude-code", json=hook).status_code == 200


def test_colours_in_a_terminal_unless_they_are_unwanted(live: Live) -> None:
    live.send("hello")
    for env, colored in ((live.env, True), ({**live.env, "NO_COLOR": "1"}, False)):
        with Terminal(["sessions"], env) as terminal:
            assert terminal.wait() == 0
            assert ("\x1b[1m" in terminal.text) is colored
            assert "s1" in terminal.text


def test_tables_keep_to_the_terminals_width(live: Live) -> None:
    live.send("a prompt that is the title of its session and goes on for quite a while " * 2)
    for columns in (60, 80, 140):
        with Terminal(["sessions"], {**live.env, "NO_COLOR": "1"}, columns) as terminal:
            assert terminal.wait() == 0
            assert max(map(len, terminal.text.splitlines())) <= columns
            assert "…" in terminal.text


def test_a_narrow_breakdown_still_says_whose_the_rows_are(live: Live) -> None:
    live.send("hello")
    use = {"session_id": "s2", "agent_type": "claude_code", "event_type": "llm_response",
           "project": "a-project", "model": "claude-opus-4-6", "tokens_in": 123_456_789_012,
           "tokens_out": 123_456_789, "cache_read_tokens": 123_456_789_012,
           "cache_write_tokens": 123_456_789}  # fmt: skip
    assert httpx.post(f"{live.address}api/events", json=use).status_code == 201
    for words, named in (
        (["usage", "--by", "project", "--breakdown"], "a-project"),
        (["usage", "blocks"], "claude_code"),
        (["usage", "blocks", "--breakdown"], "claude-opus"),
    ):
        with Terminal(words, {**live.env, "NO_COLOR": "1"}, 80) as terminal:
            assert terminal.wait() == 0
            assert named in terminal.text
            assert max(map(len, terminal.text.splitlines())) <= 80


def test_a_transcript_opens_in_the_pager(live: Live) -> None:
    live.send("what is this")
    pager = live.folder / "pager"
    pager.write_text("#!/bin/sh\necho paged by us\ncat\n")
    pager.chmod(0o755)
    with Terminal(["show", "last"], live.env) as terminal:
        assert terminal.wait() == 0
        assert "what is this" in terminal.text
    command = [sys.executable, "-m", "agentmonitor", "show", "last"]
    piped = subprocess.run(command, env=live.env, capture_output=True, text=True, check=True)
    assert "what is this" in piped.stdout
    assert "\x1b" not in piped.stdout


def test_tail_shows_the_past_then_what_comes_and_filters(live: Live) -> None:
    for number in range(4):
        live.send(f"old {number}")
    with Terminal(["tail", "--since", "2", "--project", "shop"], live.env) as terminal:
        terminal.until(lambda text: "old 3" in text)
        live.send("elsewhere", project="till")
        live.send("new \x1b[2J one")
        text = terminal.until(lambda text: "one" in text)
        assert "old 1" not in text
        assert text.index("old 2") < text.index("old 3") < text.index("new ␛[2J one")
        assert "elsewhere" not in text
        terminal.press("\x03")
        assert terminal.wait() == 130
        assert "Traceback" not in terminal.text


def test_tail_goes_on_where_it_was_when_the_server_comes_back(tmp_path: Path) -> None:
    live = Live(tmp_path)
    port = live.address.rstrip("/").rpartition(":")[2]
    command = [sys.executable, "-m", "agentmonitor", "tail", "--json", "--url", live.address]
    tail = subprocess.Popen(
        command, env=live.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert tail.stdout is not None
        eventually(lambda: httpx.get(f"{live.address}api/health").json()["sse_clients"] == 1)
        live.send("one")
        assert json.loads(tail.stdout.readline())["id"] == 1
        assert live.server.stop() == 0
        live.server = Server(tmp_path, {}, ("--port", port))
        live.server.address()
        live.send("two")
        live.send("three")
        assert [json.loads(tail.stdout.readline())["id"] for _ in range(2)] == [2, 3]
        tail.send_signal(signal.SIGINT)
        assert tail.wait(30) == 130
        assert tail.stderr is not None
        assert "is gone; waiting" in tail.stderr.read()
    finally:
        tail.kill()
        tail.communicate()
        assert live.server.stop() == 0


def test_top_shows_who_waits_first_and_renews_itself(live: Live) -> None:
    live.send("busy here", session_id="busy")
    ask(live, "asks")
    with Terminal(["top", "--interval", "0.2"], live.env, 120) as terminal:
        text = terminal.until(lambda text: "busy" in text and "rm -r build" in text)
        assert text.index("rm -r build") < text.index("busy here")
        assert "1 need you" in text
        live.send("later", session_id="later")
        terminal.until(lambda text: "later" in text)
        terminal.press("ss\x1b[Br")
        terminal.until(lambda text: "sort: tokens ↑" in text)
        terminal.press("q")
        assert terminal.wait() == 0


def test_top_follows_the_terminals_size(live: Live) -> None:
    live.send("busy here")
    with Terminal(["top", "--interval", "60"], live.env, 120, 30) as terminal:
        terminal.until(lambda text: "q quit" in text)
        terminal.forget()
        terminal.resize(40, 10)
        frame = terminal.until(lambda text: "q quit" in text).split("\x1b[H")[-1]
        assert frame.count("\r\n") == 9


@pytest.mark.parametrize("way", ["q", "interrupt", "terminate"])
def test_top_gives_the_terminal_back(live: Live, way: str) -> None:
    with Terminal(["top"], live.env) as terminal:
        terminal.until(lambda text: "q quit" in text)
        assert ENTER in terminal.text
        assert terminal.settings() != terminal.before
        if way == "terminate":
            terminal.signal(signal.SIGTERM)
        else:
            terminal.press("q" if way == "q" else "\x03")
        terminal.wait()
        assert terminal.text.rstrip().endswith(LEAVE)
        assert terminal.settings() == terminal.before


def test_top_waits_for_a_server_that_is_gone(tmp_path: Path) -> None:
    live = Live(tmp_path)
    with Terminal(["top", "--interval", "0.2", "--url", live.address], live.env) as terminal:
        terminal.until(lambda text: "q quit" in text)
        assert live.server.stop() == 0
        terminal.until(lambda text: "the server is gone" in text)
        terminal.press("q")
        assert terminal.wait() == 0


def test_the_status_line_is_printed_and_its_limits_reach_the_server(live: Live) -> None:
    resets = now_ms() // 1000 + 3600
    payload = {
        "model": {"display_name": "Big"},
        "cwd": str(live.folder),
        "rate_limits": {"five_hour": {"used_percentage": 42, "resets_at": resets}},
    }
    done = subprocess.run(
        [sys.executable, "-m", "agentmonitor", "statusline"],
        env=live.env, input=json.dumps(payload), capture_output=True, text=True, check=True,
    )  # fmt: skip
    clock = to_iso(resets * 1000)[11:16]
    day = time.strftime("%a ", time.gmtime(resets)) * (resets // 86_400 != now_ms() // 86_400_000)
    assert done.stdout == f"Big · {live.folder.name} · 5h 42% until {day}{clock}\n"

    def reported() -> bool:
        windows = httpx.get(f"{live.address}api/v2/windows").json()["windows"]
        return any(window["used_percent"] == 42 for window in windows)

    eventually(reported)


def test_the_status_line_needs_no_server_and_says_what_it_reads(tmp_path: Path) -> None:
    for text, code, out in (("{}", 0, "\n"), ("nonsense", 1, ""), ("[1]", 1, "")):
        done = subprocess.run(
            [sys.executable, "-m", "agentmonitor", "statusline", "--db", str(tmp_path / "no.db")],
            env=environment(tmp_path, {}), input=text, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stdout) == (code, out)
        assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []
