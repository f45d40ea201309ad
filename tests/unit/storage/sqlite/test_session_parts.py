"""A session's detail is what its events say, whatever of it comes from parts."""

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentmonitor.model.clock import HOUR_MS
from agentmonitor.model.event import Event
from agentmonitor.model.turns import Turn
from agentmonitor.storage.sqlite import session_parts
from agentmonitor.storage.sqlite.engine import SqliteEngine
from tests.unit.builders import DAY, event
from tests.unit.storage.sqlite.audit import rows
from tests.unit.storage.sqlite.test_prune import prune
from tests.unit.storage.sqlite.test_rollups_agree import Batch, batches, engine_at
from tests.unit.storage.store import Store
from tests.unit.storage.test_ledger import fresh, stories

T = TypeVar("T")


@contextmanager
def small_parts(events: int = 3) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session_parts, "LONG", events + 1)
        patch.setattr(session_parts, "EVENTS", events)
        patch.setattr(session_parts, "SLACK", 1)
        yield


def told(engine: SqliteEngine) -> list[Any]:
    """All details, files and turns, with the sub-agents' and files' order as it is answered."""
    reads = engine.session_reads
    keys = [row.id for row in engine.sessions_by_id(["s1", "s2", "s3", "one", "two", "fork"])]
    return [
        (reads.session_detail(key), reads.session_files(key, 50), turns(engine, key, 500))
        for key in sorted(keys)
    ]


def turns(engine: SqliteEngine, key: str, limit: int, *, spans: bool = True) -> list[Turn]:
    """All turns of a session, by pages."""
    found: list[Turn] = []
    place: Any = None
    while True:
        page = engine.session_reads.session_turns(key, limit, place, spans=spans)
        assert page is not None
        assert len(page.rows) <= limit
        found += page.rows
        if page.next is None:
            return found
        assert len(page.rows) == limit
        place = page.next


def without_parts(engine: SqliteEngine) -> list[Any]:
    """``told`` from the events alone."""
    return without(engine, told)


def without(engine: SqliteEngine, read: Callable[[SqliteEngine], T]) -> T:
    """What ``read`` gives while there are no parts."""

    def drop(connection: Any) -> None:
        connection.execute("CREATE TABLE aside AS SELECT * FROM session_parts")
        connection.execute("DELETE FROM session_parts")

    def back(connection: Any) -> None:
        connection.execute("INSERT INTO session_parts SELECT * FROM aside")
        connection.execute("DROP TABLE aside")

    engine._write(drop)
    try:
        return read(engine)
    finally:
        engine._write(back)


ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(("parts", "parts", "prune", "reprice", "rebuild", "nothing")),
        st.integers(0, 100),
    ),
    min_size=8,
    max_size=8,
)


def act(engine: SqliteEngine, what: str, number: int) -> None:
    if what == "parts":
        engine._parts.keep_up()
    elif what == "prune":
        prune(engine, DAY + number * HOUR_MS)
    elif what == "reprice":
        engine.reprice([(1 + number % 9, number / 1000)])
    elif what == "rebuild":
        engine.rebuild()


@settings(max_examples=25)
@given(story=batches(), then=ACTIONS)
def test_a_detail_is_the_same_with_parts_and_without(
    story: list[Batch], then: list[tuple[str, int]]
) -> None:
    with small_parts(), TemporaryDirectory() as folder:
        engine = engine_at(Path(folder) / "a.db")
        try:
            for (some, signals), (what, number) in zip(story, then, strict=False):
                Store(engine).write(*[fresh(e) for e in some], signals=copy.deepcopy(signals))
                act(engine, what, number)
                assert told(engine) == without_parts(engine)
            engine._parts.keep_up()
            assert told(engine) == without_parts(engine)
        finally:
            engine.close()


@settings(max_examples=20)
@given(story=stories(), then=ACTIONS, size=st.integers(1, 5))
def test_reports_that_come_late_count_though_their_part_is_made(
    story: tuple[list[dict[str, Any]], list[Event]], then: list[tuple[str, int]], size: int
) -> None:
    _, reports = story
    with small_parts(), TemporaryDirectory() as folder:
        engine = engine_at(Path(folder) / "a.db")
        try:
            for at in range(0, len(reports), size):
                Store(engine).write(*[fresh(e) for e in reports[at : at + size]])
                act(engine, *then[at % len(then)])
                engine._parts.keep_up()
                assert told(engine) == without_parts(engine)
        finally:
            engine.close()


def test_a_long_session_is_read_from_its_parts(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with small_parts():
        engine = engine_at(path)
        some = [
            event(
                occurred_at=DAY + n, tool_name="Bash", file_path="/a.py",
                metadata_json=f'{{"subagent_id":"a{n % 2}","subagent_type":"scout"}}',
            )
            for n in range(20)
        ]  # fmt: skip
        Store(engine).write(*[msgspec.structs.replace(e) for e in some])
        assert rows(path, "SELECT * FROM session_parts") == []
        while engine._parts.keep_up():
            pass
        kept = rows(path, "SELECT * FROM session_parts ORDER BY start_time")
        assert [row["events"] for row in kept] == [3, 3, 3, 3, 3, 3]
        assert told(engine) == without_parts(engine)
        # One that comes late into a part: only that part is made anew.
        Store(engine).write(event(occurred_at=DAY + 4, tool_name="Late"))
        assert told(engine) == without_parts(engine)
        assert engine._parts.keep_up() == 1
        kept = rows(path, "SELECT * FROM session_parts ORDER BY start_time")
        assert [row["events"] for row in kept] == [3, 4, 3, 3, 3, 3]
        assert told(engine) == without_parts(engine)
        engine.reprice([(1, 0.5)])
        assert len(rows(path, "SELECT * FROM session_parts")) == 5
        assert engine._parts.keep_up() == 1
        assert told(engine) == without_parts(engine)
        engine.close()
