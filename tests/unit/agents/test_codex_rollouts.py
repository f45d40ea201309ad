"""Rollouts of every age, read whole; what they hold is confirmed by a count of another kind."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from agentmonitor.agents.base import Reading
from agentmonitor.agents.codex.reader import RolloutReader
from agentmonitor.model.event import Event
from agentmonitor.model.usage import Channel
from tests.fixtures.codex.build import BEGAN, FOLDER, PARENT, Rollout, usage, uuid7

FIXTURES = Path(__file__).parents[2] / "fixtures" / "codex" / "rollouts"
FILES = sorted(FIXTURES.glob("*.jsonl"))
CLASSES = ("tokens_in", "cache_read_tokens", "cache_write_tokens", "tokens_out")


def read(lines: list[bytes], name: str = "rollout-x.jsonl") -> Reading:
    reader = RolloutReader(Path(name), None)
    readings = [reader.read(line) for line in lines]
    return Reading(
        events=[event for reading in readings for event in reading.events],
        signals=[signal for reading in readings for signal in reading.signals],
        quotas=[quota for reading in readings for quota in reading.quotas],
    )


def fixture(name: str) -> Reading:
    return read((FIXTURES / f"{name}.jsonl").read_bytes().splitlines())


def spent(events: list[Event]) -> dict[str | None, tuple[int, ...]]:
    """Tokens by model and class."""
    found: dict[str | None, tuple[int, ...]] = {}
    for event in events:
        own = tuple(getattr(event, name) for name in CLASSES)
        if any(own):
            before = found.get(event.model, (0, 0, 0, 0))
            found[event.model] = tuple(a + b for a, b in zip(before, own, strict=True))
    return found


def of(reading: Reading, event_type: str) -> list[Event]:
    return [event for event in reading.events if event.event_type == event_type]


def naive(path: Path) -> dict[str | None, tuple[int, ...]]:
    """In the fixtures no line is missing: each new total is one request, its ``last``."""
    found: dict[str | None, list[int]] = {}
    model, seen = None, None
    for line in path.read_text("utf-8").splitlines():
        document = json.loads(line)
        payload = document.get("payload", {})
        settings = payload.get("thread_settings", payload)
        model = settings.get("model", model)
        info = payload.get("info")
        if payload.get("type") != "token_count" or not info or info["total_token_usage"] == seen:
            continue
        seen, last = info["total_token_usage"], info["last_token_usage"]
        cached, written = last["cached_input_tokens"], last.get("cache_write_input_tokens", 0)
        parts = (last["input_tokens"] - cached - written, cached, written, last["output_tokens"])
        sums = found.setdefault(model, [0, 0, 0, 0])
        for place, part in enumerate(parts):
            sums[place] += part
    return {name: tuple(sums) for name, sums in found.items()}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_tokens_by_model_and_class_are_those_of_a_naive_count(path: Path) -> None:
    assert spent(read(path.read_bytes().splitlines()).events) == naive(path)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_event_of_a_file_is_well_formed(path: Path) -> None:
    for event in read(path.read_bytes().splitlines()).events:
        assert event.agent_type == "codex"
        assert (event.source, event.channel) == ("import", Channel.FILE)
        assert event.occurred_at is not None
        assert event.occurred_at > 1_700_000_000_000
        assert event.signal is not None
        assert event.event_id or event.keys
        json.dumps(event.metadata)


TOOLS = {
    "bare": {("shell", "success"): 1},
    "old_040": {
        ("shell", "success"): 1, ("apply_patch", "success"): 1, ("apply_patch", "error"): 1,
        ("local_shell", "timeout"): 1,
    },
    "modern": {
        ("exec_command", "error"): 2, ("exec_command", "success"): 1, ("apply_patch", "success"): 1,
        ("web_search", "success"): 1, ("mcp__docs__search", "error"): 1,
    },
    "paginated": {
        ("exec", "error"): 1, ("apply_patch", "success"): 1, ("mcp__docs__search", "success"): 1,
    },
}  # fmt: skip
LINES = {"bare": (0, 0), "old_040": (3, 0), "modern": (5, 3), "paginated": (1, 1)}
PROMPTS = {
    "bare": ["hello"],
    "old_040": ["Add a readme", "And a licence"],
    "modern": ["Fix the rounding of cart totals", "Now the invoice"],
    "paginated": ["Fix the parser"],
}
SAID = {
    "bare": ["Hello back."],
    "old_040": ["Added."],
    "modern": ["The totals are rounded to cents."],
    "paginated": ["Fixed it"],
}


@pytest.mark.parametrize("name", TOOLS)
def test_calls_lines_and_words_are_each_counted_once(name: str) -> None:
    reading = fixture(name)
    calls = of(reading, "tool_use")
    assert Counter((call.tool_name, call.status) for call in calls) == TOOLS[name]
    done = [call.metadata for call in calls if call.status == "success"]
    lines = tuple(sum(c.get(key, 0) for c in done) for key in ("lines_added", "lines_removed"))
    assert lines == LINES[name]
    assert [event.metadata["prompt"] for event in of(reading, "user_prompt")] == PROMPTS[name]
    assert [event.metadata["text"] for event in of(reading, "response")] == SAID[name]
    assert len(of(reading, "session_start")) == 1


def test_a_modern_session_tells_its_story() -> None:
    reading = fixture("modern")
    first = reading.events[0]
    assert (first.session_id, first.branch, first.occurred_at) == (PARENT, "main", BEGAN)
    assert first.signal is not None
    assert (first.signal.kind, first.signal.cwd) == ("session_started", FOLDER)
    kinds = [event.signal.kind for event in reading.events if event.signal is not None]
    assert kinds[-1] == "turn_ended"
    prompt = of(reading, "user_prompt")[0].signal
    assert prompt is not None
    assert (prompt.kind, prompt.title, prompt.cwd) == ("turn_started", PROMPTS["modern"][0], FOLDER)
    assert [s.signal.kind for s in reading.signals] == [
        "turn_started", *["tool_started"] * 4, "turn_started", "tool_started",
    ]  # fmt: skip
    assert [(e.duration_ms, e.metadata) for e in of(reading, "turn_end")] == [
        (None, {}), (900, {"reason": "interrupted"}),
    ]  # fmt: skip
    assert len(of(reading, "compaction")) == 1
    assert [(q.window, q.used_percent) for q in reading.quotas] == [
        ("primary", 12.0), ("secondary", 40.5),
    ]  # fmt: skip


def test_a_running_call_starts_and_finishes_under_one_id() -> None:
    reading = fixture("modern")
    started = {s.signal.call_id for s in reading.signals if s.signal.kind == "tool_started"}
    finished = {
        e.signal.call_id
        for e in of(reading, "tool_use")
        if e.signal is not None and e.tool_name != "web_search"
    }
    assert started == finished
    assert None not in started


def test_durations_come_from_the_answer_the_event_or_the_clock() -> None:
    found = [(c.tool_name, c.duration_ms) for c in of(fixture("modern"), "tool_use")]
    assert found == [
        ("exec_command", 3500), ("apply_patch", 100), ("exec_command", 250), ("web_search", None),
        ("mcp__docs__search", 1500), ("exec_command", 200),
    ]  # fmt: skip


def test_a_patch_of_several_files_is_one_call_and_names_them_all() -> None:
    (call,) = (c for c in of(fixture("modern"), "tool_use") if c.tool_name == "apply_patch")
    files = [f"{FOLDER}/src/{name}.rs" for name in ("cart", "round", "old")]
    assert call.metadata["file_path"] == files[0]
    assert call.metadata["files"] == files
    others = of(fixture("modern"), "file_change")
    assert [event.metadata["file_path"] for event in others] == files[1:]
    assert [event.keys for event in others] == [
        (f"{call.keys[0]}:file:1",), (f"{call.keys[0]}:file:2",),
    ]  # fmt: skip
    assert all("lines_added" not in event.metadata for event in others)


def test_a_failed_patch_changes_no_file() -> None:
    rollout = Rollout().meta().turn("go")
    patch = "*** Begin Patch\n*** Update File: a\n+x\n*** Add File: b\n+y\n*** End Patch"
    rollout.patch(patch, "apply_patch verification failed: no such file")
    reading = read(rollout.lines)
    assert [call.status for call in of(reading, "tool_use")] == ["error"]
    assert of(reading, "file_change") == []


def test_usage_is_known_by_thread_total_and_resets() -> None:
    rollout = Rollout().meta().turn("go").tokens(usage(100, 0, 10)).tokens(usage(150, 100, 20))
    rollout.tokens(usage(50, 0, 5), total=usage(50, 0, 5))
    first, second, third = of(read(rollout.lines), "llm_response")
    stem = f"codex:usage:{rollout.thread}"
    assert first.keys[0] == f"{stem}:110:0"
    assert second.keys[0] == f"{stem}:280:0"
    assert third.keys[0] == f"{stem}:55:1"
    assert [e.event_id for e in (first, second, third)] == [None] * 3


def test_the_model_is_that_of_the_turn() -> None:
    rollout = Rollout().meta().tokens(usage(5, 0, 1)).turn("a", "gpt-a").tokens(usage(10, 0, 1))
    rollout.turn("b", "gpt-b", service_tier="priority").tokens(usage(10, 0, 2))
    found = of(read(rollout.lines), "llm_response")
    assert [event.model for event in found] == [None, "gpt-a", "gpt-b"]
    assert found[1].report is None
    assert found[2].report is not None
    assert found[2].report.fast


def test_what_comes_after_a_turn_does_not_start_it_again() -> None:
    rollout = Rollout().meta().turn("go").done().tokens(usage(10, 0, 1))
    (used,) = of(read(rollout.lines), "llm_response")
    assert used.signal is not None
    assert used.signal.kind == "none"


def test_a_failed_turn_stays_failed() -> None:
    for failed in (
        Rollout().meta().turn("go").event("error", message="Limit", codex_error_info="usage_limit"),
        Rollout().meta().turn("go"),
    ):
        failed.event("task_complete", error={"message": "Limit", "codex_error_info": "usage_limit"})
        reading = read(failed.lines)
        (error,) = of(reading, "error")
        assert error.metadata == {"message": "Limit", "error": "usage_limit"}
        assert [e.signal.kind for e in reading.events[-2:] if e.signal] == ["turn_failed", "none"]


def test_a_call_without_an_answer_counts_when_its_turn_ends() -> None:
    def outcome(end: str, **fields: Any) -> list[tuple[str | None, str | None]]:
        rollout = Rollout().meta().turn("go")
        rollout.call("exec_command", {"cmd": "sleep 9"})
        rollout.event(end, **fields)
        return [(c.status, c.metadata.get("error")) for c in of(read(rollout.lines), "tool_use")]

    assert outcome("task_complete") == [("success", None)]
    assert outcome("turn_aborted", reason="interrupted") == [("error", "interrupted")]
    assert outcome("task_started", turn_id=uuid7(BEGAN + 999, 5)) == [("error", "interrupted")]
    assert outcome("agent_message", message="still at it") == []


def test_more_calls_than_can_wait_are_still_counted_once_each() -> None:
    rollout = Rollout().meta().turn("go")
    calls = [rollout.call("exec_command", {"cmd": str(n)}) for n in range(100)]
    for call in calls:
        rollout.answer(call, "Process exited with code 0\nOutput:\n")
    found = of(read(rollout.lines), "tool_use")
    assert Counter(event.keys for event in found) == {(f"codex:tool:{c}",): 1 for c in calls}


def test_an_id_that_may_come_again_belongs_to_its_thread() -> None:
    for call_id in ("call_0", "1"):
        rollout = Rollout().meta().turn("go")
        rollout.item("function_call", name="shell", arguments="{}", call_id=call_id)
        rollout.answer(call_id, "ok")
        (call,) = of(read(rollout.lines), "tool_use")
        assert call.keys == (f"codex:tool:{rollout.thread}:{call_id}",)


def test_an_events_nested_call_that_comes_late_is_not_counted_again() -> None:
    rollout = Rollout().meta().turn("go")
    call = rollout.patch("*** Begin Patch\n*** Add File: a\n+x\n*** End Patch", "Success.")
    rollout.event("patch_apply_end", call_id=call, success=True, changes={})
    rollout.event("exec_command_end", call_id="call_of_the_users_own_shell", exit_code=1)
    assert len(of(read(rollout.lines), "tool_use")) == 1


def test_a_sub_agents_work_belongs_to_its_parents_session() -> None:
    spawn = {"parent_thread_id": PARENT, "depth": 1, "agent_role": "explorer"}
    child = Rollout(uuid7(BEGAN + 5000, 9), BEGAN + 5000)
    child.meta(source={"subagent": {"thread_spawn": spawn}}, session_id=PARENT)
    child.turn("Look at the tests").tokens(usage(100, 0, 10))
    call = child.call("exec_command", {"cmd": "ls"}, "Process exited with code 0\nOutput:\n")
    child.done("Found it.")
    reading = read(child.lines)
    assert [event.event_type for event in reading.events] == [
        "subagent_start", "llm_response", "tool_use", "subagent_end",
    ]  # fmt: skip
    for event in reading.events:
        assert event.session_id == PARENT
        assert event.metadata["subagent_id"] == child.thread
        assert event.metadata["subagent_type"] == "explorer"
        assert event.signal is not None
        assert (event.signal.thread, event.signal.thread_type) == (child.thread, "explorer")
    assert reading.events[1].keys[0] == f"codex:usage:{child.thread}:110:0"
    assert reading.events[2].keys == (f"codex:tool:{call}",)
    assert {s.session_id for s in reading.signals} == {PARENT}
    assert {s.signal.kind for s in reading.signals} == {"subagent_started", "tool_started"}
