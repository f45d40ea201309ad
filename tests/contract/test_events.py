"""GET /api/events: order, pages and filters."""

from __future__ import annotations

import pytest

from .client import Api, Row, ago, event, unique
from .shape import EVENT_ROW, faults


def test_rows_have_the_contract_s_columns(api: Api, agent: str) -> None:
    api.ingest_batch([event(agent, tool_name="Read"), event(agent, event_type="error")])
    answer = api.read("/api/events", agent_type=agent)
    assert type(answer["total"]) is int
    assert len(answer["events"]) == 2
    for row in answer["events"]:
        assert faults(row, EVENT_ROW) == {}


def test_nothing_that_matches_is_an_empty_list(api: Api, agent: str) -> None:
    answer = api.read("/api/events", agent_type=agent)
    assert (answer["events"], answer["total"]) == ([], 0)


def test_rows_come_newest_first(api: Api, agent: str) -> None:
    ids = api.ingest(*(event(agent) for _ in range(4)))
    assert [row["id"] for row in api.rows(agent_type=agent)] == ids[::-1]


def test_the_newest_goes_by_the_event_s_own_time(api: Api, agent: str) -> None:
    times = [ago(minutes=5), ago(minutes=1), ago(minutes=9)]
    api.ingest(*(event(agent, client_timestamp=time) for time in times))
    listed = [row["client_timestamp"] for row in api.rows(agent_type=agent)]
    assert listed == sorted(times, reverse=True)


def test_limit_is_50_unless_given(api: Api, agent: str) -> None:
    api.ingest_batch([event(agent) for _ in range(60)])
    assert len(api.rows(agent_type=agent)) == 50
    assert len(api.rows(agent_type=agent, limit=7)) == 7
    assert len(api.rows(agent_type=agent, limit=60)) == 60
    assert api.read("/api/events", agent_type=agent, limit=7)["total"] == 60


def test_pages_by_offset_show_each_row_once(api: Api, agent: str) -> None:
    ids = api.ingest_batch([event(agent) for _ in range(10)])
    pages = [api.rows(agent_type=agent, limit=4, offset=offset) for offset in (0, 4, 8, 12)]
    assert [len(page) for page in pages] == [4, 4, 2, 0]
    shown = [row["id"] for page in pages for row in page]
    assert shown == sorted(ids, reverse=True)


@pytest.fixture
def pair(api: Api, agent: str) -> tuple[Row, Row]:
    """Two stored events of one agent that differ in every filter."""
    one, two = (
        event(
            agent,
            event_type=kind,
            tool_name=unique("ct-tool"),
            branch=unique("ct-b"),
            project=unique("ct-p"),
            model=unique("ct-m"),
            source=source,
        )
        for kind, source in (("tool_use", "hook"), ("llm_response", "otel"))
    )
    return api.stored(one), api.stored(two)


@pytest.mark.parametrize(
    "name", ["event_type", "tool_name", "session_id", "branch", "model", "source", "project"]
)
def test_a_filter_keeps_what_matches(
    api: Api, agent: str, pair: tuple[Row, Row], name: str
) -> None:
    for row in pair:
        answer = api.read("/api/events", agent_type=agent, **{name: row[name]})
        assert answer["events"] == [row]
        assert answer["total"] == 1
    assert api.rows(agent_type=agent, **{name: unique()}) == []


def test_filters_work_together(api: Api, agent: str, pair: tuple[Row, Row]) -> None:
    one, two = pair
    assert api.rows(agent_type=agent, tool_name=one["tool_name"], branch=one["branch"]) == [one]
    assert api.rows(agent_type=agent, tool_name=one["tool_name"], branch=two["branch"]) == []


def test_a_filter_s_value_is_taken_literally(api: Api, agent: str, pair: tuple[Row, Row]) -> None:
    assert len(pair) == 2
    for value in ("%", "ct-%", "' OR 1=1 --", '"', "*"):
        assert api.rows(agent_type=agent, tool_name=value) == []


@pytest.mark.parametrize("bounds", [{}, {"since": 7.5}, {"until": 2.5}, {"since": 8, "until": 1.5}])
def test_pages_of_a_filter_are_cut_from_the_whole_list(
    api: Api, agent: str, bounds: dict[str, float]
) -> None:
    """Over many hours, with more and fewer matches than a page in each."""
    hours = [0.1, 0.2, 0.3, 2, 2.1, 2.2, 2.3, 2.4, 5, 7, 7.1, 7.6, 30, 30.1]
    events = [
        event(agent, event_type=kind, client_timestamp=ago(hours=hour))
        for hour in hours
        for kind in ("tool_use", "error")
    ]
    api.ingest_batch(events)
    cut = {name: ago(hours=value) for name, value in bounds.items()}
    expected = sorted(
        (
            item["client_timestamp"]
            for item in events
            if item["event_type"] == "error"
            and cut.get("since", "") <= item["client_timestamp"] <= cut.get("until", "9")
        ),
        reverse=True,
    )
    assert expected
    for offset in range(0, len(expected) + 2, 3):
        answer = api.read(
            "/api/events", agent_type=agent, event_type="error", limit=3, offset=offset, **cut
        )
        page = [row["client_timestamp"] for row in answer["events"]]
        assert page == expected[offset : offset + 3]
        assert answer["total"] == len(expected)


def test_since_and_until_cut_by_the_event_s_own_time(api: Api, agent: str) -> None:
    times = [ago(hours=hours) for hours in (4, 3, 2, 1)]
    api.ingest_batch([event(agent, client_timestamp=time) for time in times])

    def between(**bounds: str) -> list[str]:
        return [row["client_timestamp"] for row in api.rows(agent_type=agent, **bounds)]

    assert between(since=ago(hours=2.5)) == [times[3], times[2]]
    assert between(until=ago(hours=2.5)) == [times[1], times[0]]
    assert between(since=ago(hours=3.5), until=ago(hours=1.5)) == [times[2], times[1]]
    assert between(since=ago(minutes=1)) == []
    assert api.read("/api/events", agent_type=agent, since=ago(hours=2.5), limit=1)["total"] == 2


def test_since_understands_an_offset(api: Api, agent: str) -> None:
    api.ingest(event(agent, client_timestamp="2026-03-01T12:00:00Z"))
    assert len(api.rows(agent_type=agent, since="2026-03-01T13:30:00+02:00")) == 1
    assert api.rows(agent_type=agent, since="2026-03-01T14:30:00+02:00") == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", "many"),
        ("limit", "-1"),
        ("limit", "1e3"),
        ("limit", "99999999999999999999"),
        ("offset", "x"),
        ("offset", "-5"),
        ("offset", "99999999999999999999"),
        ("since", "yesterday"),
        ("until", ""),
    ],
)
def test_a_senseless_parameter_is_no_fault_of_the_server(api: Api, name: str, value: str) -> None:
    response = api.get("/api/events", {name: value})
    assert response.status_code in (200, 400), response.text
    assert ("events" if response.status_code == 200 else "error") in response.json()
