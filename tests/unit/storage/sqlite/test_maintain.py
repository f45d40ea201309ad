"""Work on the whole database: it grows with the events, not with their square."""

import sqlite3
from pathlib import Path

from agentmonitor.storage.sqlite import maintain
from agentmonitor.storage.sqlite.apply import Applier
from tests.unit.builders import event
from tests.unit.storage.sqlite.audit import assert_sound
from tests.unit.storage.sqlite.test_rollups_agree import engine_at
from tests.unit.storage.store import Store


def test_a_rebuild_finds_the_events_of_each_session_by_its_list(tmp_path: Path) -> None:
    engine = engine_at(tmp_path / "a.db")
    Store(engine).write(*[event(session_id=f"s{n % 3}", tokens_in=n) for n in range(30)])
    statements: list[str] = []
    plans: list[str] = []

    def work(connection: sqlite3.Connection, applier: Applier) -> None:
        connection.set_trace_callback(statements.append)
        maintain.rebuild(connection)
        connection.set_trace_callback(None)
        for statement in statements:
            if statement.startswith("UPDATE sessions"):
                plan = connection.execute(f"EXPLAIN QUERY PLAN {statement}").fetchall()
                plans.extend(detail for *_, detail in plan)
        applier.forget()

    engine._open_writer().call(work)
    scanned = {detail.split()[1] for detail in plans if detail.startswith("SCAN")}
    assert any("SEARCH l USING PRIMARY KEY (session=?)" in detail for detail in plans)
    assert scanned <= {"sessions", "pruned", "CONSTANT"}
    assert_sound(engine.path)
    engine.close()
