"""Claude Code's session files, torn, spoilt and read in pieces."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentmonitor.agents.claude_code import AGENT
from agentmonitor.agents.claude_code.files import open_file
from agentmonitor.agents.claude_code.place import MAX_ABOUT, MAX_CALLS
from agentmonitor.errors import UnreadableLine
from agentmonitor.model.event import Event
from agentmonitor.model.signal import SessionSignal
from tests.fixtures.claude_code.files.build import (
    OPUS,
    File,
    call,
    encoded,
    main_session,
    old_session,
    subagent,
    text,
    usage,
)  # fmt: skip
from tests.unit.agents.shelf import check, facts, spoiled, survives

MAIN = Path("projects/p/aaaa.jsonl")
SUB = Path("projects/p/aaaa/subagents/agent-a1.jsonl")
FILES = {
    MAIN: main_session("aaaa").lines,
    SUB: subagent("aaaa", "a1", "msg_sub_1", "t-grep-1").lines,
    Path("projects/p/dddd.jsonl"): old_session("dddd").lines,
}
DOCUMENTS = [
    (path, json.loads(line)) for path, lines in FILES.items() for line in lines
    if not line.startswith(b'{"type":"mode"')
]  # fmt: skip


def prompt(words: str = "Hello", **fields: Any) -> bytes:
    file = File("s")
    file.prompt(words, **fields)
    return file.lines[0]


def answer(message_id: str, **fields: Any) -> bytes:
    file = File("s")
    file.answer(message_id, OPUS, usage(), text("x"), **fields)
    return file.lines[0]


def read(line: bytes) -> list[Event]:
    return open_file(Path("s.jsonl"), None).read(line).events


def models(line: bytes) -> list[str]:
    return [event.keys[-1] for event in read(line)]


@settings(max_examples=200)
@given(st.sampled_from(sorted(FILES)), st.data())
def test_reading_in_pieces_tells_the_same(path: Path, data: st.DataObject) -> None:
    lines = FILES[path]
    cuts = data.draw(st.sets(st.integers(0, len(lines))))
    whole, pieces = open_file(path, None), open_file(path, None)
    signals: list[list[SessionSignal]] = [[], []]
    for number, line in enumerate(lines):
        if number in cuts:
            pieces = open_file(path, pieces.save())
        one, other = whole.read(line), pieces.read(line)
        assert list(map(facts, one.events)) == list(map(facts, other.events))
        assert one == other
        signals[0] += one.signals
        signals[1] += other.signals
    assert signals[0] == signals[1] != []
    assert whole.save() == pieces.save()


@settings(max_examples=400)
@given(st.sampled_from(DOCUMENTS), st.data())
def test_a_spoilt_line_is_read_or_refused(
    known: tuple[Path, dict[str, Any]], data: st.DataObject
) -> None:
    path, document = known
    survives(AGENT, path, spoiled(document, data))


@settings(max_examples=200)
@given(st.sampled_from(DOCUMENTS), st.data())
def test_spoilt_lines_in_a_row_leave_a_sound_state(
    known: tuple[Path, dict[str, Any]], data: st.DataObject
) -> None:
    path = known[0]
    reader = open_file(path, None)
    for _ in range(data.draw(st.integers(1, 6))):
        _, document = data.draw(st.sampled_from(DOCUMENTS))
        try:
            reading = reader.read(spoiled(document, data))
        except UnreadableLine:
            continue
        finally:
            reader = open_file(path, reader.save())
        for event in reading.events:
            check(event)
    assert read(prompt())[0].metadata["prompt"] == "Hello"


@settings(max_examples=300)
@given(st.sampled_from([line for lines in FILES.values() for line in lines]), st.data())
def test_bytes_that_were_changed_are_read_or_refused(line: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(line)))
    end = data.draw(st.integers(at, min(at + 20, len(line))))
    survives(AGENT, MAIN, line[:at] + data.draw(st.binary(max_size=4)) + line[end:])


@settings(max_examples=300)
@given(st.data())
def test_a_line_that_is_cut_anywhere_is_half_written(data: st.DataObject) -> None:
    lines = [*FILES[MAIN][:40], prompt("größe → \ud83d\ude00", extra=[1.5, True, None, -2e7])]
    line = data.draw(st.sampled_from([each for each in lines if not each.startswith(b'{"type"')]))
    cut = line[: data.draw(st.integers(1, len(line) - 1))]
    with pytest.raises(UnreadableLine, match="half-written"):
        open_file(MAIN, None).read(cut)


def test_a_half_written_line_leaves_no_trace() -> None:
    reader = open_file(Path("s.jsonl"), None)
    line = answer("m")
    before = reader.save()
    with pytest.raises(UnreadableLine, match="half-written"):
        reader.read(line[:-10])
    assert reader.save() == before
    assert [event.keys[-1] for event in reader.read(line).events] == ["claude_code:message:m"]


@pytest.mark.parametrize("between", [b"", b" ", b"\t", b"\0\0", b","])
def test_two_objects_may_stand_on_a_line(between: bytes) -> None:
    line = answer("m1") + between + answer("m2")
    assert models(line) == ["claude_code:message:m1", "claude_code:message:m2"]


def test_bookkeeping_does_not_hide_what_stands_behind_it() -> None:
    mode = encoded({"type": "mode", "mode": "normal", "sessionId": "s"})
    assert models(mode + answer("m")) == ["claude_code:message:m"]
    assert models(mode[:20] + answer("m")) == ["claude_code:message:m"]


@pytest.mark.parametrize("length", [1, 20, 100, 300, -1])
def test_a_line_is_found_behind_one_that_was_never_finished(length: int) -> None:
    torn = answer("torn")[:length]
    assert models(torn + answer("m")) == ["claude_code:message:m"]
    assert models(answer("m1") + torn + answer("m2")) == [
        "claude_code:message:m1", "claude_code:message:m2",
    ]  # fmt: skip


def test_a_whole_object_before_a_torn_one_is_read_again_later() -> None:
    line = answer("m1") + answer("m2")
    with pytest.raises(UnreadableLine, match="half-written"):
        read(line[:-5])


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (prompt("a\ud83d"), "a\ufffd"),
        (prompt("\udc00a\ud83d\ude00"), "\ufffda\U0001f600"),
        (prompt("a\ud83d\\ud83d"), "a\ufffd\\ud83d"),
        (prompt("caf?").replace(b"caf?", b"caf\xe9"), "caf\ufffd"),
        (prompt("a\0b"), "a\0b"),
        (b"\0\0\0" + prompt("a") + b"\0", "a"),
        (prompt("a") + b"\r", "a"),
        (prompt("a?b").replace(b"?", b"\x01"), "a\x01b"),
        (prompt("a", extra=float("nan")), "a"),
        (prompt("a", extra=2**200), "a"),
        (prompt("x" * 5_000_000), "x" * 5_000_000),
    ],
)
def test_odd_bytes_do_not_cost_the_line(line: bytes, words: str) -> None:
    (event,) = read(line)
    assert event.metadata["prompt"] == words


@pytest.mark.parametrize("line", [b"", b" ", b"\0\0", b"{}", b'{"type":7}', b'{"type":"user "}'])
def test_a_line_with_nothing_to_tell_tells_nothing(line: bytes) -> None:
    assert read(line) == []


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"[1]", "no JSON object"), (b'"x"', "no JSON object"), (b"nonsense here, }", "no JSON"),
        (b'{"type":"user"}', "no message"),
        (b'{"type":"user","message":[]}', "no message"),
        (b'{"x":' + b"[" * 200_000, "nested too deeply"),
        (b'{"x":' + b"[" * 200_000 + b"]" * 200_000 + b"}", "nested too deeply"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_has_a_reason(line: bytes, reason: str) -> None:
    with pytest.raises(UnreadableLine, match=reason):
        read(line)


@pytest.mark.parametrize(
    "odd", [7, "x", [1, "x", {"type": 5}], {"type": "text"}, None, [[]], [{"type": ["text"]}]]
)
def test_a_usage_is_counted_whatever_the_content_became(odd: Any) -> None:
    document = json.loads(answer("m"))
    document["message"]["content"] = odd
    document["toolUseResult"] = 9
    document["gitBranch"] = {"name": "x"}
    (event,) = read(json.dumps(document).encode())
    assert (event.tokens_in, event.tokens_out, event.branch) == (4, 10, None)


@pytest.mark.parametrize("odd", [None, 7, "x", [], {"input_tokens": "many"}, {"iterations": 5}])
def test_a_usage_that_is_none_counts_nothing(odd: Any) -> None:
    document = json.loads(answer("m"))
    document["message"]["usage"] = odd
    (event,) = read(json.dumps(document).encode())
    assert (event.tokens_in, event.tokens_out) == (0, 0)


@pytest.mark.parametrize("state", [b"", b"{}", b"x", b"\xff", b'{"calls": 7}', b"[]"])
def test_a_state_that_cannot_be_read_is_a_new_one(state: bytes) -> None:
    reader = open_file(Path("s.jsonl"), state)
    assert len(reader.read(prompt()).events) == 1


def test_the_state_stays_small() -> None:
    file = File("s")
    for number in range(3 * MAX_CALLS):
        given = dict.fromkeys(("command", "description", "prompt", "query", "url"), "x" * 9_000)
        file.answer(f"m{number}", OPUS, usage(), call(f"t{number}", "Bash", **given))
    file.result(f"t{number}")
    file.result("t0")
    reader = open_file(Path("s.jsonl"), None)
    events = [event for line in file.lines for event in reader.read(line).events]
    assert len(reader.save()) < MAX_CALLS * (MAX_ABOUT + 500)
    assert [event.tool_name for event in events[-2:]] == ["Bash", None]


@settings(max_examples=100)
@given(st.permutations(range(8)))
def test_blocks_and_results_in_any_order_make_each_call_once(order: list[int]) -> None:
    file = File("s")
    for number in order:
        if number % 2:
            file.result(f"t{number // 2}", failed=number > 4)
        else:
            file.answer(f"m{number}", OPUS, usage(), text("x"), call(f"t{number // 2}", "Bash"))
    reader = open_file(Path("s.jsonl"), None)
    calls = [
        event for line in file.lines for event in reader.read(line).events
        if event.event_type == "tool_use"
    ]  # fmt: skip
    assert sorted(event.keys[0] for event in calls) == [f"claude_code:tool:t{n}" for n in range(4)]
    for event in calls:
        number = int(event.keys[0][-1])
        came_first = order.index(2 * number) < order.index(2 * number + 1)
        assert event.tool_name == ("Bash" if came_first else None)
