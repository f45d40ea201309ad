"""GET /api/stats/tools."""

from __future__ import annotations

import pytest

from .client import Api, Row, ago, event, unique
from .shape import TOOL, faults, integer


def tools(api: Api, **filters: str) -> list[Row]:
    found: list[Row] = api.read("/api/stats/tools", **filters)["tools"]
    return found


def test_a_tool_has_the_contract_s_fields(api: Api, agent: str) -> None:
    api.ingest(event(agent, tool_name="Read", duration_ms=3), event(agent, tool_name="Bash"))
    found = tools(api, agent_type=agent)
    assert len(found) == 2
    for tool in found:
        assert faults(tool, TOOL) == {}
        assert all(integer(count) for count in tool["by_agent"].values())


def test_an_agent_without_tools_has_none(api: Api, agent: str) -> None:
    api.ingest(event(agent, event_type="llm_response"))
    assert tools(api, agent_type=agent) == []


def test_the_most_used_comes_first(api: Api, agent: str) -> None:
    names = ["B"] * 3 + ["C"] * 5 + ["A"]
    api.ingest_batch([event(agent, tool_name=name) for name in names])
    found = tools(api, agent_type=agent)
    assert [(tool["tool_name"], tool["total_calls"]) for tool in found] == [
        ("C", 5),
        ("B", 3),
        ("A", 1),
    ]


@pytest.mark.parametrize(
    ("errors", "calls", "rate"),
    [(0, 2, 0), (1, 3, 0.3333), (2, 3, 0.6667), (1, 7, 0.1429), (4, 4, 1)],
)
def test_the_error_rate_has_four_places(
    api: Api, agent: str, errors: int, calls: int, rate: float
) -> None:
    statuses = ["error"] * errors + ["success"] * (calls - errors)
    api.ingest_batch([event(agent, tool_name="Bash", status=status) for status in statuses])
    [tool] = tools(api, agent_type=agent)
    assert (tool["total_calls"], tool["error_count"]) == (calls, errors)
    assert tool["error_rate"] == rate


def test_without_any_duration_the_average_is_null(api: Api, agent: str) -> None:
    api.ingest(event(agent, tool_name="Read"))
    assert tools(api, agent_type=agent)[0]["avg_duration_ms"] is None


def test_the_average_is_over_the_calls_with_a_duration(api: Api, agent: str) -> None:
    for duration in (100, 200, None):
        api.ingest(event(agent, tool_name="Read", duration_ms=duration))
    assert tools(api, agent_type=agent)[0]["avg_duration_ms"] == 150


def test_a_duration_of_0_is_a_duration(api: Api, agent: str) -> None:
    api.ingest(event(agent, tool_name="Read", duration_ms=0))
    assert tools(api, agent_type=agent)[0]["avg_duration_ms"] == 0


def test_by_agent_splits_a_tool_s_calls(api: Api, agent: str) -> None:
    name, other = unique("ct-tool"), unique("ct-agent")
    api.ingest_batch([event(who, tool_name=name) for who in (agent, agent, other)])
    [tool] = [tool for tool in tools(api) if tool["tool_name"] == name]
    assert tool["total_calls"] == 3
    assert tool["by_agent"] == {agent: 2, other: 1}
    [own] = tools(api, agent_type=other)
    assert own["by_agent"] == {other: 1}


def test_since_cuts_by_the_event_s_own_time(api: Api, agent: str) -> None:
    for hours in (30, 2):
        time = ago(hours=hours)
        api.ingest(event(agent, tool_name="Read", duration_ms=hours, client_timestamp=time))
    [tool] = tools(api, agent_type=agent, since=ago(hours=3))
    assert (tool["total_calls"], tool["avg_duration_ms"]) == (1, 2)
    assert tools(api, agent_type=agent, since=ago(hours=1)) == []


def test_a_tool_s_name_may_be_any_text(api: Api, agent: str) -> None:
    name = 'mcp__"a"\n<b>é</b> \U0001f600'
    api.ingest(event(agent, tool_name=name))
    assert [tool["tool_name"] for tool in tools(api, agent_type=agent)] == [name]
