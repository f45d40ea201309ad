"""What a call is about and how it went, in every shape that versions have written."""

import json
import re
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentmonitor.agents.codex import patches
from agentmonitor.agents.codex.calls import Call, described
from agentmonitor.agents.codex.outcomes import Outcome, outcome, words
from agentmonitor.agents.codex.values import duration, moment, uuid7_time
from tests.fixtures.codex.build import BEGAN, uuid7
from tests.unit.model.strategies import json_values

PATCH = """*** Begin Patch
*** Update File: src/a.py
*** Move to: src/b.py
@@ def f():
-    old
+    new
+    more
 context
*** End of File
*** Delete File: /abs/gone.py
*** Add File: c.txt
+--- not a header
+
*** End Patch"""
CHANGES = [("/w/src/b.py", 2, 1), ("/abs/gone.py", 0, 0), ("/w/c.txt", 2, 0)]


def read(answer: Any, **call: Any) -> Outcome:
    raw = json.dumps(answer, ensure_ascii=False).encode("utf-8", "replace")
    return outcome(msgspec.Raw(raw), Call("exec_command", 0, **call))


def how(answer: Any, **call: Any) -> tuple[str, int | None, str]:
    found = read(answer, **call)
    return found.status, found.duration, found.error


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("Exit code: 0\nWall time: 1.5 seconds\nOutput:\nfine", ("success", 1500, "")),
        ("Exit code: 2\nWall time: 0 seconds\nTotal output lines: 900\nOutput:\nbad\n", ("error", 0, "bad")),  # noqa: E501
        ("Chunk ID: x\nWall time: 0.2 seconds\nProcess exited with code 0\nOutput:\nExit code: 9", ("success", 200, "")),  # noqa: E501
        ("Chunk ID: x\nWall time: 0.2 seconds\nProcess running with session ID 7\nOutput:\nerror: x", ("success", 200, "")),  # noqa: E501
        ("Chunk ID: x\nProcess exited with code -1\nOutput:\n", ("error", None, "exit code -1")),
        ("Script completed\nWall time 0.5 seconds\nOutput:\nerror: x", ("success", 500, "")),
        ("Script failed\nWall time 0.5 seconds\nOutput:\nboom", ("error", 500, "boom")),
        (json.dumps({"output": "x", "metadata": {"exit_code": 0, "duration_seconds": 0.1}}), ("success", 100, "")),  # noqa: E501
        (json.dumps({"output": "x" * 9000, "metadata": {"exit_code": 3, "duration_seconds": 2}}), ("error", 2000, "x" * 0)),  # noqa: E501
        (json.dumps({"output": "", "metadata": {"exit_code": 124}}), ("timeout", None, "exit code 124")),  # noqa: E501
        ("command timed out after 120000 milliseconds", ("timeout", None, "command timed out after 120000 milliseconds")),  # noqa: E501
        ("apply_patch verification failed: no file", ("error", None, "apply_patch verification failed: no file")),  # noqa: E501
        ("patch rejected by user", ("error", None, "patch rejected by user")),
        ("aborted by user after 3.1s", ("error", None, "aborted by user after 3.1s")),
        ("Plan updated", ("success", None, "")),
        ("", ("success", None, "")),
        (None, ("success", None, "")),
        ([{"type": "input_text", "text": "Script failed\nOutput:\n"}, {"type": "input_text", "text": "why"}], ("error", None, "why")),  # noqa: E501
        ([{"type": "input_image", "image_url": "data:"}], ("success", None, "")),
        ({"content": "denied", "success": False}, ("error", None, "denied")),
        ({"content": [{"type": "text", "text": "fine"}], "success": True}, ("success", None, "")),
        ({"output": "x", "metadata": {"exit_code": 1}}, ("error", None, "x")),
    ],
)  # fmt: skip
def test_an_answer_tells_how_a_call_went(answer: Any, expected: tuple[Any, ...]) -> None:
    status, took, error = how(answer)
    assert (status, took) == expected[:2]
    assert error == expected[2] or (len(str(answer)) > 5000 and error)


def test_a_line_of_its_own_knows_better_than_the_answer() -> None:
    assert how("Exit code: 0\nOutput:\n", failed=True)[0] == "error"
    assert how("Exit code: 1\nOutput:\n", failed=False)[0] == "success"
    assert how("fine", exit_code=1, failed=True) == ("error", None, "fine")
    assert how("fine", exit_code=124, failed=True)[0] == "timeout"


