"""GET /api/sessions and /api/sessions/{id}."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from .client import Api, ago, error_of, event, unique
from .shape import EVENT_ROW, SESSION_ROW, SESSION_STATE, faults


def test_a_row_has_the_contract_s_fields(api: Api, agent: str) -> None:
    api.ingest(event(agent, project="ct-p", branch="ct-b"), event(agent, event_type="session_end"))
    answer = api.read("/api/sessions", agent_type=agent)
    assert type(answer["total"]) is int
    assert len(answer["sessions"]) == 2
    for row in answer["sessions"]:
        assert faults(row, SESSION_ROW) == {}


def test_a_row_has_the_new_server_s_fields(api: Api, agent: str) -> None:
    api.ingest(event(agent))
    [row] = api.sessions(agent_type=agent)
    assert faults(row, SESSION_STATE) == {}


def test_a_row_adds_its_events_up(api: Api, agent: str, session_id: str) -> None:
    common = {"session_id": session_id, "project": "ct-p", "branch": "ct-b"}
    api.ingest(
        event(agent, **common, tokens_in=10, tokens_out=1, cost_usd=0.25),
        event(agent, **common, tokens_in=20, tokens_out=2, cost_usd=0.5),
        event(agent, **common, model=unique("ct-model"), tokens_in=5),
    )
    row = api.session(session_id)
    assert row["id"] == session_id
    assert row["agent_type"] == agent
    assert row["agent_id"] == f"{agent}-default"
    assert (row["project"], row["branch"]) == ("ct-p", "ct-b")
    assert row["event_count"] == 3
    assert (row["tokens_in"], row["tokens_out"]) == (35, 3)
    assert row["total_cost_usd"] == pytest.approx(0.75)
    assert row["unpriced_events"] == 1
    assert row["started_at"] <= row["last_event_at"]


def test_a_new_session_has_edited_nothing(api: Api, agent: str, session_id: str) -> None:
    api.ingest(event(agent, session_id=session_id, event_type="session_start"))
    row = api.session(session_id)
    assert (row["files_edited"], row["lines_added"], row["lines_removed"]) == (0, 0, 0)


def test_active_come_first_then_idle_then_ended_each_newest_first(api: Api) -> None:
    """Only Claude Code's sessions go to idle on an event, so all are its."""
    kinds = {"active": "tool_use", "idle": "session_end", "ended": "tool_use"}
    made = [(unique("ct-s"), status) for status in ("ended", "active", "idle") * 2]
    for n, (session, status) in enumerate(made):
        source = "import" if status == "ended" else "api"
        time = ago(seconds=30 - n)
        item = event("claude_code", session_id=session, event_type=kinds[status], source=source)
        api.ingest({**item, "client_timestamp": time})
    ids = [session for session, _ in made]
    rows = [row for row in api.sessions(agent_type="claude_code", limit=0) if row["id"] in ids]
    assert [row["status"] for row in rows] == ["active"] * 2 + ["idle"] * 2 + ["ended"] * 2
    assert [row["id"] for row in rows] == [ids[n] for n in (4, 1, 5, 2, 3, 0)]


def test_ended_sessions_are_listed_after_active_ones(api: Api, agent: str) -> None:
    ids = [unique("ct-s") for _ in range(4)]
    for n, kind in enumerate(("tool_use", "session_end") * 2):
        time = ago(seconds=30 - n)
        api.ingest(event(agent, session_id=ids[n], event_type=kind, client_timestamp=time))
    listed = [row["id"] for row in api.sessions(agent_type=agent)]
    assert listed == [ids[2], ids[0], ids[3], ids[1]]


def test_status_and_exclude_status_filter(api: Api, agent: str) -> None:
    live, over = unique("ct-s"), unique("ct-s")
    api.ingest(
        event(agent, session_id=live), event(agent, session_id=over, event_type="session_end")
    )

    def listed(**filters: str) -> list[str]:
        return [row["id"] for row in api.sessions(agent_type=agent, **filters)]

    assert listed() == [live, over]
    assert listed(status="active") == [live]
    assert listed(status="ended") == [over]
    assert listed(status="idle") == []
    assert listed(exclude_status="ended") == [live]
    assert listed(exclude_status="active") == [over]
    assert listed(exclude_status="idle") == [live, over]


