"""Who needs a human."""

from typing import Any

import msgspec

from agentmonitor.model.clock import to_iso
from agentmonitor.model.live import attention
from agentmonitor.model.session import RunningTool, SessionRow, SubagentRow
from tests.unit.builders import NOW

LONG = 600_000


def row(name: str, state: str, since: int = NOW, **fields: Any) -> SessionRow:
    known: dict[str, Any] = dict.fromkeys(SessionRow.__struct_fields__, 0)
    known |= {"id": name, "state": state, "state_since": to_iso(since), "subagents": []}
    known |= {"tool": None, "state_reason": None, "state_detail": None}
    return SessionRow(**known | fields)


def tool(since: int) -> RunningTool:
    return RunningTool("Bash", "make", to_iso(since))


def told(*rows: SessionRow) -> list[tuple[str, str]]:
    return [(each.session_id, each.reason) for each in attention(rows, NOW, LONG)]


def test_questions_come_before_failures_before_long_runs_the_oldest_first() -> None:
    rows = [
        row("runs", "working", tool=tool(NOW - LONG)), row("failed", "failed"),
        row("asks-new", "permission"), row("asks-old", "permission", NOW - 5),
        row("input", "input", NOW - 99), row("idle", "idle"), row("works", "working"),
    ]  # fmt: skip
    assert told(*rows) == [
        ("asks-old", "permission"), ("asks-new", "permission"), ("input", "input"),
        ("failed", "failed"), ("runs", "long_running"),
    ]  # fmt: skip


def test_a_tool_runs_long_from_the_given_time_on() -> None:
    assert told(row("a", "working", tool=tool(NOW - LONG + 1))) == []
    assert told(row("a", "working", tool=tool(NOW - LONG))) == [("a", "long_running")]


def test_a_tool_that_waits_for_permission_does_not_run() -> None:
    asks = row("a", "permission", tool=tool(NOW - 2 * LONG))
    assert told(asks) == [("a", "permission")]
    (found,) = attention([asks], NOW, LONG)
    assert found.tool == "Bash"


def test_a_subagent_s_long_run_names_the_subagent() -> None:
    subs = [
        SubagentRow("x", None, "working", to_iso(NOW), tool(NOW - LONG)),
        SubagentRow("y", None, "permission", to_iso(NOW), tool(NOW - LONG)),
        SubagentRow("z", None, "working", to_iso(NOW), None),
    ]
    (found,) = attention([row("a", "working", subagents=subs)], NOW, LONG)
    assert (found.subagent_id, found.tool, found.detail) == ("x", "Bash", "make")
    assert found.since == to_iso(NOW - LONG)


def test_what_failed_says_why() -> None:
    failed = row("a", "failed", state_reason="rate_limit", state_detail="Try later", tool=tool(NOW))
    (found,) = attention([failed], NOW, LONG)
    assert (found.code, found.detail, found.tool) == ("rate_limit", "Try later", None)
    assert msgspec.json.encode(found)
