"""Goose's sessions: requests from the ledger, sums where there is none, and the older files."""

import json
import shutil
import sqlite3
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentmonitor.agents.goose import AGENT, roots
from agentmonitor.agents.goose.database import read_database
from agentmonitor.errors import UnreadableLine
from agentmonitor.model.clock import now_ms
from agentmonitor.paths import Folders
from tests.unit.agents.shelf import check, shelf, spoiled, survives, totals

FIXTURE = next((Path(__file__).parents[2] / "fixtures" / "goose").glob("*.jsonl"))
LINES = [json.loads(line) for line in FIXTURE.read_bytes().splitlines()]
BEGAN = 1_783_339_200
OLDER = """
CREATE TABLE sessions (
    id TEXT PRIMARY KEY, description TEXT NOT NULL DEFAULT '', working_dir TEXT NOT NULL,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    extension_data TEXT DEFAULT '{}', total_tokens INTEGER, input_tokens INTEGER,
    output_tokens INTEGER, accumulated_total_tokens INTEGER, accumulated_input_tokens INTEGER,
    accumulated_output_tokens INTEGER, model_config_json TEXT
);
CREATE TABLE messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT, session_id TEXT NOT NULL REFERENCES sessions(id),
    role TEXT NOT NULL, content_json TEXT NOT NULL, created_timestamp INTEGER NOT NULL,
    timestamp TIMESTAMP DEFAULT CURRENT_TIMESTAMP, tokens INTEGER
);
"""
NEWER = """
ALTER TABLE sessions ADD COLUMN name TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN session_type TEXT NOT NULL DEFAULT 'user';
ALTER TABLE sessions ADD COLUMN parent_session_id TEXT;
ALTER TABLE sessions ADD COLUMN accumulated_cache_read_tokens INTEGER;
ALTER TABLE sessions ADD COLUMN accumulated_cache_write_tokens INTEGER;
ALTER TABLE sessions ADD COLUMN accumulated_cost REAL;
ALTER TABLE messages ADD COLUMN message_id TEXT;
ALTER TABLE messages ADD COLUMN metadata_json TEXT;
CREATE TABLE usage_ledger (
    id INTEGER PRIMARY KEY AUTOINCREMENT, session_id TEXT NOT NULL REFERENCES sessions(id),
    created_timestamp INTEGER NOT NULL, model TEXT, input_tokens INTEGER, output_tokens INTEGER,
    total_tokens INTEGER, cache_read_tokens INTEGER, cache_write_tokens INTEGER, cost REAL,
    cost_source TEXT, is_compaction INTEGER DEFAULT 0
);
"""


class Database:
    """``sessions.db`` as Goose writes it."""

    def __init__(self, home: Path, *, newer: bool = False) -> None:
        folder = home / ".local/share/goose/sessions"
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "sessions.db"
        self._run = sqlite3.connect(self.path, isolation_level=None)
        self._run.executescript(OLDER + (NEWER if newer else ""))

    def add(self, table: str, **values: Any) -> int:
        names, marks = ", ".join(values), ", ".join("?" * len(values))
        done = self._run.execute(
            f"INSERT OR REPLACE INTO {table} ({names}) VALUES ({marks})", (*values.values(),)
        )
        return done.lastrowid or 0

    def session(self, key: str, updated: str = "2026-07-06 12:00:10", **values: Any) -> None:
        self.add(
            "sessions", id=key, working_dir="/home/me/shop", created_at="2026-07-06 12:00:00",
            updated_at=updated, model_config_json='{"model_name": "gpt-5.4"}', **values,
        )  # fmt: skip

    def message(self, key: str, role: str, at: int, *content: Any, **values: Any) -> int:
        return self.add(
            "messages", session_id=key, role=role, content_json=json.dumps(content),
            created_timestamp=BEGAN + at, **values,
        )  # fmt: skip

    def used(self, key: str, at: int, *counts: int | None, **values: Any) -> int:
        names = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")
        return self.add(
            "usage_ledger", session_id=key, created_timestamp=BEGAN + at, model="claude-opus-4-5",
            **dict(zip(names, counts, strict=False)), **values,
        )  # fmt: skip

    def script(self, text: str) -> None:
        self._run.executescript(text)


