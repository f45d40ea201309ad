"""The database of an earlier runtime is taken over once, and counts nothing twice."""

import json
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentmonitor.bus import Bus
from agentmonitor.errors import InvalidInput
from agentmonitor.importer.earlier import BATCH, count_earlier, read_earlier
from agentmonitor.metadata import Rules
from agentmonitor.model.event import MAX_INT, Event
from agentmonitor.model.filters import EventFilter, SessionFilter
from agentmonitor.model.usage import Channel, Report
from agentmonitor.pipeline import Pipeline
from agentmonitor.pricing.engine import Pricer
from tests.unit.storage.store import ENGINES, Store, opened

SCHEMA = """
CREATE TABLE agents (id TEXT PRIMARY KEY, agent_type TEXT);
CREATE TABLE sessions (
    id TEXT PRIMARY KEY, agent_id TEXT, agent_type TEXT, project TEXT, branch TEXT, status TEXT,
    started_at TEXT, ended_at TEXT, last_event_at TEXT, metadata TEXT
);
CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT, event_id TEXT UNIQUE, schema_version INTEGER DEFAULT 1,
    session_id TEXT NOT NULL, agent_type TEXT NOT NULL, event_type TEXT NOT NULL, tool_name TEXT,
    status TEXT DEFAULT 'success', tokens_in INTEGER DEFAULT 0, tokens_out INTEGER DEFAULT 0,
    branch TEXT, project TEXT, duration_ms INTEGER, created_at TEXT, client_timestamp TEXT,
    metadata TEXT DEFAULT '{}', payload_truncated INTEGER DEFAULT 0, model TEXT, cost_usd REAL,
    cache_read_tokens INTEGER DEFAULT 0, cache_write_tokens INTEGER DEFAULT 0,
    source TEXT DEFAULT 'api'
);
CREATE TABLE import_state (path TEXT PRIMARY KEY, hash TEXT);
"""
DROPPED = ("cache_read_tokens", "cache_write_tokens", "source", "client_timestamp", "model")
CALL = "toolu_01AAAAAAAAAAAAAAAAAAAAAA"


