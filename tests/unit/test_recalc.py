"""Pricing the past anew: only what has no price, or all; the totals follow."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentmonitor.model.filters import SessionFilter
from agentmonitor.model.usage import Channel, Report
from agentmonitor.pricing.engine import Pricer
from agentmonitor.recalc import Outcome, recalculate
from tests.unit.builders import event
from tests.unit.storage.sqlite.audit import assert_sound
from tests.unit.storage.store import ENGINES, Store, opened


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with opened(ENGINES["sqlite"], tmp_path / "a.db") as opened_store:
        yield opened_store


@pytest.fixture
def pricer(tmp_path: Path) -> Pricer:
    prices = {"models": {"house-model": {"input": 2.0, "output": 10.0}}}
    path = tmp_path / "pricing.json"
    path.write_text(json.dumps(prices))
    return Pricer(path)


def run(store: Store, pricer: Pricer, *, apply: bool, everything: bool = False) -> Outcome:
    seen: list[int] = []
    outcome = recalculate(
        store.engine, pricer, everything=everything, apply=apply, progress=seen.append
    )
    assert seen == sorted(seen)
    return outcome


def total(store: Store) -> tuple[float, int]:
    stats = store.engine.stats(None, None)
    return stats.total_cost_usd, stats.unpriced_events


def test_a_dry_run_tells_and_stores_nothing(store: Store, pricer: Pricer) -> None:
    store.write(event(model="house-model", tokens_in=1_000_000))
    outcome = run(store, pricer, apply=False)
    assert (outcome.changed, outcome.cost_after_usd, outcome.applied) == (1, 2.0, False)
    assert total(store) == (0, 1)


def test_unpriced_requests_get_their_price_and_every_total_follows(
    store: Store, pricer: Pricer, tmp_path: Path
) -> None:
    store.write(
        *(event(model="house-model", tokens_out=1000, session_id=f"s{n}") for n in range(5)),
        event(model="nobody-knows-me", tokens_in=10),
        event(model="house-model"),
    )
    outcome = run(store, pricer, apply=True)
    assert (outcome.requests, outcome.changed) == (6, 5)
    assert [(m.model, m.changed, m.unpriced) for m in outcome.models] == [
        ("house-model", 5, 0), ("nobody-knows-me", 0, 1),
    ]  # fmt: skip
    assert total(store) == (0.05, 1)
    sessions, _ = store.engine.sessions(SessionFilter(), 0)
    assert {row.total_cost_usd for row in sessions if row.id != "s1"} == {0.01}
    assert_sound(tmp_path / "a.db")
    assert run(store, pricer, apply=True).changed == 0


def test_a_cost_that_a_client_named_over_http_stays(store: Store, pricer: Pricer) -> None:
    store.write(event(model="house-model", tokens_in=1000, cost_usd=7.0, client_cost_usd=7.0))
    outcome = run(store, pricer, apply=True, everything=True)
    assert outcome.changed == 1  # ours is known now, beside the client's
    assert (outcome.cost_before_usd, outcome.cost_after_usd) == (7.0, 7.0)
    assert total(store) == (7.0, 0)
    (row,) = store.engine.sessions(SessionFilter(), 0)[0]
    assert row.cost_difference_usd == pytest.approx(7.0 - 0.002)


def test_an_agents_own_estimate_gives_way_to_a_price(store: Store, pricer: Pricer) -> None:
    store.write(
        event(
            model="house-model",
            tokens_in=1_000_000,
            cost_usd=9.0,
            client_cost_usd=9.0,
            channel=Channel.LOG,
            keys=("request:1",),
            report=Report(),
        )
    )
    assert total(store) == (9.0, 0)
    outcome = run(store, pricer, apply=True)
    assert outcome.changed == 1
    assert (outcome.cost_before_usd, outcome.cost_after_usd) == (9.0, 2.0)
    assert total(store) == (2.0, 0)
    assert run(store, pricer, apply=True).requests == 0


def test_what_can_have_no_price_hides_nothing_behind_it(
    store: Store, pricer: Pricer, tmp_path: Path
) -> None:
    """A page is full of requests, not of what is none."""
    store.write(*(event(cost_usd=1.0, client_cost_usd=1.0) for _ in range(2100)))
    store.write(*(event(tokens_in=1) for _ in range(2100)))
    store.write(event(model="house-model", tokens_in=1_000_000))
    assert run(store, pricer, apply=True).changed == 1
    assert_sound(tmp_path / "a.db")


def test_more_requests_than_one_page_holds_are_all_priced(store: Store, pricer: Pricer) -> None:
    for _ in range(3):
        store.write(*(event(model="house-model", tokens_in=1) for _ in range(1500)))
    assert run(store, pricer, apply=True).changed == 4500
    assert total(store) == (0.009, 0)
