"""Qwen Code's session files and telemetry; what they hold is confirmed by a naive count."""

import json
from collections.abc import Iterator
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentmonitor.agents._counts import Counts
from agentmonitor.agents.base import Folders, Reading
from agentmonitor.agents.qwen_code import AGENT
from agentmonitor.agents.qwen_code.files import SESSION_FILES, find, roots
from agentmonitor.agents.qwen_code.requests import Requests
from agentmonitor.errors import UnreadableLine
from agentmonitor.model.clock import from_iso
from agentmonitor.model.event import Event
from agentmonitor.model.usage import Channel
from agentmonitor.storage.sqlite.engine import SqliteEngine
from tests.fixtures.genai.build import AT, CLASSES, check, log, point, put, spent, stored, together
from tests.unit.model.strategies import json_values

HOME = Path(__file__).parents[2] / "fixtures" / "qwen_code" / "home"
CHATS = HOME / ".qwen" / "projects" / "-w-storefront" / "chats"
SESSION = "9ac9a7c3-3333-4c4c-9d9d-cccccccccccc"
BRANCH = "b2b2b2b2-4444-4c4c-9d9d-dddddddddddd"
MAIN, COPY = CHATS / f"{SESSION}.jsonl", CHATS / f"{BRANCH}.jsonl"
LINES = MAIN.read_bytes().splitlines()

assert AGENT.telemetry is not None
assert AGENT.telemetry.log is not None
assert AGENT.telemetry.points is not None
LOG, POINTS = AGENT.telemetry.log, AGENT.telemetry.points


def read(path: Path, lines: list[bytes] | None = None) -> Reading:
    reader = SESSION_FILES.open(path, None)
    return together([reader.read(line) for line in lines or path.read_bytes().splitlines()])


def of(reading: Reading, kind: str) -> list[Event]:
    return [event for event in reading.events if event.event_type == kind]


def naive(path: Path) -> tuple[int, ...]:
    """Every answer counts, and of the telemetry's lines only the sub-agents'."""
    sums = [0, 0, 0, 0]
    for line in path.read_text("utf-8").splitlines():
        record = json.loads(line)
        told = record.get("systemPayload", {}).get("uiEvent", {})
        if usage := record.get("usageMetadata"):
            given, cached = usage["promptTokenCount"], usage["cachedContentTokenCount"]
            made = usage["totalTokenCount"] - given
        elif told.get("subagent_name") and "input_token_count" in told:
            given, cached = told["input_token_count"], told["cached_content_token_count"]
            made = told["total_token_count"] - given
        else:
            continue
        sums = [sums[0] + given - cached, sums[1] + cached, 0, sums[3] + made]
    return tuple(sums)


def rows(engine: Any, *ids: str) -> list[tuple[int, ...]]:
    found = {row.id: row for row in engine.sessions_by_id(list(ids))}
    engine.close()
    return [tuple(getattr(found[each], name) for name in CLASSES) for each in ids]


def test_tokens_are_those_of_a_naive_count(tmp_path: Path) -> None:
    engine = stored(tmp_path / "a.db", read(MAIN), read(MAIN))
    assert rows(engine, SESSION) == [naive(MAIN)]
    assert naive(MAIN) == (
        1000 + 400 + 200 + 500 + 100,
        800 + 1000 + 1500,
        0,
        40 + 30 + 30 + 15 + 12,
    )


@pytest.mark.parametrize("order", [(MAIN, COPY), (COPY, MAIN)], ids=["parent first", "copy first"])
def test_a_branch_counts_only_what_is_its_own(tmp_path: Path, order: tuple[Path, ...]) -> None:
    engine = stored(tmp_path / "a.db", *(read(path) for path in order))
    assert rows(engine, SESSION, BRANCH) == [naive(MAIN), (100, 400, 0, 7)]


def test_every_event_is_well_formed() -> None:
    for event in read(MAIN).events + read(COPY).events:
        check(event)
        assert (event.agent_type, event.source) == ("qwen_code", "import")
        assert event.channel == Channel.FILE
        assert event.keys
        assert event.signal is not None
        assert event.signal.cwd == "/w/storefront"
        assert event.branch in ("main", "fix/a")


def test_a_human_said_what_is_not_the_agents_own() -> None:
    (prompt,) = of(read(MAIN), "user_prompt")
    assert prompt.metadata == {"prompt": "Fix the failing test"}


def test_calls_tell_how_they_went() -> None:
    first, edit, shell = of(read(MAIN), "tool_use")
    assert (first.tool_name, first.duration_ms, first.status) == ("read_file", 25, "success")
    assert first.metadata["file_path"] == "/w/storefront/cart.ts"
    assert (edit.metadata["lines_added"], edit.metadata["lines_removed"]) == (1, 1)
    assert (shell.status, shell.metadata["error"]) == ("error", "exit 1")
    assert shell.duration_ms == 7980
    started = [r.signal.call_id for r in read(MAIN).signals if r.signal.kind == "tool_started"]
    assert started == ["call_1", "call_abcdefghijklmnop_2", "call_3"]


def test_thoughts_stay_in_the_answers_text_and_tokens_out_of_it() -> None:
    answers = [event for event in of(read(MAIN), "llm_response") if "text" in event.metadata]
    assert [event.metadata["text"] for event in answers] == ["I look.", "Done.", "Really."]
    assert (answers[0].tokens_out, answers[0].metadata["reasoning_tokens"]) == (40, 21)
    assert answers[1].tokens_out == 15


def test_an_error_a_compaction_and_a_title() -> None:
    reading = read(MAIN)
    (error,) = of(reading, "error")
    assert error.metadata["error"] == "RateLimitError"
    (squeezed,) = of(reading, "compaction")
    assert squeezed.metadata == {"pre_tokens": 9000, "post_tokens": 900}
    assert "Cart test" in [report.signal.title for report in reading.signals]


