"""GET /api/v2/windows and /api/v2/blocks, POST /api/statusline/claude-code."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from .client import Api, Row, ago, error_of, event, instant, iso
from .conftest import Launch
from .shape import Check, faults, integer, items, maybe, moment, number, one_of, text

STATUSLINE = "/api/statusline/claude-code"
WINDOW: dict[str, Check] = {
    "agent_type": text,
    "window": text,
    "kind": one_of("tokens", "cost"),
    "source": one_of("guessed", "reported"),
    "window_hours": maybe(number),
    "starts_at": maybe(moment),
    "ends_at": maybe(moment),
    "used": maybe(number),
    "limit": maybe(number),
    "used_percent": maybe(number),
    "burn_rate_per_hour": maybe(number),
    "projected": maybe(number),
    "projected_percent": maybe(number),
    "limit_reached_at": maybe(moment),
    "reported_at": maybe(moment),
}
BLOCK: dict[str, Check] = {
    "agent_type": text,
    "starts_at": moment,
    "ends_at": moment,
    "is_active": one_of(True, False),
    "first_at": moment,
    "last_at": moment,
    "gap_before_ms": maybe(integer),
    "events": integer,
    "tokens_in": integer,
    "tokens_out": integer,
    "cache_read_tokens": integer,
    "cache_write_tokens": integer,
    "cost_usd": number,
    "unpriced_tokens": integer,
    "models": items,
}
MODEL: dict[str, Check] = {
    "model": maybe(text),
    "tokens_in": integer,
    "tokens_out": integer,
    "cache_read_tokens": integer,
    "cache_write_tokens": integer,
    "cost_usd": number,
    "unpriced_tokens": integer,
}


def windows(api: Api, **asked: str) -> dict[tuple[str, str], Row]:
    rows = api.read("/api/v2/windows", **asked)["windows"]
    for row in rows:
        assert faults(row, WINDOW) == {}
    found = {(row["agent_type"], row["window"]): row for row in rows}
    assert len(found) == len(rows), "a window is listed twice"
    return found


def blocks(api: Api, **asked: str | int) -> list[Row]:
    rows: list[Row] = api.read("/api/v2/blocks", **asked)["blocks"]
    for row in rows:
        assert faults(row, BLOCK) == {}
        assert [m for m in row["models"] if faults(m, MODEL)] == []
    return rows


def seconds(**ahead: float) -> int:
    return int((datetime.now(UTC) + timedelta(**ahead)).timestamp())


@pytest.fixture
def own(launch: Launch) -> Iterator[Api]:
    """A server that nothing was sent to."""
    with launch() as api:
        yield api


def test_nothing_was_used_before_an_agent_was_seen(own: Api) -> None:
    assert windows(own) == {}
    assert blocks(own) == []


def test_windows_of_every_agent_that_was_seen(own: Api) -> None:
    own.ingest(
        event("claude_code", tokens_in=100, tokens_out=50, cache_read_tokens=9999),
        event("codex", cost_usd=2.5),
        event("somebody", tokens_in=7),
    )
    found = windows(own)
    used = {key: (row["kind"], row["used"], row["limit"]) for key, row in found.items()}
    assert used == {
        ("claude_code", "session"): ("tokens", 150, 44_000),
        ("claude_code", "weekly"): ("tokens", 150, 293_000),
        ("codex", "session"): ("cost", 2.5, 500),
        ("codex", "extended"): ("cost", 2.5, 1500),
        ("somebody", "session"): ("tokens", 7, None),
    }
    assert {row["source"] for row in found.values()} == {"guessed"}
    assert set(windows(own, agent="codex")) == {("codex", "session"), ("codex", "extended")}
    assert windows(own, agent="never seen") == {}


def test_the_session_of_claude_code_begins_on_a_full_hour(own: Api) -> None:
    own.ingest(event("claude_code", tokens_in=100))
    row = windows(own)["claude_code", "session"]
    begin, end = instant(row["starts_at"]), instant(row["ends_at"])
    assert (begin.minute, begin.second, end - begin) == (0, 0, timedelta(hours=5))
    (block,) = blocks(own)
    assert block["is_active"] is True
    assert (block["starts_at"], block["ends_at"]) == (row["starts_at"], row["ends_at"])


def test_imported_history_fills_its_own_blocks_and_not_todays_window(own: Api) -> None:
    for days in (2, 9):
        at = ago(days=days)
        own.ingest(event("claude_code", tokens_out=500, client_timestamp=at, source="import"))
    assert windows(own)["claude_code", "session"]["used"] == 0
    assert windows(own)["claude_code", "weekly"]["used"] == 500
    newer, older = blocks(own)
    assert (newer["is_active"], newer["tokens_out"], older["tokens_out"]) == (False, 500, 500)
    assert newer["gap_before_ms"] // 60_000 in range(7 * 1440 - 1, 7 * 1440 + 2)
    assert older["gap_before_ms"] is None
    assert blocks(own, limit=1) == [newer]
    assert blocks(own, to=ago(days=4)) == [older]
    assert blocks(own, **{"from": ago(days=4)}) == [newer]
    assert blocks(own, agent="codex") == []


def test_a_block_says_which_models_were_used(own: Api) -> None:
    own.ingest(
        event("claude_code", model="claude-sonnet-4-5", tokens_in=1000, tokens_out=100),
        event("claude_code", model="of-nobody", tokens_in=3),
    )
    (block,) = blocks(own)
    assert [model["model"] for model in block["models"]] == ["claude-sonnet-4-5", "of-nobody"]
    assert block["cost_usd"] == block["models"][0]["cost_usd"] > 0
    assert block["unpriced_tokens"] == block["models"][1]["unpriced_tokens"] == 3


def test_the_status_line_brings_the_real_figures(own: Api) -> None:
    own.ingest(event("claude_code", tokens_in=300))
    session, week = seconds(hours=2), seconds(days=3)
    response = own.post(
        STATUSLINE,
        {
            "session_id": "s1",
            "cost": {"total_cost_usd": 0.1},
            "rate_limits": {
                "five_hour": {"used_percentage": 25, "resets_at": session},
                "seven_day": {
                    "used_percentage": 60.5,
                    "resets_at": iso(datetime.fromtimestamp(week, UTC)),
                },
            },
        },
    )
    assert (response.status_code, response.content) == (200, b"")
    found = windows(own)
    assert set(found) == {("claude_code", "session"), ("claude_code", "weekly")}
    row, weekly = found["claude_code", "session"], found["claude_code", "weekly"]
    assert (row["source"], row["used_percent"], row["limit"]) == ("reported", 25, 1200)
    assert (weekly["source"], weekly["used_percent"]) == ("reported", 60.5)
    assert instant(row["ends_at"]).timestamp() == session
    assert instant(weekly["ends_at"]).timestamp() == week
    monitor = own.read("/api/stats/usage-monitor")[0]["session"]
    assert monitor == {"used": 300, "limit": 44_000, "windowHours": 5}, "contract version 1"


def test_reports_survive_a_new_start(
    launch: Launch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("again")
    limit = {"used_percentage": 25, "resets_at": seconds(hours=2)}
    with launch(folder=folder) as api:
        assert api.post(STATUSLINE, {"rate_limits": {"five_hour": limit}}).status_code == 200
    with launch(folder=folder) as api:
        assert windows(api)["claude_code", "session"]["used_percent"] == 25


@pytest.mark.parametrize("payload", [{}, {"rate_limits": None}, {"rate_limits": {}}])
def test_a_status_line_without_limits_is_fine(api: Api, payload: Row) -> None:
    """Those who pay by use have none, and nobody has one before the first answer."""
    response = api.post(STATUSLINE, payload)
    assert (response.status_code, response.content) == (200, b"")


@pytest.mark.parametrize(
    ("limits", "field"),
    [
        ([], "rate_limits"),
        ({"five_hour": 7}, "rate_limits.five_hour"),
        ({"five_hour": {"used_percentage": -1}}, "rate_limits.five_hour.used_percentage"),
        ({"five_hour": {"used_percentage": 1001}}, "rate_limits.five_hour.used_percentage"),
        (
            {"five_hour": {"used_percentage": 1, "resets_at": "soon"}},
            "rate_limits.five_hour.resets_at",
        ),
        ({"five_hour": {"used_percentage": 1, "resets_at": 9_999_999_999}}, "five_hour.resets_at"),
        ({"a\0b": {"used_percentage": 1}}, "a\0b.window"),
    ],
)
def test_a_status_line_that_cannot_be_is_400_with_its_fault(
    api: Api, limits: object, field: str
) -> None:
    response = api.post(STATUSLINE, {"rate_limits": limits})
    assert response.status_code == 400
    error_of(response)
    assert [detail["field"] for detail in response.json()["details"]] == [field]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b"null", b"7"])
def test_what_is_no_status_line_is_400(api: Api, body: bytes) -> None:
    response = api.post_raw(STATUSLINE, body)
    assert response.status_code == 400
    error_of(response)


def test_an_agent_without_a_status_line_is_404(api: Api) -> None:
    response = api.post("/api/statusline/nobody", {})
    assert response.status_code == 404
    error_of(response)


def test_another_page_may_not_report(api: Api) -> None:
    response = api.post(STATUSLINE, {}, headers={"origin": "https://evil.example"})
    assert response.status_code == 403


@pytest.mark.parametrize("query", ["from=soon", "to=x", "limit=0", "from=2026-01-02&to=2026-01-01"])
def test_a_range_that_is_none_is_400(api: Api, query: str) -> None:
    for path in ("blocks", "windows") if "limit" not in query else ("blocks",):
        response = api.get(f"/api/v2/{path}?{query}")
        assert response.status_code == 400
        assert response.json()["details"][0]["field"] == query.split("=")[0]
        error_of(response)
