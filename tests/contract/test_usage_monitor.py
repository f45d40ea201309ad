"""GET /api/stats/usage-monitor."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .client import Api, Row, ago, event, unique
from .conftest import Launch
from .shape import USAGE, USAGE_WINDOW, faults


def usage(api: Api) -> dict[str, Row]:
    """The limits by agent type, each of the contract's form."""
    rows = api.read("/api/stats/usage-monitor")
    assert isinstance(rows, list)
    for row in rows:
        assert faults(row, USAGE) == {}
        for name in ("session", "extended", "weekly"):
            if row[name] is not None:
                assert faults(row[name], USAGE_WINDOW) == {}
    found = {row["agent_type"]: row for row in rows}
    assert len(found) == len(rows), "an agent type is listed twice"
    return found


def test_an_agent_without_a_limit_is_not_listed(api: Api, agent: str) -> None:
    api.ingest(event(agent, tokens_in=5))
    assert agent not in usage(api)


def test_agents_with_a_limit_are_listed_once_seen(api: Api) -> None:
    api.ingest(event("claude_code", tokens_in=5), event("codex", cost_usd=0.5))
    found = usage(api)
    assert found["claude_code"]["limitType"] == "tokens"
    assert found["codex"]["limitType"] == "cost"


@pytest.fixture(scope="module")
def limited(launch: Launch) -> Iterator[Api]:
    with launch(
        {
            "AGENTMONITOR_SESSION_WINDOW_HOURS_CLAUDE_CODE": "3",
            "AGENTMONITOR_SESSION_TOKEN_LIMIT_CLAUDE_CODE": "1000",
            "AGENTMONITOR_EXTENDED_WINDOW_HOURS_CLAUDE_CODE": "12",
            "AGENTMONITOR_EXTENDED_TOKEN_LIMIT_CLAUDE_CODE": "2000",
            "AGENTMONITOR_WEEKLY_WINDOW_HOURS_CLAUDE_CODE": "100",
            "AGENTMONITOR_WEEKLY_TOKEN_LIMIT_CLAUDE_CODE": "3000",
            "AGENTMONITOR_SESSION_WINDOW_HOURS_CODEX": "4",
            "AGENTMONITOR_SESSION_COST_LIMIT_CODEX": "7.5",
            "AGENTMONITOR_EXTENDED_WINDOW_HOURS_CODEX": "50",
            "AGENTMONITOR_EXTENDED_COST_LIMIT_CODEX": "20",
        }
    ) as own:
        assert usage(own) == {}, "no agent was seen yet"
        yield own


def test_limits_and_windows_come_from_the_settings(limited: Api) -> None:
    limited.ingest(event("claude_code"), event("codex"), event(unique("ct-agent")))
    found = usage(limited)
    assert set(found) == {"claude_code", "codex"}

    def window(agent: str, name: str) -> tuple[float, float]:
        return found[agent][name]["limit"], found[agent][name]["windowHours"]

    assert window("claude_code", "session") == (1000, 3)
    assert window("claude_code", "extended") == (2000, 12)
    assert window("claude_code", "weekly") == (3000, 100)
    assert window("codex", "session") == (7.5, 4)
    assert window("codex", "extended") == (20, 50)


def test_tokens_are_used_up(limited: Api) -> None:
    limited.ingest(event("claude_code"))
    before = usage(limited)["claude_code"]
    limited.ingest(event("claude_code", tokens_in=100, tokens_out=50))
    after = usage(limited)["claude_code"]
    for name in ("session", "extended", "weekly"):
        assert after[name]["used"] - before[name]["used"] == 150


def test_dollars_are_used_up(limited: Api) -> None:
    limited.ingest(event("codex"))
    before = usage(limited)["codex"]
    limited.ingest(event("codex", cost_usd=0.75, tokens_in=100))
    after = usage(limited)["codex"]
    for name in ("session", "extended"):
        assert after[name]["used"] - before[name]["used"] == pytest.approx(0.75)


def test_a_window_counts_what_happened_inside_it(limited: Api) -> None:
    limited.ingest(event("claude_code"))
    before = usage(limited)["claude_code"]
    for hours, tokens in ((5, 10), (50, 100), (500, 1000)):
        limited.ingest(
            event(
                "claude_code", tokens_in=tokens, client_timestamp=ago(hours=hours), source="import"
            )
        )
    after = usage(limited)["claude_code"]
    used = [
        after[name]["used"] - before[name]["used"] for name in ("session", "extended", "weekly")
    ]
    assert used == [0, 10, 110]


def test_the_defaults(launch: Launch) -> None:
    with launch() as own:
        own.ingest(event("claude_code"), event("codex"))
        found = usage(own)
        claude, codex = found["claude_code"], found["codex"]
        assert (claude["session"]["limit"], claude["session"]["windowHours"]) == (44000, 5)
        assert claude["extended"] is None, "its limit is 0: there is none"
        assert (claude["weekly"]["limit"], claude["weekly"]["windowHours"]) == (293000, 168)
        assert (codex["session"]["limit"], codex["session"]["windowHours"]) == (500, 5)
        assert (codex["extended"]["limit"], codex["extended"]["windowHours"]) == (1500, 168)
        assert codex["weekly"] is None
