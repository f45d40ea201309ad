"""Qwen Code's hooks and sub-agents, alone and beside its files: each thing counts once."""

import json
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentmonitor.agents.base import Folders, HookReport, Reading
from agentmonitor.agents.qwen_code import AGENT
from agentmonitor.agents.qwen_code.files import SESSION_FILES, find
from agentmonitor.agents.qwen_code.hooks import parse_hook
from agentmonitor.agents.qwen_code.names import HOOK_EVENTS
from agentmonitor.errors import InvalidInput
from agentmonitor.model.clock import from_iso, to_iso
from tests.fixtures.genai.build import check, stored, together
from tests.unit.agents.test_qwen_code import HOME, MAIN, SESSION, of, read
from tests.unit.model.strategies import json_values

BEGAN = from_iso("2026-09-22T08:00:00Z")
THREAD = "explore-call_sub"


def hook(name: str, second: float = 10, **fields: Any) -> HookReport:
    at = BEGAN + int(second * 1000)
    known = {
        "session_id": SESSION, "transcript_path": "/t.jsonl", "cwd": "/w/storefront",
        "hook_event_name": name, "timestamp": to_iso(at),
    }  # fmt: skip
    report = parse_hook(known | fields, at + 500)
    assert report.cwd == "/w/storefront"
    return report


def kinds(report: HookReport) -> list[str]:
    signals = [event.signal for event in report.events if event.signal]
    return [str(s.kind) for s in (*signals, *(each.signal for each in report.signals))]


def test_hooks_tell_the_state() -> None:
    sub = {"agent_id": THREAD, "agent_type": "explore"}
    told: dict[str, tuple[list[str], dict[str, Any]]] = {
        "SessionStart": (["session_started"], {"source": "startup", "model": "qwen3"}),
        "UserPromptSubmit": (["turn_started"], {"prompt": "Do it"}),
        "PreToolUse": (["permission_settled", "tool_started"], {"tool_name": "glob"}),
        "PostToolUse": (["tool_finished"], {"tool_name": "glob", "tool_response": {}}),
        "PostToolUseFailure": (["tool_finished"], {"tool_name": "glob", "error": "no"}),
        "PermissionRequest": (["permission_asked"], {"tool_name": "edit"}),
        "PermissionDenied": (["tool_finished"], {"tool_name": "edit", "tool_use_id": "t"}),
        "Notification": (["permission_asked"], {"notification_type": "permission_prompt"}),
        "SubagentStart": (["subagent_started"], sub),
        "SubagentStop": (["subagent_ended"], sub),
        "PreCompact": (["compacting"], {"trigger": "auto"}),
        "PostCompact": (["busy"], {"trigger": "auto", "compact_summary": "x"}),
        "Stop": (["turn_ended"], {"last_assistant_message": "Done."}),
        "StopFailure": (["turn_failed"], {"error": "rate_limit"}),
        "SessionEnd": (["session_ended"], {"reason": "other"}),
    }
    for name, (expected, fields) in told.items():
        assert kinds(hook(name, **fields)) == expected, name
    assert set(HOOK_EVENTS) == set(told)


def test_what_is_not_subscribed_to_is_not_lost_or_stays_quiet() -> None:
    assert kinds(hook("Tomorrow", news=1)) == ["none"]
    assert hook("Tomorrow", news=1).events[0].metadata == {"hook_event": "Tomorrow", "news": 1}
    assert kinds(hook("SessionStart", source="compact")) == ["busy"]
    for name in ("MessageDisplay", "PostToolBatch", "TodoCreated", "QueryEnd"):
        assert hook(name).events == []


def test_a_question_is_asked_and_answered() -> None:
    asked = hook(
        "PermissionRequest", tool_name="ask_user_question",
        tool_input={"questions": [{"question": "Which one?"}]},
    )  # fmt: skip
    signal = asked.events[0].signal
    assert signal is not None
    assert (signal.kind, signal.detail) == ("input_asked", "Which one?")


