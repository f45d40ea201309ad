"""The lists of sessions' events: what reads tell depends on how far they reach in nothing."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentmonitor.model.analytics import UsageQuestion, Where
from agentmonitor.model.clock import DAY_MS
from agentmonitor.model.event import Event
from agentmonitor.model.filters import EventFilter
from agentmonitor.model.selection import StoryChoice
from agentmonitor.storage.sqlite import session_lists
from agentmonitor.storage.sqlite.engine import SqliteEngine
from tests.unit.builders import DAY, event
from tests.unit.storage.sqlite.audit import assert_sound, rows
from tests.unit.storage.sqlite.test_prune import prune
from tests.unit.storage.sqlite.test_rollups_agree import engine_at
from tests.unit.storage.store import Store
from tests.unit.storage.test_ledger import fresh, stories

EDGES = (DAY - DAY_MS, DAY, DAY + DAY_MS, DAY + 400 * DAY_MS)


def listed(path: Path) -> int:
    return len(rows(path, "SELECT event FROM session_events"))


def told(engine: SqliteEngine) -> list[Any]:
    """All that reads tell of the events of sessions."""
    found: list[Any] = []
    reads = engine.session_reads
    for key in sorted(row.id for row in engine.sessions_by_id(["s1", "s2", "one", "two", "fork"])):
        asked = Where(since=EDGES[0], until=EDGES[-1], session=key)
        found += [
            key,
            reads.session_detail(key),
            reads.session_files(key, 50),
            reads.session_turns(key, 50, None, spans=True),
            reads.session_story(key, StoryChoice(descending=True), 50, None),
            reads.failures(asked, None, 50, None),
            engine.session_events(key, 50, newest_first=True),
            engine.events(EventFilter(session_id=key, since=DAY), 50, 0),
            engine.activity(asked, EDGES, [(EDGES[0], EDGES[-1], 1)]),
            engine.usage(UsageQuestion(where=asked, by="model", edges=EDGES, before=EDGES[0])),
        ]
    for text in ("s", "o", "fork"):
        where = Where(since=EDGES[0], until=EDGES[-1], q=text)
        found += [
            reads.failures(where, None, 50, None),
            engine.activity(where, EDGES, [(EDGES[0], EDGES[-1], 1)]),
            engine.usage(UsageQuestion(where=where, by="model", edges=EDGES, before=EDGES[0])),
        ]
    return found


def story() -> list[Event]:
    return [
        event(
            event_id=f"e{n}", session_id=("s1", "s2")[n % 2], occurred_at=DAY + n * 37 % 11,
            event_type="tool_use", tool_name="Edit", status=("success", "error")[n % 3 == 0],
            file_path=f"/f{n % 4}", lines_added=n, project=("shop", None)[n > 5], tokens_in=n,
        )
        for n in range(20)
    ]  # fmt: skip


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.db"


def test_reads_tell_the_same_however_far_the_lists_reach(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = []
    for number, step in enumerate((1, 3, 7, 1000)):
        monkeypatch.setattr(session_lists, "STEP", step)
        engine = engine_at(path.with_name(f"{number}.db"))
        for each in story():
            Store(engine).write(each)
        answers.append(told(engine))
        assert (listed(engine.path) == 20) is (step == 1)
        engine.rebuild()
        assert told(engine) == answers[0]
        assert listed(engine.path) == 20
        engine.close()
    assert answers[1:] == answers[:1] * 3


def test_a_sweep_lists_what_is_left_and_so_does_the_end(path: Path) -> None:
    engine = engine_at(path)
    Store(engine).write(*story())
    assert listed(path) == 0
    engine.sweep(DAY, 60_000)
    assert listed(path) == 20
    Store(engine).write(event(session_id="s1"))
    assert listed(path) == 20
    engine.close()
    assert listed(path) == 21


@settings(max_examples=40)
@given(tale=stories(), step=st.integers(1, 12), cut=st.integers(0, 3))
def test_events_that_move_and_go_stay_in_the_lists_of_their_sessions(
    tale: tuple[list[dict[str, Any]], list[Event]], step: int, cut: int
) -> None:
    with pytest.MonkeyPatch.context() as patch, TemporaryDirectory() as folder:
        patch.setattr(session_lists, "STEP", step)
        engine = engine_at(Path(folder) / "a.db")
        try:
            for report in tale[1]:
                Store(engine).write(fresh(report))
            assert_sound(engine.path)
            before = told(engine)
            engine.rebuild()
            assert told(engine) == before
            prune(engine, DAY + cut * DAY_MS // 4, count=3)
            assert_sound(engine.path)
        finally:
            engine.close()