class Earlier:
    """An earlier runtime's database."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.run = sqlite3.connect(path, isolation_level=None)
        self.run.executescript(SCHEMA)
        self.run.execute(
            "INSERT INTO sessions (id, agent_type, project, branch) VALUES (?, ?, ?, ?)",
            ("s1", "alpha", "shop", "main"),
        )

    def add(self, **values: Any) -> None:
        known: dict[str, Any] = {
            "session_id": "s1", "agent_type": "alpha", "event_type": "tool_use",
            "created_at": "2026-03-01 10:00:00",
        }  # fmt: skip
        known |= values
        if isinstance(known.get("metadata"), dict):
            known["metadata"] = json.dumps(known["metadata"])
        names, marks = ", ".join(known), ", ".join("?" * len(known))
        self.run.execute(f"INSERT INTO events ({names}) VALUES ({marks})", (*known.values(),))


@pytest.fixture
def earlier(tmp_path: Path) -> Earlier:
    return Earlier(tmp_path / "agentmonitor.db")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with opened(ENGINES["sqlite"], tmp_path / "new.db") as found:
        yield found


def take(store: Store, *paths: Path) -> None:
    pipeline = Pipeline(
        store.engine, Bus(), Pricer(), Rules(max_bytes=10_000, edit_tools=frozenset({"Edit"}))
    )
    for path in paths:
        for events in read_earlier(path):
            pipeline.ingest_from_thread(events).result(timeout=60)


def read(path: Path) -> list[Event]:
    return [event for events in read_earlier(path) for event in events]


def test_a_row_keeps_what_it_says(earlier: Earlier) -> None:
    earlier.add(
        event_id="e1", tool_name="Edit", status="error", duration_ms=7, source="hook",
        client_timestamp="2026-03-01T09:59:58.500Z", project="own", branch="b",
        metadata={"file_path": "/a", "lines_added": 3, "tool_use_id": CALL},
    )  # fmt: skip
    earlier.add(
        event_type="llm_response", model="gpt-5", tokens_in=10, tokens_out=5, source="import",
        cache_read_tokens=3, cache_write_tokens=2, cost_usd=0.5,
    )  # fmt: skip
    first, second = read(earlier.path)
    assert (first.event_id, first.status, first.duration_ms) == ("e1", "error", 7)
    assert (first.project, first.branch, first.occurred_at) == ("own", "b", 1772359198500)
    assert first.metadata["original_source"] == "hook"
    assert first.keys == (f"alpha:tool:{CALL}",)
    assert first.report is None
    assert (second.project, second.branch) == ("shop", "main")
    assert (second.tokens_in, second.tokens_out, second.cost_usd) == (10, 5, 0.5)
    assert (second.cache_read_tokens, second.cache_write_tokens) == (3, 2)
    assert second.report == Report(session_wide=True)
    assert second.occurred_at == 1772359200000
    for event in (first, second):
        assert (event.source, event.channel) == ("import", Channel.EARLIER)


def test_totals_are_those_of_the_database_however_often_it_is_imported(
    earlier: Earlier, store: Store, tmp_path: Path
) -> None:
    for number in range(40):
        earlier.add(event_type="llm_response", model=f"m{number % 3}", tokens_in=number,
                    tokens_out=2, event_id=f"e{number}" if number % 2 else None)  # fmt: skip
        earlier.add(tool_name=f"t{number % 2}", status="error" if number % 8 == 0 else "success")
    sums = "sum(tokens_in), sum(tokens_out), count(*), sum(status = 'error')"
    expected = earlier.run.execute(f"SELECT {sums} FROM events").fetchone()
    sums = "SELECT model, sum(tokens_in) FROM events WHERE model NOT NULL GROUP BY model"
    by_model = dict(earlier.run.execute(sums))
    moved = tmp_path / "moved.db"
    shutil.copy(earlier.path, moved)
    for _ in range(2):
        take(store, earlier.path, moved)
        stats = store.engine.stats(None, None)
        found = (stats.total_tokens_in, stats.total_tokens_out, stats.total_events)
        assert found == expected[:3]
        assert stats.tool_breakdown == {"t0": 20, "t1": 20}
        tools = {t.tool_name: t.error_count for t in store.engine.tools(None, None)}
        assert sum(tools.values()) == expected[3]
        models = {m.model: m.tokens_in for m in store.engine.cost(None, None, 10).by_model}
        assert models == by_model
    (session,) = store.engine.sessions(SessionFilter(), 0)[0]
    assert (session.status, session.project) == ("ended", "shop")


def test_what_a_file_tells_of_as_well_counts_once(earlier: Earlier, store: Store) -> None:
    earlier.add(event_type="llm_response", model="m", tokens_out=1000)
    earlier.add(tool_name="Edit", metadata={"tool_use_id": CALL})
    earlier.add(session_id="s2", event_type="llm_response", model="m", tokens_out=7)
    used = Event(
        session_id="s1", agent_type="alpha", event_type="llm_response", source="import",
        channel=Channel.FILE, occurred_at=1772359200000, keys=("alpha:request:r1",),
        report=Report(), model="m", tokens_out=30,
    )  # fmt: skip
    call = Event(
        session_id="s1", agent_type="alpha", event_type="tool_use", source="import",
        channel=Channel.FILE, occurred_at=1772359200000, keys=(f"alpha:tool:{CALL}",),
        tool_name="Edit", metadata={"tool_use_id": CALL},
    )  # fmt: skip
    take(store, earlier.path)
    assert store.engine.stats(None, None).total_tokens_out == 1007
    pipeline = Pipeline(
        store.engine, Bus(), Pricer(), Rules(max_bytes=10_000, edit_tools=frozenset())
    )
    pipeline.ingest_from_thread([used, call]).result(timeout=60)
    take(store, earlier.path)
    stats = store.engine.stats(None, None)
    assert (stats.total_tokens_out, stats.tool_breakdown) == (37, {"Edit": 1})


def test_ids_that_are_counted_anew_in_each_session_join_nothing(earlier: Earlier) -> None:
    earlier.add(metadata={"tool_use_id": "call_1"})
    earlier.add(event_type="user_prompt", metadata={"prompt_id": "0" * 36})
    earlier.add(event_type="llm_response", metadata={"request_id": "req_" + "0" * 24})
    earlier.add(event_type="session_start", metadata={"tool_use_id": CALL})
    assert [event.keys for event in read(earlier.path)] == [
        (), (f"alpha:prompt:{'0' * 36}",), (f"alpha:request:req_{'0' * 24}",), (),
    ]  # fmt: skip


def test_columns_may_be_missing(earlier: Earlier) -> None:
    earlier.add(event_type="llm_response", tokens_out=5)
    for column in DROPPED:
        earlier.run.execute(f"ALTER TABLE events DROP COLUMN {column}")
    (event,) = read(earlier.path)
    assert (event.tokens_out, event.model, event.metadata) == (5, None, {})


def test_progress_is_told_and_batches_are_small(earlier: Earlier) -> None:
    earlier.run.execute("BEGIN")
    for _ in range(2 * BATCH + 3):
        earlier.add()
    earlier.run.execute("COMMIT")
    told: list[tuple[int, int]] = []
    batches = list(read_earlier(earlier.path, lambda done, whole: told.append((done, whole))))
    assert [len(batch) for batch in batches] == [BATCH, BATCH, 3]
    assert len({event.event_id for batch in batches for event in batch}) == 2 * BATCH + 3
    assert count_earlier(earlier.path) == 2 * BATCH + 3
    assert told == [(BATCH, 1003), (2 * BATCH, 1003), (1003, 1003)]


def test_rows_that_say_nothing_are_passed_over_and_odd_ones_are_taken(earlier: Earlier) -> None:
    earlier.add(session_id="")
    earlier.add(created_at="never")
    earlier.add(event_type="teleport", status="odd", metadata="not json", tokens_in=-4)
    earlier.add(event_type="llm_response", metadata="[1, 2]", tokens_in=2**62, tokens_out=1.5)
    odd, listed = read(earlier.path)
    assert (odd.event_type, odd.status, odd.metadata, odd.tokens_in) == ("hook", None, {}, 0)
    assert (listed.metadata, listed.tokens_in, listed.tokens_out) == ([1, 2], 0, 1)


@pytest.mark.parametrize(
    "schema",
    ["", "CREATE TABLE events (id, session INTEGER)",
     "CREATE TABLE events (id, session_id, agent_type, event_type, created_at)"],
)  # fmt: skip
def test_another_database_is_refused_with_words_for_the_user(schema: str, tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    connection = sqlite3.connect(path)
    connection.executescript(schema)
    connection.close()
    for attempt in (count_earlier, read):
        with pytest.raises(InvalidInput, match="no database of an earlier version"):
            attempt(path)


def test_our_own_database_is_refused(store: Store, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no database of an earlier version"):
        count_earlier(tmp_path / "new.db")
    assert store.engine.events(EventFilter(), 1, 0) == ([], 0)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    path.write_text("hello")
    with pytest.raises(InvalidInput, match="no SQLite database"):
        count_earlier(path)
    with pytest.raises(FileNotFoundError):
        count_earlier(tmp_path / "absent.db")


VALUES = st.one_of(
    st.none(), st.integers(-(2**63), 2**63 - 1), st.floats(), st.text(max_size=9),
    st.binary(max_size=9), st.sampled_from(('{"a": 1e999}', '{"call_id": 5}', "[" * 300, "{}")),
)  # fmt: skip


@given(rows=st.lists(st.dictionaries(st.sampled_from(SCHEMA.split()), VALUES), max_size=3))
def test_rows_with_anything_in_them_are_taken_or_passed_over(
    rows: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    columns = {"session_id", "agent_type", "event_type", "tool_name", "status", "tokens_in",
               "cost_usd", "metadata", "created_at", "model", "duration_ms", "source"}  # fmt: skip
    folder = tmp_path_factory.mktemp("earlier")
    found = Earlier(folder / "x.db")
    for row in rows:
        known = {key: value for key, value in row.items() if key in columns}
        needed = {"session_id", "agent_type", "event_type"}
        found.add(**{k: v for k, v in known.items() if v is not None or k not in needed})
    for event in read(found.path):
        assert event.session_id
        assert event.event_id
        assert 0 <= event.tokens_in <= MAX_INT
        json.dumps(event.metadata)
    found.run.close()
    shutil.rmtree(folder)
