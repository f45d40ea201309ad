"""What the provider says takes the place of guessed limits."""

import queue
from typing import Any

import pytest

from agentmonitor.errors import StorageError
from agentmonitor.model.analytics import Where
from agentmonitor.model.quota import Quota
from agentmonitor.storage.engine import Engine
from tests.unit.storage.store import ENGINES, PATIENCE_S, opened
from tests.unit.usage.agents import BASE
from tests.unit.usage.naive import DAY, HOUR, MINUTE, iso
from tests.unit.usage.test_windows import ask, use

MAKE = ENGINES["sqlite"]
NOON = BASE + 12 * HOUR
RESET = NOON + 3 * HOUR
"""Of the session under way at noon, which so began at ten."""


def report(engine: Engine, *reports: tuple[int, float], **fields: Any) -> None:
    """Store (time, percent) of one window."""
    known: dict[str, Any] = {
        "agent_type": "blocky", "window": "five_hour", "resets_at": RESET, "window_minutes": 300,
    }  # fmt: skip
    answers: queue.SimpleQueue[StorageError | None] = queue.SimpleQueue()
    quotas = [Quota(at=at, used_percent=percent, **known | fields) for at, percent in reports]
    engine.put_quotas(quotas, answers.put)
    assert answers.get(timeout=PATIENCE_S) is None


def test_a_report_takes_the_place_of_the_guessed_limit() -> None:
    with opened(MAKE) as store:
        store.write(use(NOON - 3 * HOUR, 500), use(NOON - HOUR, 300), use(NOON, 40))
        report(store.engine, (NOON - 30 * MINUTE, 20.0))
        row = ask(store.engine, NOON)["blocky", "session"]
    assert (row["source"], row["used_percent"]) == ("reported", 20)
    assert row["reported_at"] == iso(NOON - 30 * MINUTE)
    assert (row["starts_at"], row["ends_at"]) == (iso(RESET - 5 * HOUR), iso(RESET))
    assert row["used"] == 340, "what lies before the provider's window does not count"
    assert row["limit"] == 1500, "300 tokens were 20 percent when it was reported"


def test_of_what_is_reported_the_share_of_what_matches_is_told() -> None:
    where = Where(since=0, until=2**60, project="left")
    with opened(MAKE) as store:
        store.write(
            use(NOON - 59 * MINUTE, 300, project="left"),
            use(NOON - 59 * MINUTE, 500, project="right"),
        )
        report(store.engine, (NOON - 30 * MINUTE, 40.0))
        row = ask(store.engine, NOON, where=where)["blocky", "session"]
    assert (row["source"], row["used"], row["limit"]) == ("reported", 300, 2000)
    assert (row["used_percent"], row["burn_rate_per_hour"]) == (15, 300)
    assert (row["projected"], row["projected_percent"]) == (1200, 60)


def test_with_one_report_the_projection_goes_by_our_own_burn_rate() -> None:
    with opened(MAKE) as store:
        store.write(use(NOON - 59 * MINUTE, 300))
        report(store.engine, (NOON - 30 * MINUTE, 20.0))
        row = ask(store.engine, NOON)["blocky", "session"]
    assert (row["limit"], row["burn_rate_per_hour"]) == (1500, 300)
    assert (row["projected_percent"], row["projected"]) == (80, 1200)
    assert row["limit_reached_at"] is None