def test_idle_sessions_can_be_asked_for(api: Api, session_id: str) -> None:
    api.ingest(event("claude_code", session_id=session_id, event_type="session_end"))
    idle = api.sessions(agent_type="claude_code", status="idle", limit=0)
    assert session_id in [row["id"] for row in idle]
    assert {row["status"] for row in idle} == {"idle"}


def test_live_leaves_ended_sessions_out(api: Api, agent: str) -> None:
    live = unique("ct-s")
    api.ingest(event(agent, session_id=live), event(agent, event_type="session_end"))
    assert [row["id"] for row in api.sessions(agent_type=agent, live=1)] == [live]


def test_agent_type_filters(api: Api, agent: str, session_id: str) -> None:
    api.ingest(event(agent, session_id=session_id), event(unique("ct-agent")))
    assert [row["id"] for row in api.sessions(agent_type=agent)] == [session_id]


def test_since_filters(api: Api, agent: str, session_id: str) -> None:
    api.ingest(event(agent, session_id=session_id))
    assert [row["id"] for row in api.sessions(agent_type=agent, since=ago(hours=1))] == [session_id]
    assert api.sessions(agent_type=agent, since=ago(hours=-1)) == []


def test_limit_is_50_unless_given_and_0_is_all(api: Api, agent: str) -> None:
    api.ingest_batch([event(agent) for _ in range(55)])
    assert len(api.sessions(agent_type=agent)) == 50
    assert len(api.sessions(agent_type=agent, limit=3)) == 3
    assert len(api.sessions(agent_type=agent, limit=0)) == 55
    assert api.read("/api/sessions", agent_type=agent, limit=0)["total"] == 55


def test_a_session_is_shown_with_its_newest_events(api: Api, agent: str, session_id: str) -> None:
    ids = api.ingest(*(event(agent, session_id=session_id) for _ in range(12)))
    answer = api.read(f"/api/sessions/{session_id}")
    assert faults(answer["session"], SESSION_ROW) == {}
    assert [row["id"] for row in answer["events"]] == ids[:1:-1]
    for row in answer["events"]:
        assert faults(row, EVENT_ROW) == {}
    few = api.read(f"/api/sessions/{session_id}", event_limit=2)
    assert [row["id"] for row in few["events"]] == ids[:-3:-1]
    more = api.read(f"/api/sessions/{session_id}", event_limit=100)
    assert len(more["events"]) == 12


def test_the_row_is_the_same_alone_and_in_the_list(api: Api, agent: str, session_id: str) -> None:
    api.ingest(event(agent, session_id=session_id, event_type="session_end", tokens_in=3))
    assert api.sessions(agent_type=agent) == [api.session(session_id)]


def test_an_unknown_session_is_404(api: Api, session_id: str) -> None:
    response = api.get(f"/api/sessions/{session_id}")
    assert response.status_code == 404
    error_of(response)


@pytest.mark.parametrize("odd", ["a b", "é \U0001f600", "50%", "a?b#c", "a/b", "../stats", "x+y"])
def test_a_session_s_id_may_be_any_text(api: Api, agent: str, odd: str) -> None:
    session = f"{unique()} {odd}"
    api.ingest(event(agent, session_id=session))
    response = api.http.get(f"/api/sessions/{quote(session, safe='')}")
    assert response.status_code == 200, response.text
    assert response.json()["session"]["id"] == session


@pytest.mark.parametrize(
    ("name", "value"), [("limit", "x"), ("limit", "-1"), ("status", "odd"), ("since", "soon")]
)
def test_a_senseless_parameter_is_no_fault_of_the_server(api: Api, name: str, value: str) -> None:
    response = api.get("/api/sessions", {name: value})
    assert response.status_code in (200, 400), response.text
    assert ("sessions" if response.status_code == 200 else "error") in response.json()
