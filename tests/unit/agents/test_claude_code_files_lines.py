"""Claude Code's session files: what tools, humans and the client itself wrote."""

from pathlib import Path
from typing import Any

import pytest

from agentmonitor.agents.claude_code.files import open_file
from agentmonitor.errors import UnreadableLine
from tests.fixtures.claude_code.files.build import (
    BEGAN,
    OPUS,
    File,
    call,
    encoded,
    patch,
    stamp,
    text,
    usage,
)
from tests.unit.agents.claude_tell import one, tell

PATCHED = "@@ -1,2 +1,3 @@\n a\n-b\n+c\n+d"
CREATED = "@@ -0,0 +1,2 @@\n+a\n+b"


def test_bookkeeping_tells_nothing() -> None:
    file = File("s")
    for kind in ("mode", "file-history-snapshot", "queue-operation", "pr-link", "agent-name",
                 "last-prompt", "permission-mode", "never-heard-of"):  # fmt: skip
        file.bare(kind, content="x", mode="plan")
    file.line("attachment", attachment={"type": "todo"})
    file.line("system", subtype="api_error", level="error")
    file.line("progress", data={"type": "bash_progress", "output": "x"})
    assert tell(file) == ([], [])


def test_a_call_is_told_when_it_runs_and_when_it_is_done() -> None:
    file = File("s")
    file.answer("m", OPUS, usage(), call("t1", "Bash", command="ls", description="List"))
    file.result("t1", "a\nb", {"stdout": "a\nb", "interrupted": True}, after=2_500)
    (_, event), (signal,) = tell(file)
    assert (signal.signal.kind, signal.signal.call_id, signal.signal.tool) == (
        "tool_started", "t1", "Bash",
    )  # fmt: skip
    assert (signal.signal.detail, signal.at) == ("ls", BEGAN + 1000)
    assert (event.event_type, event.tool_name, event.status) == ("tool_use", "Bash", "success")
    assert (event.duration_ms, event.keys) == (2_500, ("claude_code:tool:t1",))
    assert event.metadata == {
        "tool_use_id": "t1", "command": "ls", "description": "List", "output": "a\nb",
        "is_interrupt": True,
    }  # fmt: skip
    assert event.signal is not None
    assert (event.signal.kind, event.signal.call_id) == ("tool_finished", "t1")


@pytest.mark.parametrize(("after", "duration"), [(0, 0), (-1, None), (86_400_000, None)])
def test_a_duration_that_cannot_be_is_unknown(after: int, duration: int | None) -> None:
    file = File("s")
    file.answer("m", OPUS, usage(), call("t1", "Bash", command="ls"))
    file.result("t1", after=after)
    assert tell(file)[0][1].duration_ms == duration


def test_a_question_to_the_human_is_one() -> None:
    file = File("s")
    file.answer("m", OPUS, usage(), call("t", "AskUserQuestion", questions=[{"question": "A?"}]))
    _, (signal,) = tell(file)
    assert (signal.signal.kind, signal.signal.detail) == ("input_asked", "A?")
    file.result("t", after=60)
    assert tell(file)[0][-1].metadata["description"] == "A?"


@pytest.mark.parametrize(
    ("told", "failed", "lines", "diff"),
    [
        ({"structuredPatch": patch(" a", "-b", "+c", "+d"), "filePath": "/w/a"},
         False, (2, 1), PATCHED),
        ({"type": "create", "content": "a\nb\n", "structuredPatch": []}, False, (2, 0), CREATED),
        ({"type": "text", "file": {"content": "a\nb\n"}}, False, None, None),
        ("Error: String not found", True, None, None),
        ([text("x")], False, None, None),
        (None, False, None, None),
    ],
)  # fmt: skip
def test_changed_lines_are_in_the_patch(
    told: Any, failed: bool, lines: tuple[int, int] | None, diff: str | None
) -> None:
    file = File("s")
    file.answer("m", OPUS, usage(), call("t", "Edit", file_path="/w/a", old_string="b"))
    file.result("t", "text", told, failed=failed)
    event = tell(file)[0][1]
    found = (event.metadata.get("lines_added"), event.metadata.get("lines_removed"))
    assert found == (lines or (None, None))
    assert event.metadata.get("diff") == diff
    assert event.metadata["file_path"] == "/w/a"
    assert event.status == ("error" if failed else "success")
    assert event.metadata.get("error") == ("text" if failed else None)


