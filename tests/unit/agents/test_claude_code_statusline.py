"""Claude Code's status line: its rate limits are quotas."""

from typing import Any

import pytest

from agentmonitor.agents.claude_code.statusline import parse_statusline
from agentmonitor.errors import InvalidInput

AT = 1_738_420_000_000
RESET = 1_738_425_600


def limits(**windows: Any) -> dict[str, Any]:
    """A status line's input, as version 2.1 sends it."""
    return {
        "session_id": "abc", "version": "2.1.80", "cwd": "/home/dev/app",
        "model": {"id": "claude-opus-4-8", "display_name": "Opus 4.8"},
        "cost": {"total_cost_usd": 0.42, "total_duration_ms": 45000},
        "context_window": {"used_percentage": 8, "context_window_size": 200000},
        "rate_limits": windows,
    }  # fmt: skip


def test_each_window_becomes_a_quota_of_its_arrival() -> None:
    five, seven = parse_statusline(
        limits(
            five_hour={"used_percentage": 23.5, "resets_at": RESET},
            seven_day={"used_percentage": 41, "resets_at": RESET + 86_400},
        ),
        AT,
    )
    assert (five.agent_type, five.window, five.used_percent) == ("claude_code", "five_hour", 23.5)
    assert (five.at, five.resets_at, five.window_minutes) == (AT, RESET * 1000, 300)
    assert (seven.window, seven.used_percent, seven.window_minutes) == ("seven_day", 41, 10_080)


@pytest.mark.parametrize(
    "reset", [RESET, float(RESET), RESET * 1000, str(RESET), "2025-02-01T16:00:00Z",
              "2025-02-01T17:00:00+01:00", "2025-02-01T16:00:00.000Z"],
)  # fmt: skip
def test_a_reset_is_understood_in_every_form(reset: Any) -> None:
    (quota,) = parse_statusline(limits(five_hour={"used_percentage": 1, "resets_at": reset}), AT)
    assert quota.resets_at == RESET * 1000


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"rate_limits": None},
        limits(),
        limits(five_hour=None),
        limits(five_hour={}),
        limits(five_hour={"used_percentage": None, "resets_at": None}),
        limits(note="what is not known and no window"),
    ],
)
def test_without_figures_there_is_no_quota(payload: dict[str, Any]) -> None:
    assert parse_statusline(payload, AT) == []


def test_a_window_that_has_been_reset_since_says_nothing() -> None:
    """A session that rests repeats what it last heard."""
    stale = {"used_percentage": 90, "resets_at": RESET}
    assert parse_statusline(limits(five_hour=stale), RESET * 1000) == []


def test_a_window_that_is_not_known_is_kept_under_its_own_name() -> None:
    (quota,) = parse_statusline(limits(seven_day_opus={"used_percentage": 5}), AT)
    assert (quota.window, quota.resets_at, quota.window_minutes) == ("seven_day_opus", None, None)


@pytest.mark.parametrize(
    ("rate_limits", "field"),
    [
        ([], "rate_limits"),
        ("90 %", "rate_limits"),
        ({"five_hour": 90}, "rate_limits.five_hour"),
        ({"five_hour": {"used_percentage": "90"}}, "rate_limits.five_hour.used_percentage"),
        ({"five_hour": {"used_percentage": True}}, "rate_limits.five_hour.used_percentage"),
        ({"five_hour": {"used_percentage": -1}}, "rate_limits.five_hour.used_percentage"),
        ({"five_hour": {"used_percentage": 10**400}}, "rate_limits.five_hour.used_percentage"),
        (
            {"seven_day": {"used_percentage": 1, "resets_at": "soon"}},
            "rate_limits.seven_day.resets_at",
        ),
        (
            {"seven_day": {"used_percentage": 1, "resets_at": True}},
            "rate_limits.seven_day.resets_at",
        ),
        (
            {"seven_day": {"used_percentage": 1, "resets_at": float("inf")}},
            "rate_limits.seven_day.resets_at",
        ),
    ],
)
def test_what_is_malformed_is_refused_by_name(rate_limits: Any, field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_statusline({"rate_limits": rate_limits}, AT)
    assert [name for name, _ in caught.value.details] == [field]
