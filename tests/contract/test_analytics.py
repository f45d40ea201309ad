"""GET /api/v2/tools, /api/v2/failures, /api/v2/activity, /api/v2/facets."""

from __future__ import annotations

import pytest

from .client import Api, Row, event, unique
from .shape import Check, faults, integer, maybe, moment, one_of, text


def told(agent: str, at: str, **fields: object) -> Row:
    return event(agent, client_timestamp=at, **fields)


def test_tools_are_counted_by_agent_and_by_project(api: Api, agent: str) -> None:
    tool, day = unique("ct-tool"), "2026-03-10T10:00:00Z"
    api.ingest(
        told(agent, day, tool_name=tool, duration_ms=10, project="ct-one"),
        told(agent, day, tool_name=tool, duration_ms=20, status="error", project="ct-two"),
        told(agent, day, tool_name=tool, project="ct-two"),
        told(agent, day, tool_name=tool, status="timeout", project="ct-two"),
    )
    asked = {"agent": agent, "from": "2026-03-10", "to": "2026-03-10"}
    answer = api.read("/api/v2/tools", **asked)
    expected = {
        "calls": 4, "failures": 2, "failure_rate": 0.5, "mean_duration_ms": 15.0,
        "p50_ms": pytest.approx(10, rel=0.05), "p95_ms": pytest.approx(20, rel=0.05),
    }  # fmt: skip
    assert answer["tools"] == [
        {"tool": tool, **expected, "parts": [{"key": agent, **expected}]},
    ]
    assert (answer["calls"], answer["failures"]) == (4, 2)
    [row] = api.read("/api/v2/tools", **asked, by="project")["tools"]
    assert [(p["key"], p["calls"], p["failures"], p["mean_duration_ms"]) for p in row["parts"]] == [
        ("ct-two", 3, 2, 20.0), ("ct-one", 1, 0, 10.0),
    ]  # fmt: skip
    response = api.get("/api/v2/tools", {"by": "model"})
    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "by"


def test_activity_has_the_days_and_hours_of_the_zone(api: Api, agent: str) -> None:
    api.ingest(
        told(agent, "2026-03-08T23:30:00Z", event_type="user_prompt", cost_usd=0.5),
        told(agent, "2026-03-09T10:00:00Z", event_type="git_commit", tokens_in=3, tokens_out=4),
        told(agent, "2026-03-11T10:00:00Z"),
    )
    asked = {"agent": agent, "from": "2026-03-01", "to": "2026-03-11", "tz": "Europe/Vienna"}
    answer = api.read("/api/v2/activity", **asked)
    assert [(d["date"], d["events"], d["sessions"]) for d in answer["days"]] == [
        ("2026-03-09", 2, 2), ("2026-03-11", 1, 1),
    ]  # fmt: skip
    first = answer["days"][0]
    assert (first["prompts"], first["commits"], first["tokens"], first["cost_usd"]) == (
        1,
        1,
        7,
        0.5,
    )
    assert [(h["weekday"], h["hour"], h["events"]) for h in answer["hours"]] == [
        (1, 0, 1), (1, 11, 1), (3, 11, 1),
    ]  # fmt: skip
    session = api.read("/api/v2/activity", session="nobody", branch="b", project="p", model="m")
    assert (session["days"], session["hours"]) == ([], [])
    velocity = answer["velocity"]
    assert velocity["active_days"] == 2
    assert velocity["longest_streak_days"] == velocity["current_streak_days"] == 1
    assert velocity["sessions_per_day"] == 1.5


@pytest.mark.parametrize(
    ("field", "asked"),
    [
        ("from", {"from": "2020-01-01"}),
        ("tz", {"tz": "Mars"}),
    ],
)
def test_activity_names_what_it_cannot_answer(api: Api, field: str, asked: dict[str, str]) -> None:
    response = api.get("/api/v2/activity", asked)
    assert response.status_code == 400, response.text
    assert response.json()["errors"][0]["field"] == field


