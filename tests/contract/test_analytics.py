"""GET /api/v2/usage and its export, /api/v2/tools, /api/v2/activity, /api/v2/facets."""

from __future__ import annotations

import csv
import io

import pytest

from .client import Api, Row, error_of, event, instant, unique
from .shape import Check, faults, integer, items, mapping, maybe, moment, number, one_of, text

USE: dict[str, Check] = {
    "events": integer,
    "errors": integer,
    "tokens_in": integer,
    "tokens_out": integer,
    "cache_read_tokens": integer,
    "cache_write_tokens": integer,
    "cost_usd": number,
    "unpriced_events": integer,
    "unpriced_tokens": maybe(integer),
}
USAGE: dict[str, Check] = {
    "from": moment,
    "to": moment,
    "tz": text,
    "bucket": one_of("hour", "day", "week", "month"),
    "by": text,
    "buckets": items,
    "totals": mapping,
    "previous": mapping,
    "series": items,
    "cache": maybe(mapping),
    "unpriced": maybe(items),
}


def told(agent: str, at: str, **fields: object) -> Row:
    return event(agent, client_timestamp=at, **fields)


@pytest.fixture
def three_days(api: Api, agent: str) -> str:
    """An agent with four events over three days in March, around midnight in Vienna."""
    api.ingest(
        told(agent, "2026-03-10T22:59:59.999Z", model="m-a", cost_usd=0.25, tokens_in=10),
        told(agent, "2026-03-10T23:00:00Z", model="m-a", cost_usd=0.5, tokens_in=20),
        told(agent, "2026-03-11T12:00:00Z", model="m-b", cost_usd=0.125, status="error"),
        told(agent, "2026-03-12T08:00:00Z", cost_usd=1.0, tool_name="Bash", duration_ms=40),
    )
    return agent


def test_days_are_those_of_the_zone_and_the_last_one_belongs_to_the_range(
    api: Api, three_days: str
) -> None:
    asked = {"agent": three_days, "from": "2026-03-10", "to": "2026-03-12"}
    answer = api.read("/api/v2/usage", **asked, tz="Europe/Vienna", by="model")
    assert faults(answer, USAGE) == {}
    assert faults(answer["totals"], USE) == {}
    assert [b["label"] for b in answer["buckets"]] == ["2026-03-10", "2026-03-11", "2026-03-12"]
    assert answer["buckets"][0]["starts_at"] == "2026-03-09T23:00:00.000Z"
    values = {s["key"]: s["values"]["cost_usd"] for s in answer["series"]}
    assert values == {"m-a": [0.25, 0.5, 0], "m-b": [0, 0.125, 0], None: [0, 0, 1.0]}
    assert answer["totals"]["cost_usd"] == 1.875
    assert answer["totals"]["errors"] == 1
    assert answer["series"][0]["key"] is None
    assert not answer["series"][0]["other"]
    in_utc = api.read("/api/v2/usage", **asked, by="agent")
    assert in_utc["series"][0]["values"]["cost_usd"] == [0.75, 0.125, 1.0]


def test_totals_are_those_of_the_statistics(api: Api, three_days: str) -> None:
    stats = api.read("/api/stats", agent_type=three_days)
    for bucket in ("day", "week", "month"):
        answer = api.read(
            "/api/v2/usage", agent=three_days, bucket=bucket, **{"from": "2026-01-01"}
        )
        assert answer["totals"]["cost_usd"] == stats["total_cost_usd"]
        assert answer["totals"]["events"] == stats["total_events"]
        assert answer["totals"]["tokens_in"] == stats["total_tokens_in"]


def test_a_time_in_to_ends_the_range_before_it(api: Api, three_days: str) -> None:
    asked = {"agent": three_days, "from": "2026-03-10T23:00:00Z", "to": "2026-03-11T12:00:00Z"}
    answer = api.read("/api/v2/usage", **asked, bucket="hour")
    assert len(answer["buckets"]) == 13
    assert answer["totals"]["cost_usd"] == 0.5
    assert answer["previous"]["totals"]["cost_usd"] == 0.25
    span = instant(asked["to"]) - instant(asked["from"])
    assert instant(answer["previous"]["to"]) - instant(answer["previous"]["from"]) == span


def test_hours_without_a_range_are_those_of_a_week(api: Api, agent: str) -> None:
    answer = api.read("/api/v2/usage", agent=agent, bucket="hour")
    assert len(answer["buckets"]) == 7 * 24
    response = api.get("/api/v2/usage/export", {"agent": agent, "bucket": "hour"})
    assert response.status_code == 200


def test_a_day_with_an_hour_is_a_time(api: Api, three_days: str) -> None:
    answer = api.read(
        "/api/v2/usage", agent=three_days, **{"from": "2026-03-10", "to": "2026-03-11 12"}
    )
    assert answer["to"] == "2026-03-11T12:00:00.000Z"


