"""Gemini CLI's session files, old and new; what they hold is confirmed by a naive count."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentmonitor.agents.base import Folders, Reading
from agentmonitor.agents.gemini_cli.files import SESSION_FILES, find, is_document, roots
from agentmonitor.errors import UnreadableLine
from agentmonitor.model.event import Event
from agentmonitor.model.usage import Channel
from agentmonitor.storage.sqlite.engine import SqliteEngine
from tests.fixtures.genai.build import CLASSES, check, put, spent, stored, together
from tests.unit.model.strategies import json_values

HOME = Path(__file__).parents[2] / "fixtures" / "gemini_cli" / "home"
TMP = HOME / ".gemini" / "tmp"
SESSION = "5f0a6a0e-1111-4c4c-9d9d-aaaaaaaaaaaa"
MAIN = TMP / "storefront" / "chats" / "session-2026-09-22T08-00-5f0a6a0e.jsonl"
SUB = TMP / "storefront" / "chats" / SESSION / "c0ffee-sub-1.jsonl"
(OLD,) = TMP.glob("9f86*/chats/*.json")
FILES = (MAIN, SUB, OLD)


def pieces(path: Path) -> list[bytes]:
    data = path.read_bytes()
    return [data] if is_document(path) else data.splitlines()


def read(path: Path, lines: list[bytes] | None = None) -> Reading:
    reader = SESSION_FILES.open(path, None)
    return together([reader.read(line) for line in (pieces(path) if lines is None else lines)])


def last(events: list[Event]) -> list[Event]:
    """The last report of each activity, by its first key."""
    return list({event.keys[0]: event for event in events}.values())


def of(reading: Reading, kind: str) -> list[Event]:
    return [event for event in last(reading.events) if event.event_type == kind]


def naive(path: Path) -> tuple[int, ...]:
    """The last version of each message counts; what the total holds beyond the prompt is made."""
    messages: dict[str, Any] = {}
    for line in pieces(path):
        record = json.loads(line)
        listed = record.get("messages") or record.get("$set", {}).get("messages") or [record]
        messages |= {each["id"]: each for each in listed if each.get("id")}
    sums = [0, 0, 0, 0]
    for message in messages.values():
        if tokens := message.get("tokens"):
            given = tokens["input"] + tokens["tool"]
            sums[0] += given - tokens["cached"]
            sums[1] += tokens["cached"]
            sums[3] += tokens["total"] - given
    return tuple(sums)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_tokens_are_those_of_a_naive_count(path: Path, tmp_path: Path) -> None:
    assert spent(last(read(path).events)) == naive(path)
    assert any(naive(path))
    reading = read(path)
    engine = stored(tmp_path / "a.db", reading, read(path))
    (row,) = engine.sessions_by_id([reading.events[0].session_id])
    engine.close()
    assert tuple(getattr(row, name) for name in CLASSES) == naive(path)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_event_is_well_formed(path: Path) -> None:
    for event in read(path).events:
        check(event)
        assert (event.agent_type, event.source) == ("gemini_cli", "import")
        assert event.channel == Channel.FILE
        assert (event.occurred_at or 0) > 1_700_000_000_000
        assert event.cost_usd is None


def test_every_session_is_found_and_the_newer_file_stands_for_the_older(tmp_path: Path) -> None:
    assert sorted(find(Folders(HOME))) == sorted(FILES)
    chats = tmp_path / ".gemini" / "tmp" / "x" / "chats"
    chats.mkdir(parents=True)
    for name in ("session-a.json", "session-a.jsonl", "session-b.json", "logs.json", "a.txt"):
        (chats / name).write_text("{}")
    (tmp_path / ".gemini" / "tmp" / "bin").write_text("no folder")
    found = {path.name for path in find(Folders(tmp_path))}
    assert found == {"session-a.jsonl", "session-b.json"}
    assert list(find(Folders(tmp_path / "nowhere"))) == []


def test_a_variable_moves_the_home() -> None:
    assert roots(Folders(Path("/h"))) == [Path("/h/.gemini/tmp")]
    moved = Folders(Path("/h"), {"GEMINI_CLI_HOME": "~/work"})
    assert roots(moved) == [Path("/h/work/.gemini/tmp")]


def test_only_a_document_is_read_whole() -> None:
    assert SESSION_FILES.whole(OLD)
    assert not SESSION_FILES.whole(MAIN)


def test_a_human_said_what_the_user_lines_say() -> None:
    prompts = of(read(MAIN), "user_prompt")
    assert [event.metadata["prompt"] for event in prompts] == [
        "Fix the failing test\nin cart", "try again", "explain it instead",
    ]  # fmt: skip
    signal = prompts[0].signal
    assert signal is not None
    assert (signal.kind, signal.title) == ("turn_started", "Fix the failing test")
    assert signal.cwd == "/w/storefront"
    assert of(read(SUB), "user_prompt") == []


def test_a_call_counts_once_and_tells_how_it_went() -> None:
    reading = read(MAIN)
    calls = of(reading, "tool_use")
    assert len(calls) == len([e for e in reading.events if e.event_type == "tool_use"]) == 4
    assert [(call.tool_name, call.status) for call in calls] == [
        ("read_file", "success"), ("replace", "success"), ("run_shell_command", "error"),
        ("run_shell_command", "error"),
    ]  # fmt: skip
    _, edit, shell, refused = calls
    assert edit.metadata["file_path"] == "/w/storefront/cart.ts"
    assert (edit.metadata["lines_added"], edit.metadata["lines_removed"]) == (2, 1)
    assert (shell.metadata["command"], shell.metadata["error"]) == ("npm test", "exit 1")
    assert refused.metadata["error"] == "cancelled"


def test_a_call_that_runs_is_not_told_yet() -> None:
    call = {"id": "c", "name": "glob", "args": {}, "status": "executing"}
    message = {
        "id": "m",
        "type": "gemini",
        "timestamp": "2026-09-22T08:00:00Z",
        "toolCalls": [call],
    }
    running = json.dumps(message).encode()
    done = running.replace(b"executing", b"success")
    reading = read(MAIN, [running, done, done])
    assert [event.status for event in reading.events] == ["success"]


def test_a_sub_agent_belongs_to_its_parents_session() -> None:
    for event in read(SUB).events:
        assert event.session_id == SESSION
        assert event.metadata["subagent_id"] == "c0ffee-sub-1"
        assert event.signal is not None
        assert event.signal.thread == "c0ffee-sub-1"


def test_an_error_ends_the_turn() -> None:
    (error,) = of(read(MAIN), "error")
    assert error.metadata["message"] == "[API Error: quota exceeded]"
    assert error.signal is not None
    assert error.signal.kind == "turn_failed"


def test_the_session_gets_its_folder_and_its_title() -> None:
    signals = [report.signal for report in read(MAIN).signals]
    assert signals[0].cwd == "/w/storefront"
    assert "Fix the failing cart test" in [signal.title for signal in signals]
    assert {signal.kind for signal in signals} == {"none"}
    hashed = [report.signal.cwd for report in read(OLD).signals]
    assert hashed == []


def test_thoughts_are_part_of_what_was_made() -> None:
    first = of(read(MAIN), "llm_response")[0]
    assert (first.tokens_out, first.metadata["reasoning_tokens"]) == (65, 25)
    assert first.model == "gemini-2.5-pro"


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteEngine]:
    engine = stored(tmp_path_factory.mktemp("odd") / "a.db")
    yield engine
    engine.close()


@given(st.data())
def test_a_file_can_be_left_anywhere(data: st.DataObject) -> None:
    lines = pieces(MAIN)
    cuts = data.draw(st.lists(st.integers(0, len(lines)), max_size=4).map(sorted))
    state: bytes | None = None
    readings = []
    for begin, end in zip([0, *cuts], [*cuts, len(lines)], strict=True):
        reader = SESSION_FILES.open(MAIN, state)
        readings += [reader.read(line) for line in lines[begin:end]]
        state = reader.save()
        assert len(state) < 10_000
    assert together(readings) == read(MAIN)


def spoilt_lines() -> st.SearchStrategy[bytes]:
    """Lines with any value in any place, and lines cut short."""
    known = [json.loads(line) for line in [*pieces(MAIN), *pieces(SUB)]]
    places = sorted({key for record in known for key in record} | {"tokens", "toolCalls", "kind"})
    inner = sorted({"input", "output", "cached", "total", "id", "name", "args", "status", "result",
                    "timestamp", "resultDisplay", "diffStat", "messages", "summary"})  # fmt: skip
    values = json_values() | st.dictionaries(st.sampled_from(inner), json_values()) | st.lists(
        st.dictionaries(st.sampled_from(inner), json_values()), max_size=2
    )  # fmt: skip
    changes = st.dictionaries(st.sampled_from(places), values, max_size=4)
    whole = st.builds(lambda one, change: json.dumps(one | change).encode(),
                      st.sampled_from(known), changes)  # fmt: skip
    return whole | st.builds(lambda line, end: line[:end], whole, st.integers(0, 200))


@given(st.lists(spoilt_lines(), max_size=10))
def test_spoilt_lines_are_unreadable_or_can_be_stored(
    engine: SqliteEngine, lines: list[bytes]
) -> None:
    reader = SESSION_FILES.open(MAIN, None)
    for line in lines:
        try:
            reading = reader.read(line)
        except UnreadableLine:
            continue
        for event in reading.events:
            check(event)
        put(engine, reading)
    assert SESSION_FILES.open(MAIN, reader.save()).save() == reader.save()


def test_a_state_that_cannot_be_read_begins_anew() -> None:
    for state in (b"", b"{", b"[]", b'{"session":1}'):
        assert SESSION_FILES.open(MAIN, state).read(pieces(MAIN)[1]).events
