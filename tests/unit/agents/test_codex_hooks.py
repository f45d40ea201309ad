"""Codex's hooks: a payload of each event, and what becomes of it."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentmonitor.agents.codex import AGENT
from agentmonitor.agents.codex.hooks import parse_hook
from agentmonitor.agents.codex.names import HOOK_EVENTS
from agentmonitor.errors import InvalidInput
from agentmonitor.model.activity import Activity
from agentmonitor.model.event import Event
from agentmonitor.model.signal import Signal
from agentmonitor.model.usage import Channel
from tests.fixtures.codex.build import Rollout, uuid7
from tests.unit.agents.test_codex_rollouts import of, read
from tests.unit.builders import NOW
from tests.unit.model.strategies import json_objects, json_values

FIXTURES = Path(__file__).parents[2] / "fixtures" / "codex" / "hooks"
SESSION = "019f5c5a-eb02-7ff0-90af-653b66eba9f4"
TURN = "019f5c5a-f000-7000-8000-000000000001"
AGENT_ID = "019f5c5b-0000-7000-8000-0000000000aa"
CALL = "call_0123456789abcdefghijklmn"
END = f"codex:turn:{SESSION}:{TURN}:end"

# name: event's type (None: a change of state only), signal, metadata, first key
EXPECTED: dict[str, tuple[str | None, str, dict[str, Any], str | None]] = {
    "SessionStart": (
        "session_start", "session_started", {"source": "startup"}, f"codex:session:{SESSION}:start",
    ),
    "UserPromptSubmit": (
        "user_prompt", "turn_started", {"prompt": "Fix the rounding"},
        f"codex:turn:{SESSION}:{TURN}:prompt:",
    ),
    "PreToolUse": (None, "tool_started", {}, None),
    "PermissionRequest": (
        "permission_request", "permission_asked",
        {"tool_name": "Bash", "command": "rm -rf target", "description": "Needs to write"}, None,
    ),
    "PostToolUse": (
        "tool_use", "tool_finished",
        {"file_path": "/home/dev/shop/src/cart.rs", "lines_added": 2, "lines_removed": 1,
         "diff": "*** Begin Patch\n*** Update File: src/cart.rs\n@@\n-a\n+b\n+c",
         "output": "Success. Updated the following files:\nM src/cart.rs\n"},
        f"codex:tool:{CALL}",
    ),
    "PreCompact": (None, "compacting", {}, None),
    "PostCompact": ("compaction", "busy", {"trigger": "auto"}, f"~codex:compaction:{SESSION}:"),
    "SubagentStart": (
        "subagent_start", "subagent_started", {"subagent_id": AGENT_ID},
        f"codex:session:{AGENT_ID}:start",
    ),
    "SubagentStop": (
        "subagent_end", "subagent_ended", {"message": "Found it.", "subagent_type": "explorer"},
        f"codex:turn:{AGENT_ID}:{TURN}:end",
    ),
    "Stop": ("turn_end", "turn_ended", {"message": "The totals are rounded."}, END),
    "StopFailure": (
        "error", "turn_failed", {"error": "rate_limit", "message": "Try again in an hour"}, None,
    ),
    "Interrupt": ("turn_end", "turn_ended", {"reason": "interrupted"}, END),
    "notify": ("turn_end", "turn_ended", {"message": "The totals are rounded."}, END),
}  # fmt: skip


def payload(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FIXTURES / f"{name}.json").read_text("utf-8"))
    return found


def one(given: dict[str, Any]) -> tuple[Event | None, Signal]:
    report = parse_hook(given, NOW)
    if report.signals:
        return None, report.signals[0].signal
    (event,) = report.events
    assert event.signal is not None
    return event, event.signal


@pytest.mark.parametrize("name", EXPECTED)
def test_each_hook_becomes_what_it_means(name: str) -> None:
    event_type, kind, metadata, key = EXPECTED[name]
    report = parse_hook(payload(name), NOW)
    event, signal = one(payload(name))
    assert report.cwd == signal.cwd == "/home/dev/shop"
    assert signal.kind == kind
    if event is None:
        assert event_type is None
        return
    assert (event.event_type, event.session_id) == (event_type, SESSION)
    assert (event.source, event.channel) == ("hook", Channel.HOOK)
    assert {k: event.metadata.get(k) for k in metadata} == metadata
    if key is None:
        assert event.keys == ()
    else:
        assert event.keys[0].startswith(key)


def test_the_fixtures_are_all_that_is_subscribed_to() -> None:
    assert set(HOOK_EVENTS) <= set(EXPECTED)
    assert {path.stem for path in FIXTURES.glob("*.json")} == set(EXPECTED)


def test_the_snippet_is_json_and_prints_nothing_into_the_agent() -> None:
    assert AGENT.connect is not None
    text = AGENT.connect.snippet.replace("{origin}", "http://127.0.0.1:3141")
    hooks = json.loads(text)["hooks"]
    assert set(hooks) == set(HOOK_EVENTS)
    for entries in hooks.values():
        (hook,) = entries[0]["hooks"]
        assert hook["type"] == "command"
        assert "http://127.0.0.1:3141/api/hooks/codex" in hook["command"]
        assert "-o /dev/null" in hook["command"]
        assert hook["command"].endswith("|| true")


def test_names_in_snake_case_are_the_same_names() -> None:
    for name in HOOK_EVENTS:
        snake = "".join(f"_{c.lower()}" if c.isupper() else c for c in name).strip("_")
        changed = payload(name) | {"hook_event_name": snake}
        assert parse_hook(changed, NOW) == parse_hook(payload(name), NOW)


def test_a_tool_that_failed_says_so() -> None:
    for answer in ({"exit_code": 1, "output": "no"}, {"success": False}, {"isError": True}):
        event, _ = one(payload("PostToolUse") | {"tool_response": answer})
        assert event is not None
        assert event.status == "error"
        assert event.metadata["error"] in ("no", "failed")


def test_a_session_that_goes_on_is_not_begun_again() -> None:
    for source, kind in (("resume", "session_started"), ("compact", "busy")):
        event, signal = one(payload("SessionStart") | {"source": source})
        assert event is not None
        assert (event.keys, signal.kind) == ((), kind)


def test_what_a_sub_agent_does_is_on_its_own_thread() -> None:
    inside = {"agent_id": AGENT_ID, "agent_type": "explorer"}
    for name in ("PreToolUse", "PostToolUse", "PermissionRequest"):
        _, signal = one(payload(name) | inside)
        assert (signal.thread, signal.thread_type) == (AGENT_ID, "explorer")
    event, _ = one(payload("UserPromptSubmit") | inside)
    assert event is None


def test_a_permission_waits_for_its_call() -> None:
    activity = Activity()
    asked = payload("PreToolUse") | {"tool_input": {"command": "rm -rf target"}}
    states = []
    for hook in (
        payload("UserPromptSubmit"), asked, payload("PermissionRequest"),
        payload("PostToolUse") | {"tool_name": "Bash"}, payload("Stop"),
    ):  # fmt: skip
        activity.apply(one(hook)[1], NOW)
        states.append(activity.state)
    assert states == ["working", "working", "permission", "working", "idle"]


def test_an_unknown_hook_is_kept_whole() -> None:
    event, signal = one({"session_id": "s", "hook_event_name": "BrandNew", "novelty": {"a": [1]}})
    assert event is not None
    assert (event.event_type, signal.kind) == ("hook", "none")
    assert event.metadata == {"hook_event": "BrandNew", "novelty": {"a": [1]}}


@pytest.mark.parametrize("odd", [{}, {"session_id": ""}, {"session_id": 7}, {"type": "agent-turn-complete", "turn-id": "1"}])  # fmt: skip  # noqa: E501
def test_a_payload_without_a_session_is_refused(odd: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        parse_hook(odd, NOW)


def test_hooks_and_files_know_the_same_things_by_the_same_keys() -> None:
    rollout = Rollout(SESSION).meta()
    turn = uuid7(rollout.at + 10, 4)
    rollout.turn("Fix it", turn_id=turn)
    call = rollout.call("exec_command", {"cmd": "ls"}, "Process exited with code 0\nOutput:\n")
    rollout.done(turn_id=turn)
    reading = read(rollout.lines)
    common = {"session_id": SESSION, "turn_id": turn}
    for name, event_type, changed in (
        ("SessionStart", "session_start", {}),
        ("UserPromptSubmit", "user_prompt", {"prompt": "Fix it"}),
        ("PostToolUse", "tool_use", {"tool_use_id": call}),
        ("Stop", "turn_end", {}),
    ):
        event, _ = one(payload(name) | common | changed)
        assert event is not None
        assert event.keys[0] == of(reading, event_type)[0].keys[0]


@given(
    st.sampled_from(sorted(EXPECTED)).map(payload),
    json_objects(),
    st.dictionaries(
        st.sampled_from(
            ("session_id", "hook_event_name", "cwd", "agent_id", "agent_type", "tool_name",
             "turn_id", "tool_input", "tool_response", "tool_use_id", "prompt", "model", "error",
             "source")
        ),
        st.one_of(json_values(), st.sampled_from(("x" * 50_000, "a\0b", " ", "", -1, 2**70))),
    ),
)  # fmt: skip
def test_any_object_is_refused_or_well_formed(
    real: dict[str, Any], more: dict[str, Any], spoilt: dict[str, Any]
) -> None:
    try:
        report = parse_hook(real | more | spoilt, NOW)
    except InvalidInput:
        return
    for event in report.events:
        for name in (event.session_id, event.tool_name, event.model):
            assert name is None or 0 < len(name) <= 1024
        assert all(len(key) < 320 for key in event.keys)
