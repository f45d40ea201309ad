"""GET /api/stats/cost."""

from __future__ import annotations

import re

import pytest

from .client import Api, Row, event, unique
from .shape import faults, integer, maybe, number, text

BUCKET = re.compile(r"\d{4}-\d\d-\d\dT\d\d:00:00Z")
COUNTS = {"cost_usd": number, "event_count": integer}
TOKENS = {"tokens_in": integer, "tokens_out": integer}


def cost(api: Api, **filters: str | int) -> Row:
    found: Row = api.read("/api/stats/cost", **filters)
    return found


def test_cost_has_the_contract_s_fields(api: Api, agent: str) -> None:
    api.ingest(
        event(agent, cost_usd=1, model=unique(), project=unique()),
        event(agent, model=unique(), tokens_in=5),
    )
    answer = cost(api, agent_type=agent)
    assert answer["timeline"]
    for row in answer["timeline"]:
        assert faults(row, {"bucket": text, "error_count": integer, **COUNTS, **TOKENS}) == {}
        assert BUCKET.fullmatch(row["bucket"])
    assert len(answer["by_project"]) == 2
    for row in answer["by_project"]:
        assert faults(row, {"project": text, "session_count": integer, **COUNTS}) == {}
    assert len(answer["by_model"]) == 2
    for row in answer["by_model"]:
        spec = {**COUNTS, **TOKENS, "model": text, "cost_usd": maybe(number)}
        assert faults(row, spec) == {}


def test_without_events_all_lists_are_empty(api: Api, agent: str) -> None:
    answer = cost(api, agent_type=agent)
    assert (answer["timeline"], answer["by_project"], answer["by_model"]) == ([], [], [])


def test_buckets_are_by_the_event_s_own_time(api: Api, agent: str) -> None:
    for time, dollars in (
        ("2026-01-05T10:59:59.999Z", 1),
        ("2026-01-05T11:00:00Z", 2),
        ("2026-01-05T13:30:00+02:00", 4),
        ("2025-12-31T23:30:00-01:00", 8),
    ):
        api.ingest(
            event(agent, cost_usd=dollars, tokens_in=10, tokens_out=1, client_timestamp=time)
        )
    rows = {row["bucket"]: row for row in cost(api, agent_type=agent)["timeline"]}
    assert {bucket: row["cost_usd"] for bucket, row in rows.items() if row["event_count"]} == {
        "2026-01-01T00:00:00Z": 8,
        "2026-01-05T10:00:00Z": 1,
        "2026-01-05T11:00:00Z": 6,
    }
    noon = rows["2026-01-05T11:00:00Z"]
    assert (noon["event_count"], noon["tokens_in"], noon["tokens_out"]) == (2, 20, 2)


def test_an_event_without_own_time_counts_at_its_arrival(api: Api, agent: str) -> None:
    row = api.stored(event(agent, cost_usd=1))
    [bucket] = cost(api, agent_type=agent)["timeline"]
    assert bucket["bucket"] == row["created_at"][:13] + ":00:00Z"


def test_projects_count_cost_sessions_and_events(api: Api, agent: str) -> None:
    one, two = unique("ct-p"), unique("ct-p")
    session = unique("ct-s")
    api.ingest(
        event(agent, project=one, session_id=session, cost_usd=0.25),
        event(agent, project=one, session_id=session, cost_usd=0.25),
        event(agent, project=one, cost_usd=0.5),
        event(agent, project=two, cost_usd=3),
    )
    rows = {row["project"]: row for row in cost(api, agent_type=agent)["by_project"]}
    assert set(rows) == {one, two}
    assert rows[one]["cost_usd"] == pytest.approx(1)
    assert (rows[one]["session_count"], rows[one]["event_count"]) == (2, 3)
    assert rows[two]["cost_usd"] == pytest.approx(3)
    assert (rows[two]["session_count"], rows[two]["event_count"]) == (1, 1)


def test_a_session_with_no_project_is_unknown(api: Api, agent: str) -> None:
    api.ingest(event(agent, cost_usd=0.5))
    [row] = cost(api, agent_type=agent)["by_project"]
    assert row["project"] == "unknown"
    assert row["cost_usd"] == pytest.approx(0.5)


