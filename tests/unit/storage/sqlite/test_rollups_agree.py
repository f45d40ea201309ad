"""Whatever comes in whatever order: the roll-ups say what the events say."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import permutations
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentmonitor.model.event import Event
from agentmonitor.model.signal import SessionSignal
from agentmonitor.storage.sqlite import event_ids, folds, maintain, rollups, session_lists
from agentmonitor.storage.sqlite.engine import SqliteEngine
from tests.unit.builders import AGENTS, DAY, LINGERING, NOW, event, events, moments, report
from tests.unit.storage.sqlite.audit import Row, assert_sound, dump, rows
from tests.unit.storage.store import Store

Batch = tuple[list[Event], list[SessionSignal]]
SESSIONS = ("s1", "s2", "s3")


def signals() -> st.SearchStrategy[SessionSignal]:
    return st.builds(
        report,
        st.sampled_from(("none", "busy", "turn_ended", "session_ended", "permission_asked")),
        st.sampled_from((*SESSIONS, "signals only")),
        at=moments(),
        agent_type=st.sampled_from(AGENTS),
        project=st.sampled_from((None, None, "storefront", "ledger")),
        branch=st.sampled_from((None, None, "main", "fix/a")),
        model=st.sampled_from((None, "m-large")),
    )


def batches() -> st.SearchStrategy[list[Batch]]:
    batch = st.tuples(
        st.lists(events(sessions=SESSIONS, ids=True), max_size=10),
        st.lists(signals(), max_size=2),
    )
    return st.lists(batch, min_size=1, max_size=7)


def engine_at(path: Path) -> SqliteEngine:
    engine = SqliteEngine(path, frozenset({LINGERING}))
    engine.open()
    return engine


def tables(path: Path) -> dict[str, list[Row]]:
    """The roll-up tables themselves."""
    names = ("usage", "time", "project", "branch", "pending")
    return {name: rows(path, f"SELECT * FROM rollup_{name}") for name in names}


@contextmanager
def limits(appended: int, pending: int) -> Iterator[None]:
    """Transactions with more than ``appended`` changes are folded in, as are ``pending`` rows or
    events."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rollups, "MAX_APPENDED", appended)
        patch.setattr(rollups, "MAX_PENDING", pending)
        patch.setattr(folds, "STEP", pending)
        patch.setattr(session_lists, "STEP", 1 + pending // 3)
        patch.setattr(event_ids, "MANY", pending % 7)
        yield


LIMITS = st.sampled_from(((0, 0), (3, 10), (6, 25), (200, 1500)))


@settings(max_examples=60)
@given(
    story=batches(),
    limit=LIMITS,
    sweeps=st.sets(st.integers(0, 6)),
    reopens=st.sets(st.integers(0, 6)),
)
def test_rollups_and_sessions_agree_with_the_events_and_a_rebuild_changes_nothing(
    story: list[Batch], limit: tuple[int, int], sweeps: set[int], reopens: set[int]
) -> None:
    with limits(*limit), TemporaryDirectory() as folder:
        path = Path(folder) / "a.db"
        engine = engine_at(path)
        try:
            for number, (some, reports) in enumerate(story):
                Store(engine).write(*some, signals=reports)
                if number in sweeps:
                    engine.sweep(NOW + number * 3_600_000, 60_000)
                if number in reopens:
                    engine.close()
                    engine = engine_at(path)
            assert_sound(path)
            before = dump(path)
            engine.rebuild()
            assert dump(path) == before
            rebuilt = tables(path)
            assert rebuilt["pending"] == []
            assert all(row["events"] > 0 for name in rebuilt for row in rebuilt[name])
            # What is in memory still fits: a later write goes on from there.
            Store(engine).write(event(session_id="s1", project="late", branch="late"))
            assert_sound(path)
        finally:
            engine.close()


@settings(max_examples=15)
@given(story=batches(), limit=LIMITS)
def test_how_events_are_cut_into_batches_does_not_matter(
    story: list[Batch], limit: tuple[int, int]
) -> None:
    """The same events one by one, in their batches, or in one: the same database."""
    flat = [e for some, _ in story for e in some]
    cuts = ([flat], [[e] for e in flat], [some for some, _ in story])
    dumps = []
    for cut in cuts:
        with limits(*limit), TemporaryDirectory() as folder:
            path = Path(folder) / "a.db"
            engine = engine_at(path)
            for batch in cut:
                Store(engine).write(*copy.deepcopy(batch))
            engine.close()
            assert_sound(path)
            whole = rows(path, "SELECT * FROM sessions ORDER BY id")
            dumps.append((dump(path), whole, rows(path, "SELECT * FROM events ORDER BY id")))
    assert dumps[0] == dumps[1] == dumps[2]


@pytest.mark.parametrize("order", list(permutations((1, 30_000, 59_999))))
@pytest.mark.parametrize("limit", [(0, 0), (200, 1500)])
def test_the_last_use_of_a_branch_is_its_newest_events(
    tmp_path: Path, order: tuple[int, ...], limit: tuple[int, int]
) -> None:
    """Also inside one minute, in one batch, and when events leave it for a project."""
    path = tmp_path / "a.db"
    with limits(*limit):
        engine = engine_at(path)
        for branch, names in (("main", ("s1", "s1", "s1")), ("fix/a", ("s2", "s3", "s4"))):
            Store(engine).write(
                *[
                    event(session_id=name, branch=branch, occurred_at=DAY + ms)
                    for name, ms in zip(names, order, strict=True)
                ]
            )
            assert_sound(path)
        for name in ("s3", "s2", "s1", "s4"):
            Store(engine).write(signals=[report("none", name, project="p")])
            assert_sound(path)
        engine.close()


@pytest.mark.parametrize("cells", [1, 2, 7])
def test_a_rebuild_in_small_portions_gives_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cells: int
) -> None:
    monkeypatch.setattr(maintain, "_REBUILD_CELLS", cells)
    path = tmp_path / "a.db"
    engine = engine_at(path)
    for n in range(40):
        branch = ("main", "fix/a", None)[n % 3]
        Store(engine).write(event(occurred_at=DAY + n * 1_700_000, branch=branch, cost_usd=0.1))
    before = dump(path)
    engine.rebuild()
    engine.close()
    assert dump(path) == before


def test_rebuild_repairs_what_was_spoiled(tmp_path: Path) -> None:
    import sqlite3

    path = tmp_path / "a.db"
    engine = engine_at(path)
    Store(engine).write(event(branch="b", file_path="/a", lines_added=2), event(session_id="s2"))
    engine.close()
    good = dump(path)
    with limits(0, 0):
        engine = engine_at(path)
        engine.rebuild()
        engine.close()
    connection = sqlite3.connect(path)
    for table in ("rollup_usage", "rollup_time", "rollup_project", "rollup_model", "rollup_branch"):
        connection.execute(f"UPDATE {table} SET events = events + 7")
    connection.execute("DELETE FROM session_files")
    connection.execute("UPDATE sessions SET events = 99, cost_nano = -1, files_edited = 5")
    connection.commit()
    connection.close()
    engine = engine_at(path)
    engine.rebuild()
    engine.close()
    assert dump(path) == good
