"""Where Claude Code's session files are, and to which session and sub-agent a file belongs."""

import os
from pathlib import Path

import pytest

from agentmonitor.agents.claude_code import AGENT
from agentmonitor.agents.claude_code.files import FILES, open_file
from agentmonitor.paths import Folders
from tests.fixtures.claude_code.files.build import HAIKU, SLUG, File, home, subagent, text, usage


def found(folder: Path, **variables: str) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in FILES.find(Folders(folder, variables))}


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")
    return path


def test_the_agent_declares_its_files() -> None:
    assert AGENT.files is FILES


def test_sessions_and_subagents_are_found_and_nothing_else(tmp_path: Path) -> None:
    projects = f".claude/projects/{SLUG}"
    assert found(home(tmp_path)) == {
        f"{projects}/aaaa.jsonl", f"{projects}/bbbb.jsonl", f"{projects}/cccc.jsonl",
        f"{projects}/eeee.jsonl", f"{projects}/another-name.jsonl", f"{projects}/agent-f7.jsonl",
        f"{projects}/aaaa/subagents/agent-a1.jsonl",
        f"{projects}/aaaa/subagents/workflows/wf_1/agent-a2.jsonl",
        f"{projects}/eeee/subagents/agent-e1.jsonl",
        ".config/claude/projects/-x/ffff.jsonl",
    }  # fmt: skip


def test_configured_folders_are_looked_at_as_well(tmp_path: Path) -> None:
    for folder in ("one", "two", ".claude"):
        touch(tmp_path / folder / "projects" / "p" / "s.jsonl")
    variable = f"{tmp_path}/one, ~/two,,{tmp_path}/none"
    assert found(tmp_path, CLAUDE_CONFIG_DIR=variable) == {
        f"{folder}/projects/p/s.jsonl" for folder in ("one", "two", ".claude")
    }
    assert FILES.roots(Folders(tmp_path, {"CLAUDE_CONFIG_DIR": variable})) == [
        tmp_path / folder / "projects"
        for folder in ("one", "two", "none", ".claude", ".config/claude")
    ]


def test_a_folder_is_looked_at_once(tmp_path: Path) -> None:
    folder = tmp_path / ".claude" / "projects" / "p"
    touch(folder / "s.jsonl")
    (folder / "s").mkdir()
    (folder / "s" / "subagents").symlink_to(folder)
    (folder / "loop").symlink_to(folder)
    (tmp_path / ".config").mkdir()
    (tmp_path / ".config" / "claude").symlink_to(tmp_path / ".claude")
    assert found(tmp_path, CLAUDE_CONFIG_DIR=f"{tmp_path}/.claude") == {
        ".claude/projects/p/s.jsonl"
    }


def test_what_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    projects = tmp_path / ".claude" / "projects"
    touch(projects / "p" / "s.jsonl")
    touch(projects / "file")
    (projects / "p" / "gone.jsonl").symlink_to(tmp_path / "nowhere")
    (projects / "q").mkdir()
    touch(projects / "q" / "t.jsonl")
    os.chmod(projects / "q", 0)
    try:
        assert ".claude/projects/p/s.jsonl" in found(tmp_path)
    finally:
        os.chmod(projects / "q", 0o700)
    assert found(tmp_path / "nobody") == set()


def test_a_subagents_file_tells_whose_it_is(tmp_path: Path) -> None:
    folder = home(tmp_path) / ".claude" / "projects" / SLUG
    path = folder / "aaaa" / "subagents" / "agent-a1.jsonl"
    reader = open_file(path, None)
    events = [e for line in path.read_bytes().splitlines() for e in reader.read(line).events]
    assert {event.session_id for event in events} == {"aaaa"}
    for event in events:
        assert event.metadata["subagent_id"] == "a1"
        assert event.metadata["subagent_type"] == "Explore"
        assert event.report is None or not event.report.is_copy
        assert event.signal is not None
        assert (event.signal.thread, event.signal.thread_type) == ("a1", "Explore")


@pytest.mark.parametrize(
    ("path", "session"),
    [("p/agent-x.jsonl", "agent-x"), ("p/s/subagents/agent-x.jsonl", "s"),
     ("p/s/subagents/workflows/wf_1/agent-x.jsonl", "s"), ("p/s.jsonl", "s")],
)  # fmt: skip
def test_a_session_that_no_line_names_is_that_of_the_place(path: str, session: str) -> None:
    file = File("x", sessionId=None)
    file.answer("m", HAIKU, usage(), text("Hello."))
    (event,) = open_file(Path(path), None).read(file.lines[0]).events
    assert event.session_id == session


@pytest.mark.parametrize("meta", [b"", b"[]", b'{"agentType": 7}', b"\xff", b'{"x": 1}'])
def test_a_kind_that_cannot_be_read_is_unknown(tmp_path: Path, meta: bytes) -> None:
    path = subagent("s", "a", "m", "t").write(tmp_path / "s" / "subagents" / "agent-a.jsonl")
    path.with_name("agent-a.meta.json").write_bytes(meta)
    reader = open_file(path, None)
    events = [e for line in path.read_bytes().splitlines() for e in reader.read(line).events]
    assert len(events) == 4
    assert all("subagent_type" not in event.metadata for event in events)
