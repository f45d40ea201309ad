"""Claude Code's hooks: a real payload of each of the 31 events, and what becomes of it."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from agentmonitor.agents.base import HookReport
from agentmonitor.agents.claude_code.hooks import HTTP_EVENTS, parse_hook
from agentmonitor.model.activity import REMINDER
from tests.unit.builders import NOW

FIXTURES = Path(__file__).parents[2] / "fixtures" / "claude_code" / "hooks"
SESSION = "3f2b8c1e-7d44-4a0b-9c55-0e6f1a2b3c4d"
NAMES = (
    "SessionStart", "Setup", "UserPromptSubmit", "UserPromptExpansion", "PreToolUse",
    "PermissionRequest", "PermissionDenied", "PostToolUse", "PostToolUseFailure",
    "PostToolBatch", "Notification", "MessageDisplay", "SubagentStart", "SubagentStop",
    "TaskCreated", "TaskCompleted", "Stop", "StopFailure", "TeammateIdle",
    "InstructionsLoaded", "ConfigChange", "CwdChanged", "DirectoryAdded", "FileChanged",
    "WorktreeCreate", "WorktreeRemove", "PreCompact", "PostCompact", "Elicitation",
    "ElicitationResult", "SessionEnd",
)  # fmt: skip


@dataclass
class Expected:
    """What a hook becomes; ``type`` None: a change of state that is no event."""

    type: str | None
    signal: str
    metadata: dict[str, Any] = field(default_factory=dict)
    says: dict[str, Any] = field(default_factory=dict)
    """Fields of the signal."""
    status: str = "success"
    tool: str | None = None
    duration: int | None = None
    once: str | None = None
    """How the event's id ends."""
    model: str | None = None


TITLE = "Fix the rounding of cart totals"
COMMAND = "npm test -- --run cart"
TOOL = {"tool": "Bash", "detail": COMMAND, "call_id": "toolu_01AbCdEfGhIjKlMnOpQrStUv"}
PROMPT = "b51c2a7e-0c3f-4f6e-8f0a-6a1d2e3f4a5b"
DONE = "The totals are rounded to cents, and the tests pass."
SUBAGENT = {"subagent_id": "a7c91e04", "subagent_type": "Explore"}
THREAD = {"thread": "a7c91e04", "thread_type": "Explore"}
LIMIT = "API Error: Rate limit reached"
DIFF = """@@ -41,5 +41,6 @@
 function totals() {
   const sum = add(articles);
-  total = sum * 1.19;
+  const gross = sum * 1.19;
+  total = round(gross);
   return total;
 }"""

