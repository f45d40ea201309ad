"""OpenCode's stores: what stands in several of them, or was copied by a fork, counts once."""

import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentmonitor.agents.opencode import AGENT, document_roots, roots
from agentmonitor.agents.opencode.database import BATCH, read_database
from agentmonitor.agents.opencode.usage import tokens_of
from agentmonitor.errors import UnreadableLine
from agentmonitor.model.clock import now_ms
from agentmonitor.paths import Folders
from tests.fixtures.opencode.build import (
    BEGAN,
    STORY,
    Database,
    Documents,
    answer,
    call,
    said,
    step,
    story,
    tokens,
    user,
)
from tests.unit.agents.shelf import check, facts, shelf, spoiled, survives

STORES = (Database, Documents)


@pytest.mark.parametrize("make", STORES)
def test_what_was_used_is_counted_once(
    make: Callable[[Path], Database | Documents], tmp_path: Path
) -> None:
    story(make(tmp_path))
    with shelf(AGENT, tmp_path) as found:
        found.read()
        assert found.faults == []
        assert found.totals() == STORY
        assert found.read(anew=True) == 0
        assert found.totals() == STORY
        assert found.tools() == {"bash": (1, 1), "edit": (1, 0), "read": (1, 1)}
        (prompt,) = found.rows("user_prompt")
        assert json.loads(prompt.metadata) == {"prompt": "Fix the parser"}
        assert len(found.rows("response")) == 2
        session = found.sessions()["ses_1"]
        assert (session.project, session.files_edited) == ("shop", 1)
        assert (session.lines_added, session.lines_removed) == (3, 1)
        failed = [
            json.loads(r.metadata)["error"] for r in found.rows("tool_use") if r.status == "error"
        ]
        assert sorted(failed) == ["2 failed", "no such file"]
        assert {row.duration_ms for row in found.rows("tool_use")} == {250}


def test_both_stores_together_count_once(tmp_path: Path) -> None:
    story(Documents(tmp_path))
    story(Database(tmp_path))
    with shelf(AGENT, tmp_path) as found:
        found.read()
        rows = len(found.rows())
        assert found.totals() == STORY
    with TemporaryDirectory() as folder:
        story(Database(Path(folder)))
        with shelf(AGENT, Path(folder)) as alone:
            alone.read()
            assert len(alone.rows()) == rows


@pytest.mark.parametrize("make", STORES)
def test_a_fork_brings_only_what_is_new(
    make: Callable[[Path], Database | Documents], tmp_path: Path
) -> None:
    store = make(tmp_path)
    story(store)
    with shelf(AGENT, tmp_path) as found:
        found.read()
        story(store, "ses_2", fork="_f")
        assert found.read() == 0
        assert found.totals() == STORY
        store.message("ses_2", "msg_f_9", answer(90_000, tokens(1, 2)))
        assert found.read() == 1
        assert found.totals() == {"claude-opus-4-5": (121, 68, 4000, 300)}
        assert found.rows("llm_response")[0].session_id == "ses_2"


def test_a_message_that_runs_counts_when_it_is_done(tmp_path: Path) -> None:
    database = Database(tmp_path)
    database.session("ses_1")
    began = now_ms() - BEGAN
    database.message("ses_1", "msg_1", answer(began, tokens(5, 1), done=False))
    running = call("call_1", "bash", began, "running", input={"command": "make"})
    database.part("ses_1", "msg_1", "prt_1", running)
    database.part("ses_1", "msg_1", "prt_2", said("I a", time={"start": BEGAN + began}))
    with shelf(AGENT, tmp_path) as found:
        assert found.read() == 0
        database.message("ses_1", "msg_2", answer(began + 1, tokens(7, 7)))
        assert found.read() == 1
        database.change("message", "msg_1", answer(began, tokens(50, 10)))
        database.change("part", "prt_1", call("call_1", "bash", began))
        over = {"start": BEGAN + began, "end": BEGAN + began + 9}
        database.change("part", "prt_2", said("I am done", time=over))
        assert found.read() == 3
        assert found.totals() == {"claude-opus-4-5": (57, 17, 0, 0)}
        assert found.read() == 0


def test_a_message_that_was_abandoned_counts_what_it_used(tmp_path: Path) -> None:
    database = Database(tmp_path)
    database.message("ses_1", "msg_1", answer(0, tokens(5, 1), done=False))
    with shelf(AGENT, tmp_path) as found:
        found.read()
        assert found.totals() == {"claude-opus-4-5": (5, 1, 0, 0)}


@pytest.mark.parametrize("make", STORES)
def test_a_message_of_several_requests_counts_all_of_them(
    make: Callable[[Path], Database | Documents], tmp_path: Path
) -> None:
    store = make(tmp_path)
    store.session("ses_1")
    for number, (fresh, out) in enumerate([(10, 1), (20, 9), (30, 2)]):
        store.part("ses_1", "msg_1", f"prt_{number}", step(fresh, out, cost=0.5))
    store.message("ses_1", "msg_1", answer(0, tokens(30, 2), cost=1.5))
    with shelf(AGENT, tmp_path) as found:
        assert found.read() == 3
        assert found.totals() == {"claude-opus-4-5": (60, 12, 0, 0)}
        assert found.read(anew=True) == 0


