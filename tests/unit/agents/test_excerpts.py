"""What the agents' calls leave of their answers and changes, by either channel, down to the row."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentmonitor.agents import _excerpts
from agentmonitor.agents.claude_code import edits, outputs
from agentmonitor.agents.claude_code.hooks import parse_hook as claude_hook
from agentmonitor.agents.codex.hooks import parse_hook as codex_hook
from agentmonitor.config import Capture
from agentmonitor.metadata import Rules, prepare, unpack_content
from agentmonitor.model.event import Event
from agentmonitor.redact import MARK
from tests.fixtures.claude_code.files.build import OPUS, File, call, usage
from tests.fixtures.codex.build import Rollout
from tests.unit.agents.claude_tell import tell
from tests.unit.agents.test_codex_rollouts import of, read
from tests.unit.builders import NOW
from tests.unit.model.strategies import json_values

SECRET = "ghp_" + "a1B2" * 9
Say = Callable[[str], Event]
"""The event of a call that put a line into a file and answered with that line many times."""


def _patched(line: str) -> dict[str, Any]:
    hunk = {"oldStart": 3, "oldLines": 1, "newStart": 3, "newLines": 1, "lines": [f"+{line}"] * 200}
    return {"filePath": "/w/a", "structuredPatch": [hunk]}


def claude_file(line: str) -> Event:
    file = File("s")
    file.answer("m", OPUS, usage(), call("t", "Edit", file_path="/w/a"))
    file.result("t", f"{line}\n" * 400, _patched(line))
    return tell(file)[0][1]


def claude_by_hook(line: str) -> Event:
    told: dict[str, Any] = {
        "hook_event_name": "PostToolUse",
        "session_id": "s",
        "tool_name": "Edit",
    }
    told |= {"tool_name": "Edit", "tool_input": {"file_path": "/w/a"}}
    (event,) = claude_hook(told | {"tool_response": _patched(line)}, NOW).events
    (other,) = claude_hook(told | {"tool_response": {"stdout": f"{line}\n" * 400}}, NOW).events
    event.metadata["output"] = other.metadata["output"]
    return event


def _patch(line: str) -> str:
    return "*** Begin Patch\n*** Update File: /w/a\n@@\n" + f"+{line}\n" * 200 + "*** End Patch"


def codex_file(line: str) -> Event:
    rollout = Rollout().meta().turn("go")
    rollout.patch(_patch(line), "Exit code: 0\nWall time: 1 seconds\nOutput:\n" + f"{line}\n" * 400)
    (event,) = of(read(rollout.lines), "tool_use")
    return event


def codex_by_hook(line: str) -> Event:
    (event,) = codex_hook(
        {
            "hook_event_name": "PostToolUse", "session_id": "s", "tool_name": "apply_patch",
            "tool_input": {"command": _patch(line)},
            "tool_response": {"output": "Exit code: 0\nOutput:\n" + f"{line}\n" * 400},
        },
        NOW,
    ).events  # fmt: skip
    return event


CHANNELS = [claude_file, claude_by_hook, codex_file, codex_by_hook]


def row(event: Event, capture: Capture = "full") -> tuple[str, dict[str, Any]]:
    """An event's metadata as the row has it, and whole as the transcript shows it."""
    prepare([event], Rules(max_bytes=10_240, edit_tools=frozenset(), capture=capture))
    shown = event.metadata_json or ""
    return shown, json.loads(shown) if event.content is None else unpack_content(event.content)


@pytest.mark.parametrize("say", CHANNELS)
@pytest.mark.parametrize("line", ["x", "some words " * 5])
def test_the_answer_and_the_diff_of_a_call_reach_the_transcript(say: Say, line: str) -> None:
    _, whole = row(say(line))
    answer = f"{line}\n" * 400
    assert answer.startswith(whole["output"])
    assert len(whole["output"]) >= min(len(answer), 15_800)
    assert whole["diff"].count(f"\n+{line}") == 200
    assert whole["lines_added"] == 200


@pytest.mark.parametrize("say", CHANNELS)
@pytest.mark.parametrize("line", [SECRET, f"API_TOKEN={SECRET} {'more words ' * 4}"])
def test_no_secret_of_an_answer_or_a_diff_is_stored(say: Say, line: str) -> None:
    shown, whole = row(say(line))
    assert "a1B2" not in shown + json.dumps(whole)
    assert MARK in whole["output"]
    assert MARK in whole["diff"]


@pytest.mark.parametrize("say", CHANNELS)
def test_without_content_neither_answer_nor_diff_is_stored(say: Say) -> None:
    shown, whole = row(say("precious"), "metadata")
    assert "precious" not in shown
    assert (whole["lines_added"], whole["file_path"]) == (200, "/w/a")


