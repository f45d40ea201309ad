"""GET /api/stats."""

from __future__ import annotations

import pytest

from .client import Api, ago, event, unique
from .shape import STATS, STATS_MORE, faults, integer, text


def test_stats_have_the_contract_s_fields(api: Api, agent: str) -> None:
    api.ingest(event(agent, tool_name="Read", model=unique(), branch=unique()))
    stats = api.read("/api/stats")
    assert faults(stats, STATS) == {}
    for breakdown in ("tool_breakdown", "agent_breakdown", "model_breakdown"):
        assert stats[breakdown]
        assert all(integer(count) for count in stats[breakdown].values())
    assert all(text(branch) for branch in stats["branches"])


def test_stats_have_the_new_server_s_fields(api: Api) -> None:
    assert faults(api.read("/api/stats"), STATS_MORE) == {}


def test_of_an_unseen_agent_everything_is_0(api: Api, agent: str) -> None:
    stats = api.read("/api/stats", agent_type=agent)
    assert faults(stats, STATS) == {}
    assert {key: value for key, value in stats.items() if key in STATS and value} == {}


def test_totals_add_up(api: Api, agent: str) -> None:
    api.ingest_batch(
        [
            event(agent, tokens_in=10, tokens_out=1, cost_usd=0.25),
            event(agent, tokens_in=20, tokens_out=2, cost_usd=0.5),
            event(agent),
        ]
    )
    stats = api.read("/api/stats", agent_type=agent)
    assert stats["total_events"] == 3
    assert stats["total_tokens_in"] == 30
    assert stats["total_tokens_out"] == 3
    assert stats["total_cost_usd"] == pytest.approx(0.75)


def test_an_unknown_price_adds_nothing_and_is_counted(api: Api, agent: str) -> None:
    api.ingest(
        event(agent, model=unique("ct-model"), tokens_in=10, tokens_out=5),
        event(agent, cost_usd=0.5, tokens_in=1),
    )
    stats = api.read("/api/stats", agent_type=agent)
    assert stats["total_cost_usd"] == pytest.approx(0.5)
    assert stats["unpriced_events"] == 1
    assert stats["unpriced_tokens"] == 15


def test_breakdowns_count_events_by_name(api: Api, agent: str) -> None:
    read, bash, model, branch = (unique() for _ in range(4))
    api.ingest_batch(
        [event(agent, tool_name=name) for name in (read, read, bash)]
        + [event(agent, event_type="llm_response", model=model, branch=branch)]
    )
    stats = api.read("/api/stats", agent_type=agent)
    assert stats["tool_breakdown"] == {read: 2, bash: 1}
    assert stats["agent_breakdown"] == {agent: 4}
    assert stats["model_breakdown"] == {model: 1}
    assert stats["branches"] == [branch]


def test_without_a_filter_all_agents_count(api: Api, agent: str) -> None:
    other = unique("ct-agent")
    before = api.read("/api/stats")["total_events"]
    api.ingest(event(agent), event(agent), event(other))
    stats = api.read("/api/stats")
    assert stats["total_events"] >= before + 3
    assert stats["agent_breakdown"][agent] == 2
    assert stats["agent_breakdown"][other] == 1


def test_sessions_count_by_status(api: Api, agent: str) -> None:
    one, two, over = (unique("ct-s") for _ in range(3))
    api.ingest(
        event(agent, session_id=one),
        event(agent, session_id=two),
        event(agent, session_id=two),
        event(agent, session_id=over, event_type="session_end"),
    )
    stats = api.read("/api/stats", agent_type=agent)
    assert stats["total_sessions"] == 3
    assert stats["active_sessions"] == 2
    assert stats["live_sessions"] == 2
    assert stats["active_agents"] == 1


def test_an_agent_with_ended_sessions_only_is_not_active(api: Api, agent: str) -> None:
    api.ingest(event(agent, event_type="session_end"))
    stats = api.read("/api/stats", agent_type=agent)
    assert (stats["total_sessions"], stats["live_sessions"], stats["active_agents"]) == (1, 0, 0)


def test_an_idle_session_is_live_but_not_active(api: Api, session_id: str) -> None:
    """Claude Code's session goes to idle at its end: one more live, none more active."""
    before = api.read("/api/stats", agent_type="claude_code")
    api.ingest(event("claude_code", session_id=session_id, event_type="session_end"))
    after = api.read("/api/stats", agent_type="claude_code")
    assert after["live_sessions"] == before["live_sessions"] + 1
    assert after["active_sessions"] == before["active_sessions"]


def test_since_cuts_by_the_event_s_own_time(api: Api, agent: str) -> None:
    for hours in (50, 26, 2):
        api.ingest(event(agent, tokens_in=hours, client_timestamp=ago(hours=hours)))
    for hours, tokens in ((1, 0), (3, 2), (27, 28), (51, 78)):
        stats = api.read("/api/stats", agent_type=agent, since=ago(hours=hours))
        assert stats["total_tokens_in"] == tokens


def test_since_cuts_inside_an_hour(api: Api, agent: str) -> None:
    for minute in (10, 20, 30):
        time = f"2026-01-05T10:{minute}:00Z"
        api.ingest(event(agent, tool_name=str(minute), client_timestamp=time))
    stats = api.read("/api/stats", agent_type=agent, since="2026-01-05T10:15:00Z")
    assert stats["total_events"] == 2
    assert stats["tool_breakdown"] == {"20": 1, "30": 1}


def test_errors_and_cached_tokens_are_totalled(api: Api, agent: str) -> None:
    api.ingest(
        event(agent, event_type="error"),
        event(agent, status="error"),
        event(agent, cache_read_tokens=7, cache_write_tokens=3),
    )
    stats = api.read("/api/stats", agent_type=agent)
    assert stats["total_errors"] == 2
    assert stats["total_cache_read_tokens"] == 7
    assert stats["total_cache_write_tokens"] == 3