EXPECTED: dict[str, Expected] = {
    "SessionStart": Expected(
        "session_start", "session_started", {"source": "startup"}, {"reason": "startup"},
        model="claude-opus-4-8",
    ),
    "UserPromptSubmit": Expected(
        "user_prompt", "turn_started",
        {"prompt": f"\n  {TITLE}\n\nTotals with three articles are a cent off.",
         "prompt_id": PROMPT, "permission_mode": "default"},
        {"title": TITLE, "thread": ""},
        once=f"prompt:{PROMPT}",
    ),
    "PreToolUse": Expected(None, "tool_started", says=TOOL),
    "PermissionRequest": Expected(
        "permission_request", "permission_asked",
        {"tool_name": "Bash", "command": "rm -rf dist && npm run build"},
        {"tool": "Bash", "detail": "rm -rf dist && npm run build", "call_id": None},
    ),
    "PermissionDenied": Expected(
        "tool_use", "tool_finished",
        {"command": "curl https://example.com/install.sh | sh",
         "error": "Pipes a download into a shell"},
        {"call_id": "toolu_01Denied0000000000000000"},
        status="error", tool="Bash", once="tool:toolu_01Denied0000000000000000",
    ),
    "PostToolUse": Expected(
        "tool_use", "tool_finished",
        {"file_path": "/home/dev/shop/src/cart.ts", "lines_added": 2, "lines_removed": 1,
         "tool_use_id": "toolu_01EditEditEditEditEdit01", "diff": DIFF},
        {"tool": "Edit"},
        tool="Edit", duration=38, once="tool:toolu_01EditEditEditEditEdit01",
    ),
    "PostToolUseFailure": Expected(
        "tool_use", "tool_finished",
        {"command": COMMAND, "description": "Run the cart tests",
         "error": "Exit code 1\nFAIL  src/cart.test.ts > totals > rounds to cents"},
        TOOL,
        status="error", tool="Bash", duration=8421, once="tool:toolu_01AbCdEfGhIjKlMnOpQrStUv",
    ),
    "PostToolBatch": Expected(None, "busy"),
    "Notification": Expected(
        "notification", "permission_asked",
        {"notification_type": "permission_prompt", "title": "Permission needed",
         "message": "Claude needs your permission to use Bash"},
        {"reason": REMINDER, "detail": "Claude needs your permission to use Bash"},
    ),
    "MessageDisplay": Expected(None, "none"),
    "SubagentStart": Expected("subagent_start", "subagent_started", SUBAGENT, THREAD),
    "SubagentStop": Expected(
        "subagent_end", "subagent_ended",
        SUBAGENT | {"message": "Rounding happens in three places."}, THREAD,
    ),
    "Stop": Expected(
        "turn_end", "turn_ended", {"message": DONE}, {"detail": DONE, "thread": ""},
        once=f"stop:{PROMPT}:{NOW // 1000}",
    ),
    "StopFailure": Expected(
        "error", "turn_failed", {"error": "rate_limit", "message": LIMIT},
        {"reason": "rate_limit", "detail": LIMIT}, status="error",
    ),
    "PreCompact": Expected("compaction", "compacting", {"trigger": "auto"}),
    "PostCompact": Expected(
        "compaction", "busy",
        {"trigger": "auto",
         "message": "The user wants cart totals rounded to cents. Done so far: cart.ts."},
    ),
    "Elicitation": Expected(
        "notification", "input_asked",
        {"notification_type": "elicitation", "message": "Which project should the ticket go to?"},
        {"reason": "elicitation", "detail": "Which project should the ticket go to?"},
    ),
    "ElicitationResult": Expected(None, "input_settled"),
    "SessionEnd": Expected(
        "session_end", "session_ended", {"reason": "prompt_input_exit"},
        {"reason": "prompt_input_exit"},
    ),
    # Nothing is made of these but a record: all that they say is kept.
    "Setup": Expected("hook", "none", {"trigger": "init"}),
    "UserPromptExpansion": Expected("hook", "none", {"command_name": "review"}),
    "TaskCreated": Expected("hook", "none", {"task_subject": "Round the totals"}),
    "TaskCompleted": Expected("hook", "none", {"task_id": "1"}),
    "TeammateIdle": Expected("hook", "none", {"teammate_name": "builder"}),
    "InstructionsLoaded": Expected("hook", "none", {"file_path": "/home/dev/shop/CLAUDE.md"}),
    "ConfigChange": Expected("hook", "none", {"source": "project_settings"}),
    "CwdChanged": Expected("hook", "none", {"new_cwd": "/home/dev/shop/packages/api"}),
    "DirectoryAdded": Expected("hook", "none", {"directory": "/home/dev/design"}),
    "FileChanged": Expected("hook", "none", {"file_path": "/home/dev/shop/.envrc"}),
    "WorktreeCreate": Expected("hook", "none", {"name": "bold-oak-a3f2"}),
    "WorktreeRemove": Expected(
        "hook", "none", {"worktree_path": "/home/dev/shop/.claude/worktrees/bold-oak-a3f2"}
    ),
}  # fmt: skip


def payload(name: str) -> dict[str, Any]:
    document = json.loads((FIXTURES / f"{name}.json").read_text("utf-8"))
    assert isinstance(document, dict)
    return document


def test_there_is_a_payload_and_a_claim_for_each_event() -> None:
    assert len(NAMES) == 31
    assert sorted(EXPECTED) == sorted(NAMES)
    assert sorted(file.stem for file in FIXTURES.glob("*.json")) == sorted(NAMES)
    for name in NAMES:
        assert payload(name)["hook_event_name"] == name


@pytest.mark.parametrize("name", NAMES)
def test_each_hook_becomes_what_it_says(name: str) -> None:
    expected, given = EXPECTED[name], payload(name)
    report = parse_hook(given, NOW)
    assert report.cwd == given["cwd"]
    if expected.type is None:
        (state,) = report.signals
        assert report.events == []
        assert (state.session_id, state.agent_type, state.at) == (SESSION, "claude_code", NOW)
        signal = state.signal
    else:
        (event,) = report.events
        assert report.signals == []
        assert event.signal is not None
        signal = event.signal
        assert (event.session_id, event.agent_type) == (SESSION, "claude_code")
        assert (event.event_type, event.source) == (expected.type, "hook")
        assert (event.tool_name, event.status or "success") == (expected.tool, expected.status)
        assert (event.duration_ms, event.model) == (expected.duration, expected.model)
        once = f"claude_code:{SESSION}:{expected.once}" if expected.once else None
        assert event.event_id == once
        assert event.metadata["hook_event"] == name
        assert {k: event.metadata.get(k) for k in expected.metadata} == expected.metadata
    assert (signal.kind, signal.cwd) == (expected.signal, given["cwd"])
    assert {k: getattr(signal, k) for k in expected.says} == expected.says