def said(text: str) -> dict[str, str]:
    return {"type": "text", "text": text}


def asked(call_id: str, tool: str, **arguments: Any) -> dict[str, Any]:
    value = {"name": tool, "arguments": arguments}
    return {"type": "toolRequest", "id": call_id, "toolCall": {"status": "success", "value": value}}


def answered(call_id: str, **result: Any) -> dict[str, Any]:
    return {"type": "toolResponse", "id": call_id, "toolResult": {"status": "success"} | result}


def test_without_a_ledger_the_sums_of_a_session_count_once_and_grow(tmp_path: Path) -> None:
    database = Database(tmp_path)
    database.session("20260706_1", accumulated_input_tokens=5000, accumulated_output_tokens=300,
                     input_tokens=800, output_tokens=100)  # fmt: skip
    database.session("20260706_2", input_tokens=70, output_tokens=7)
    database.session("20260706_3")
    with shelf(AGENT, tmp_path) as found:
        assert found.read() == 2
        assert found.totals() == {"gpt-5.4": (5070, 307, 0, 0)}
        assert found.read(anew=True) == 0
        database.session("20260706_1", "2026-07-06 13:00:00", accumulated_input_tokens=6000,
                         accumulated_output_tokens=350)  # fmt: skip
        assert found.read() == 0
        assert found.totals() == {"gpt-5.4": (6070, 357, 0, 0)}
        first = found.rows("llm_response")[0]
        assert (first.session_id, first.client_timestamp) == (
            "20260706_1", "2026-07-06T13:00:00.000Z",
        )  # fmt: skip


def test_with_a_ledger_each_request_counts_and_its_sessions_sums_do_not(tmp_path: Path) -> None:
    database = Database(tmp_path, newer=True)
    database.session("old", "2026-07-05 12:00:00", accumulated_input_tokens=11,
                     accumulated_output_tokens=1)  # fmt: skip
    database.session("new", accumulated_input_tokens=99_999, accumulated_output_tokens=99_999)
    ledger = [(8310, 24, 0, None), (8527, 132, 8320, 11), (0, 0, 0, 0), (100, 20, None, None)]
    for at, counts in enumerate(ledger):
        database.used("new", at, *counts, cost=0.25, is_compaction=at == 3)
    expected = totals(
        [("gpt-5.4", 11, 1, 0, 0)]
        + [("claude-opus-4-5", i - (r or 0) - (w or 0), o, r or 0, w or 0) for i, o, r, w in ledger]
    )
    with shelf(AGENT, tmp_path) as found:
        assert found.read() == 4
        assert found.totals() == expected
        assert found.read(anew=True) == 0
        database.used("new", 9, 10, 1)
        assert found.read() == 1
        told = [json.loads(row.metadata).get("is_compaction") for row in found.rows("llm_response")]
        assert told.count(True) == 1


def test_a_ledger_that_begins_does_not_count_twice_what_the_sums_have(tmp_path: Path) -> None:
    database = Database(tmp_path, newer=True)
    just_now = sqlite3.connect(":memory:").execute("SELECT datetime('now')").fetchone()[0]
    database.session("s", just_now, accumulated_input_tokens=100, accumulated_output_tokens=10)
    with shelf(AGENT, tmp_path) as found:
        assert found.read() == 0
        database.add("usage_ledger", session_id="s", created_timestamp=now_ms() // 1000,
                     model="m", input_tokens=100, output_tokens=10)  # fmt: skip
        assert found.read() == 1
        assert found.totals() == {"m": (100, 10, 0, 0)}