def test_an_answer_to_an_unknown_call_has_no_name_and_its_key() -> None:
    file = File("s")
    file.result("t", "text", {"filePath": "/w/a", "structuredPatch": patch("+a")})
    event = one(file)
    assert (event.tool_name, event.duration_ms, event.keys) == (None, None, ("claude_code:tool:t",))
    assert event.metadata["file_path"] == "/w/a"


@pytest.mark.parametrize("failed", [False, True])
def test_a_long_answer_is_kept_in_its_beginning(failed: bool) -> None:
    long = "x" * 63_999
    for content in ("é\n\"'\\ " * 40_000, long + "\u2028" * 9_000, long + "😀" * 9_000,
                    "y" * 16_001, [text("y" * 9_000), text("z" * 9_000)]):  # fmt: skip
        file = File("s")
        file.result("t", content, failed=failed)
        whole = "\n".join([content] if isinstance(content, str) else [b["text"] for b in content])
        kept = one(file).metadata
        assert whole.startswith(kept["output"])
        assert 15_800 <= len(kept["output"]) <= 16_000
        assert kept.get("error") == (whole[:1000] if failed else None)


def test_a_name_of_any_kind_is_cut_and_kept() -> None:
    file = File("s")
    file.answer("m", OPUS, usage(), call("t", '<b>"a"\n' + "x" * 2_000))
    file.result("t")
    name = tell(file)[0][1].tool_name
    assert name is not None
    assert name.startswith('<b>"a"\nxxx')
    assert len(name) == 1024


def test_a_subagent_ends_with_its_result() -> None:
    file = File("s")
    file.answer("m", OPUS, usage(), call("t", "Agent", prompt="Look", subagent_type="Explore"))
    file.result("t", "ok", {"status": "completed", "agentId": "a1", "usage": usage(9, 9)})
    events, signals = tell(file)
    assert (signals[1].signal.kind, signals[1].signal.thread) == ("subagent_ended", "a1")
    assert sum(event.tokens_in for event in events) == 4
    assert events[1].metadata["agent_id"] == "a1"


@pytest.mark.parametrize(
    ("content", "fields", "prompt"),
    [
        ("Hello\nyou", {}, "Hello\nyou"),
        ([text("Hello"), text("you")], {}, "Hello\nyou"),
        ([{"type": "image", "source": {}}], {}, "[image]"),
        ("Hello", {"isMeta": True}, None),
        ("Hello", {"isCompactSummary": True}, None),
        ("<command-name>/x</command-name>", {}, None),
        ("<command-message>x</command-message>\n<command-name>/x</command-name>", {}, None),
        ("<local-command-stdout>x</local-command-stdout>", {}, None),
        ("  <task-notification>x</task-notification>", {}, None),
        ("<b>is markup of mine</b>", {}, "<b>is markup of mine</b>"),
        ("", {}, None),
        ("Hello", {"origin": {"kind": "task-notification"}}, None),
        ("Hello", {"origin": {"kind": "human"}}, "Hello"),
    ],
)
def test_only_what_a_human_wrote_is_a_prompt(
    content: Any, fields: dict[str, Any], prompt: str | None
) -> None:
    file = File("s")
    file.prompt(content, **fields)
    events, signals = tell(file)
    assert [event.metadata["prompt"] for event in events] == ([prompt] if prompt else [])
    assert signals == []


def test_a_prompt_is_known_by_its_id_or_by_its_line() -> None:
    file = File("s")
    file.bare("permission-mode", permissionMode="plan")
    file.prompt("One", promptId="p-1")
    file.prompt("Two", permissionMode="default")
    first, second = tell(file)[0]
    assert first.keys == ("claude_code:prompt:p-1",)
    assert first.metadata == {"prompt": "One", "prompt_id": "p-1", "permission_mode": "plan"}
    assert second.keys[0] == "claude_code:line:s--0002"
    assert all(key.startswith("~") for key in second.keys[1:])
    assert second.metadata["permission_mode"] == "default"
    assert first.signal is not None
    assert (first.signal.kind, first.signal.title) == ("turn_started", "One")