def test_with_more_reports_it_goes_by_these() -> None:
    """40 percent in the last hour, three hours to go."""
    with opened(MAKE) as store:
        report(
            store.engine, (NOON - 90 * MINUTE, 5.0), (NOON - 70 * MINUTE, 10.0),
            (NOON - 20 * MINUTE, 30.0), (NOON - MINUTE, 50.0),
        )  # fmt: skip
        row = ask(store.engine, NOON)["blocky", "session"]
    assert row["projected_percent"] == 50 + 3 * 40
    assert row["limit_reached_at"] == iso(NOON + HOUR * 50 // 40)
    assert (row["limit"], row["projected"]) == (None, 0), "no tokens of it were seen"


def test_when_nothing_is_used_any_more_the_projection_stands_still() -> None:
    with opened(MAKE) as store:
        report(store.engine, (NOON - 2 * HOUR, 5.0), (NOON - 90 * MINUTE, 70.0))
        report(store.engine, (NOON - MINUTE, 70.0))
        row = ask(store.engine, NOON)["blocky", "session"]
    assert (row["projected_percent"], row["limit_reached_at"]) == (70, None)
    assert row["reported_at"] == iso(NOON - MINUTE)


def test_reports_of_the_last_minutes_are_no_measure_of_the_pace() -> None:
    """Two of them differ by a rounded percent; the window so far says more."""
    with opened(MAKE) as store:
        report(store.engine, (NOON - 2 * MINUTE, 10.0), (NOON - MINUTE, 11.0))
        row = ask(store.engine, NOON)["blocky", "session"]
    assert row["projected_percent"] == 11 + 3 * 11 / 2


@pytest.mark.parametrize("stale", [20.0, 30.0])
def test_a_session_that_rests_does_not_turn_the_figures_back(stale: float) -> None:
    with opened(MAKE) as store:
        report(store.engine, (NOON - HOUR, 20.0), (NOON - 10 * MINUTE, 60.0), (NOON, stale))
        row = ask(store.engine, NOON)["blocky", "session"]
    assert (row["used_percent"], row["reported_at"]) == (60, iso(NOON - 10 * MINUTE))


def test_after_its_reset_a_report_is_worth_nothing() -> None:
    with opened(MAKE) as store:
        store.write(use(NOON))
        report(store.engine, (NOON, 99.0))
        assert ask(store.engine, RESET - 1)["blocky", "session"]["source"] == "reported"
        row = ask(store.engine, RESET)["blocky", "session"]
    assert (row["source"], row["limit"]) == ("guessed", 1000)


def test_a_new_window_begins_with_its_first_report() -> None:
    with opened(MAKE) as store:
        report(store.engine, (NOON, 99.0))
        report(store.engine, (RESET + MINUTE, 1.0), resets_at=RESET + 5 * HOUR)
        row = ask(store.engine, RESET + MINUTE)["blocky", "session"]
    assert (row["used_percent"], row["starts_at"]) == (1, iso(RESET))


def test_a_limit_of_less_than_five_percent_is_not_reckoned() -> None:
    with opened(MAKE) as store:
        store.write(use(NOON - HOUR, 300))
        report(store.engine, (NOON, 4.0))
        row = ask(store.engine, NOON)["blocky", "session"]
    assert (row["limit"], row["used"], row["used_percent"]) == (None, 300, 4)


def test_a_full_window_is_reached_now() -> None:
    with opened(MAKE) as store:
        report(store.engine, (NOON - MINUTE, 104.0))
        row = ask(store.engine, NOON)["blocky", "session"]
    assert row["limit_reached_at"] == iso(NOON)


@pytest.mark.parametrize("minutes", [10_080, 10_079, 10_000])
def test_a_report_finds_its_window_by_its_length(minutes: int) -> None:
    """An agent's own names, such as primary and secondary, say nothing of it."""
    fields = {"window": "secondary", "window_minutes": minutes, "resets_at": NOON + DAY}
    with opened(MAKE) as store:
        report(store.engine, (NOON, 30.0), agent_type="rolling", **fields)
        report(store.engine, (NOON, 30.0), **fields)
        found = ask(store.engine, NOON)
    sources = {key: row["source"] for key, row in found.items()}
    assert sources == {
        ("blocky", "session"): "guessed", ("blocky", "weekly"): "reported",
        ("rolling", "session"): "guessed", ("rolling", "extended"): "reported",
    }  # fmt: skip


def test_of_two_windows_of_its_length_a_report_is_of_the_one_with_a_limit() -> None:
    with opened(MAKE) as store:
        report(store.engine, (NOON, 30.0), window_minutes=10_080)
        found = ask(store.engine, NOON, EXTENDED_WINDOW_HOURS_BLOCKY="168")
    assert {key[1]: row["source"] for key, row in found.items()} == {
        "session": "guessed", "weekly": "reported",
    }  # fmt: skip


def test_of_two_reports_of_its_length_the_general_one_is_the_windows() -> None:
    with opened(MAKE) as store:
        report(store.engine, (NOON, 80.0), window="a_model:primary")
        report(store.engine, (NOON, 30.0), window="primary")
        found = ask(store.engine, NOON)
    assert found["blocky", "session"]["used_percent"] == 30
    assert found["blocky", "a_model:primary"]["used_percent"] == 80


def test_a_report_finds_its_window_also_when_the_user_made_that_shorter() -> None:
    with opened(MAKE) as store:
        report(store.engine, (NOON, 30.0))
        found = ask(store.engine, NOON, SESSION_WINDOW_HOURS_BLOCKY="3")
    assert found["blocky", "session"]["window_hours"] == 5


def test_what_fits_no_window_stands_under_its_own_name() -> None:
    with opened(MAKE) as store:
        report(store.engine, (NOON, 30.0), window="opus", window_minutes=None)
        report(store.engine, (NOON, 7.0), window="monthly", window_minutes=43_200)
        found = ask(store.engine, NOON)
    assert [key[1] for key in found] == ["session", "weekly", "monthly", "opus"]
    opus = found["blocky", "opus"]
    assert (opus["used_percent"], opus["ends_at"]) == (30, iso(RESET))
    unknown = ("window_hours", "starts_at", "used", "limit", "projected", "projected_percent")
    assert {opus[name] for name in unknown} == {None}
    assert found["blocky", "monthly"]["window_hours"] == 720


def test_a_report_without_a_reset_holds_for_its_windows_length() -> None:
    with opened(MAKE) as store:
        store.write(use(NOON, 200))
        report(store.engine, (NOON, 50.0), resets_at=None)
        row = ask(store.engine, NOON + 5 * HOUR - 1)["blocky", "session"]
        later = ask(store.engine, NOON + 5 * HOUR)["blocky", "session"]
    assert (row["source"], row["used_percent"], row["limit"]) == ("reported", 50, 400)
    assert (row["starts_at"], row["ends_at"], row["projected"]) == (None, None, None)
    assert later["source"] == "guessed"


def test_an_agent_without_limits_has_the_windows_that_are_reported() -> None:
    with opened(MAKE) as store:
        report(store.engine, (NOON, 50.0), agent_type="plain")
        found = ask(store.engine, NOON)
    assert {key: row["source"] for key, row in found.items()} == {("plain", "session"): "reported"}