@pytest.mark.parametrize("make", STORES)
def test_a_subagent_is_part_of_the_session_that_started_it(
    make: Callable[[Path], Database | Documents], tmp_path: Path
) -> None:
    store = make(tmp_path)
    store.session("ses_1")
    store.session("ses_2", parent="ses_1")
    store.message("ses_2", "msg_1", user(0))
    store.part("ses_2", "msg_1", "prt_1", said("look around"))
    store.message("ses_2", "msg_2", answer(5, tokens(3, 4), agent="explore", finish="stop"))
    with shelf(AGENT, tmp_path) as found:
        found.read()
        assert set(found.sessions()) == {"ses_1"}
        assert found.rows("user_prompt") == []
        (row,) = found.rows("llm_response")
        told = json.loads(row.metadata)
        assert (told["subagent_id"], told["subagent_type"]) == ("ses_2", "explore")
        assert len(found.rows("subagent_start")) == 1


def test_an_error_fails_the_turn_and_an_abort_ends_it(tmp_path: Path) -> None:
    database = Database(tmp_path)
    failed = {"name": "APIError", "data": {"message": "overloaded"}}
    database.message("ses_1", "msg_1", answer(0, tokens(0, 0), error=failed))
    aborted = {"name": "MessageAbortedError", "data": {"message": "aborted"}}
    database.message("ses_1", "msg_2", answer(9, tokens(1, 1), error=aborted))
    with shelf(AGENT, tmp_path) as found:
        found.read()
        (error,) = found.rows("error")
        assert json.loads(error.metadata) == {"error": "APIError", "message": "overloaded"}
        assert len(found.rows("turn_end")) == 1


def newer(at: int, used: Any, **more: Any) -> dict[str, Any]:
    return {
        "time": {"created": BEGAN + at, "completed": BEGAN + at + 5}, "agent": "build",
        "model": {"id": "claude-opus-4-5", "providerID": "anthropic"}, "finish": "stop",
        "cost": 0.0123, "tokens": used, "content": [],
    } | more  # fmt: skip


def test_version_2_keeps_a_message_in_one_row(tmp_path: Path) -> None:
    database = Database(tmp_path, "opencode-next.db")
    database.session("ses_1")
    database.newer("ses_1", "evt_1", "user", {"time": {"created": BEGAN}, "text": "Fix it"})
    used = {"input": 5519, "output": 20, "reasoning": 23, "cache": {"read": 100, "write": 50}}
    tool = {
        "type": "tool", "id": "toolu_01AAAAAAAAAAAAAAAAAAAAAA", "name": "bash",
        "state": {"status": "error", "input": {"command": "make"}, "content": [],
                  "error": {"message": "exit 2"}},
        "time": {"created": BEGAN, "ran": BEGAN + 1, "completed": BEGAN + 41},
    }  # fmt: skip
    content = [tool, {"type": "text", "text": "Done."}]
    database.newer("ses_1", "evt_2", "assistant", newer(1, used, content=content))
    database.newer("ses_1", "evt_3", "agent-switched", {"time": {"created": BEGAN}})
    compacted = {"time": {"created": BEGAN + 7}, "reason": "auto"}
    database.newer("ses_1", "evt_4", "compaction", compacted)
    # While version 1 writes both tables, its own is the one that counts.
    database.message("ses_9", "msg_9", answer(0, tokens(1, 1)))
    database.newer("ses_9", "evt_9", "assistant", newer(1, tokens(1, 1)))
    with shelf(AGENT, tmp_path) as found:
        found.read()
        assert found.totals() == {"claude-opus-4-5": (5520, 44, 100, 50)}
        assert found.tools() == {"bash": (1, 1)}
        assert found.rows("tool_use")[0].duration_ms == 40
        assert [len(found.rows(kind)) for kind in ("user_prompt", "compaction")] == [1, 1]
        database.newer("ses_2", "evt_f", "assistant", newer(1, used))
        assert found.read() == 0


@pytest.mark.parametrize(
    ("told", "provider", "out"),
    [
        ({"input": 10, "output": 5, "reasoning": 3, "total": 18}, "openai", 8),
        ({"input": 10, "output": 5, "reasoning": 3, "total": 15}, "openai", 5),
        ({"input": 10, "output": 5, "reasoning": 3}, "openai", 5),
        ({"input": 10, "output": 5, "reasoning": 3}, "google-vertex", 8),
        ({"input": 10, "output": 5, "reasoning": 7}, "openai", 12),
        ({"input": 10, "output": 5}, "anthropic", 5),
        ({"input": -1, "output": True, "reasoning": "x", "cache": []}, None, 0),
    ],
)
def test_reasoning_counts_once_in_every_version(told: Any, provider: Any, out: int) -> None:
    assert tokens_of(told, provider).out == out


