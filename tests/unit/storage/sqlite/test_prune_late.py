"""What comes late for events that were pruned."""

import sqlite3
from pathlib import Path

import pytest

from agentmonitor.model.usage import Channel
from agentmonitor.storage.sqlite.check import check
from tests.unit.builders import DAY, event, report
from tests.unit.storage.sqlite.audit import assert_sound, rows
from tests.unit.storage.sqlite.test_prune import FAR, prune
from tests.unit.storage.sqlite.test_rollups_agree import engine_at
from tests.unit.storage.store import Store
from tests.unit.storage.test_ledger import by_file, by_log, by_metric, request


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.db"


def test_a_number_never_comes_twice(path: Path) -> None:
    engine = engine_at(path)
    Store(engine).write(event(occurred_at=DAY), event(occurred_at=DAY))
    assert prune(engine, FAR) == 2
    engine.close()
    engine = engine_at(path)
    assert engine.last_event_id() == 2
    assert Store(engine).write(event()).ids == [3]
    engine.close()


def test_a_late_report_of_a_pruned_request_is_dropped_and_what_it_links_counts_once(
    path: Path,
) -> None:
    engine = engine_at(path)
    store = Store(engine)
    true = request("one", 1, "m-large", 40)
    store.write(by_log("r", true))
    prune(engine, FAR)
    store.write(by_file("r", true, 40, both=False))  # nothing says yet that it is the same
    assert engine.stats(None, None).total_tokens_out == 80
    store.write(by_file("r", true, 40, both=True))
    assert engine.stats(None, None).total_tokens_out == 40
    assert rows(path, "SELECT * FROM events") == []
    store.write(by_file("r", true, 40, both=True), by_log("r", true))
    assert engine.stats(None, None).total_tokens_out == 40
    assert_sound(path)
    assert check(path).sound
    engine.close()


def test_what_was_said_of_a_session_as_a_whole_gives_way_though_it_was_pruned(path: Path) -> None:
    engine = engine_at(path)
    store = Store(engine)
    true = request("one", 1, "m-large", 40)
    store.write(by_metric(1, true))
    prune(engine, FAR)
    store.write(by_log("r", true))
    stats = engine.stats(None, None)
    assert (stats.total_tokens_out, stats.total_events) == (40, 2)
    engine.rebuild()
    assert engine.stats(None, None).total_tokens_out == 40
    assert_sound(path)
    engine.close()


def test_a_project_that_becomes_known_later_takes_the_pruned_events_too(path: Path) -> None:
    engine = engine_at(path)
    store = Store(engine)
    store.write(event(branch="main", occurred_at=DAY, cost_usd=1.0, tokens_in=1, model="m"))
    prune(engine, FAR)
    store.write(signals=[report("none", project="shop")])
    (shop,) = engine.cost(None, None, 5).by_project
    assert shop.project == "shop"
    assert_sound(path)
    engine.rebuild()
    assert_sound(path)
    engine.close()


def test_pruned_events_can_be_reported_by_any_channel_that_has_keys(path: Path) -> None:
    engine = engine_at(path)
    store = Store(engine)
    for channel in (c for c in Channel if c is not Channel.API):
        keys = (f"tool:{channel}",)
        store.write(event(channel=channel, keys=keys, occurred_at=DAY))
        prune(engine, FAR)
        assert store.write(event(channel=channel, keys=keys, occurred_at=DAY)).ids == [None]
    connection = sqlite3.connect(path)
    (count,) = connection.execute("SELECT count(*) FROM events").fetchone()
    connection.close()
    assert count == 0
    engine.close()
