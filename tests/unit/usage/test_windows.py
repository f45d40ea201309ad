"""Windows against a naive computation over the events."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentmonitor.config import load_settings
from agentmonitor.model.analytics import Where
from agentmonitor.model.clock import from_iso
from agentmonitor.model.event import Event
from agentmonitor.storage.engine import Engine
from agentmonitor.usage.windows import current_windows
from tests.unit.builders import event
from tests.unit.storage.store import ENGINES, opened
from tests.unit.usage import naive
from tests.unit.usage.agents import BASE, FOLDS, REGISTRY, folding, stories
from tests.unit.usage.naive import DAY, HOUR, MINUTE, iso

MAKE = ENGINES["sqlite"]
EXPECTED = {
    ("blocky", "session"): {"kind": "tokens", "hours": 5, "limit": 1000, "block": True},
    ("blocky", "weekly"): {"kind": "tokens", "hours": 168, "limit": 9000, "block": False},
    ("rolling", "session"): {"kind": "cost", "hours": 5, "limit": 3, "block": False},
    ("rolling", "extended"): {"kind": "cost", "hours": 168, "limit": 20, "block": False},
    ("plain", "session"): {"kind": "tokens", "hours": 5, "limit": 0, "block": False},
}


def ask(
    engine: Engine, now: int, agent: str | None = None, where: Where | None = None, **environ: str
) -> dict[tuple[str, str], dict[str, Any]]:
    settings = load_settings(
        {f"AGENTMONITOR_{name}": text for name, text in environ.items()}, db_path=Path("/x")
    )
    rows = msgspec.to_builtins(current_windows(engine, REGISTRY, settings, now, agent, where))
    return {(row["agent_type"], row["window"]): row for row in rows}


def use(at: int, tokens: int = 100, **fields: Any) -> Event:
    known: dict[str, Any] = {"agent_type": "blocky", "occurred_at": at, "tokens_in": tokens}
    return event(**known | fields)


@given(
    story=stories(("blocky", "rolling", "plain")),
    fold=FOLDS,
    minutes=st.integers(0, 80 * 60),
    ms=st.sampled_from((0, 1, 59_999)),
)
def test_windows_are_what_the_events_make(
    story: list[Event], fold: tuple[int, int], minutes: int, ms: int
) -> None:
    now = BASE + minutes * MINUTE + ms
    with folding(fold), opened(MAKE) as store:
        for part in (story[:9], story[9:]):
            store.write(*part)
        found = ask(store.engine, now)
    seen = {e.agent_type for e in story}
    assert set(found) == {key for key in EXPECTED if key[0] in seen}
    for key, row in found.items():
        asked = EXPECTED[key]
        own = [e for e in story if e.agent_type == key[0]]
        expected = naive.window(own, now, **asked)  # type: ignore[arg-type]
        reached = expected.pop("limit_reached_at")
        told = {name: row[name] for name in expected}
        # Whole tokens; percentages to the hundredth.
        assert told == pytest.approx(expected, abs=0.51 if asked["kind"] == "tokens" else 0.01)
        assert (row["kind"], row["window_hours"]) == (asked["kind"], asked["hours"])
        assert row["limit"] == (asked["limit"] or None)
        assert (row["source"], row["reported_at"]) == ("guessed", None)
        assert row["limit_reached_at"] == iso(reached)


@given(story=stories(("blocky", "rolling")), fold=FOLDS)
def test_imported_history_never_fills_todays_windows(
    story: list[Event], fold: tuple[int, int]
) -> None:
    now = BASE + 30 * DAY
    for item in story:
        item.created_at = now
    with folding(fold), opened(MAKE) as store:
        store.write(*story)
        for row in ask(store.engine, now).values():
            assert (row["used"], row["burn_rate_per_hour"], row["projected"]) == (0, 0, 0)
            assert (row["starts_at"], row["ends_at"], row["limit_reached_at"]) == (None,) * 3


def test_work_at_a_steady_pace_reaches_the_limit_when_it_is_reckoned_to() -> None:
    """100 tokens every 30 minutes from 9:00; 1000 tokens are the limit of the block."""
    with opened(MAKE) as store:
        store.write(*(use(BASE + 9 * HOUR + n * 30 * MINUTE) for n in range(5)))
        row = ask(store.engine, BASE + 11 * HOUR + 29 * MINUTE)["blocky", "session"]
    assert (row["starts_at"], row["ends_at"]) == (iso(BASE + 9 * HOUR), iso(BASE + 14 * HOUR))
    assert (row["used"], row["used_percent"]) == (500, 50)
    assert row["burn_rate_per_hour"] == 200
    assert row["projected"] == 500 + round(200 * 151 / 60)
    assert row["limit_reached_at"] == iso(BASE + 13 * HOUR + 59 * MINUTE)


def test_after_a_pause_the_rate_is_that_of_the_work_and_one_message_is_no_storm() -> None:
    with opened(MAKE) as store:
        store.write(use(BASE + 9 * HOUR))
        (at_once, later, much_later) = (
            ask(store.engine, BASE + 9 * HOUR + minutes * MINUTE)["blocky", "session"]
            for minutes in (0, 29, 59)
        )
    rates = [row["burn_rate_per_hour"] for row in (at_once, later, much_later)]
    assert rates == [400, 200, 100]


def test_a_long_windows_rate_is_that_of_a_day_with_its_night() -> None:
    with opened(MAKE) as store:
        store.write(*(use(BASE + 9 * HOUR + n * HOUR) for n in range(6)))
        row = ask(store.engine, BASE + 20 * HOUR)["blocky", "weekly"]
    assert row["burn_rate_per_hour"] == 25
    assert row["ends_at"] == iso(BASE + 9 * HOUR + 7 * DAY)
    assert row["projected"] == 600 + 25 * (7 * 24 - 11)


def test_a_limit_that_is_reached_already_is_reached_now() -> None:
    now = BASE + HOUR
    with opened(MAKE) as store:
        store.write(use(BASE, 1000))
        row = ask(store.engine, now)["blocky", "session"]
    assert (row["used_percent"], row["limit_reached_at"]) == (100, iso(now))


@given(
    story=stories(("blocky", "rolling")),
    minutes=st.integers(0, 80 * 60),
    project=st.sampled_from(("left", "right")),
    since=st.integers(0, 80),
)
def test_what_matches_is_measured_by_the_agents_own_windows(
    story: list[Event], minutes: int, project: str, since: int
) -> None:
    now, begin = BASE + minutes * MINUTE, BASE + since * HOUR
    for number, item in enumerate(story):
        item.project = "left" if number % 3 else "right"
    where = Where(since=begin, until=2**60, project=project)
    with opened(MAKE) as store:
        store.write(*story)
        every, some = ask(store.engine, now), ask(store.engine, now, where=where)
    assert set(some) == set(every)
    for key, row in some.items():
        whole = every[key]
        same = ("starts_at", "ends_at", "limit", "window_hours", "source")
        assert [row[name] for name in same] == [whole[name] for name in same]
        # The current minute counts whole.
        end = now // MINUTE * MINUTE + MINUTE
        span = (from_iso(whole["starts_at"]) if whole["starts_at"] else end, end)
        mine = [e for e in story if e.agent_type == key[0] and span[0] <= e.time < span[1]]
        mine = [e for e in mine if e.project == project and e.time >= begin]
        used = (
            sum(e.tokens_in + e.tokens_out for e in mine)
            if row["kind"] == "tokens"
            else sum(e.cost_usd or 0 for e in mine)
        )
        assert row["used"] == pytest.approx(used, abs=1e-6)
        if row["limit"]:
            share = row["used"] * 100 / row["limit"]
            assert row["used_percent"] == pytest.approx(share, abs=0.01)


def test_what_is_dated_ahead_counts_when_its_time_has_come() -> None:
    with opened(MAKE) as store:
        store.write(use(BASE + 40 * MINUTE))
        before = ask(store.engine, BASE + 20 * MINUTE)["blocky", "session"]
        after = ask(store.engine, BASE + 40 * MINUTE)["blocky", "session"]
    assert (before["used"], before["starts_at"]) == (0, None)
    assert (after["used"], after["starts_at"]) == (100, iso(BASE))


def test_a_new_block_begins_empty() -> None:
    with opened(MAKE) as store:
        store.write(use(BASE, 900), use(BASE + 5 * HOUR, 1))
        row = ask(store.engine, BASE + 5 * HOUR + MINUTE)["blocky", "session"]
    assert (row["used"], row["starts_at"]) == (1, iso(BASE + 5 * HOUR))


def test_one_agent_can_be_asked_for() -> None:
    with opened(MAKE) as store:
        store.write(use(BASE), use(BASE, agent_type="rolling"))
        assert {agent for agent, _ in ask(store.engine, BASE, "rolling")} == {"rolling"}
        assert ask(store.engine, BASE, "never seen") == {}


def test_the_users_windows_count_for_any_agent() -> None:
    with opened(MAKE) as store:
        store.write(use(BASE, 7, agent_type="plain"), use(BASE))
        found = ask(
            store.engine, BASE, SESSION_TOKEN_LIMIT_PLAIN="70", WEEKLY_WINDOW_HOURS_BLOCKY="2",
            SESSION_TOKEN_LIMIT_BLOCKY="0",
        )  # fmt: skip
    assert set(found) == {("plain", "session"), ("blocky", "weekly")}
    assert found["plain", "session"]["used_percent"] == 10
    assert found["blocky", "weekly"]["ends_at"] == iso(BASE + 2 * HOUR)


@pytest.mark.parametrize("hours", ["0.1", "1e12"])
def test_absurd_lengths_are_survived(hours: str) -> None:
    with opened(MAKE) as store:
        store.write(use(BASE), use(BASE, agent_type="rolling", cost_usd=1.0))
        found = ask(store.engine, BASE, SESSION_WINDOW_HOURS=hours)
    assert found["rolling", "session"]["used"] == 1
    assert found["blocky", "session"]["used"] == 100