def test_messages_are_told_and_a_call_may_be_answered_in_the_next_reading(tmp_path: Path) -> None:
    database = Database(tmp_path, newer=True)
    database.session("s", name="Parser fix")
    database.message("s", "user", 0, said("Fix the parser"))
    database.message(
        "s", "assistant", 2, said("Looking."), asked("call_1", "developer__shell", command="ls")
    )
    with shelf(AGENT, tmp_path) as found:
        found.read()
        failed = {"content": [said("exit 2")], "isError": True}
        database.message("s", "user", 6, answered("call_1", value=failed))
        database.message("s", "assistant", 8, said("Done."))
        database.message("s", "user", 9, said("a summary"), metadata_json='{"userVisible": false}')
        found.read()
        assert found.tools() == {"developer__shell": (1, 1)}
        (call,) = found.rows("tool_use")
        assert call.duration_ms == 4000
        assert json.loads(call.metadata)["error"] == "exit 2"
        (prompt,) = found.rows("user_prompt")
        assert json.loads(prompt.metadata)["prompt"] == "Fix the parser"
        assert found.sessions()["s"].project == "shop"
        # A conversation that is summed up is stored anew.
        database.script("DELETE FROM messages")
        database.message("s", "user", 0, said("Fix the parser"), metadata_json="{}")
        database.message("s", "assistant", 8, said("Done."))
        assert found.read() == 0


def test_a_subagent_is_part_of_the_session_that_started_it(tmp_path: Path) -> None:
    database = Database(tmp_path, newer=True)
    database.session("s")
    database.session("child", session_type="sub_agent", parent_session_id="s")
    database.session("orphan", session_type="sub_agent")
    for key in ("child", "orphan"):
        database.message(key, "user", 1, said("look around"))
        database.used(key, 2, 10, 1)
    with shelf(AGENT, tmp_path) as found:
        found.read()
        assert found.rows("user_prompt") == []
        rows = {row.session_id: json.loads(row.metadata) for row in found.rows("llm_response")}
        assert rows == {
            "s": {"subagent_id": "child", "subagent_type": "sub_agent"}, "orphan": {},
        }  # fmt: skip


def test_an_older_file_and_its_copy_in_the_database_count_once(tmp_path: Path) -> None:
    database = Database(tmp_path)
    shutil.copy(FIXTURE, database.path.parent)
    head = LINES[0]
    with shelf(AGENT, tmp_path) as found:
        found.read()
        expected = (head["accumulated_input_tokens"], head["accumulated_output_tokens"], 0, 0)
        assert found.totals() == {None: expected}
        before = len(found.rows())
        key = FIXTURE.stem
        sums = {name: value for name, value in head.items() if name.startswith("accumulated")}
        database.add("sessions", id=key, working_dir="/home/me/shop",
                     updated_at="2025-06-18 12:40:00", **sums)  # fmt: skip
        for line in LINES[1:]:
            database.message(key, line["role"], line["created"] - BEGAN, *line["content"])
        assert found.read() == 0
        assert len(found.rows()) == before
        assert found.totals() == {None: expected}
        assert found.tools() == {"developer__shell": (1, 1), "developer__text_editor": (2, 0)}
        session = found.sessions()[key]
        assert (session.lines_added, session.lines_removed, session.files_edited) == (2, 1, 1)


def test_another_database_in_its_place_is_read_from_its_beginning(tmp_path: Path) -> None:
    database = Database(tmp_path)
    database.session("a")
    for at in range(3):
        database.message("a", "user", at, said(f"prompt {at}"))
    with shelf(AGENT, tmp_path) as found:
        assert found.read() == 3
        database.path.unlink()
        other = Database(tmp_path)
        other.session("b")
        other.message("b", "user", 1, said("other"))
        assert found.read() == 1