def test_a_long_answer_is_read_by_its_head() -> None:
    head = "Exit code: 7\nWall time: 3 seconds\nOutput:\n"
    for body in ("é" * 5000, '\\"' * 5000, "\\n" * 5000, "\n" * 5000, "x" * 50_000):
        assert how(head + body)[:2] == ("error", 3000)
    raw = b'"Exit code: 7\\nOutput:\\n' + b"x" * 3000 + b'\\ud800"'
    assert outcome(msgspec.Raw(raw), Call("x", 0)).status == "error"


@pytest.mark.parametrize(
    "body",
    ["é" * 50_000, '\\"' * 30_000, "\\n" * 30_000, "\n" * 90_000, "x" * 90_000, "😀" * 20_000,
     "fine", "{}", ""],
)  # fmt: skip
def test_what_a_call_answered_is_kept_without_its_header(body: str) -> None:
    wrapped = json.dumps({"output": body, "metadata": {"exit_code": 0}}, ensure_ascii=False)
    head = "Chunk ID: x\nWall time: 1 seconds\nProcess exited with code 0\nOutput:\n"
    for answer in (head + body, wrapped, [{"type": "input_text", "text": head + body}],
                   {"content": body, "success": True}):  # fmt: skip
        found = read(answer)
        assert (found.status, found.error) == ("success", "")
        for kept in (found.output, words(answer)):
            assert body.startswith(kept)
            # Where each character takes four bytes, a few fewer are kept.
            assert min(len(body), 15_800) <= len(kept) <= 16_000


def test_of_a_call_that_failed_the_output_is_kept_where_the_error_is_not_all_of_it() -> None:
    for length in (500, 501, 90_000):
        found = read("Exit code: 1\nOutput:\n" + "x" * length)
        assert found.error == "x" * 500
        assert found.output == ("" if length == 500 else "x" * min(length, 16_000))


@given(json_values(), st.text())
def test_any_answer_is_read_somehow(answer: Any, words: str) -> None:
    how(answer)
    how("Exit code: " + words)
    raw = msgspec.Raw(b'"' + words.encode("utf-8", "replace") + b'"')
    outcome(raw, Call("x", 0))


@pytest.mark.parametrize(
    "arguments",
    [
        {"command": ["apply_patch", PATCH]},
        {"command": ["bash", "-lc", f"apply_patch <<'EOF'\n{PATCH}\nEOF"]},
        {"command": ["/bin/zsh", "-lc", f"cd /w && applypatch <<EOF\n{PATCH}\nEOF"]},
        {"command": f"apply_patch <<'EOF'\n{PATCH}\nEOF"},
        {"cmd": f" cd /w; apply_patch <<'EOF'\n{PATCH}\nEOF", "workdir": "/w"},
    ],
)
def test_a_shell_that_patches_is_a_patch(arguments: dict[str, Any]) -> None:
    call = described("shell", json.dumps(arguments), cwd="/w")
    assert call.name == "apply_patch"
    assert [(c.path, c.added, c.removed) for c in call.changes] == CHANGES
    assert call.facts == {
        "lines_added": 4, "lines_removed": 1, "file_path": "/w/src/b.py",
        "files": ["/w/src/b.py", "/abs/gone.py", "/w/c.txt"],
        "diff": PATCH.removesuffix("\n*** End Patch"),
    }  # fmt: skip


@pytest.mark.parametrize(
    "arguments", [PATCH, json.dumps({"input": PATCH}), json.dumps({"patch": PATCH}), {"command": PATCH}]  # noqa: E501
)  # fmt: skip
def test_a_patch_comes_as_text_or_as_an_argument(arguments: Any) -> None:
    call = described("apply_patch", arguments, cwd="/w")
    assert [(c.path, c.added, c.removed) for c in call.changes] == CHANGES


