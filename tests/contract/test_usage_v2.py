"""GET /api/v2/usage and its export."""

from __future__ import annotations

import csv
import io

import pytest

from .client import Api, error_of, instant, unique
from .shape import Check, faults, integer, items, mapping, maybe, moment, number, one_of, text
from .test_analytics import told

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


def test_a_text_of_the_session_narrows_every_report(api: Api, agent: str) -> None:
    mark = unique()
    api.ingest(
        told(agent, "2026-03-10T10:00:00Z", session_id=f"{mark}-Left", model="m", cost_usd=0.5,
             tokens_in=7, tool_name="Bash", event_type="tool_use", status="error"),
        told(agent, "2026-03-10T10:01:00Z", session_id=f"{mark}-right", model="m", cost_usd=2.0,
             tokens_in=11, tool_name="Read", event_type="tool_use", status="error"),
    )  # fmt: skip
    asked = {"q": f"{mark}-left", "from": "2026-03-10", "to": "2026-03-10"}
    usage = api.read("/api/v2/usage", **asked)
    assert (usage["totals"]["tokens_in"], usage["totals"]["cost_usd"]) == (7, 0.5)
    by_session = api.read("/api/v2/usage", **asked, by="session")
    assert [row["session_id"] for row in by_session["sessions"]] == [f"{mark}-Left"]
    assert [tool["tool"] for tool in api.read("/api/v2/tools", **asked)["tools"]] == ["Bash"]
    failed = api.read("/api/v2/failures", **asked)["failures"]
    assert [row["tool"] for row in failed] == ["Bash"]
    assert api.read("/api/v2/activity", **asked)["days"][0]["events"] == 1
    assert [f["value"] for f in api.read("/api/v2/facets", **asked)["tool"]] == ["Bash"]
    (block,) = api.read("/api/v2/blocks", **asked, agent=agent)["blocks"]
    assert (block["events"], block["tokens_in"]) == (1, 7)
