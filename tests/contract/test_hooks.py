"""POST /api/hooks/claude-code."""

from __future__ import annotations

import json

import pytest

from .client import Api, Row, error_of, eventually, unique
from .hooks import PATH, call, hook, in_state, landed, post


def test_a_hook_becomes_an_event_of_claude_code(api: Api, session_id: str) -> None:
    post(api, hook(session_id, "UserPromptSubmit", prompt="Mend the parser"))
    [row] = landed(api, session_id)
    assert row["agent_type"] == "claude_code"
    assert row["event_type"] == "user_prompt"
    assert row["source"] == "hook"
    assert "Mend the parser" in row["metadata"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"text"',
        b"null",
        b"7",
        b"{}",
        b'{"hook_event_name":"Stop"}',
        b'{"session_id":"","hook_event_name":"Stop"}',
        b'{"session_id":5,"hook_event_name":"Stop"}',
    ],
)
def test_what_is_no_hook_is_400(api: Api, body: bytes) -> None:
    response = api.post_raw(PATH, body)
    assert response.status_code == 400
    error_of(response)


def test_a_tool_call_has_its_duration(api: Api, session_id: str) -> None:
    use = unique("toolu")
    post(
        api,
        call(session_id, "PreToolUse", use),
        call(session_id, "PostToolUse", use, tool_response={"stdout": "ok"}, duration_ms=1234),
    )
    row = next(
        row
        for row in eventually(lambda: api.rows(session_id=session_id, tool_name="Bash"))
        if row["duration_ms"] is not None
    )
    assert (row["event_type"], row["status"], row["duration_ms"]) == ("tool_use", "success", 1234)
    assert json.loads(row["metadata"])["command"] == "pytest -q"


def test_a_failed_tool_call_is_an_error(api: Api, session_id: str) -> None:
    use = unique("toolu")
    post(api, call(session_id, "PostToolUseFailure", use, error="exit code 2", duration_ms=7))
    [row] = landed(api, session_id)
    assert (row["event_type"], row["status"], row["duration_ms"]) == ("tool_use", "error", 7)
    assert row["tool_name"] == "Bash"
    assert "exit code 2" in row["metadata"]


def test_a_call_counts_once_however_many_hooks_tell_of_it(api: Api, session_id: str) -> None:
    use = unique("toolu")
    tool = f"mcp__{unique('ct')}"
    post(
        api,
        call(session_id, "PreToolUse", use) | {"tool_name": tool},
        call(session_id, "PostToolUse", use, duration_ms=5) | {"tool_name": tool},
    )
    rows = api.read("/api/stats/tools", agent_type="claude_code")["tools"]
    [found] = [row for row in rows if row["tool_name"] == tool]
    assert (found["total_calls"], found["error_count"]) == (1, 0)
    assert found["avg_duration_ms"] == 5


@pytest.mark.parametrize(
    ("name", "fields"),
    [("PostToolUse", {"tool_response": {"stdout": "ok"}}), ("PostToolUseFailure", {"error": "no"})],
)
def test_a_repeated_delivery_is_dropped(api: Api, session_id: str, name: str, fields: Row) -> None:
    payload = call(session_id, name, unique("toolu"), duration_ms=3, **fields)
    post(api, payload, payload, payload)
    post(api, call(session_id, "PostToolUse", unique("toolu"), duration_ms=4))

    def durations() -> list[int]:
        return [row["duration_ms"] for row in api.rows(session_id=session_id)]

    eventually(lambda: 4 in durations())
    assert durations() == [4, 3]


def test_an_unknown_hook_s_name_is_kept(api: Api, session_id: str) -> None:
    post(api, hook(session_id, "SomethingNew", detail="x"))
    [row] = landed(api, session_id)
    assert row["event_type"] == "hook"
    assert json.loads(row["metadata"])["hook_event"] == "SomethingNew"


def test_a_large_tool_response_is_taken_and_capped(api: Api, session_id: str) -> None:
    payload = call(
        session_id, "PostToolUse", unique("toolu"), tool_response={"stdout": "é" * 100_000}
    )
    post(api, payload)
    [row] = landed(api, session_id)
    assert json.loads(row["metadata"])["command"] == "pytest -q"


def test_session_end_leaves_the_session_idle_first(api: Api, session_id: str) -> None:
    post(api, hook(session_id, "SessionStart", source="startup", model="claude-sonnet-4-5"))
    assert in_state(api, session_id, "idle", "input", "working")["status"] == "active"
    post(api, hook(session_id, "SessionEnd", reason="prompt_input_exit"))
    eventually(lambda: api.session(session_id)["status"] == "idle")
    kinds = {row["event_type"] for row in api.rows(session_id=session_id)}
    assert kinds == {"session_start", "session_end"}


def test_stop_is_the_end_of_a_turn_and_not_of_the_session(api: Api, session_id: str) -> None:
    post(
        api,
        hook(session_id, "UserPromptSubmit", prompt="Mend it"),
        hook(session_id, "Stop", last_assistant_message="Done."),
    )
    row = in_state(api, session_id, "idle", "input")
    assert row["status"] == "active"
    assert api.rows(session_id=session_id)[0]["event_type"] == "turn_end"
