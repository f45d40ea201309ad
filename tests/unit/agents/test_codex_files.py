"""Rollouts are found wherever the agent may have put them, each once."""

import os
from pathlib import Path

import pytest

from agentmonitor.agents.base import Folders
from agentmonitor.agents.codex.files import SESSION_FILES, find, roots
from agentmonitor.agents.codex.reader import RolloutReader
from tests.fixtures.codex.build import Rollout


def put(home: Path, *names: str) -> list[Path]:
    paths = [home / name for name in names]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return paths


def test_rollouts_of_all_ages_are_found(tmp_path: Path) -> None:
    wanted = put(
        tmp_path / ".codex",
        "sessions/2026/03/01/rollout-2026-03-01T10-00-00-a.jsonl",
        "sessions/2026/03/02/rollout-b.jsonl.zst",
        "sessions/rollout-flat.jsonl",
        "archived_sessions/rollout-c.jsonl",
    )
    put(
        tmp_path / ".codex", "sessions/2026/03/01/notes.jsonl", "sessions/rollout-old.json",
        "history.jsonl", "sessions/2026/03/01/rollout-a.jsonl.tmp",
    )  # fmt: skip
    assert sorted(find(Folders(home=tmp_path))) == sorted(wanted)


def test_the_active_and_the_plain_copy_win(tmp_path: Path) -> None:
    active, _, _, archived, _ = put(
        tmp_path / ".codex", "sessions/2026/03/01/rollout-a.jsonl",
        "sessions/2026/03/01/rollout-a.jsonl.zst", "archived_sessions/rollout-a.jsonl",
        "archived_sessions/rollout-b.jsonl", "archived_sessions/rollout-b.jsonl.zst",
    )  # fmt: skip
    (compressed, _) = put(
        tmp_path / ".codex", "sessions/2026/03/02/rollout-c.jsonl.zst",
        "archived_sessions/rollout-c.jsonl",
    )  # fmt: skip
    assert sorted(find(Folders(home=tmp_path))) == sorted([active, archived, compressed])


def test_the_agents_home_may_be_moved(tmp_path: Path) -> None:
    (moved,) = put(tmp_path / "elsewhere", "sessions/2026/01/01/rollout-a.jsonl")
    put(tmp_path / ".codex", "sessions/2026/01/01/rollout-b.jsonl")
    for value in (str(tmp_path / "elsewhere"), "~/elsewhere"):
        folders = Folders(home=tmp_path, variables={"CODEX_HOME": value})
        assert list(find(folders)) == [moved]
        assert roots(folders)[0] == tmp_path / "elsewhere" / "sessions"
    assert roots(Folders(home=tmp_path, variables={"CODEX_HOME": " "})) == [
        tmp_path / ".codex" / "sessions", tmp_path / ".codex" / "archived_sessions",
    ]  # fmt: skip


def test_what_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    assert list(find(Folders(home=tmp_path / "nowhere"))) == []
    (wanted, hidden) = put(
        tmp_path / ".codex", "sessions/2026/01/01/rollout-a.jsonl",
        "sessions/2025/01/01/rollout-b.jsonl",
    )  # fmt: skip
    (tmp_path / ".codex" / "archived_sessions").write_text("no folder")
    hidden.parent.chmod(0)
    try:
        found = list(find(Folders(home=tmp_path)))
    finally:
        hidden.parent.chmod(0o700)
    assert wanted in found
    if os.geteuid() != 0:
        assert found == [wanted]


def test_a_folder_that_leads_back_to_itself_ends(tmp_path: Path) -> None:
    (wanted,) = put(tmp_path / ".codex", "sessions/2026/01/01/rollout-a.jsonl")
    (tmp_path / ".codex" / "sessions" / "loop").symlink_to(tmp_path / ".codex" / "sessions")
    assert list(find(Folders(home=tmp_path))) == [wanted]


def test_opening_reads_nothing(tmp_path: Path) -> None:
    reader = SESSION_FILES.open(tmp_path / "rollout-not-there.jsonl", None)
    assert isinstance(reader, RolloutReader)


@pytest.mark.parametrize("state", [b"", b"{", b"[]", b'{"thread": 7}'])
def test_a_state_that_cannot_be_read_loses_usage_but_counts_none_twice(state: bytes) -> None:
    rollout = Rollout().meta().turn("go")
    for _ in range(3):
        rollout.tokens({"input_tokens": 100, "output_tokens": 5})
    reader = RolloutReader(Path(rollout.name), state)
    events = [e for line in rollout.lines[-2:] for e in reader.read(line).events]
    assert [(e.session_id, e.tokens_in) for e in events] == [(rollout.thread, 100)] * 2
