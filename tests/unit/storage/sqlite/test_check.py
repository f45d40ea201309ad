"""A check finds what is wrong, says what to do, and finds nothing in a sound database."""

import sqlite3
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings

from agentmonitor.errors import DatabaseUnusable, StorageError
from agentmonitor.model.database import Retention
from agentmonitor.model.usage import Channel, Report
from agentmonitor.storage.sqlite.check import RELATIONS, check
from agentmonitor.storage.sqlite.info import describe, reading, snapshot
from tests.unit.builders import DAY, event
from tests.unit.storage.sqlite.test_rollups_agree import Batch, batches, engine_at
from tests.unit.storage.store import Store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A closed database with something in every table."""
    path = tmp_path / "a.db"
    engine = engine_at(path)
    store = Store(engine)
    store.write(
        event(event_id="e1", branch="main", project="p", file_path="/a", lines_added=2),
        event(event_id="e2", tokens_in=5, cost_usd=0.25, duration_ms=7, occurred_at=DAY),
    )
    for channel in (Channel.LOG, Channel.FILE):
        store.write(
            event(
                event_type="llm_response", keys=("request:r",), channel=channel, tokens_out=9,
                report=Report(), content=b"words", model="m",
            )
        )  # fmt: skip
    engine.close()
    return path


def spoil(path: Path, statement: str) -> None:
    connection = sqlite3.connect(path)
    connection.execute(statement)
    connection.commit()
    connection.close()


@settings(max_examples=25)
@given(story=batches())
def test_whatever_was_written_is_sound_while_it_is_open_and_after(story: list[Batch]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.db"
        engine = engine_at(path)
        try:
            for some, reports in story:
                Store(engine).write(*some, signals=reports)
            assert check(path).sound
        finally:
            engine.close()
        outcome = check(path, full=True)
        assert outcome.sound, outcome
        assert outcome.advice is None


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("UPDATE events SET session = 99", "events without a session"),
        ("UPDATE events SET tool = 99 WHERE id = 1", "events with an unknown name"),
        ("DELETE FROM event_keys_recent", "event ids that could be stored twice"),
        ("UPDATE event_keys_recent SET event = 99", "event ids without their event"),
        ("UPDATE ledger SET event = 99", "requests without their event"),
        ("INSERT INTO evidence VALUES (99, 1, 1, 1, 0, 0, 0, 0, 0, NULL)",
         "evidence without its event"),
        ("UPDATE contents SET event = 99", "contents without their event"),
        ("UPDATE activity_key_log SET claims = '{\"7\": 99}'", "activities without their event"),
        ("INSERT INTO activity_keys_recent VALUES (7, 99)", "activities without their event"),
        ("INSERT INTO activity_merges VALUES (2, 99)", "merges into nothing"),
        ("UPDATE session_files SET session = 99", "edited files of no session"),
        ("INSERT INTO pruned SELECT 99, minute, agent, type, tool, model, source, project, branch,"
         " 0, last_time, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, '' FROM rollup_pending",
         "pruned sums of no session"),
    ],
)  # fmt: skip
def test_what_refers_to_nothing_is_found(path: Path, statement: str, name: str) -> None:
    assert name in RELATIONS
    spoil(path, statement)
    outcome = check(path)
    assert name in [finding.name for finding in outcome.findings if finding.faults]
    assert outcome.advice is not None
    assert "restore" in outcome.advice


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("UPDATE rollup_pending SET tokens_in = tokens_in + 1", "sums_by_usage"),
        ("UPDATE rollup_pending SET cost_nano = 0", "sums_by_project"),
        ("UPDATE rollup_pending SET events = events + 1", "sums_by_branch"),
        ("INSERT INTO rollup_time SELECT 3, minute, agent, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0"
         " FROM rollup_pending LIMIT 1", "sums_by_time"),
        ("UPDATE sessions SET cost_nano = cost_nano + 1", "sums of sessions"),
        ("UPDATE sessions SET files_edited = 7", "sums of sessions"),
        ("DELETE FROM events WHERE id = 2", "sums_by_time"),
        ("DELETE FROM session_events WHERE event = 2", "events of sessions"),
        ("UPDATE session_events SET time = time + 1", "events of sessions"),
        ("UPDATE listed_upto SET event = 1", "events of sessions"),
    ],
)  # fmt: skip
def test_a_wrong_total_is_found_and_a_rebuild_rights_it(
    path: Path, statement: str, name: str
) -> None:
    assert check(path).sound
    spoil(path, statement)
    outcome = check(path)
    assert name in [finding.name for finding in outcome.findings if finding.faults]
    assert outcome.advice is not None
    assert "agentmonitor db rebuild" in outcome.advice
    engine = engine_at(path)
    engine.rebuild()
    engine.close()
    assert name not in [finding.name for finding in check(path).findings if finding.faults]


def test_a_damaged_file_is_found(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(4096 * 3)
        file.write(b"\xff" * 4096 * 4)
    outcome = check(path)
    assert outcome.findings[0].faults
    assert outcome.advice is not None
    assert "restore" in outcome.advice


def test_what_is_no_database_of_ours_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnusable, match="There is no database"):
        check(tmp_path / "none.db")
    assert list(tmp_path.iterdir()) == []
    spoil(tmp_path / "other.db", "CREATE TABLE t (a)")
    with pytest.raises(DatabaseUnusable, match="no database of AgentMonitor"):
        check(tmp_path / "other.db")
    (tmp_path / "text.db").write_text("not a database, " * 400)
    with pytest.raises(StorageError):
        check(tmp_path / "text.db")


def test_a_database_of_an_older_version_is_described_but_not_checked(path: Path) -> None:
    spoil(path, "DELETE FROM migrations WHERE number = (SELECT max(number) FROM migrations)")
    with reading(path) as connection, snapshot(connection):
        assert describe(connection, path, Retention(), tables=False).events == 3
    with pytest.raises(DatabaseUnusable, match="Start the server once"):
        check(path)


def test_info_tells_what_is_there_and_who_holds_it(path: Path) -> None:
    with reading(path) as connection, snapshot(connection):
        found = describe(connection, path, Retention(days=30), tables=True)
    assert (found.events, found.sessions, found.pruned_events, found.held_by) == (3, 1, 0, None)
    assert found.oldest_event == "2026-11-20T00:00:00.000Z"
    assert found.size_bytes == path.stat().st_size
    rows = {table.name: table.rows for table in found.tables}
    assert (rows["events"], rows["event_keys_recent"], rows["contents"]) == (3, 2, 1)
    sizes = [table.bytes for table in found.tables if table.bytes is not None]
    assert not sizes or sum(sizes) <= found.size_bytes
    engine = engine_at(path)
    try:
        with reading(path) as connection, snapshot(connection):
            held = describe(connection, path, Retention(), tables=False).held_by
        assert held is not None
        assert held.address is None
    finally:
        engine.close()