def test_limit_bounds_the_projects_and_is_10_unless_given(api: Api, agent: str) -> None:
    api.ingest_batch([event(agent, cost_usd=1, project=unique("ct-p")) for _ in range(12)])
    assert len(cost(api, agent_type=agent)["by_project"]) == 10
    assert len(cost(api, agent_type=agent, limit=3)["by_project"]) == 3
    assert len(cost(api, agent_type=agent, limit=12)["by_project"]) == 12


def test_models_count_cost_events_and_tokens(api: Api, agent: str) -> None:
    one, two = unique("ct-m"), unique("ct-m")
    api.ingest(
        event(agent, model=one, cost_usd=0.5, tokens_in=10, tokens_out=1),
        event(agent, model=one, cost_usd=0.25, tokens_in=20, tokens_out=2),
        event(agent, model=two, cost_usd=2),
    )
    rows = {row["model"]: row for row in cost(api, agent_type=agent)["by_model"]}
    assert set(rows) == {one, two}
    assert rows[one]["cost_usd"] == pytest.approx(0.75)
    assert rows[one]["event_count"] == 2
    assert (rows[one]["tokens_in"], rows[one]["tokens_out"]) == (30, 3)
    assert rows[two]["cost_usd"] == pytest.approx(2)


def test_what_is_used_without_a_model_is_of_an_unknown_one(api: Api, agent: str) -> None:
    api.ingest(event(agent, model="ct-m", cost_usd=1), event(agent))
    assert [row["model"] for row in cost(api, agent_type=agent)["by_model"]] == ["ct-m"]
    api.ingest(event(agent, cost_usd=0.5), event(agent, tokens_in=7))
    answer, stats = cost(api, agent_type=agent), api.read("/api/stats", agent_type=agent)
    rows = {row["model"]: (row["cost_usd"], row["tokens_in"]) for row in answer["by_model"]}
    assert rows == {"ct-m": (1, 0), "unknown": (0.5, 7)}
    assert stats["model_breakdown"] == {"ct-m": 1}
    assert stats["total_cost_usd"] == sum(dollars for dollars, _ in rows.values())


def test_since_cuts_all_three_lists(api: Api, agent: str) -> None:
    old, new = unique("ct-p"), unique("ct-p")
    for project, time in ((old, "2026-01-05T10:00:00Z"), (new, "2026-01-07T10:00:00Z")):
        api.ingest(event(agent, project=project, model=project, cost_usd=1, client_timestamp=time))
    answer = cost(api, agent_type=agent, since="2026-01-06T00:00:00Z")
    assert [row["bucket"] for row in answer["timeline"]] == ["2026-01-07T10:00:00Z"]
    assert [row["project"] for row in answer["by_project"]] == [new]
    assert [row["model"] for row in answer["by_model"]] == [new]


def test_since_cuts_inside_an_hour(api: Api, agent: str) -> None:
    for minute, dollars in ((10, 1), (20, 2), (30, 4)):
        time = f"2026-01-05T10:{minute}:00Z"
        item = event(agent, project="ct-p", model="ct-m", cost_usd=dollars)
        api.ingest({**item, "client_timestamp": time})
    answer = cost(api, agent_type=agent, since="2026-01-05T10:15:00Z")
    for part in ("timeline", "by_project", "by_model"):
        [row] = answer[part]
        assert (row["cost_usd"], row["event_count"]) == (6, 2), part


def test_the_lists_agree_with_the_totals(api: Api, agent: str) -> None:
    api.ingest_batch(
        [
            event(agent, project=f"p{n % 3}", model=f"m{n % 2}", cost_usd=n / 8, tokens_in=n)
            for n in range(20)
        ]
    )
    answer, stats = cost(api, agent_type=agent), api.read("/api/stats", agent_type=agent)
    for part in ("timeline", "by_project", "by_model"):
        total = sum(row["cost_usd"] for row in answer[part])
        assert total == pytest.approx(stats["total_cost_usd"]), part
        assert sum(row["event_count"] for row in answer[part]) == stats["total_events"], part