def test_facets_count_what_an_agent_used(api: Api, agent: str) -> None:
    name = unique("ct-value")
    common = {"project": name, "branch": f"{name}/b", "model": name, "tool_name": name}
    api.ingest(
        told(agent, "2026-03-10T10:00:00Z", **common), told(agent, "2026-03-12T10:00:00Z", **common)
    )
    answer = api.read("/api/v2/facets", agent=agent)
    for field in ("project", "model", "tool"):
        assert answer[field] == [{"value": name, "count": 2}]
    assert {"value": agent, "count": 2} in answer["agent"]
    assert answer["type"] == [{"value": "tool_use", "count": 2}]
    assert answer["branch"] == [
        {
            "value": f"{name}/b",
            "project": name,
            "count": 2,
            "last_used_at": "2026-03-12T10:00:00.000Z",
        }
    ]
    later = api.read("/api/v2/facets", agent=agent, **{"from": "2026-03-11"})
    assert later["model"] == [{"value": name, "count": 1}]
    assert api.read("/api/v2/facets", agent=agent, **{"from": "2026-03-13"})["branch"] == []
    for field in ("project", "branch", "model"):
        narrow = api.read("/api/v2/facets", **{field: common[field], "from": "2026-03-11"})
        assert narrow["tool"] == [{"value": name, "count": 1}]
        assert narrow["agent"] == [{"value": agent, "count": 1}]


def test_what_was_never_seen_has_sums_of_zero(api: Api) -> None:
    agent = unique("ct-nobody")
    usage = api.read("/api/v2/usage", agent=agent)
    assert usage["totals"]["events"] == 0
    assert (usage["series"], len(usage["buckets"])) == ([], 30)
    assert api.read("/api/v2/usage", agent=agent, by="session")["sessions"] == []
    assert api.read("/api/v2/tools", agent=agent)["tools"] == []
    activity = api.read("/api/v2/activity", agent=agent)
    assert (activity["days"], activity["velocity"]["sessions_per_day"]) == ([], None)
    assert api.get("/api/v2/usage/export", {"agent": agent}).text.count("\n") == 1


FAILURE: dict[str, Check] = {
    "event_id": integer,
    "session_id": text,
    "session_title": maybe(text),
    "agent_type": text,
    "project": maybe(text),
    "branch": maybe(text),
    "model": maybe(text),
    "tool": text,
    "time": moment,
    "status": one_of("error", "timeout"),
    "duration_ms": maybe(integer),
    "command": maybe(text),
    "error": maybe(text),
}


def test_failures_come_page_by_page_the_latest_first(api: Api, agent: str) -> None:
    failed = {"event_type": "tool_use", "tool_name": "Bash", "status": "error"}
    api.ingest(
        told(agent, "2026-03-10T10:00:00Z", **failed, metadata={"command": "make", "error": "no"}),
        told(agent, "2026-03-11T10:00:00Z", **failed, project="shop", branch="fix/a"),
        told(agent, "2026-03-12T10:00:00Z", event_type="tool_use", tool_name="Bash"),
        told(agent, "2026-03-13T10:00:00Z", event_type="error"),
    )
    asked = {"agent": agent, "from": "2026-03-01", "to": "2026-03-31"}
    first = api.read("/api/v2/failures", **asked, limit=1)
    (latest,) = first["failures"]
    assert faults(latest, FAILURE) == {}
    assert (latest["project"], latest["command"]) == ("shop", None)
    second = api.read("/api/v2/failures", **asked, limit=1, cursor=first["next"])
    assert [(f["command"], f["error"]) for f in second["failures"]] == [("make", "no")]
    assert second["next"] is None
    assert api.read("/api/v2/failures", **asked, project="shop")["failures"] == [latest]
    assert api.read("/api/v2/failures", **asked, branch="fix/a")["failures"] == [latest]
    assert api.read("/api/v2/failures", **asked, tool="Edit")["failures"] == []