def test_what_is_beyond_the_limit_is_other(api: Api, three_days: str) -> None:
    asked: dict[str, str] = {"agent": three_days, "from": "2026-03-10", "to": "2026-03-12"}
    answer = api.read("/api/v2/usage", **asked, limit=2)
    assert [(s["key"], s["other"]) for s in answer["series"]] == [(None, False), (None, True)]
    assert answer["series"][1]["totals"]["cost_usd"] == 0.875


def test_sessions_are_listed_with_their_whole_lives(api: Api, agent: str) -> None:
    one, two = unique("ct-s"), unique("ct-s")
    api.ingest(
        told(agent, "2026-03-09T10:00:00Z", session_id=one, cost_usd=1.0),
        told(agent, "2026-03-10T10:00:00Z", session_id=one, cost_usd=0.5),
        told(agent, "2026-03-10T11:00:00Z", session_id=two, cost_usd=2.0),
        told(agent, "2026-03-01T11:00:00Z", cost_usd=4.0),
    )
    asked = {"agent": agent, "from": "2026-03-10", "to": "2026-03-10"}
    answer = api.read("/api/v2/usage", **asked, by="session")
    assert [(s["session_id"], s["totals"]["cost_usd"]) for s in answer["sessions"]] == [
        (two, 2.0), (one, 1.5),
    ]  # fmt: skip
    assert answer["total"] == 2
    assert answer["totals"]["cost_usd"] == 3.5
    assert answer["totals"]["unpriced_tokens"] is None
    rows = api.read("/api/v2/usage/export", **asked, by="session", format="json")["rows"]
    assert [row["session_id"] for row in rows] == [two, one]


def test_models_without_a_price_are_named_and_never_zero(api: Api, agent: str) -> None:
    name = unique("ct-model")
    api.ingest(
        told(agent, "2026-03-10T10:00:00Z", model=name, tokens_in=7, cache_read_tokens=5),
        told(agent, "2026-03-10T10:00:00Z", model="claude-sonnet-4-5", cache_read_tokens=10**6),
    )
    answer = api.read("/api/v2/usage", agent=agent, **{"from": "2026-03-10", "to": "2026-03-10"})
    assert answer["unpriced"] == [{"model": name, "events": 1, "tokens": 12}]
    assert answer["cache"]["unpriced_cache_read_tokens"] == 5
    assert answer["cache"]["saved_usd"] == pytest.approx(2.7)
    by_model = {row["model"]: row["saved_usd"] for row in answer["cache"]["by_model"]}
    assert by_model == {name: None, "claude-sonnet-4-5": pytest.approx(2.7)}


def test_the_export_has_a_row_for_each_bucket_and_series(api: Api, agent: str) -> None:
    api.ingest(
        told(agent, "2026-03-10T10:00:00Z", model="=cmd()", cost_usd=0.1),
        told(agent, "2026-03-11T10:00:00Z", model='a "b", c', cost_usd=0.2),
    )
    asked = {"agent": agent, "from": "2026-03-10", "to": "2026-03-12"}
    response = api.get("/api/v2/usage/export", asked)
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/csv")
    assert "attachment" in response.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(response.text)))
    assert [(r["period"], r["model"], r["cost_usd"]) for r in rows] == [
        ("2026-03-10", "'=cmd()", "0.100000000"),
        ("2026-03-11", 'a "b", c', "0.200000000"),
    ]
    same = api.read("/api/v2/usage/export", **asked, format="json")["rows"]
    assert [row["model"] for row in same] == ["=cmd()", 'a "b", c']
    assert same[0]["cost_usd"] == 0.1


@pytest.mark.parametrize(
    ("field", "asked"),
    [
        ("bucket", {"bucket": "minute"}),
        ("by", {"by": "tool"}),
        ("tz", {"tz": "Nowhere/Atlantis"}),
        ("tz", {"tz": "../../etc/passwd"}),
        ("from", {"from": "yesterday"}),
        ("from", {"from": "2026-03-10", "to": "2026-03-01"}),
        ("from", {"from": "1066-10-14"}),
        ("to", {"to": "9999-12-31"}),
        ("to", {"to": "2026-13-01"}),
        ("to", {"to": "1960-01-01"}),
        ("limit", {"limit": "0"}),
        ("bucket", {"from": "2020-01-01", "bucket": "hour"}),
    ],
)
@pytest.mark.parametrize("path", ["/api/v2/usage", "/api/v2/usage/export"])
def test_what_cannot_be_asked_is_named(
    api: Api, path: str, field: str, asked: dict[str, str]
) -> None:
    response = api.get(path, asked)
    assert response.status_code == 400, response.text
    assert error_of(response)
    assert [one["field"] for one in response.json()["errors"]] == [field]


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
    velocity = answer["velocity"]
    assert velocity["active_days"] == 2
    assert velocity["longest_streak_days"] == velocity["current_streak_days"] == 1
    assert velocity["sessions_per_day"] == 1.5


@pytest.mark.parametrize(
    ("field", "asked"),
    [
        ("branch", {"branch": "main"}),
        ("session", {"session": "s"}),
        ("project", {"project": "p", "model": "m"}),
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
    response = api.get("/api/v2/facets", {"project": name})
    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "project"


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
