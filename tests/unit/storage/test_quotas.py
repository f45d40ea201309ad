"""What every engine promises of quotas: the newest counts, in whatever order they come."""

import math
import queue
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentmonitor.errors import Closed, InvalidInput, StorageError
from agentmonitor.model.clock import DAY_MS, HOUR_MS, MINUTE_MS, now_ms
from agentmonitor.model.quota import Quota
from agentmonitor.model.windows import believable
from agentmonitor.storage.engine import Engine
from tests.unit.storage.store import PATIENCE_S, Factory, Store, opened

BASE = 1_750_032_000_000
"""A moment in 2025, on a full ten minutes."""


def quota(**fields: Any) -> Quota:
    known: dict[str, Any] = {
        "agent_type": "alpha", "window": "five_hour", "used_percent": 20.0, "at": BASE,
        "resets_at": BASE + HOUR_MS, "window_minutes": 300,
    }  # fmt: skip
    return Quota(**known | fields)


def put(engine: Engine, *quotas: Quota) -> None:
    """Store quotas and wait for it."""
    answers: queue.SimpleQueue[StorageError | None] = queue.SimpleQueue()
    engine.put_quotas(quotas, answers.put)
    error = answers.get(timeout=PATIENCE_S)
    if error is not None:
        raise error


def quotas() -> st.SearchStrategy[Quota]:
    """Reports that meet each other often."""
    return st.builds(
        lambda reset, **fields: quota(resets_at=reset and fields["at"] + reset, **fields),
        agent_type=st.sampled_from(("alpha", "alpha", "beta")),
        window=st.sampled_from(("five_hour", "five_hour", "seven_day")),
        used_percent=st.sampled_from((0.0, 20.0, 20.5)),
        at=st.builds(
            lambda day, minute: BASE + day * DAY_MS + minute * MINUTE_MS,
            st.sampled_from((0, 0, 0, 29, 31, 62)),
            st.integers(0, 1),
        ),
        reset=st.sampled_from((None, HOUR_MS, 40 * DAY_MS)),
        window_minutes=st.sampled_from((None, 300)),
    )


@given(story=st.lists(quotas(), max_size=16), order=st.randoms(use_true_random=False))
def test_the_order_of_reports_does_not_matter(
    engine: Factory, story: list[Quota], order: Any
) -> None:
    told = []
    for _ in range(2):
        with opened(engine) as store:
            put(store.engine, *story[:5])
            for one in story[5:]:
                put(store.engine, one)
            changes = [store.engine.quota_history(name, 0) for name in ("alpha", "beta")]
            told.append((store.engine.quotas(), changes))
        story = story.copy()
        order.shuffle(story)
    assert told[0] == told[1]
    newest = {}
    for one in sorted(story, key=lambda q: q.at):
        newest[one.agent_type, one.window] = one.at
    assert {(q.agent_type, q.window): q.at for q in told[0][0]} == newest


@given(story=st.lists(quotas(), max_size=16))
def test_every_value_of_a_period_is_kept_with_the_time_when_it_was_first_said(
    engine: Factory, story: list[Quota]
) -> None:
    with opened(engine) as store:
        put(store.engine, *story)
        kept = store.engine.quota_history("alpha", 0)
    own = [q for q in story if q.agent_type == "alpha"]
    newest = {name: max(q.at for q in own if q.window == name) for name in {q.window for q in own}}
    first: dict[tuple[object, ...], int] = {}
    for q in own:
        period = q.at // HOUR_MS * HOUR_MS if q.resets_at is None else q.resets_at
        rounded = round(period / (10 * MINUTE_MS)) if q.resets_at else period / (10 * MINUTE_MS)
        if rounded * 10 * MINUTE_MS >= newest[q.window] - 30 * DAY_MS:
            key = (q.window, rounded, q.used_percent)
            first[key] = min(first.get(key, q.at), q.at)
    told = sorted((q.window, q.at, q.used_percent) for q in kept)
    assert told == sorted((key[0], at, key[2]) for key, at in first.items())


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_an_older_report_does_not_replace_a_newer_one(store: Store, order: tuple[int, ...]) -> None:
    story = [quota(at=BASE + n * MINUTE_MS, used_percent=n * 10.0) for n in range(3)]
    for n in order:
        put(store.engine, story[n])
    assert store.engine.quotas() == [story[2]]
    assert store.engine.quota_history("alpha", BASE) == story


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_of_two_reports_of_one_moment_always_the_same_counts(
    store: Store, order: tuple[int, ...]
) -> None:
    story = [quota(), quota(window_minutes=None)]
    for n in order:
        put(store.engine, story[n])
    assert store.engine.quotas() == [story[0]]
    assert store.engine.quota_history("alpha", BASE) == [story[1]]