@pytest.mark.parametrize(
    ("tool", "arguments", "name", "facts", "detail"),
    [
        ("shell", {"command": ["bash", "-lc", "ls -l"]}, "shell", {"command": "ls -l"}, "ls -l"),
        ("shell", {"command": ["git", "status"]}, "shell", {"command": "git status"}, "git status"),
        (
            "exec_command",
            {"cmd": "grep apply_patch x"},
            "exec_command",
            {"command": "grep apply_patch x"},
            "grep apply_patch x",
        ),
        ("view_image", {"path": "/a.png"}, "view_image", {"path": "/a.png"}, "/a.png"),
        ("spawn_agent", {"message": "Look"}, "spawn_agent", {}, "Look"),
        ("update_plan", {"plan": []}, "update_plan", {}, ""),
        ("exec", "const r = 1;", "exec", {"command": "const r = 1;"}, "const r = 1;"),
        ("shell", "{broken", "shell", {"command": "{broken"}, "{broken"),
        ("shell", None, "shell", {}, ""),
        ("shell", {"command": [1, 2]}, "shell", {}, ""),
    ],
)
def test_a_call_says_what_it_is_about(
    tool: str, arguments: Any, name: str, facts: dict[str, Any], detail: str
) -> None:
    given_as = (
        [arguments] if not isinstance(arguments, dict) else [arguments, json.dumps(arguments)]
    )
    for each in given_as:
        call = described(tool, each)
        assert (call.name, call.facts, call.detail) == (name, facts, detail)


def test_what_was_really_changed_is_counted() -> None:
    changed = {
        "a.py": {"type": "update", "unified_diff": "--- a\n+++ b\n@@ -1 +1 @@\n--- x\n+y\n", "move_path": "b.py"},  # noqa: E501
        "/n": {"add": {"content": "1\n2"}},
        "/g": {"type": "delete", "content": "1\n2\n"},
        "/odd": 7,
        "/empty": {"type": "add", "content": ""},
    }  # fmt: skip
    found = patches.located(patches.from_map(changed), "C:\\w")
    assert [(c.path, c.kind, c.added, c.removed) for c in found] == [
        ("C:\\w\\b.py", "update", 1, 1), ("/n", "add", 2, 0), ("/g", "delete", 0, 2),
        ("/empty", "add", 0, 0),
    ]  # fmt: skip


def test_what_was_really_changed_is_a_diff_of_each_file() -> None:
    changed = {
        "a.py": {"type": "update", "unified_diff": "@@ -1 +1 @@\n-x\n+y\n", "move_path": "b c.py"},
        "/n": {"add": {"content": "1\n2"}},
        "/g": {"type": "delete", "content": "1\n2\n"},
        "/odd": 7,
        "/empty": {"type": "add", "content": ""},
    }
    assert patches.diff_of_map(changed) == (
        "--- a/a.py\n+++ b/b c.py\n@@ -1 +1 @@\n-x\n+y\n"
        "--- /dev/null\n+++ /n\n@@ -0,0 +1,2 @@\n+1\n+2\n"
        "--- /g\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-1\n-2"
    )
    assert patches.diff_of_map(None) == patches.diff_of_text("no patch") == ""


@pytest.mark.parametrize(("files", "lines"), [(1, 100_000), (3, 9_000), (900, 40), (2, 2_999)])
def test_a_long_diff_ends_at_a_line_and_says_how_many_are_missing(files: int, lines: int) -> None:
    changed = {f"/f{n}": {"type": "add", "content": "line\n" * lines} for n in range(files)}
    kept, last = patches.diff_of_map(changed).rsplit("\n", 1)
    assert len(kept) <= 24_000
    missing = files * lines - kept.count("\n+line")
    told = re.fullmatch(r"… (\d+) more lines are left out", last)
    assert told is not None
    # The heads of files that are left out as a whole are not counted.
    assert missing <= int(told[1]) <= missing + 3 * files
    assert kept.rsplit("\n", 1)[1] == "+line"


def test_a_patch_of_very_many_files_keeps_its_sums() -> None:
    many = "".join(f"*** Add File: f{n}\n+x\n" for n in range(1000))
    found = patches.from_text(f"*** Begin Patch\n{many}*** End Patch")
    assert len(found) == patches.MAX_FILES + 1
    assert patches.described(found)["lines_added"] == 1000


def test_times_are_read_or_left_out() -> None:
    assert moment("2026-03-01T10:00:00.000Z") == moment(BEGAN) == moment(BEGAN / 1000) == BEGAN
    assert moment("2026-03-01T12:00:00+02:00") == BEGAN
    for odd in ("", "soon", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", -5, 1e300, None, True):
        assert moment(odd) is None
    assert duration({"secs": 1, "nanos": 500_000_000}) == 1500
    assert (duration("1.5s"), duration("20ms"), duration(0.25), duration("?")) == (
        1500,
        20,
        250,
        None,
    )
    assert uuid7_time(uuid7(BEGAN)) == BEGAN
    assert uuid7_time("8b1f6c8e-27c8-4c70-b6e4-46b99fdf0236") is None