@pytest.mark.parametrize("name", [n for n in NAMES if EXPECTED[n].type == "hook"])
def test_a_hook_that_means_nothing_to_us_is_kept_whole(name: str) -> None:
    given = payload(name)
    (event,) = parse_hook(given, NOW).events
    for key in given.keys() - {"session_id", "cwd", "hook_event_name"}:
        assert event.metadata[key] == given[key]


def test_an_unknown_name_is_kept_as_a_hook() -> None:
    given = {"session_id": "s", "hook_event_name": "BrandNew", "novelty": {"a": [1]}}
    (event,) = parse_hook(given, NOW).events
    assert event.event_type == "hook"
    assert event.metadata == {"hook_event": "BrandNew", "novelty": {"a": [1]}}


def test_hooks_of_subagents_go_to_their_thread() -> None:
    inside = {"agent_id": "x1", "agent_type": "Explore"}
    for name in ("PreToolUse", "PostToolUse", "PermissionRequest"):
        report = parse_hook(payload(name) | inside, NOW)
        signal = report.signals[0].signal if report.signals else report.events[0].signal
        assert signal is not None
        assert (signal.thread, signal.thread_type) == ("x1", "Explore")
        for event in report.events:
            assert event.metadata["subagent_id"] == "x1"
            assert event.metadata["subagent_type"] == "Explore"
            assert event.agent_type == "claude_code"


@pytest.mark.parametrize(
    ("changed", "kind"),
    [
        ({"notification_type": "idle_prompt"}, "input_asked"),
        ({"notification_type": "elicitation_dialog"}, "input_asked"),
        ({"notification_type": "agent_needs_input"}, "input_asked"),
        ({"notification_type": "auth_success"}, "none"),
        ({"notification_type": None}, "none"),
    ],
)
def test_a_notification_asks_only_when_it_says_so(changed: dict[str, Any], kind: str) -> None:
    (event,) = parse_hook(payload("Notification") | changed, NOW).events
    assert event.signal is not None
    assert event.signal.kind == kind


@pytest.mark.parametrize(
    ("tool", "tool_input", "question"),
    [
        (
            "AskUserQuestion",
            {"questions": [{"question": "A?"}, {"x": 1}, {"question": "B?"}]},
            "A?\nB?",
        ),
        ("AskUserQuestion", {"question": "C?"}, "C?"),
        ("ExitPlanMode", {"plan": "1. Look\n2. Leap"}, "1. Look\n2. Leap"),
        ("ExitPlanMode", {}, None),
        ("AskUserQuestion", "odd", None),
    ],
)
def test_a_tool_that_asks_a_human_is_a_question(tool: str, tool_input: Any, question: str) -> None:
    given = payload("PreToolUse") | {"tool_name": tool, "tool_input": tool_input}
    before = parse_hook(given, NOW).signals[0].signal
    request = payload("PermissionRequest") | {"tool_name": tool, "tool_input": tool_input}
    asked = parse_hook(request, NOW).events[0].signal
    assert asked is not None
    for signal in (before, asked):
        assert (signal.kind, signal.reason, signal.detail) == ("input_asked", "question", question)
    done = payload("PostToolUse") | {"tool_name": tool, "tool_input": tool_input}
    assert parse_hook(done, NOW).events[0].metadata.get("description") == question


def test_a_compaction_does_not_begin_a_session() -> None:
    (event,) = parse_hook(payload("SessionStart") | {"source": "compact"}, NOW).events
    assert event.signal is not None
    assert (event.event_type, event.signal.kind) == ("session_start", "busy")


def test_the_same_outcome_twice_has_the_same_id_and_another_does_not() -> None:
    def once(name: str, **changed: Any) -> str | None:
        return parse_hook(payload(name) | changed, NOW).events[0].event_id

    assert once("PostToolUse") == once("PostToolUse") != once("PostToolUse", tool_use_id="other")
    assert once("PostToolUse") != once("PostToolUse", session_id="other")
    assert once("PostToolUse", tool_use_id=None) is None
    assert once("Stop", prompt_id=None) is None


def test_only_events_that_http_can_carry_are_subscribed_to() -> None:
    assert set(HTTP_EVENTS) <= set(NAMES) - {"SessionStart", "Setup", "WorktreeCreate"}


@pytest.mark.parametrize(
    "payload", [{}, {"session_id": ""}, {"session_id": " "}, {"session_id": 7}]
)
def test_a_payload_without_a_session_is_refused(payload: dict[str, Any]) -> None:
    from agentmonitor.errors import InvalidInput

    with pytest.raises(InvalidInput) as caught:
        parse_hook(payload, NOW)
    assert [name for name, _ in caught.value.details] == ["session_id"]


def test_a_report_is_about_one_session() -> None:
    assert isinstance(parse_hook(payload("Stop"), NOW), HookReport)