def test_a_value_that_is_repeated_is_one_change(store: Store) -> None:
    for n in range(5):
        put(store.engine, quota(at=BASE + n * MINUTE_MS))
    assert store.engine.quotas() == [quota(at=BASE + 4 * MINUTE_MS)]
    assert store.engine.quota_history("alpha", BASE) == [quota()]


def test_only_windows_that_reset_later_are_in_the_history_that_is_asked_for(store: Store) -> None:
    late = quota(window="seven_day", resets_at=BASE + DAY_MS)
    put(store.engine, quota(), late)
    assert store.engine.quota_history("alpha", BASE + HOUR_MS) == [late]


def test_quotas_survive_a_new_start_and_can_be_asked_for_by_agent(
    engine: Factory, tmp_path: Any
) -> None:
    with opened(engine, tmp_path / "a.db") as store:
        put(store.engine, quota(), quota(agent_type="beta", resets_at=None, window_minutes=None))
    with opened(engine, tmp_path / "a.db") as store:
        assert [q.agent_type for q in store.engine.quotas()] == ["alpha", "beta"]
        assert store.engine.quotas("beta")[0].resets_at is None
        assert store.engine.quotas("nobody") == []


BAD: dict[str, dict[str, Any]] = {
    "used_percent": {"used_percent": -0.1},
    "used_percent too": {"used_percent": 1000.1},
    "used_percent not": {"used_percent": math.nan},
    "used_percent inf": {"used_percent": math.inf},
    "at": {"at": 1_750_032_000, "resets_at": None},
    "at ahead": {"at": 9_750_032_000_000, "resets_at": None},
    "resets_at": {"resets_at": 1_750_032_000},
    "resets_at far": {"resets_at": BASE + 401 * DAY_MS},
    "window_minutes": {"window_minutes": 0},
    "window": {"window": ""},
    "window text": {"window": "a\0b"},
    "window long": {"window": "a" * 201},
    "agent_type": {"agent_type": "\ud800"},
}


@pytest.mark.parametrize("fault", BAD)
def test_what_cannot_be_true_is_refused_with_all_that_came_with_it(
    store: Store, fault: str
) -> None:
    bad = quota(**BAD[fault])
    with pytest.raises(InvalidInput, match=f"{fault.split()[0]} must") as caught:
        store.engine.put_quotas([quota(window="sound"), bad])
    assert [field.rsplit(".")[-1] for field, _ in caught.value.details] == [fault.split()[0]]
    put(store.engine)
    assert store.engine.quotas() == []


def test_what_cannot_be_true_can_be_left_out_beforehand(store: Store) -> None:
    story = [quota(**fields) for fields in BAD.values()]
    put(store.engine, *believable([*story, quota()], now_ms()))
    assert store.engine.quotas() == [quota()]


def test_a_report_of_this_moment_is_believed(store: Store) -> None:
    put(store.engine, quota(at=now_ms(), resets_at=None))
    assert len(store.engine.quotas()) == 1


def test_nothing_is_taken_in_once_closed(engine: Factory) -> None:
    with opened(engine) as store:
        store.engine.close()
        with pytest.raises(Closed):
            store.engine.put_quotas([quota()])
