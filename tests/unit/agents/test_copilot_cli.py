"""Copilot CLI's log: output from the answers, and the rest from the sums when a session is left."""

import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentmonitor.agents.copilot_cli import AGENT, roots
from agentmonitor.agents.copilot_cli.usage import rests
from agentmonitor.errors import UnreadableLine
from agentmonitor.paths import Folders
from tests.unit.agents.shelf import facts, read_file, shelf, spoiled, survives, totals

FIXTURES = Path(__file__).parents[2] / "fixtures" / "copilot_cli" / "session-state"
LOG = next(FIXTURES.rglob("events.jsonl"))
LINES = [json.loads(line) for line in LOG.read_bytes().splitlines()]
SESSION = LOG.parent.name


@pytest.fixture
def home(tmp_path: Path) -> Path:
    shutil.copytree(FIXTURES, tmp_path / ".copilot" / "session-state")
    return tmp_path


def test_what_was_used_is_counted_once(home: Path) -> None:
    metrics = [
        (model, metric["usage"])
        for line in LINES
        if line["type"] == "session.shutdown"
        for model, metric in line["data"]["modelMetrics"].items()
    ]
    expected = totals(
        (model, u["inputTokens"] - u["cacheReadTokens"] - u["cacheWriteTokens"],
         u["outputTokens"], u["cacheReadTokens"], u["cacheWriteTokens"])
        for model, u in metrics
    )  # fmt: skip
    with shelf(AGENT, home) as found:
        found.read()
        assert found.totals() == expected
        assert expected["gpt-5.4"] == (900 + 400, 41, 100, 0)
        assert found.read(anew=True) == 0
        assert found.totals() == expected
        assert found.faults == []


def test_a_session_that_still_runs_has_its_output(home: Path) -> None:
    path = next(home.rglob("events.jsonl"))
    lines = path.read_bytes().splitlines(keepends=True)
    left = next(n for n, line in enumerate(LINES) if line["type"] == "session.shutdown")
    path.write_bytes(b"".join(lines[:left]))
    with shelf(AGENT, home) as found:
        found.read()
        assert found.totals() == {"claude-opus-4.7": (0, 150, 0, 0), "gpt-5.4": (0, 30, 0, 0)}
        path.write_bytes(b"".join(lines))
        found.read()
        assert found.totals()["claude-opus-4.7"] == (3000, 170, 15_000, 2000)


def test_tools_prompts_edits_and_subagents_are_told(home: Path) -> None:
    with shelf(AGENT, home) as found:
        found.read()
        assert found.tools() == {"bash": (1, 1), "edit": (1, 0), "apply_patch": (1, 0)}
        prompts = [json.loads(row.metadata)["prompt"] for row in found.rows("user_prompt")]
        assert prompts == ["And now?", "Fix the parser"]
        session = found.sessions()[SESSION]
        assert (session.project, session.branch, session.files_edited) == ("shop", "fix", 2)
        assert (session.lines_added, session.lines_removed) == (2 + 7, 1 + 2)
        bash = next(row for row in found.rows("tool_use") if row.tool_name == "bash")
        assert (bash.duration_ms, json.loads(bash.metadata)["error"]) == (2500, "exit 2")
        (started,) = found.rows("subagent_start")
        told = json.loads(started.metadata)
        assert (told["subagent_id"], told["subagent_type"]) == ("task-1", "explore")
        (error,) = found.rows("error")
        assert json.loads(error.metadata)["error"] == "rate_limit"
        kinds = ("compaction", "subagent_end", "turn_end", "session_end")
        assert [len(found.rows(kind)) for kind in kinds] == [1, 1, 1, 2]


def test_reading_line_by_line_with_pauses_says_the_same() -> None:
    at_once = [facts(event) for event in read_file(AGENT, LOG)]
    assert [facts(event) for event in read_file(AGENT, LOG, pause=True)] == at_once


@given(
    st.dictionaries(st.sampled_from("abc"), st.integers(0, 50)),
    st.dictionaries(st.sampled_from("abcd"), st.integers(0, 50)),
)
def test_answers_and_the_rest_are_the_sum_whatever_models_are_called(
    spoken: dict[str, int], summed: dict[str, int]
) -> None:
    metrics = {model: {"usage": {"outputTokens": out}} for model, out in summed.items()}
    rest = sum(each.tokens_out for each in rests(metrics, spoken))
    assert rest + sum(spoken.values()) <= max(sum(summed.values()), sum(spoken.values()))
    if spoken.keys() <= summed.keys() and all(summed[m] >= n for m, n in spoken.items()):
        assert rest + sum(spoken.values()) == sum(summed.values())


def test_the_folder_can_be_moved_and_older_logs_are_found(tmp_path: Path) -> None:
    assert roots(Folders(Path("/h"))) == [Path("/h/.copilot/session-state")]
    assert roots(Folders(Path("/h"), {"COPILOT_HOME": "~/c"})) == [Path("/h/c/session-state")]
    root = tmp_path / "session-state"
    (root / "s2" / "checkpoints").mkdir(parents=True)
    for name in ("s1.jsonl", "s2/events.jsonl", "s2/other.jsonl", "s2/checkpoints/x.jsonl"):
        (root / name).touch()
    assert AGENT.files is not None
    found = AGENT.files.find(Folders(tmp_path, {"COPILOT_HOME": str(tmp_path)}))
    assert sorted(found) == [root / "s1.jsonl", root / "s2" / "events.jsonl"]
    line = b'{"type":"user.message","timestamp":"2026-01-01T00:00:00Z","data":{"content":"x"}}'
    (event,) = AGENT.files.open(root / "s1.jsonl", None).read(line).events
    assert event.session_id == "s1"


@pytest.mark.parametrize("line", [b"", b"[]", b"{}", b'{"type":"abort","data":{}}'])
def test_what_is_no_line_is_refused_with_a_reason(line: bytes) -> None:
    assert AGENT.files is not None
    with pytest.raises(UnreadableLine, match=r"\w"):
        AGENT.files.open(LOG, None).read(line)


@given(st.data())
def test_lines_with_anything_in_them_are_read_or_refused(data: st.DataObject) -> None:
    line = json.loads(json.dumps(data.draw(st.sampled_from(LINES))))
    survives(AGENT, LOG, spoiled(line, data))
