"""Roll-ups that follow at a distance: how far behind they may be, and how they catch up."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from agentmonitor.model.analytics import Where
from agentmonitor.model.clock import DAY_MS, HOUR_MS, now_ms
from agentmonitor.storage.sqlite import chores, folds
from agentmonitor.storage.sqlite.check import check
from agentmonitor.storage.sqlite.engine import SqliteEngine
from agentmonitor.storage.sqlite.queries.tools import ToolQueries
from tests.unit.builders import DAY, event, report
from tests.unit.storage.sqlite.audit import assert_sound, rows
from tests.unit.storage.store import Store

WHERE = Where(since=DAY, until=DAY + DAY_MS)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.db"


def opened(path: Path) -> SqliteEngine:
    engine = SqliteEngine(path)
    engine.open()
    return engine


def fill(engine: SqliteEngine, count: int) -> None:
    Store(engine).write(*[
        event(
            event_id=f"e{n}", occurred_at=DAY + n * HOUR_MS // 4, tool_name="Bash", duration_ms=n,
            project=("shop", None)[n % 2], branch="main", session_id=f"s{n % 2}",
        )
        for n in range(count)
    ])  # fmt: skip


def upto(path: Path) -> int:
    return int(rows(path, "SELECT event FROM folded_upto")[0]["event"])


def test_events_are_folded_in_when_they_are_enough(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folds, "STEP", 10)
    engine = opened(path)
    fill(engine, 9)
    assert upto(path) == 0
    fill(engine, 11)  # nine are there already
    assert upto(path) == 11
    assert_sound(path)
    assert engine.tool_use(WHERE, "project").calls == 11
    engine.close()


def test_what_changes_in_folded_events_counts_at_once_and_is_folded_later(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folds, "STEP", 10)
    monkeypatch.setattr(chores, "LOOK_EVERY", 1)
    engine = opened(path)
    fill(engine, 20)
    monkeypatch.setattr(folds, "STEP", 21)
    Store(engine).write(signals=[report("none", "s1", project="late")])
    assert len(rows(path, "SELECT * FROM fold_late")) == 20  # what they were, and are
    assert upto(path) == 20
    (tool,) = engine.tool_use(WHERE, "project").tools
    assert {part.key: part.calls for part in tool.parts} == {"shop": 10, "late": 10}
    assert_sound(path)
    monkeypatch.setattr(folds, "STEP", 10)
    Store(engine).write(event(session_id="s9"))
    assert rows(path, "SELECT * FROM fold_late") == []
    assert_sound(path)
    assert check(path).sound
    engine.close()


def test_a_database_of_an_earlier_version_catches_up_when_it_is_opened(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = opened(path)
    fill(engine, 30)
    engine.close()
    connection = sqlite3.connect(path)
    folds.clear_folds(connection)
    connection.commit()
    connection.close()
    monkeypatch.setattr(folds, "STEP", 10)
    monkeypatch.setattr(folds, "PAGE", 7)
    engine = opened(path)
    assert upto(path) == 30
    assert_sound(path)
    assert engine.tool_use(WHERE, "agent").calls == 30
    engine.close()


def test_a_rolled_back_transaction_folds_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folds, "STEP", 1)
    engine = opened(path)
    fill(engine, 3)

    def fail(connection: sqlite3.Connection, applier: object) -> None:
        connection.execute("UPDATE events SET duration_ms = 77")
        raise ValueError

    with pytest.raises(Exception, match="could not be written"):
        engine._open_writer().call(fail)
    assert_sound(path)
    fill(engine, 5)
    assert_sound(path)
    engine.close()


def assert_found_and_mended(path: Path, names: set[str]) -> None:
    """A check finds faults in ``names`` and nothing else; after a rebuild there are none."""
    assert {finding.name for finding in check(path).findings if finding.faults} == names
    engine = opened(path)
    engine.rebuild()
    assert_sound(path)
    engine.close()
    assert check(path).sound


def test_sums_that_were_spoilt_are_found_and_a_rebuild_mends_them(path: Path) -> None:
    engine = opened(path)
    fill(engine, 12)
    engine.rebuild()
    engine.close()
    connection = sqlite3.connect(path)
    connection.execute("UPDATE rollup_place SET events = events + 1")
    connection.execute("UPDATE rollup_tool_hours SET calls = calls + 1")
    connection.commit()
    connection.close()
    assert_found_and_mended(path, {"sums_by_place", "sums by tool"})


def test_spoilt_sums_of_branches_and_of_sessions_by_hour_are_found_and_mended(path: Path) -> None:
    engine = opened(path)
    fill(engine, 12)
    engine.sweep(DAY + 40 * DAY_MS, 60_000)
    engine.close()
    assert check(path).sound
    connection = sqlite3.connect(path)
    assert connection.execute("UPDATE rollup_branch_days SET tokens_in = tokens_in + 1").rowcount
    assert connection.execute("UPDATE session_starts SET lines_added = lines_added + 1").rowcount
    connection.commit()
    connection.close()
    assert_found_and_mended(path, {"sessions by hour", "sums_by_branch"})


def test_a_day_has_sums_of_its_own_when_it_is_over_and_takes_in_what_comes_later(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folds, "STEP", 1)
    engine = opened(path)
    fill(engine, 30)
    assert rows(path, "SELECT * FROM rollup_tool_days") == []
    assert rows(path, "SELECT * FROM rollup_place WHERE level = 1") == []
    before = engine.tool_use(WHERE, "agent"), engine.tool_use(WHERE, "project")
    engine.sweep(DAY + DAY_MS, 1000)
    assert rows(path, "SELECT DISTINCT day FROM rollup_tool_days") == [{"day": DAY // DAY_MS}]
    assert rows(path, "SELECT * FROM rollup_place WHERE level = 1")
    assert (engine.tool_use(WHERE, "agent"), engine.tool_use(WHERE, "project")) == before
    fill(engine, 60)
    assert_sound(path)
    assert check(path).sound
    assert engine.tool_use(WHERE, "agent").calls == 60
    engine.close()


def test_days_that_are_over_are_read_once_until_one_of_them_changes(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folds, "STEP", 10)
    engine = opened(path)
    fill(engine, 20)
    engine.sweep(DAY + 3 * DAY_MS, 1000)  # the day is over
    reads: list[str] = []
    read = ToolQueries._days

    def noted(self: ToolQueries, by: str, first: int, last: int) -> Any:
        reads.append(by)
        return read(self, by, first, last)

    monkeypatch.setattr(ToolQueries, "_days", noted)
    assert [engine.tool_use(WHERE, "agent").calls for _ in range(3)] == [20, 20, 20]
    assert reads == ["agent"]
    Store(engine).write(event(occurred_at=DAY + 5 * DAY_MS, tool_name="Bash"))
    assert engine.tool_use(WHERE, "project").calls == 20
    assert engine.tool_use(WHERE, "agent").calls == 20
    assert reads == ["agent", "project"]  # what comes today changes no day that is over
    Store(engine).write(*[event(occurred_at=DAY + n, tool_name="Bash") for n in range(10)])
    told = [engine.tool_use(WHERE, by) for by in ("agent", "project")]
    assert [report.calls for report in told] == [30, 30]
    assert reads == ["agent", "project", "agent", "project"]
    engine.rebuild()
    assert [engine.tool_use(WHERE, by) for by in ("agent", "project")] == told
    engine.close()


def test_hours_are_read_once_until_something_is_folded(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folds, "STEP", 10)
    engine = opened(path)
    today = now_ms() // DAY_MS * DAY_MS
    reads: list[str] = []
    read = ToolQueries._hours

    def noted(self: ToolQueries, by: str, first: int, last: int) -> Any:
        reads.append(by)
        return read(self, by, first, last)

    def write(count: int) -> None:
        Store(engine).write(*[event(occurred_at=today, tool_name="Bash") for _ in range(count)])

    monkeypatch.setattr(ToolQueries, "_hours", noted)
    where = Where(since=today, until=today + HOUR_MS)
    write(20)
    assert [engine.tool_use(where, "agent").calls for _ in range(3)] == [20, 20, 20]
    assert reads == ["agent"]
    write(4)  # too few to be folded
    assert engine.tool_use(where, "agent").calls == 24
    assert reads == ["agent"]
    write(9)
    assert engine.tool_use(where, "agent").calls == 33
    assert reads == ["agent", "agent"]
    engine.rebuild()
    assert engine.tool_use(where, "agent").calls == 33
    engine.close()


def test_much_is_folded_when_nothing_comes_any_more(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folds, "IDLE_STEP", 10)
    engine = opened(path)

    def folded() -> int:
        engine.sweep(DAY, 1000)
        return upto(path)

    fill(engine, 9)
    assert [folded(), folded()] == [0, 0]  # too few
    fill(engine, 12)  # three of which are new
    assert [folded(), folded(), folded()] == [0, 12, 12]
    assert_sound(path)
    engine.close()
