"""GET /api/agents and GET /api/v2/agents."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from .client import Api, Row, ago, event, eventually, unique
from .conftest import Launch
from .shape import faults, integer, items, mapping, maybe, moment, one_of, text

COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}")
DISK = {
    "folders": items, "files": integer, "bytes": integer, "new_files": integer,
    "new_bytes": integer, "newest_at": maybe(moment), "complete": one_of(True, False),
}  # fmt: skip
CHANNEL = {
    "channel": one_of("hook", "otlp", "files", "api", "earlier"), "events": integer,
    "last_event_at": maybe(moment), "disk": maybe(mapping),
}  # fmt: skip


def test_agents_have_labels_and_colours(api: Api) -> None:
    agents = api.read("/api/agents")["agents"]
    assert "claude_code" in [agent["agent_type"] for agent in agents]
    for agent in agents:
        spec = {"agent_type": text, "label": text, "short": text, "colors": mapping}
        assert faults(agent, spec) == {}
        for theme in ("light", "dark"):
            for use in ("mark", "text", "soft"):
                assert COLOUR.fullmatch(agent["colors"][theme][use])
    assert len({agent["agent_type"] for agent in agents}) == len(agents)


def channels(api: Api, agent: str) -> dict[str, Row]:
    rows = api.read("/api/v2/agents")["agents"]
    (row,) = [row for row in rows if row["agent_type"] == agent]
    return {channel["channel"]: channel for channel in row["channels"]}


def test_version_2_tells_each_agents_channels(api: Api) -> None:
    answer = api.read("/api/v2/agents")
    first = api.read("/api/agents")["agents"]
    assert integer(answer["auto_import_minutes"])
    assert [row["agent_type"] for row in answer["agents"]] == [row["agent_type"] for row in first]
    for row, plain in zip(answer["agents"], first, strict=True):
        assert {key: row[key] for key in plain} == plain
        assert row["channels"]
        for channel in row["channels"]:
            assert faults(channel, CHANNEL) == {}
            assert (channel["disk"] is not None) == (channel["channel"] == "files")
            if channel["disk"] is not None:
                assert faults(channel["disk"], DISK) == {}


def test_version_2_counts_what_each_channel_brings(api: Api) -> None:
    before = channels(api, "claude_code")
    assert "files" in before
    hook = {"session_id": unique(), "hook_event_name": "UserPromptSubmit", "prompt": "Go."}
    began = ago(seconds=5)
    assert api.post("/api/hooks/claude-code", hook).status_code == 200
    assert api.post("/api/events", event("claude_code")).status_code == 201
    after = channels(api, "claude_code")
    for channel in ("hook", "api"):
        earlier = before.get(channel, {"events": 0})["events"]
        assert after[channel]["events"] == earlier + 1
        assert after[channel]["last_event_at"] >= began
    assert after["otlp"] == before["otlp"]


def test_version_2_tells_what_an_import_would_bring(
    launch: Launch, new_folder: Callable[[], Path]
) -> None:
    folder = new_folder()
    project = folder / "claude" / "projects" / "p"
    project.mkdir(parents=True)
    (project / "0a0a0a0a-0000-4000-8000-000000000000.jsonl").write_bytes(b'{"type":"summary"}\n')
    with launch({}, folder) as api:
        disk = channels(api, "claude_code")["files"]["disk"]
        assert (disk["files"], disk["new_files"], disk["new_bytes"]) == (1, 1, 19)
        assert str(project.parent) in disk["folders"]
        assert api.post("/api/v2/import", {}).status_code == 200
        eventually(lambda: not channels(api, "claude_code")["files"]["disk"]["new_files"])