def test_a_subagents_prompt_is_its_parents() -> None:
    file = File("s", isSidechain=True, agentId="a")
    file.prompt("Look", promptId="p-1")
    events, (signal,) = tell(file, "s/subagents/agent-a.jsonl")
    assert events == []
    assert (signal.signal.kind, signal.signal.thread) == ("subagent_started", "a")


def test_an_interruption_ends_the_turn() -> None:
    file = File("s")
    file.prompt([text("[Request interrupted by user for tool use]")])
    event = one(file)
    assert (event.event_type, event.keys) == ("turn_end", ("claude_code:line:s--0001",))
    assert event.signal is not None
    assert (event.signal.kind, event.signal.reason) == ("turn_ended", "interrupted")


@pytest.mark.parametrize(("trigger", "kind"), [("auto", "busy"), ("manual", "none")])
def test_a_compaction_is_told_with_its_size(trigger: str, kind: str) -> None:
    file = File("s")
    file.line("system", subtype="compact_boundary",
              compactMetadata={"trigger": trigger, "preTokens": 7})  # fmt: skip
    event = one(file)
    assert event.event_type == "compaction"
    assert event.metadata == {"trigger": trigger, "pre_tokens": 7}
    assert event.signal is not None
    assert event.signal.kind == kind


def test_the_end_of_a_turn_moves_the_state_alone() -> None:
    file = File("s")
    file.line("system", subtype="turn_duration", durationMs=900)
    events, (signal,) = tell(file)
    assert (events, signal.signal.kind) == ([], "turn_ended")


def test_the_best_title_names_the_session_once() -> None:
    file = File("s")
    file.bare("summary", summary="Of old")
    file.prompt("Hello")
    file.bare("ai-title", aiTitle="Made")
    file.bare("ai-title", aiTitle="Made")
    file.bare("custom-title", customTitle="Mine")
    file.bare("ai-title", aiTitle="Made anew")
    _, signals = tell(file)
    assert [report.signal.title for report in signals] == ["Of old", "Made", "Mine"]
    assert {(report.session_id, report.signal.kind) for report in signals} == {("s", "none")}
    assert [report.at for report in signals] == [BEGAN + 1000] * 3


def test_a_title_without_any_time_waits_for_one() -> None:
    file = File("s")
    file.raw(encoded({"type": "summary", "summary": "Early"}))
    reader = open_file(Path("x.jsonl"), None)
    assert reader.read(file.lines[0]).signals == []
    reader = open_file(Path("x.jsonl"), reader.save())
    file.prompt("Hello")
    (signal,) = reader.read(file.lines[1]).signals
    assert (signal.session_id, signal.signal.title) == ("s", "Early")


@pytest.mark.parametrize(
    ("branch", "kept"), [("main", "main"), ("HEAD", None), ("", None), (7, None)]
)
def test_a_branch_is_one_or_none(branch: Any, kept: str | None) -> None:
    file = File("s", gitBranch=branch)
    file.prompt("Hello")
    assert one(file).branch == kept


def test_a_line_without_a_time_has_that_of_the_one_before() -> None:
    file = File("s")
    file.prompt("One")
    file.prompt("Two", timestamp=None)
    file.prompt("Three", timestamp="yesterday")
    file.prompt("Four", timestamp=BEGAN)
    times = [event.occurred_at for event in tell(file)[0]]
    assert times == [BEGAN + 1000, BEGAN + 1000, BEGAN + 1000, BEGAN]


def test_a_line_without_any_time_is_skipped_with_a_reason() -> None:
    file = File("s")
    file.prompt("One", timestamp=None)
    with pytest.raises(UnreadableLine, match="no timestamp"):
        tell(file)


def test_times_may_go_backwards() -> None:
    file = File("s")
    file.prompt("One")
    file.prompt("Two", timestamp=stamp(BEGAN - 5_000))
    assert [event.occurred_at for event in tell(file)[0]] == [BEGAN + 1000, BEGAN - 5_000]
