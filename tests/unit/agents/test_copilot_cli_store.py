"""Copilot CLI's database: what a session reads is known before it is left, and counts once."""

import json
import shutil
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from agentmonitor.agents.copilot_cli import AGENT
from agentmonitor.agents.copilot_cli.store import read_store
from agentmonitor.errors import UnreadableLine
from tests.unit.agents.shelf import check, shelf
from tests.unit.agents.test_copilot_cli import FIXTURES, LINES, SESSION

OPUS, GPT = "claude-opus-4.7", "gpt-5.4"
# (model, input with the cached ones, output, cache read, cache write, time): the sums of the log.
REQUESTS = [
    (OPUS, 12_000, 120, 9000, 2000, "2026-06-01T09:00:03.000Z"),
    (OPUS, 8000, 50, 6000, 0, "2026-06-01 09:00:08"),
    (GPT, 900, 30, 0, 0, "2026-06-01T09:00:06.700Z"),
    (GPT, 500, 11, 100, 0, "2026-06-01T09:00:23.000Z"),
]
LEFT = [n for n, line in enumerate(LINES) if line["type"] == "session.shutdown"]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    shutil.copytree(FIXTURES, tmp_path / ".copilot" / "session-state")
    return tmp_path


def fill(home: Path, rows: Iterable[tuple[Any, ...]], session: str = SESSION) -> None:
    path = home / ".copilot" / "session-store.db"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(
            "CREATE TABLE IF NOT EXISTS assistant_usage_events (id INTEGER PRIMARY KEY,"
            " session_id TEXT NOT NULL, model TEXT NOT NULL, input_tokens INTEGER,"
            " output_tokens INTEGER, cache_read_tokens INTEGER, cache_write_tokens INTEGER,"
            " created_at TEXT)"
        )
        database.executemany(
            "INSERT INTO assistant_usage_events (session_id, model, input_tokens, output_tokens,"
            " cache_read_tokens, cache_write_tokens, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
            [(session, *row) for row in rows],
        )


def cut(home: Path, end: int) -> None:
    """Leave the first lines of the log."""
    path = next(home.rglob("events.jsonl"))
    lines = (FIXTURES / SESSION / "events.jsonl").read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:end]))


def told(home: Path, *, anew: bool = False) -> dict[str | None, tuple[int, int, int, int]]:
    with shelf(AGENT, home) as found:
        found.read()
        if anew:
            assert found.read(anew=True) == 0
        assert found.faults == []
        return found.totals()


def test_a_session_that_was_left_counts_its_sums_alone(home: Path) -> None:
    alone = told(home)
    fill(home, REQUESTS)
    assert told(home, anew=True) == alone


def test_a_session_that_runs_has_what_it_read(home: Path) -> None:
    cut(home, LEFT[0])
    fill(home, REQUESTS[:3])
    # The output is that of the answers in the log: one request has none there yet.
    assert told(home, anew=True) == {OPUS: (3000, 150, 15_000, 2000), GPT: (900, 30, 0, 0)}


def test_the_sums_replace_the_requests_when_they_come(home: Path) -> None:
    whole = told(home)
    cut(home, LEFT[0])
    with shelf(AGENT, home) as found:
        fill(home, REQUESTS[:1])
        found.read()
        assert found.totals()[OPUS] == (1000, 150, 9000, 2000)
        fill(home, REQUESTS[1:3])
        found.read()
        assert found.totals()[OPUS] == (3000, 150, 15_000, 2000)
        cut(home, len(LINES))
        fill(home, REQUESTS[3:])
        found.read()
        assert found.totals() == whole
        assert found.read(anew=True) == 0
        assert found.totals() == whole


def test_a_session_that_died_and_one_that_was_entered_again_are_both_told(home: Path) -> None:
    """The first time ended without a word, the second with its sums."""
    path = next(home.rglob("events.jsonl"))
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[: LEFT[0]] + lines[LEFT[0] + 1 :]))
    fill(home, REQUESTS)
    assert told(home, anew=True) == {OPUS: (3000, 150, 15_000, 2000), GPT: (1300, 41, 100, 0)}


def test_rows_without_a_log_tell_all_that_they_know(tmp_path: Path) -> None:
    (tmp_path / ".copilot").mkdir()
    fill(tmp_path, REQUESTS)
    assert told(tmp_path, anew=True) == {OPUS: (3000, 170, 15_000, 2000), GPT: (1300, 41, 100, 0)}
    path = tmp_path / ".copilot" / "session-store.db"
    for reading, _ in read_store(path, None):
        for event in reading.events:
            check(event)


def test_an_older_index_has_nothing_and_a_strange_table_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "session-store.db"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE turns (session_id TEXT)")
    assert list(read_store(path, None)) == []
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE assistant_usage_events (x)")
    with pytest.raises(UnreadableLine, match="Copilot"):
        list(read_store(path, None))


def test_odd_rows_are_passed_over_and_a_new_database_is_read_from_its_beginning(
    tmp_path: Path,
) -> None:
    (tmp_path / ".copilot").mkdir()
    odd = [("", 1, 1, 0, 0, "x"), (OPUS, "many", -1, None, 2.5, "never"), (b"\0", 1, 1, 0, 0, 1)]
    fill(tmp_path, odd)
    fill(tmp_path, REQUESTS, session="../../etc")
    path = tmp_path / ".copilot" / "session-store.db"
    *_, (_, state) = read_store(path, None)
    assert [reading.events for reading, _ in read_store(path, state)] == [[]]
    path.unlink()
    fill(tmp_path, REQUESTS[:1])
    events = [event for reading, _ in read_store(path, state) for event in reading.events]
    assert [event.tokens_in for event in events] == [1000]
    assert json.loads(state)["row"] == len(odd) + len(REQUESTS)
