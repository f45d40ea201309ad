"""Amp's threads: a request that the ledger and a message tell of counts once."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentmonitor.agents.amp import AGENT, roots
from agentmonitor.errors import UnreadableLine
from agentmonitor.paths import Folders
from tests.unit.agents.shelf import facts, read_file, shelf, spoiled, survives, totals

FIXTURE = next((Path(__file__).parents[2] / "fixtures" / "amp").glob("T-*.json"))
THREAD: dict[str, Any] = json.loads(FIXTURE.read_text("utf-8"))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    threads = tmp_path / ".local/share/amp/threads"
    threads.mkdir(parents=True)
    shutil.copy(FIXTURE, threads)
    (threads / "T-torn.json").write_bytes(FIXTURE.read_bytes()[:500])
    (threads / "other.json").write_text("{}")
    return tmp_path


def test_what_was_used_is_counted_once(home: Path) -> None:
    messages = [
        m["usage"] for m in THREAD["messages"] if m.get("state", {}).get("type") == "complete"
    ]
    expected = totals(
        [
            (u["model"], u["totalInputTokens"] - u["cacheReadInputTokens"]
             - u["cacheCreationInputTokens"], u["outputTokens"], u["cacheReadInputTokens"],
             u["cacheCreationInputTokens"])
            for u in messages
        ]
        + [("claude-haiku-4-5", 300, 12, 0, 0)]  # that the ledger alone tells of
    )  # fmt: skip
    with shelf(AGENT, home) as found:
        assert found.read() == 8
        assert found.totals() == expected
        assert expected["gpt-5"] == (1000, 40, 4000, 0)
        assert found.read(anew=True) == 0
        assert found.totals() == expected
        assert found.faults
        assert all("no JSON" in fault for fault in found.faults)


def test_tools_prompts_and_edits_are_told(home: Path) -> None:
    with shelf(AGENT, home) as found:
        found.read()
        assert found.tools() == {"create_file": (1, 0), "Bash": (1, 1), "edit_file": (1, 0)}
        prompts = [json.loads(row.metadata)["prompt"] for row in found.rows("user_prompt")]
        assert prompts == ["Fix it", "Create hello.txt and run the tests"]
        session = found.sessions()[THREAD["id"]]
        assert (session.project, session.branch) == ("my shop", "feature/x")
        assert (session.lines_added, session.lines_removed, session.files_edited) == (4, 1, 2)
        failed = next(row for row in found.rows("tool_use") if row.status == "error")
        assert json.loads(failed.metadata)["error"] == "1 failed"
        told = json.loads(found.rows("llm_response")[-1].metadata)
        assert (told["credits"], found.rows("llm_response")[-1].cost_usd is None) == (0.75, False)


def test_a_thread_that_grows_counts_what_is_new(home: Path) -> None:
    path = home / ".local/share/amp/threads" / FIXTURE.name
    with shelf(AGENT, home) as found:
        found.read()
        before = found.totals()
        grown = json.loads(FIXTURE.read_text("utf-8"))
        last = grown["messages"][-1]
        last["state"] = {"type": "complete", "stopReason": "end_turn"}
        last["usage"] |= {"outputTokens": 9, "timestamp": "2026-05-07T12:03:00Z"}
        path.write_text(json.dumps(grown))
        assert found.read() == 1
        assert found.totals()["gpt-5"] == (before["gpt-5"][0] + 1, before["gpt-5"][1] + 9, 4000, 0)
        # The human edits the prompt: the answer is thrown away, but it was paid for.
        last["usage"] = {"model": "gpt-5", "outputTokens": 5, "timestamp": "2026-05-07T12:09:00Z"}
        path.write_text(json.dumps(grown))
        assert found.read() == 1
        assert found.totals()["gpt-5"][1] == before["gpt-5"][1] + 14


def test_a_cancelled_answer_ends_the_turn_and_an_error_fails_it() -> None:
    thread = {"created": 1778155200000, "messages": [
        {"role": "assistant", "messageId": 1, "state": {"type": "cancelled"},
         "content": [{"type": "text", "text": "I"}]},
        {"role": "assistant", "messageId": 2,
         "state": {"type": "error", "error": {"message": "overloaded"}}, "content": []},
    ]}  # fmt: skip
    found = survives(AGENT, Path("T-1.json"), json.dumps(thread).encode())
    assert found is not None
    kinds = [(e.event_type, e.signal.kind if e.signal else None) for e in found.events]
    assert kinds == [("response", "turn_ended"), ("error", "turn_failed")]
    assert found.events[1].metadata["message"] == "overloaded"
    assert {e.session_id for e in found.events} == {"T-1"}


def test_reading_is_repeatable() -> None:
    assert [*map(facts, read_file(AGENT, FIXTURE))] == [*map(facts, read_file(AGENT, FIXTURE))]


def test_the_folder_can_be_moved() -> None:
    assert roots(Folders(Path("/h"))) == [Path("/h/.local/share/amp/threads")]
    moved = Folders(Path("/h"), {"XDG_DATA_HOME": "/data"})
    assert roots(moved) == [Path("/data/amp/threads")]
    assert roots(Folders(Path("/h"), {"XDG_DATA_HOME": "data"})) == roots(Folders(Path("/h")))


@pytest.mark.parametrize(
    "document", [b"", b"[]", b"{}", b'{"messages": {}}', b'{"messages": [{}]}', b"\xff\xfe"]
)
def test_what_is_no_thread_is_refused_with_a_reason(document: bytes) -> None:
    assert AGENT.files is not None
    with pytest.raises(UnreadableLine, match=r"\w"):
        AGENT.files.open(Path("T-1.json"), None).read(document)


@given(st.data())
def test_a_thread_with_anything_in_it_is_read_or_refused(data: st.DataObject) -> None:
    document = spoiled(json.loads(FIXTURE.read_text("utf-8")), data)
    survives(AGENT, Path("T-1.json"), document)