def test_a_failed_and_an_edited_call() -> None:
    (failed,) = hook("PostToolUseFailure", tool_name="x", error="boom", is_interrupt=True).events
    assert (failed.status, failed.metadata["error"]) == ("error", "boom")
    assert failed.metadata["is_interrupt"] is True
    shown = {"fileDiff": "--- a\n+++ b\n-2\n+3\n+4\n"}
    (edited,) = hook(
        "PostToolUse", tool_name="edit", tool_input={"file_path": "/a"}, duration_ms=31,
        tool_response={"llmContent": "ok", "returnDisplay": shown},
    ).events  # fmt: skip
    assert (edited.metadata["lines_added"], edited.metadata["lines_removed"]) == (2, 1)
    assert (edited.metadata["file_path"], edited.duration_ms) == ("/a", 31)


def test_a_repeated_hook_is_known() -> None:
    first, second = (hook("Stop", last_assistant_message="x").events[0] for _ in range(2))
    assert first.event_id == second.event_id
    assert hook("Stop", last_assistant_message="y").events[0].event_id != first.event_id


def test_a_hook_needs_a_session() -> None:
    with pytest.raises(InvalidInput):
        parse_hook({"hook_event_name": "PreToolUse"}, BEGAN)


def turn(*, ids: bool) -> Reading:
    """The fixture's turn as its hooks tell it; older versions name no call."""
    command = {"command": "npm test"}

    def called(name: str, second: float, tool: str, given: Any, call_id: str, **more: Any) -> Any:
        known = {"tool_call_id": call_id} if ids else {}
        return hook(name, second, tool_name=tool, tool_input=given,
                    tool_use_id=f"toolu_{second}", **known, **more)  # fmt: skip

    edit = {"file_path": "/w/storefront/cart.ts", "old_string": "2", "new_string": "3"}
    reports = [
        hook("UserPromptSubmit", 4.9, prompt="Fix the failing test"),
        called("PreToolUse", 8.9, "read_file", {"file_path": edit["file_path"]}, "call_1"),
        called("PostToolUse", 8.95, "read_file", {"file_path": edit["file_path"]}, "call_1",
               tool_response={}),
        called("PostToolUse", 12.9, "edit", edit, "call_abcdefghijklmnop_2", tool_response={}),
        called("PostToolUseFailure", 19.9, "run_shell_command", command, "call_3", error="exit 1"),
        hook("PostCompact", 61.8, trigger="auto", compact_summary="s"),
    ]  # fmt: skip
    return Reading(
        events=[event for report in reports for event in report.events],
        signals=[signal for report in reports for signal in report.signals],
    )


@pytest.mark.parametrize("hooks_first", [True, False])
@pytest.mark.parametrize("ids", [True, False], ids=["ids", "likeness"])
def test_a_turn_is_one_through_hooks_and_file(tmp_path: Path, hooks_first: bool, ids: bool) -> None:
    parts = [turn(ids=ids), read(MAIN)]
    engine = stored(tmp_path / "a.db", *(parts if hooks_first else reversed(parts)), turn(ids=ids))
    (row,) = engine.sessions_by_id([SESSION])
    engine.close()
    # The prompt, five requests, three calls, an error, a compaction: all are in the file.
    assert row.event_count == len(read(MAIN).events) - 2


def transcript() -> list[bytes]:
    """A sub-agent's file: lines as in its session's, and which sub-agent it is."""
    shared = {
        "sessionId": SESSION, "cwd": "/w/storefront", "version": "0.15.0", "gitBranch": "main",
        "agentId": THREAD, "agentName": "explore", "isSidechain": True,
    }  # fmt: skip
    call = {"id": "call_sub_abcdefghijklmnop", "name": "grep_search", "args": {"pattern": "cart"}}
    answer = {"id": call["id"], "name": call["name"], "response": {"output": "2 matches"}}
    lines: list[dict[str, Any]] = [
        {"type": "user", "message": {"role": "user", "parts": [{"text": "Find it"}]}},
        {"type": "assistant", "message": {"role": "model", "parts": [{"text": "Searching."}]},
         "usageMetadata": {"promptTokenCount": 200, "candidatesTokenCount": 30,
                           "totalTokenCount": 230}},
        {"type": "assistant", "message": {"role": "model", "parts": [{"functionCall": call}]}},
        {"type": "tool_result", "message": {"role": "user", "parts": [
            {"functionResponse": answer}]}, "toolCallResult": {"callId": call["id"],
                                                               "durationMs": 12}},
    ]  # fmt: skip
    told = [
        shared | {"uuid": f"s-{n}", "timestamp": to_iso(BEGAN + 22_000 + 500 * n)} | line
        for n, line in enumerate(lines)
    ]
    return [json.dumps(line).encode() for line in told]