def test_what_was_really_changed_stands_for_the_patch_that_was_asked_for() -> None:
    rollout = Rollout().meta().turn("go")
    call_id = rollout.patch(_patch("asked"))
    changes = {"a.py": {"type": "update", "unified_diff": "@@ -7 +7 @@\n-old\n+new\n"}}
    rollout.event("patch_apply_end", call_id=call_id, success=True, changes=changes)
    rollout.answer(call_id, "Success.")
    (event,) = of(read(rollout.lines), "tool_use")
    assert event.metadata["diff"] == "--- a/a.py\n+++ b/a.py\n@@ -7 +7 @@\n-old\n+new"


def test_a_call_within_a_script_keeps_its_answer_too() -> None:
    rollout = Rollout().meta().turn("go")
    rollout.event(
        "mcp_tool_call_end", call_id="inner", invocation={"server": "docs", "tool": "search"},
        result={"Ok": {"content": [{"type": "text", "text": "two pages"}]}},
    )  # fmt: skip
    (event,) = of(read(rollout.lines), "tool_use")
    assert (event.tool_name, event.metadata["output"]) == ("mcp__docs__search", "two pages")


@pytest.mark.parametrize(
    ("response", "said"),
    [
        ("plain", "plain"),
        ({"stdout": "a\n", "stderr": "b", "interrupted": False}, "a\n\nb"),
        ({"type": "text", "file": {"filePath": "/a", "content": "a\nb"}}, "a\nb"),
        ({"mode": "files_with_matches", "filenames": ["/a", "/b"], "numFiles": 2}, "/a\n/b"),
        ({"content": [{"type": "text", "text": "done"}], "agentId": "a1"}, "done"),
        ([{"type": "text", "text": "a"}, {"type": "image", "source": {}}, {"text": "b"}], "a\nb"),
        ({"type": "create", "content": "new file", "structuredPatch": []}, ""),
        ({"result": "page", "code": 200}, "page"),
        ({"oldTodos": [], "newTodos": []}, ""),
        (None, ""),
    ],
)  # fmt: skip
def test_what_a_tool_reports_of_itself_is_read_for_its_words(response: Any, said: str) -> None:
    assert outputs.said(response) == said


@given(json_values())
def test_any_report_is_read_somehow(response: Any) -> None:
    for each in (response, [response], {"content": response, "file": response}):
        assert len(outputs.said(each)) <= _excerpts.MAX_OUTPUT
        told = edits.changes({"structuredPatch": each, "type": "create", "content": response})
        assert len(told.get("diff", "")) <= _excerpts.MAX_DIFF + 60


@given(st.lists(st.sampled_from([" same", "-gone", "+new", "\\ No newline"]), max_size=40))
def test_the_head_of_a_hunk_counts_its_lines(lines: list[str]) -> None:
    told = edits.changes({"structuredPatch": [{"oldStart": 4, "newStart": 6, "lines": lines}]})
    if not lines:
        assert told == {"lines_added": 0, "lines_removed": 0}
        return
    same, gone, new = (sum(line[0] == sign for line in lines) for sign in " -+")
    head, rest = told["diff"].split("\n", 1)
    assert head == f"@@ -4,{same + gone} +6,{same + new} @@"
    assert rest.split("\n") == lines
    assert (told["lines_added"], told["lines_removed"]) == (new, gone)


@given(st.text(max_size=200), st.integers(0, 400))
def test_the_beginning_of_a_text_is_read_wherever_it_is_cut(text: str, end: int) -> None:
    encoded = json.dumps(text).encode()[:-1]
    found = _excerpts.beginning(encoded[: end + 1])
    assert text.startswith(found)
    assert len(found) * 12 >= min(end, len(encoded) - 1) - 12


def test_a_diff_is_cut_at_a_line_and_says_how_many_are_missing() -> None:
    lines = ["@@ -1,9000 +1,9000 @@", *(f"+line {n}" for n in range(9_000))]
    kept = _excerpts.bounded("\n".join(lines)).split("\n")
    assert kept[:-1] == lines[: len(kept) - 1]
    assert kept[-1] == f"… {len(lines) - len(kept) + 1} more lines are left out"
    assert 23_900 < len("\n".join(kept[:-1])) <= 24_000
    assert _excerpts.bounded("short\n") == "short\n"
    long = _excerpts.bounded("@@ -1 +1 @@\n+" + "x" * 90_000)
    assert len(long) < 24_100
    assert long.endswith("x\n… 1 more lines are left out")