def test_reading_in_pieces_says_the_same_as_at_once(tmp_path: Path) -> None:
    database = Database(tmp_path, newer=True)
    database.session("s")
    state = None
    pieces = []
    for number in range(6):
        database.message("s", "user", 2 * number, said(f"p{number}"))
        database.message("s", "assistant", 2 * number, asked(f"call_{number}", "t"))
        if number:
            database.message("s", "user", 2 * number, answered(f"call_{number - 1}", value="ok"))
        database.used("s", number, 10, 1)
        for reading, behind in read_database(database.path, state):
            pieces += [event.keys for event in reading.events]
            state = behind
    at_once = [e.keys for reading, _ in read_database(database.path, None) for e in reading.events]
    assert sorted(pieces) == sorted(at_once)
    assert len(set(pieces)) == 6 + 5 + 6


def test_the_folders_can_be_moved() -> None:
    first, second = roots(Folders(Path("/h"), {"XDG_DATA_HOME": "/d"}))
    assert (first, second) == (Path("/d/goose/sessions"), Path("/d/Block/goose/sessions"))
    moved = {"GOOSE_PATH_ROOT": "/r", "XDG_DATA_HOME": "/d"}
    assert roots(Folders(Path("/h"), moved))[0] == Path("/r/data/sessions")
    relative = roots(Folders(Path("/h"), {"GOOSE_PATH_ROOT": "r"}))
    assert relative == roots(Folders(Path("/h")))


@pytest.mark.parametrize(
    "schema",
    ["CREATE TABLE other (a)", "CREATE TABLE sessions (a); CREATE TABLE messages (b)",
     "CREATE TABLE sessions (id)"],
)  # fmt: skip
def test_another_programs_database_is_refused(schema: str, tmp_path: Path) -> None:
    path = tmp_path / "sessions.db"
    connection = sqlite3.connect(path)
    connection.executescript(schema)
    connection.close()
    with pytest.raises(UnreadableLine, match="sessions"):
        list(read_database(path, None))


ODD = st.one_of(
    st.none(), st.integers(-(2**63), 2**63 - 1), st.floats(), st.text(max_size=5),
    st.binary(max_size=5), st.just('{"model_name": "m"}'),
)  # fmt: skip
SESSION = ("updated_at", "accumulated_input_tokens", "model_config_json", "parent_session_id")
ENTRY = ("model", "input_tokens", "output_tokens", "cost")


@given(st.data())
def test_a_database_with_anything_in_it_is_read(data: st.DataObject) -> None:
    with TemporaryDirectory() as folder:
        database = Database(Path(folder), newer=True)
        database.script("DROP TABLE sessions; CREATE TABLE sessions (id, session_type, working_dir,"
                        " accumulated_output_tokens, " + ", ".join(SESSION) + ")")  # fmt: skip
        for _ in range(3):
            odd = {key: data.draw(ODD) for key in SESSION}
            key = data.draw(st.sampled_from(("s", "t", None, 5)))
            database.add("sessions", id=key, session_type="sub_agent", **odd)
            line = data.draw(st.sampled_from(LINES[1:]))
            content = spoiled(line["content"], data).decode()
            at = data.draw(st.sampled_from((BEGAN, -1, 2**62, "x")))
            database.add("messages", session_id="s", role=line["role"], content_json=content,
                         created_timestamp=at)  # fmt: skip
            database.add("usage_ledger", session_id="s", created_timestamp=BEGAN,
                         **{key: data.draw(ODD) for key in ENTRY})  # fmt: skip
        for reading, _ in read_database(database.path, None):
            for event in reading.events:
                check(event)


@given(st.data())
def test_a_file_with_anything_in_it_is_read_or_refused(data: st.DataObject) -> None:
    lines = [json.dumps(line).encode() for line in LINES]
    number = data.draw(st.integers(0, len(lines) - 1))
    lines[number] = spoiled(json.loads(lines[number]), data)
    survives(AGENT, FIXTURE, b"\n".join(lines))
