"""What a session's row says of its state, as hooks come in."""

from __future__ import annotations

from .client import Api, eventually, unique
from .hooks import call, hook, in_state, post
from .shape import SESSION_STATE, faults, moment


def test_a_prompt_sets_title_and_work(api: Api, session_id: str) -> None:
    post(api, hook(session_id, "UserPromptSubmit", prompt="Mend the parser\nand its tests"))
    row = in_state(api, session_id, "working")
    assert faults(row, SESSION_STATE) == {}
    assert row["title"] == "Mend the parser"
    assert row["cwd"] == "/home/dev/ct-project"


def test_a_running_tool_is_shown_until_it_is_done(api: Api, session_id: str) -> None:
    use = unique("toolu")
    post(api, hook(session_id, "UserPromptSubmit", prompt="x"), call(session_id, "PreToolUse", use))
    tool = eventually(lambda: api.session(session_id)["tool"])
    assert tool["name"] == "Bash"
    assert "pytest -q" in tool["detail"]
    assert moment(tool["since"])
    post(api, call(session_id, "PostToolUse", use, duration_ms=1))
    eventually(lambda: api.session(session_id)["tool"] is None)
    assert api.session(session_id)["state"] == "working"


def test_a_permission_is_waited_for(api: Api, session_id: str) -> None:
    use = unique("toolu")
    asked = call(session_id, "PermissionRequest", use)
    del asked["tool_use_id"]
    post(api, call(session_id, "PreToolUse", use), asked)
    row = in_state(api, session_id, "permission")
    assert row["tool"]["name"] == "Bash"
    assert session_id in [live["id"] for live in api.sessions(live=1, limit=0)]
    post(api, call(session_id, "PostToolUse", use, duration_ms=1))
    in_state(api, session_id, "working")


def test_a_rate_limit_is_a_failure(api: Api, session_id: str) -> None:
    post(
        api,
        hook(session_id, "UserPromptSubmit", prompt="x"),
        hook(session_id, "StopFailure", error="rate_limit"),
    )
    assert in_state(api, session_id, "failed")["state_reason"] == "rate_limit"


def test_a_subagent_stands_beneath_its_session(api: Api, session_id: str) -> None:
    child = {"agent_id": unique("a"), "agent_type": "Explore"}
    post(
        api,
        hook(session_id, "UserPromptSubmit", prompt="x"),
        hook(session_id, "SubagentStart", **child),
    )
    [shown] = eventually(lambda: api.session(session_id)["subagents"])
    assert (shown["id"], shown["type"]) == (child["agent_id"], "Explore")
    assert shown["state"] == "working"
    post(api, hook(session_id, "SubagentStop", **child))
    eventually(lambda: all(one["state"] == "ended" for one in api.session(session_id)["subagents"]))
    assert api.session(session_id)["state"] == "working"


def test_a_session_end_ends_the_state(api: Api, session_id: str) -> None:
    use = unique("toolu")
    post(
        api,
        call(session_id, "PreToolUse", use),
        hook(session_id, "SessionEnd", reason="other"),
    )
    row = in_state(api, session_id, "ended", "idle")
    assert row["tool"] is None