def test_reading_in_pieces_says_the_same_as_at_once(tmp_path: Path) -> None:
    database = Database(tmp_path)
    database.session("ses_1")
    pieces = []
    state = None
    for number in range(5):
        database.message("ses_1", f"msg_{number}", answer(number, tokens(1, 1)))
        at = {"start": BEGAN, "end": BEGAN + 1}
        database.part("ses_1", f"msg_{number}", f"prt_{number}", said(f"text {number}", time=at))
        for reading, behind in read_database(database.path, state):
            pieces += [facts(event) for event in reading.events]
            state = behind
    at_once = [
        facts(e) for reading, _ in read_database(database.path, None) for e in reading.events
    ]
    assert sorted(pieces, key=str) == sorted(at_once, key=str)
    assert len(at_once) == 10


def test_many_rows_come_in_pieces_that_can_be_gone_on_from(tmp_path: Path) -> None:
    database = Database(tmp_path)
    for number in range(2 * BATCH + 10):
        database.message("ses_1", f"msg_{number}", answer(number, tokens(1, 1)))
    reading, state = next(iter(read_database(database.path, None)))
    assert BATCH <= len(reading.events) < 2 * BATCH
    rest = [e for r, _ in read_database(database.path, state) for e in r.events]
    assert len(reading.events) + len(rest) == 2 * BATCH + 10


def test_rows_that_were_numbered_anew_are_read_anew(tmp_path: Path) -> None:
    database = Database(tmp_path)
    for number in range(4):
        database.message("ses_1", f"msg_{number}", answer(number, tokens(1, 1)))
    with shelf(AGENT, tmp_path) as found:
        assert found.read() == 4
        database.script("DELETE FROM message WHERE id < 'msg_3'")
        database.script("UPDATE message SET rowid = 1")
        database.message("ses_1", "msg_9", answer(9, tokens(1, 1)))
        assert found.read() == 1
        assert found.totals() == {"claude-opus-4-5": (5, 5, 0, 0)}


def test_nothing_is_written_beside_the_database(tmp_path: Path) -> None:
    database = Database(tmp_path)
    story(database)
    database.close()
    before = sorted(path.name for path in database.path.parent.iterdir())
    with shelf(AGENT, tmp_path) as found:
        found.read()
        assert found.totals() == STORY
    assert sorted(path.name for path in database.path.parent.iterdir()) == before


def test_the_folders_can_be_moved() -> None:
    moved = Folders(Path("/h"), {"XDG_DATA_HOME": "/d"})
    assert roots(moved) == [Path("/d/opencode")]
    assert Path("/d/opencode/storage/session/part") in document_roots(moved)


@pytest.mark.parametrize("schema", ["CREATE TABLE other (a)", "CREATE TABLE message (id, text)"])
def test_another_programs_database_is_refused(schema: str, tmp_path: Path) -> None:
    database = Database(tmp_path)
    database.script("DROP TABLE message; DROP TABLE part; DROP TABLE session_message;" + schema)
    with pytest.raises(UnreadableLine, match="message"):
        list(read_database(database.path, None))


@pytest.mark.parametrize(
    "document", [b"", b"[]", b"{}", b'{"sessionID": "s"}', b'{"sessionID": "s", "type": "text"}']
)
def test_what_is_no_document_is_refused_with_a_reason(document: bytes, tmp_path: Path) -> None:
    assert AGENT.files is not None
    path = tmp_path / "storage" / "part" / "msg_1" / "prt_1.json"
    with pytest.raises(UnreadableLine, match=r"\w"):
        AGENT.files.open(path, None).read(document)


DOCUMENTS: list[dict[str, Any]] = [
    {"id": "msg_1", "sessionID": "ses_1"} | answer(0, tokens(1, 2, 3, 4, 5)),
    {"id": "prt_1", "sessionID": "ses_1", "messageID": "msg_1"} | call("call_1", "edit", 1),
    {"id": "prt_2", "sessionID": "ses_1", "messageID": "msg_1"} | said("x"),
    {"id": "prt_3", "sessionID": "ses_1", "messageID": "../msg_1"} | step(1, 2),
]


@given(st.data())
def test_documents_and_rows_with_anything_in_them_are_read_or_refused(data: st.DataObject) -> None:
    with TemporaryDirectory() as folder:
        documents = Documents(Path(folder))
        documents.session("ses_1", parent="ses_1")
        documents.message("ses_1", "msg_1", user(0))
        document = spoiled(data.draw(st.sampled_from(DOCUMENTS)), data)
        survives(AGENT, documents.root / "part" / "msg_1" / "prt_1.json", document)
        database = Database(Path(folder))
        database.session("ses_1", parent="ses_1")
        for kind in ("message", "part", "session_message"):
            number = len(kind)
            row = json.loads(spoiled(data.draw(st.sampled_from(DOCUMENTS)), data))
            if kind == "message":
                database.message("ses_1", "msg_1", row)
            elif kind == "part":
                database.part("ses_1", "msg_1", f"prt_{number}", row)
            else:
                database.newer("ses_2", "evt_1", "assistant", row)
        for reading, _ in read_database(database.path, None):
            for event in reading.events:
                check(event)