def subagent() -> Reading:
    reader = SESSION_FILES.open(Path(f"agent-{THREAD}.jsonl"), None)
    return together([reader.read(line) for line in transcript()])


def test_a_sub_agents_file_is_found(tmp_path: Path) -> None:
    folder = tmp_path / ".qwen" / "projects" / "-w" / "subagents" / SESSION
    folder.mkdir(parents=True)
    for name in ("agent-a.jsonl", "agent-a.meta.json", "agent-a.jsonl.stream", "other.jsonl"):
        (folder / name).write_text("{}")
    assert list(find(Folders(tmp_path))) == [folder / "agent-a.jsonl"]
    assert all("subagents" not in path.parts for path in find(Folders(HOME)))


def test_a_sub_agents_file_tells_its_calls_and_no_usage() -> None:
    reading = subagent()
    for event in reading.events:
        check(event)
        assert event.metadata["subagent_id"] == THREAD
        assert event.session_id == SESSION
    assert [event.event_type for event in reading.events] == [
        "subagent_start", "response", "tool_use",
    ]  # fmt: skip
    (call,) = of(reading, "tool_use")
    assert (call.tool_name, call.status, call.duration_ms) == ("grep_search", "success", 12)
    assert not any(event.tokens_in or event.tokens_out for event in reading.events)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_sub_agent_is_one_through_its_hooks_its_file_and_its_sessions(
    tmp_path: Path, order: tuple[int, ...]
) -> None:
    inside = {"agent_id": THREAD, "agent_type": "explore"}
    call = {"tool_name": "grep_search", "tool_input": {"pattern": "cart"}, "tool_response": {},
            "tool_call_id": "call_sub_abcdefghijklmnop", "duration_ms": 11}  # fmt: skip
    told = [hook("SubagentStart", 21.9, **inside), hook("PostToolUse", 23.4, **call, **inside)]
    hooks = Reading(events=[event for report in told for event in report.events])
    parts = [read(MAIN), subagent(), hooks]
    engine = stored(tmp_path / "a.db", *(parts[number] for number in order), *parts)
    (row,) = engine.sessions_by_id([SESSION])
    engine.close()
    assert row.event_count == len(read(MAIN).events) - 2 + 3
    assert row.tokens_in == 1000 + 400 + 200 + 500 + 100


FIELDS = [
    "session_id", "hook_event_name", "timestamp", "tool_name", "tool_input", "tool_response",
    "prompt", "submitted_prompt", "error", "reason", "cwd", "message", "agent_id", "agent_type",
    "tool_call_id", "tool_use_id", "model", "notification_type", "duration_ms", "trigger",
    "last_assistant_message", "source",
]  # fmt: skip


@given(st.dictionaries(st.sampled_from(FIELDS), json_values()),
       st.sampled_from([*HOOK_EVENTS, "MessageDisplay", "x"]))  # fmt: skip
def test_no_payload_is_too_odd(fields: dict[str, Any], name: str) -> None:
    try:
        report = parse_hook({"session_id": "s", "hook_event_name": name} | fields, BEGAN)
    except InvalidInput:
        return
    for event in report.events:
        assert 0 < len(event.session_id) <= 1024
        assert event.event_id is None or len(event.event_id) <= 1024
        assert all(0 < len(key) < 1200 for key in event.keys)


def test_the_snippet_names_every_event() -> None:
    assert AGENT.connect is not None
    told = json.loads(AGENT.connect.snippet.replace("{origin}", "http://127.0.0.1:3141"))
    assert tuple(told["hooks"]) == HOOK_EVENTS
