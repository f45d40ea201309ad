"""Droid's sessions: what happened from the transcript, what was used from the file beside it."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentmonitor.agents.droid import AGENT
from agentmonitor.errors import UnreadableLine
from agentmonitor.model.clock import from_iso
from tests.unit.agents.shelf import facts, read_file, shelf, spoiled, survives

FIXTURES = Path(__file__).parents[2] / "fixtures" / "droid" / "sessions"
LINES = next(FIXTURES.rglob("*.jsonl"))
SETTINGS = next(FIXTURES.rglob("*.settings.json"))
SESSION = LINES.stem


@pytest.fixture
def home(tmp_path: Path) -> Path:
    shutil.copytree(FIXTURES, tmp_path / ".factory" / "sessions")
    return tmp_path


def usage(settings: dict[str, Any], tmp_path: Path) -> tuple[str | None, int, int, int]:
    path = tmp_path / "x.settings.json"
    path.write_text(json.dumps(settings))
    (event,) = read_file(AGENT, path)
    assert event.occurred_at is not None
    return event.model, event.tokens_in, event.tokens_out, event.occurred_at


def test_the_sum_of_a_session_counts_once_and_grows(home: Path) -> None:
    path = next(home.rglob("*.settings.json"))
    told = json.loads(path.read_text("utf-8"))["tokenUsage"]
    expected = (told["inputTokens"], told["outputTokens"], told["cacheReadTokens"],
                told["cacheCreationTokens"])  # fmt: skip
    with shelf(AGENT, home) as found:
        found.read()
        assert found.totals() == {"gpt-5.3-codex": expected}
        assert found.read(anew=True) == 0
        told |= {"outputTokens": told["outputTokens"] + 100, "inputTokens": 40_000}
        path.write_text(json.dumps({"model": "gpt-5.3-codex", "tokenUsage": told}))
        assert found.read() == 0
        assert found.totals() == {"gpt-5.3-codex": (40_000, 12_741, 784_768, 7)}
        (row,) = found.rows("llm_response")
        assert row.client_timestamp == "2026-02-01T10:00:12.000Z"
        assert row.session_id == SESSION


def test_tools_prompts_and_edits_are_told(home: Path) -> None:
    with shelf(AGENT, home) as found:
        found.read()
        assert found.faults == []
        assert found.tools() == {
            "Execute": (1, 1), "Edit": (1, 0), "Create": (1, 0), "ApplyPatch": (1, 1),
        }  # fmt: skip
        (prompt,) = found.rows("user_prompt")
        assert json.loads(prompt.metadata) == {"prompt": "Fix the parser"}
        session = found.sessions()[SESSION]
        assert (session.project, session.files_edited) == ("shop", 2)
        assert (session.lines_added, session.lines_removed) == (2 + 2, 1)
        assert len(found.rows("compaction")) == 1
        assert [row.duration_ms for row in found.rows("tool_use")] == [1000, 1000, 2500, 2500]


def test_reading_line_by_line_with_pauses_says_the_same() -> None:
    at_once = [facts(event) for event in read_file(AGENT, LINES)]
    assert [facts(event) for event in read_file(AGENT, LINES, pause=True)] == at_once
    assert len({keys for _, _, keys, *_ in at_once}) == len(at_once)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"model": "claude-opus-4-5", "tokenUsage": {"outputTokens": 5, "thinkingTokens": 3}}, ("claude-opus-4-5", 0, 5)),  # noqa: E501
        ({"model": "gemini-3-pro", "tokenUsage": {"outputTokens": 5, "thinkingTokens": 3}}, ("gemini-3-pro", 0, 8)),  # noqa: E501
        ({"providerLock": "google", "tokenUsage": {"outputTokens": 5, "thinkingTokens": 3}}, (None, 0, 8)),  # noqa: E501
        ({"model": "custom:Kimi-K3-[Moonshot]-0", "tokenUsage": {"inputTokens": 9}}, ("kimi-k3--0", 9, 0)),  # noqa: E501
    ],
)  # fmt: skip
def test_models_and_reasoning(
    settings: dict[str, Any], expected: tuple[Any, ...], tmp_path: Path
) -> None:
    assert usage(settings, tmp_path)[:3] == expected


def test_the_time_is_that_of_the_transcript_or_else_of_the_settings(tmp_path: Path) -> None:
    settings = {"tokenUsage": {"inputTokens": 1}, "providerLockTimestamp": "2026-01-01T00:00:00Z"}
    assert usage(settings, tmp_path)[3] == from_iso("2026-01-01T00:00:00Z")
    lines = '{"timestamp": "2026-01-02T00:00:00Z"}\n{"timestamp": "never"}\n'
    (tmp_path / "x.jsonl").write_text(lines)
    assert usage(settings, tmp_path)[3] == from_iso("2026-01-02T00:00:00Z")


def chain(folder: Path, *ids: str, call: str = "call_1") -> list[Path]:
    """Transcripts with their settings; each session was started by a call of the one before."""
    paths = []
    for number, own in enumerate(ids):
        caller = {"callingSessionId": ids[number - 1], "callingToolUseId": "t"} if number else {}
        at = f"2026-03-01T10:0{number}:0"
        use = {"type": "tool_use", "id": call, "name": "Execute", "input": {"command": own}}
        answer = {"type": "tool_result", "tool_use_id": call, "content": "ok"}
        lines: list[dict[str, Any]] = [
            {"type": "session_start", "id": own, "title": f"T {own}", "cwd": "/w/shop"} | caller,
            {"type": "message", "id": "m0", "timestamp": f"{at}0Z",
             "message": {"role": "user", "content": f"Do {own}"}},
            {"type": "message", "id": "m1", "timestamp": f"{at}1Z",
             "message": {"role": "assistant", "content": [use]}},
            {"type": "message", "id": "m2", "timestamp": f"{at}2Z",
             "message": {"role": "user", "content": [answer]}},
            {"type": "message", "id": "m3", "timestamp": f"{at}3Z",
             "message": {"role": "assistant", "content": [{"type": "text", "text": "Done"}]}},
        ]  # fmt: skip
        path = folder / f"{own}.jsonl"
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        used = {"model": "m", "tokenUsage": {"inputTokens": 10 ** (number + 1)}}
        (folder / f"{own}.settings.json").write_text(json.dumps(used))
        paths.append(path)
    return paths


def test_sub_agents_belong_to_the_session_that_started_them(tmp_path: Path) -> None:
    """Also one within another, and with message and call ids that every transcript has."""
    folder = tmp_path / ".factory" / "sessions" / "-w-shop"
    folder.mkdir(parents=True)
    chain(folder, "aaaa-1", "bbbb-2", "cccc-3")
    with shelf(AGENT, tmp_path) as found:
        found.read()
        assert found.faults == []
        (session,) = found.sessions().values()
        assert (session.id, session.tokens_in) == ("aaaa-1", 1110)
        assert [json.loads(row.metadata)["prompt"] for row in found.rows("user_prompt")] == [
            "Do aaaa-1"
        ]
        threads = [json.loads(row.metadata).get("subagent_id") for row in found.rows("tool_use")]
        assert threads == ["cccc-3", "bbbb-2", None]
        assert len(found.rows("subagent_start")) == 2
        assert found.read(anew=True) == 0


def test_a_sub_agents_end_is_not_the_end_of_the_turn(tmp_path: Path) -> None:
    _, sub = chain(tmp_path, "aaaa-1", "bbbb-2")
    signals = [event.signal for event in read_file(AGENT, sub) if event.signal]
    assert [(signal.kind, signal.thread) for signal in signals] == [
        ("subagent_started", "bbbb-2"), ("tool_finished", "bbbb-2"), ("subagent_ended", "bbbb-2"),
    ]  # fmt: skip


@pytest.mark.parametrize("calling", ["gone-0", "../x", "bbbb-2", 7])
def test_a_caller_that_cannot_be_found_is_believed_or_passed_over(
    calling: Any, tmp_path: Path
) -> None:
    (path,) = chain(tmp_path, "bbbb-2")
    first, rest = path.read_text().split("\n", 1)
    path.write_text(json.dumps(json.loads(first) | {"callingSessionId": calling}) + "\n" + rest)
    sessions = {event.session_id for event in read_file(AGENT, path)}
    assert sessions == {calling if calling in ("gone-0", "../x") else "bbbb-2"}


def test_settings_without_usage_say_nothing(tmp_path: Path) -> None:
    path = tmp_path / "x.settings.json"
    path.write_text('{"model": "m"}')
    assert read_file(AGENT, path) == []


@pytest.mark.parametrize(
    "line", [b"", b"[]", b"{", b'{"type":"message"}', b'{"type":"message","timestamp":"x"}']
)
def test_what_is_no_line_is_refused_with_a_reason(line: bytes) -> None:
    assert AGENT.files is not None
    with pytest.raises(UnreadableLine, match=r"\w"):
        AGENT.files.open(LINES, None).read(line)


@given(st.data())
def test_lines_and_settings_with_anything_in_them_are_read_or_refused(data: st.DataObject) -> None:
    path = data.draw(st.sampled_from((LINES, SETTINGS)))
    lines = path.read_bytes().splitlines() if path is LINES else [path.read_bytes()]
    document = json.loads(data.draw(st.sampled_from(lines)))
    survives(AGENT, Path("x") / path.name, spoiled(document, data))