def test_every_file_is_found(tmp_path: Path) -> None:
    assert sorted(find(Folders(HOME))) == sorted([MAIN, COPY])
    assert list(find(Folders(tmp_path))) == []
    moved = Folders(Path("/h"), {"QWEN_HOME": "/q", "QWEN_RUNTIME_DIR": "~/r"})
    assert roots(moved) == [Path("/h/r/projects"), Path("/q/projects"), Path("/h/.qwen/projects")]


def record(name: str, second: float, **fields: Any) -> Any:
    at = from_iso("2026-09-22T08:00:00Z") + int(second * 1000)
    known = {"session.id": SESSION, "event.name": f"qwen-code.{name}", "prompt_id": "p########0"}
    return log(known | fields, "qwen-code", time=at)


def response(second: float, given: int, out: int, cached: int, **fields: Any) -> Any:
    known = {"thoughts_token_count": 0, "total_token_count": given + out, "duration_ms": 900}
    return record(
        "api_response", second, model="qwen3-coder-plus", input_token_count=given,
        output_token_count=out, cached_content_token_count=cached, **known | fields,
    )  # fmt: skip


def telemetry() -> Reading:
    args = json.dumps({"command": "npm test"}, indent=2)
    found = [
        record("user_prompt", 5, prompt_length=len("Fix the failing test")),
        response(8, 1000, 40, 0, response_id="chatcmpl-1"),
        response(12, 1200, 30, 800, response_id="chatcmpl-2"),
        record("tool_call", 20, function_name="run_shell_command", function_args=args,
               success=False, status="error", duration_ms=7000),
        response(25, 200, 30, 0, response_id="chatcmpl-sub", subagent_name="explore"),
        response(30, 1500, 10, 1000, response_id="chatcmpl-4", thoughts_token_count=5,
                 total_token_count=1515),
        response(33, 1600, 12, 1500, response_id="chatcmpl-5"),
        response(40, 90, 1, 0, response_id="chatcmpl-own"),
    ]  # fmt: skip
    return together([LOG(each, AT) for each in found])


def metrics() -> Reading:
    def told(kind: str, value: float) -> Any:
        attributes = {"session.id": SESSION, "model": "m", "type": kind}
        return point("qwen-code.token.usage", value, attributes, "qwen-code", kind="sum")

    return POINTS([told("input", 5590), told("output", 128), told("cache", 3300)], AT)


@pytest.mark.parametrize("order", list(permutations(("file", "logs", "sums"))), ids="-".join)
def test_the_order_of_the_channels_does_not_matter(tmp_path: Path, order: tuple[str, ...]) -> None:
    parts = {"file": read(MAIN), "logs": telemetry(), "sums": metrics()}
    engine = stored(tmp_path / "a.db", *(parts[n] for n in order), telemetry(), metrics())
    (row,) = engine.sessions_by_id([SESSION])
    engine.close()
    assert tuple(getattr(row, name) for name in CLASSES) == (
        1000 + 400 + 200 + 500 + 100 + 90, 800 + 1000 + 1500, 0, 40 + 30 + 30 + 15 + 12 + 1,
    )  # fmt: skip
    # The prompt, six requests, three calls, an error, a compaction, and the sum.
    assert row.event_count == 1 + 6 + 3 + 1 + 1 + 1


def test_an_answer_and_its_record_are_one_in_either_order(tmp_path: Path) -> None:
    ui, answer = LINES[1], LINES[2]
    for number, lines in enumerate(([ui, answer], [answer, ui])):
        engine = stored(tmp_path / f"{number}.db", read(MAIN, lines))
        (row,) = engine.sessions_by_id([SESSION])
        engine.close()
        assert (row.tokens_in, row.tokens_out, row.event_count) == (1000, 40, 1)


def test_what_is_remembered_is_bounded() -> None:
    requests = Requests()
    for number in range(100):
        assert requests.of_record(f"r{number}", Counts(prompt=number + 1)) is None
    assert len(requests.records) == 16
    assert requests.of_answer("a", Counts(prompt=100)) == "r99"
    assert requests.of_answer("a", Counts(prompt=100)) is None


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteEngine]:
    engine = stored(tmp_path_factory.mktemp("odd") / "a.db")
    yield engine
    engine.close()


@given(st.data())
def test_a_file_can_be_left_anywhere(data: st.DataObject) -> None:
    cuts = data.draw(st.lists(st.integers(0, len(LINES)), max_size=4).map(sorted))
    state: bytes | None = None
    readings = []
    for begin, end in zip([0, *cuts], [*cuts, len(LINES)], strict=True):
        reader = SESSION_FILES.open(MAIN, state)
        readings += [reader.read(line) for line in LINES[begin:end]]
        state = reader.save()
        assert len(state) < 10_000
    assert together(readings) == read(MAIN)
    assert spent(together(readings).events) == spent(read(MAIN).events)


def spoilt_lines() -> st.SearchStrategy[bytes]:
    """Lines with any value in any place, and lines cut short."""
    known = [json.loads(line) for line in LINES]
    places = sorted({key for record in known for key in record} | {"forkedFrom", "isSidechain"})
    inner = sorted({"parts", "uiEvent", "callId", "status", "promptTokenCount", "customTitle",
                    "candidatesTokenCount", "totalTokenCount", "info", "durationMs", "text",
                    "resultDisplay", "functionCall", "functionResponse"})  # fmt: skip
    values = json_values() | st.dictionaries(st.sampled_from(inner), json_values())
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
    for state in (b"", b"{", b"[]", b'{"at":"x"}'):
        assert SESSION_FILES.open(MAIN, state).read(LINES[0]).events
