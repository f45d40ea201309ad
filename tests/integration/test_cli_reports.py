"""Every report says the same from a server and from the database, and what it says is so."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from agentmonitor.model.clock import now_ms, to_iso
from tests.contract.client import eventually
from tests.contract.server import Server, environment

FULL = Path("/dev/full")
"""A disk without room, where there is one."""
ESCAPE = "\x1b[31mred\x1b]0;owned\x07"
ONE = "0198aaaa-1111-7000-8000-000000000001"
REPORTS = {
    "usage daily": ["usage", "--json"],
    "usage weekly": ["usage", "weekly", "--by", "agent", "--tz", "Asia/Kolkata", "--json"],
    "usage monthly": ["usage", "monthly", "--by", "project", "--since", "2026-01-01", "--json"],
    "usage blocks": ["usage", "blocks", "--json"],
    "usage session": ["usage", "session", "--limit", "3", "--json"],
    "sessions": ["sessions", "--sort", "cost", "--json"],
    "sessions filtered": ["sessions", "--agent", "my_agent", "--since", "7d", "--json"],
    "show": ["show", "0198aaaa", "--json"],
    "show errors": ["show", "last", "--errors", "--json"],
    "search": ["search", "pagination", "--json"],
    "search by session": ["search", "fix OR make", "--by-session", "--since", "7d", "--json"],
    "tools": ["tools", "--by", "project", "--json"],
    "top": ["top", "--json"],
    "export usage": ["export", "usage", "--period", "hourly"],
    "export session": ["export", ONE, "--format", "json"],
    "export html": ["export", ONE, "--format", "html"],
}


def run(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "agentmonitor", *arguments],
        env=environment(folder, {"TZ": "UTC", **more}),
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def told(folder: Path, *arguments: str, **more: str) -> str:
    done = run(folder, *arguments, **more)
    assert done.returncode == 0, done.stderr
    return done.stdout


def without_moment(text: str) -> str:
    """An answer without the time at which it was asked."""
    try:
        found = json.loads(text)
    except ValueError:
        return text
    for name in ("at", "exported_at"):
        found.pop(name, None)
    return json.dumps(found)


def events() -> list[dict[str, Any]]:
    now = now_ms()

    def event(minutes: int, kind: str, **more: Any) -> dict[str, Any]:
        common = {"session_id": ONE, "agent_type": "claude_code", "project": "shop"}
        when = to_iso(now - minutes * 60_000)
        return {**common, "event_type": kind, "client_timestamp": when, **more}

    answer = {"tokens_in": 900, "tokens_out": 80,
              "cache_read_tokens": 5000}  # fmt: skip
    other = {"session_id": "other", "agent_type": "my_agent", "project": "till"}
    return [
        event(50, "user_prompt", metadata={"prompt": f"Add pagination {ESCAPE}\nto the list"}),
        event(49, "tool_use", tool_name="Bash", duration_ms=1500,
              metadata={"command": f"make test {ESCAPE}"}),
        event(48, "tool_use", tool_name="Edit", status="error",
              metadata={"file_path": "a.py", "error": "no such file"}),
        event(47, "llm_response", model="claude-opus-4-5", **answer),
        event(46, "response", metadata={"text": "Done: the list has pages."}),
        event(30, "llm_response", model="no-such-model", **answer, **other),
        event(29, "user_prompt", **other, metadata={"prompt": "fix the till"}),
        event(2000, "llm_response", model="gpt-5", **answer, **other),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("reports")


@pytest.fixture(scope="module")
def by_server(folder: Path) -> dict[str, tuple[str, str]]:
    """What the server answers: found by its database, and by its address. Then it is gone."""
    server = Server(folder, {})
    address = server.address()
    try:
        batch = events()
        answer = httpx.post(f"{address}api/events/batch", json={"events": batch})
        assert answer.json()["received"] == len(batch), answer.text
        eventually(lambda: httpx.get(f"{address}api/v2/search?q=till").json()["behind"] == 0)
        elsewhere = {"AGENTMONITOR_DB_PATH": str(folder / "none.db")}
        found = {
            name: (told(folder, *words), told(folder, *words, "--url", address, **elsewhere))
            for name, words in REPORTS.items()
        }
    finally:
        assert server.stop() == 0
    return found


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_is_the_same_with_and_without_a_server(
    folder: Path, by_server: dict[str, tuple[str, str]], name: str
) -> None:
    found, named = by_server[name]
    directly = told(folder, *REPORTS[name])
    assert len(directly) > 50
    assert without_moment(found) == without_moment(named) == without_moment(directly)


@pytest.mark.usefixtures("by_server")
class TestTexts:
    """What stands in the tables; read from the database."""

    def test_usage_adds_up_and_names_what_has_no_price(self, folder: Path) -> None:
        text = told(folder, "usage", "--breakdown")
        total = next(line for line in text.splitlines() if line.startswith("total"))
        assert total.split()[-2] == "17,940"
        assert total.split()[-1].endswith("+")
        assert "No price is known for no-such-model (5,980 tokens)" in text
        assert "unpriced" in next(line for line in text.splitlines() if "no-such-model" in line)
        assert "Cached reads saved about $" in text

    def test_sessions_are_found_by_the_beginning_of_their_id(self, folder: Path) -> None:
        text = told(folder, "show", "0198", "--full")
        assert "Add pagination" in text
        assert "✗ Edit a.py" in text
        assert "no such file" in text
        none = run(folder, "show", "zzz")
        assert none.returncode == 1
        assert "'agentmonitor sessions' lists them" in none.stderr

    @pytest.mark.parametrize(
        "words",
        [["show", ONE], ["show", ONE, "--full"], ["sessions"], ["search", "pagination"], ["top"],
         ["usage", "session"], ["tools"]],
        ids=" ".join,
    )  # fmt: skip
    def test_nothing_that_an_agent_wrote_reaches_the_terminal_raw(
        self, folder: Path, words: list[str]
    ) -> None:
        text = told(folder, *words)
        assert "\x1b" not in text
        assert "\x07" not in text

    def test_search_shows_where_it_was_found(self, folder: Path) -> None:
        text = told(folder, "search", "pagination")
        assert ONE in text
        assert "Add pagination ␛[31mred" in text
        assert run(folder, "search", "nowhere-at-all").stderr == "Nothing was found.\n"

    def test_an_export_is_for_its_owner_alone_and_complete(
        self, folder: Path, tmp_path: Path
    ) -> None:
        file = tmp_path / "usage.csv"
        told(folder, "export", "usage", "-o", str(file))
        rows = list(csv.DictReader(io.StringIO(file.read_text())))
        assert sum(int(row["tokens_in"]) for row in rows) == 2700
        assert file.stat().st_mode & 0o777 == 0o600
        assert [each.name for each in tmp_path.iterdir()] == ["usage.csv"]

    def test_an_export_that_fails_leaves_the_old_file(self, folder: Path, tmp_path: Path) -> None:
        file = tmp_path / "old.md"
        file.write_text("old")
        done = run(folder, "export", "zzz", "-o", str(file))
        assert done.returncode == 1
        assert file.read_text() == "old"
        assert [each.name for each in tmp_path.iterdir()] == ["old.md"]
        nowhere = run(folder, "export", ONE, "-o", str(tmp_path / "no" / "where.md"))
        assert nowhere.returncode == 1
        assert "Name another file with -o" in nowhere.stderr

    @pytest.mark.parametrize(
        ("words", "code", "advice"),
        [
            (["usage", "--since", "whenever"], 1, "how long ago"),
            (["usage", "--since", "2020-01-01"], 1, "choose a larger one or a later --since"),
            (["usage", "yearly"], 2, "weekly"),
            (["sessions", "--limit", "0"], 2, "1<=x<=500"),
            (["search", "..."], 1, "the query"),
            (["export", ONE, "--format", "csv"], 1, "md, json, html"),
            (["tail"], 1, "agentmonitor serve"),
            (["usage", "blocks", "--model", "gpt-5"], 1, "--model cannot narrow them"),
        ],
        ids=lambda value: " ".join(value) if isinstance(value, list) else "",
    )
    def test_errors_say_what_to_do(
        self, folder: Path, words: list[str], code: int, advice: str
    ) -> None:
        done = run(folder, *words)
        assert done.returncode == code
        assert advice in done.stderr
        assert "Traceback" not in done.stderr

    def test_a_reader_that_leaves_is_no_error(self, folder: Path) -> None:
        command = [sys.executable, "-m", "agentmonitor", "show", ONE]
        read, write = os.pipe()
        os.close(read)
        done = subprocess.run(
            command, env=environment(folder, {}), stdout=write, stderr=subprocess.PIPE, check=False
        )
        os.close(write)
        assert done.stderr == b""

    @pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
    def test_completion_completes_commands(self, folder: Path, shell: str) -> None:
        assert "_AGENTMONITOR_COMPLETE" in told(folder, "completion", shell)
        words = {"COMP_WORDS": "agentmonitor sess", "COMP_CWORD": "1"}
        asked = {"_AGENTMONITOR_COMPLETE": f"{shell}_complete", **words}
        if shell == "fish":
            asked["COMP_CWORD"] = "sess"
        assert "sessions" in run(folder, **asked).stdout


@pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("words", [["config"], ["pricing", "list"], ["usage"], ["tools", "--json"]])
def test_a_full_disk_is_told_in_one_line(words: list[str], tmp_path: Path) -> None:
    env = environment(tmp_path, {})
    server = Server(tmp_path, {})
    use = {"session_id": "s", "agent_type": "a", "event_type": "llm_response", "tokens_in": 5}
    assert httpx.post(f"{server.address()}api/events", json=use).status_code == 201
    assert server.stop() == 0
    with FULL.open("w") as output:
        done = subprocess.run(
            [sys.executable, "-m", "agentmonitor", *words],
            env=env, stdout=output, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert "cannot be written (No space left on device)" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
