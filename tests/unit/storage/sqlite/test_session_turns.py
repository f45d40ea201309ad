"""A session's turns are what its events say, whatever of them its parts keep."""

import sqlite3
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentmonitor.model.event import Event
from agentmonitor.model.turns import Step, Turn
from agentmonitor.storage.sqlite.engine import SqliteEngine
from agentmonitor.storage.sqlite.queries import session_turns
from tests.unit.builders import DAY, costs, event
from tests.unit.storage.sqlite.test_session_parts import small_parts, turns, without
from tests.unit.storage.store import Store


def steps() -> st.SearchStrategy[Event]:
    """Events of one session, many of them prompts, that meet in time."""
    thread = st.sampled_from(("{}", "{}", '{"subagent_id":"a1"}', '{"is_sidechain":true}'))
    return st.builds(
        lambda kind, at, metadata, **fields: event(
            event_type=kind, occurred_at=DAY + at * 500, metadata_json=metadata, **fields
        ),
        st.sampled_from((
            "user_prompt", "user_prompt", "tool_use", "tool_use", "llm_response", "error",
            "permission_request", "turn_end", "session_start", "notification",
        )),
        st.integers(0, 60),
        thread,
        status=st.sampled_from(("success", "success", "error")),
        tool_name=st.sampled_from((None, "Bash")),
        model=st.sampled_from((None, "m-large")),
        tokens_in=st.sampled_from((0, 5)),
        duration_ms=st.sampled_from((None, 300, 4000)),
        cost_usd=costs(),
    )  # fmt: skip


@settings(max_examples=60)
@given(
    batches=st.lists(st.lists(steps(), min_size=1, max_size=25), min_size=1, max_size=3),
    limits=st.lists(st.integers(1, 5), min_size=2, max_size=2, unique=True),
)
def test_turns_are_the_same_with_parts_and_without(
    batches: list[list[Event]], limits: list[int]
) -> None:
    def told(engine: SqliteEngine) -> list[list[Turn]]:
        found = [turns(engine, "s1", limit, spans=spans) for limit in (*limits, 500)
                 for spans in (False, True)]  # fmt: skip
        assert found[0] == found[2] == found[4]
        return found

    with small_parts(events=6), TemporaryDirectory() as folder:
        engine = SqliteEngine(Path(folder) / "a.db")
        engine.open()
        try:
            for batch in batches:
                Store(engine).write(*batch)
                assert told(engine) == without(engine, told)
                while engine._parts.keep_up():
                    pass
                assert told(engine) == without(engine, told)
        finally:
            engine.close()


def test_kept_turns_are_not_made_from_events(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = SqliteEngine(tmp_path / "a.db")
    engine.open()
    with small_parts(events=6):
        some = [
            event(
                event_type=("user_prompt", "tool_use")[n % 2], occurred_at=DAY + n * 1000,
                metadata_json=f'{{"prompt":"do {n}"}}',
            )
            for n in range(20)
        ]  # fmt: skip
        Store(engine).write(*some)
        while engine._parts.keep_up():
            pass
        before = turns(engine, "s1", 500)
        read: list[int] = []
        make = session_turns._step

        def noted(row: tuple[Any, ...], names: dict[int, str | None]) -> Step:
            read.append(row[0])
            return make(row, names)

        monkeypatch.setattr(session_turns, "_step", noted)
        assert turns(engine, "s1", 500) == before
        assert [turn.prompt for turn in before] == [f"do {n}" for n in range(0, 20, 2)]
        assert read == [19, 20]  # parts end with turns, and the newest events are in none
    engine.close()


def test_what_is_no_part_of_the_page_is_not_unpacked(tmp_path: Path) -> None:
    engine = SqliteEngine(tmp_path / "a.db")
    engine.open()
    with small_parts(events=6):
        Store(engine).write(*[
            event(event_type="user_prompt", occurred_at=DAY + n) for n in range(30)
        ])  # fmt: skip
        while engine._parts.keep_up():
            pass

        def spoil(connection: sqlite3.Connection) -> None:
            connection.execute(
                "UPDATE session_parts SET turns = x'00' WHERE start_time > ?", (DAY,)
            )

        engine._write(spoil)
        page = engine.session_reads.session_turns("s1", 3)
        assert page is not None
        assert [turn.number for turn in page.rows] == [1, 2, 3]
    engine.close()
