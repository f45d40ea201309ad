"""Blocks: from the first message, rounded down to the hour, for five hours."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentmonitor.config import load_settings
from agentmonitor.errors import InvalidInput
from agentmonitor.model.analytics import Where
from agentmonitor.model.event import Event
from agentmonitor.storage.engine import Engine
from agentmonitor.usage.blocks import past_blocks
from tests.unit.builders import event
from tests.unit.storage.store import ENGINES, opened
from tests.unit.usage import naive
from tests.unit.usage.agents import BASE, FOLDS, REGISTRY, folding, stories
from tests.unit.usage.naive import DAY, HOUR, MINUTE

SETTINGS = load_settings({}, db_path=Path("/x"))
MAKE = ENGINES["sqlite"]


def ask(
    engine: Engine, now: int, agent: str | None = "blocky", **asked: Any
) -> list[dict[str, Any]]:
    known: dict[str, Any] = {"since": None, "until": None, "limit": 100}
    found = past_blocks(engine, REGISTRY, SETTINGS, now, agent_type=agent, **known | asked)
    rows: list[dict[str, Any]] = msgspec.to_builtins(found)
    return rows


def message(at: int, **fields: Any) -> Event:
    known: dict[str, Any] = {"agent_type": "blocky", "occurred_at": at, "tokens_out": 10}
    return event(**known | fields)


@given(
    story=stories(("blocky", "rolling")),
    fold=FOLDS,
    since=st.integers(-5, 75),
    length=st.one_of(st.integers(1, 9), st.integers(1, 75)),
    limit=st.integers(1, 6),
    shift=st.sampled_from((0, 1, MINUTE)),
)
def test_blocks_are_those_that_the_messages_make(
    story: list[Event], fold: tuple[int, int], since: int, length: int, limit: int, shift: int
) -> None:
    first = BASE + since * HOUR + shift
    end = first + length * HOUR
    own = [e for e in story if e.agent_type == "blocky"]
    expected = [
        naive.block_row(block, "blocky", end)
        for block in reversed(naive.blocks(own, 5))
        if block.start < end and block.end > first
    ]
    with folding(fold), opened(MAKE) as store:
        for part in (story[:9], story[9:]):
            store.write(*part)
        found = ask(store.engine, end, since=first, until=end, limit=limit)
    models = [block.pop("models") for block in found]
    assert found == [pytest.approx(row, abs=1e-9) for row in expected[:limit]]
    for block, shares in zip(found, models, strict=True):
        for name in ("tokens_in", "tokens_out", "cache_read_tokens", "unpriced_tokens", "cost_usd"):
            assert sum(share[name] for share in shares) == pytest.approx(block[name])


@given(story=stories(("blocky", "rolling")), limit=st.integers(1, 4), model=st.booleans())
def test_of_blocks_those_are_told_in_which_something_matches_with_its_sums(
    story: list[Event], limit: int, model: bool
) -> None:
    for number, item in enumerate(story):
        item.project = "left" if number % 5 == 0 else "right"
    end = BASE + 90 * HOUR
    where = Where(since=0, until=2**60, project="left", model="m-large" if model else None)
    own = [e for e in story if e.agent_type == "blocky"]
    mine = [e for e in own if e.project == "left" and (not model or e.model == "m-large")]
    expected = []
    for block in reversed(naive.blocks(own, 5)):
        inside = [e for e in mine if block.start <= e.time < block.end]
        if inside:
            tokens = sum(e.tokens_in for e in inside), sum(e.tokens_out for e in inside)
            cost = pytest.approx(sum(e.cost_usd or 0 for e in inside), abs=1e-9)
            expected.append((naive.iso(block.start), len(inside), *tokens, cost))
    with opened(MAKE) as store:
        store.write(*story)
        found = ask(store.engine, end, since=0, until=end, limit=limit, where=where)
    names = ("starts_at", "events", "tokens_in", "tokens_out", "cost_usd")
    assert [tuple(row[name] for name in names) for row in found] == expected[:limit]
    for row in found:
        for name in ("tokens_in", "tokens_out", "cost_usd"):
            assert sum(share[name] for share in row["models"]) == pytest.approx(row[name])


def test_a_block_lasts_five_hours_from_the_full_hour_whatever_happens_in_it() -> None:
    times = (9 * HOUR + 59 * MINUTE, 14 * HOUR - 1, 14 * HOUR, 20 * HOUR)
    with opened(MAKE) as store:
        store.write(*(message(BASE + at) for at in times))
        rows = ask(store.engine, BASE + 20 * HOUR)
    assert [(row["starts_at"][11:16], row["ends_at"][11:16]) for row in rows] == [
        ("20:00", "01:00"), ("14:00", "19:00"), ("09:00", "14:00"),
    ]  # fmt: skip
    assert [row["tokens_out"] for row in rows] == [10, 10, 20]
    assert [row["is_active"] for row in rows] == [True, False, False]
    assert [row["gap_before_ms"] for row in rows] == [6 * HOUR, MINUTE, None]


def test_what_has_no_tokens_begins_no_block_but_counts_in_one() -> None:
    with opened(MAKE) as store:
        store.write(message(BASE, tokens_out=0, cost_usd=1.0))
        assert ask(store.engine, BASE + HOUR) == []
        store.write(message(BASE + 3 * HOUR), message(BASE + 4 * HOUR, tokens_out=0))
        (row,) = ask(store.engine, BASE + 5 * HOUR)
    assert (row["starts_at"][11:16], row["events"]) == ("03:00", 2)


def test_where_a_range_begins_does_not_move_the_blocks() -> None:
    """Work without a pause for ten days: each block depends on all before it."""
    with opened(MAKE) as store:
        store.write(*(message(BASE + hour * HOUR) for hour in range(7, 247)))
        everything = ask(store.engine, BASE + 247 * HOUR)
        for hours in (0, 1, 4, 9, 77, 200):
            part = ask(store.engine, BASE + 247 * HOUR, since=BASE + (40 + hours) * HOUR)
            assert part == everything[: len(part)]
    assert len(everything) == 48
    assert {row["gap_before_ms"] for row in everything} == {HOUR, None}


def test_a_pause_that_is_shorter_than_a_block_ends_none() -> None:
    """From eight on: the block began at seven, and that because of the one from midnight on."""
    with opened(MAKE) as store:
        store.write(*(message(BASE + hour * HOUR) for hour in (0, 4, 7, 8)))
        (row,) = ask(store.engine, BASE + 9 * HOUR, since=BASE + 8 * HOUR)
    assert (row["starts_at"], row["tokens_out"]) == (naive.iso(BASE + 7 * HOUR), 20)
    assert row["gap_before_ms"] == 3 * HOUR


@pytest.mark.parametrize("fold", [(0, 0), (200, 1500)])
def test_a_block_is_told_whole_however_the_range_cuts_it(fold: tuple[int, int]) -> None:
    quiet = {"tokens_out": 0}
    with folding(fold), opened(MAKE) as store:
        store.write(
            message(BASE + 5 * MINUTE, **quiet), message(BASE + 10 * MINUTE, model="first"),
            message(BASE + 4 * HOUR + 50 * MINUTE, model="last"),
            message(BASE + 4 * HOUR + 55 * MINUTE, **quiet),
        )  # fmt: skip
        for since, until in ((0, 1), (2, 3), (4, 5), (-1, 6)):
            first, end = BASE + since * HOUR, BASE + until * HOUR
            (row,) = ask(store.engine, BASE, since=first, until=end)
            assert (row["events"], row["tokens_out"]) == (4, 20)
            assert (row["first_at"][11:16], row["last_at"][11:16]) == ("00:10", "04:50")
            assert {model["model"] for model in row["models"]} == {"first", "last"}


def test_the_gap_before_a_block_reaches_back_over_any_pause() -> None:
    with opened(MAKE) as store:
        store.write(message(BASE), message(BASE + 90 * DAY))
        rows = ask(store.engine, BASE + 91 * DAY)
    assert [row["gap_before_ms"] for row in rows] == [90 * DAY]


def test_models_are_listed_with_the_dearest_first() -> None:
    with opened(MAKE) as store:
        store.write(
            message(BASE, model="cheap", cost_usd=0.1),
            message(BASE + HOUR, model="dear", cost_usd=2.0, tokens_in=3),
            message(BASE + 2 * HOUR, model="dear", cost_usd=1.0),
            message(BASE + 3 * HOUR, model="new", cost_usd=None),
        )
        (row,) = ask(store.engine, BASE + 4 * HOUR)
    told = [
        (m["model"], m["tokens_out"], m["cost_usd"], m["unpriced_tokens"]) for m in row["models"]
    ]
    assert told == [("dear", 20, 3.0, 0), ("cheap", 10, 0.1, 0), ("new", 10, 0.0, 10)]


def test_only_agents_whose_provider_counts_in_blocks_unless_another_is_named() -> None:
    with opened(MAKE) as store:
        store.write(message(BASE), message(BASE, agent_type="rolling"))
        assert [row["agent_type"] for row in ask(store.engine, BASE, None)] == ["blocky"]
        assert [row["agent_type"] for row in ask(store.engine, BASE, "rolling")] == ["rolling"]
        assert ask(store.engine, BASE, "never seen") == []


def test_thirty_days_back_from_the_end_unless_more_is_asked_for() -> None:
    with opened(MAKE) as store:
        store.write(message(BASE), message(BASE + 31 * DAY))
        now = BASE + 31 * DAY
        assert len(ask(store.engine, now)) == 1
        assert len(ask(store.engine, now, since=BASE)) == 2
        assert len(ask(store.engine, now, until=BASE + DAY)) == 1


def test_a_range_that_ends_before_it_begins_is_refused() -> None:
    with opened(MAKE) as store, pytest.raises(InvalidInput, match="from: must be before"):
        ask(store.engine, BASE, since=BASE + 2, until=BASE)


def test_the_users_hours_make_blocks_of_whole_hours() -> None:
    settings = load_settings(
        {"AGENTMONITOR_SESSION_WINDOW_HOURS_BLOCKY": "2.5"}, db_path=Path("/x")
    )
    with opened(MAKE) as store:
        store.write(message(BASE + MINUTE))
        (block,) = past_blocks(
            store.engine, REGISTRY, settings, BASE, agent_type=None, since=None,
            until=BASE + DAY, limit=9,
        )  # fmt: skip
    assert block.ends_at == naive.iso(BASE + 3 * HOUR)
