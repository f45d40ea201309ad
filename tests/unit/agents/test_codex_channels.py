"""One session through its file, its telemetry and its hooks: each thing is counted once."""

import asyncio
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from agentmonitor.agents.base import HookReport, Reading
from agentmonitor.agents.codex.hooks import parse_hook
from agentmonitor.agents.codex.otlp import log
from agentmonitor.bus import Bus
from agentmonitor.metadata import Rules
from agentmonitor.pipeline import Pipeline
from agentmonitor.pricing.engine import Pricer
from agentmonitor.storage.sqlite.engine import SqliteEngine
from tests.fixtures.codex.build import BEGAN, PARENT, Rollout, usage, uuid7
from tests.unit.agents.test_codex_hooks import payload
from tests.unit.agents.test_codex_otlp import completed, record
from tests.unit.agents.test_codex_replay import SPAWN
from tests.unit.agents.test_codex_rollouts import read

AT = BEGAN + 100_000
RULES = Rules(max_bytes=10_240, edit_tools=frozenset({"apply_patch"}))


def stored(path: Path, *parts: Reading | HookReport) -> SqliteEngine:
    engine = SqliteEngine(path)
    engine.open()

    async def story() -> None:
        pipeline = Pipeline(engine, Bus(), Pricer(), RULES)
        for part in parts:
            await pipeline.ingest(part.events, part.signals)

    asyncio.run(story())
    return engine


def session(thread: str, *, sub: bool = False) -> dict[str, Reading | HookReport]:
    """What each channel says of the same turn."""
    rollout = Rollout(thread, AT)
    rollout.meta(**({"source": SPAWN, "session_id": PARENT} if sub else {}))
    turn = uuid7(rollout.at + 10, 4)
    rollout.turn("Fix it", turn_id=turn)
    prompted = rollout.at
    call = rollout.call("exec_command", {"cmd": "ls"}, "Process exited with code 0\nOutput:\n")
    rollout.tokens(usage(1000, 600, 50, 20))
    first = rollout.at
    rollout.tokens(usage(1200, 1000, 70))
    second = rollout.at
    rollout.done(turn_id=turn)

    def told(**fields: Any) -> dict[str, Any]:
        return {"conversation__id": thread} | fields

    logs = [
        log(given, rollout.at + 3000)
        for given in (
            record("user_prompt", prompt="[REDACTED]", prompt_length=6, **told(at=prompted - 90)),
            record(
                "tool_result", tool_name="exec_command", call_id=call, success="true",
                arguments='{"cmd":"ls"}', **told(at=first - 200),
            ),
            completed(1000, 600, 50, 20, **told(at=first - 20)),
            completed(1200, 1000, 70, **told(at=second - 20)),
        )
    ]  # fmt: skip
    inside = {"agent_id": thread, "agent_type": "explorer"} if sub else {}
    common = {"session_id": PARENT if sub else thread, "turn_id": turn} | inside
    hooks = [
        parse_hook(payload(name) | common | changed, at)
        for name, at, changed in (
            ("UserPromptSubmit", prompted - 100, {"prompt": "Fix it"}),
            ("PostToolUse", first - 150, {"tool_use_id": call, "tool_name": "Bash"}),
            ("SubagentStop" if sub else "Stop", rollout.at, {}),
        )
    ]
    return {
        "file": read(rollout.lines),
        "logs": Reading(events=[event for reading in logs for event in reading.events]),
        "hooks": HookReport(
            events=[event for report in hooks for event in report.events],
            signals=[signal for report in hooks for signal in report.signals],
        ),
    }


@pytest.mark.parametrize("order", list(permutations(("file", "logs", "hooks"))), ids="-".join)
@pytest.mark.parametrize("sub", [False, True], ids=["main", "sub-agent"])
def test_the_order_of_the_channels_does_not_matter(
    tmp_path: Path, order: tuple[str, ...], sub: bool
) -> None:
    """A sub-agent's telemetry comes under its own thread's id, which is no session of its own."""
    thread = uuid7(AT, 9)
    parts = session(thread, sub=sub)
    engine = stored(tmp_path / "a.db", *(parts[name] for name in order), parts["file"])
    rows = engine.sessions_by_id([thread, PARENT])
    engine.close()
    assert sum(row.tokens_in for row in rows) == 600
    assert sum(row.cache_read_tokens for row in rows) == 1600
    assert sum(row.tokens_out for row in rows) == 120
    main = next(row for row in rows if row.id == (PARENT if sub else thread))
    assert (main.tokens_in, main.usage_channel) == (600, "file")
    # The start, the call, two requests, the end; and what a human said.
    assert main.event_count == (5 if sub else 6)
