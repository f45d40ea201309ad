"""Events go, totals stay: whatever comes later, they are what they would be without a prune."""

import copy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentmonitor.model.clock import DAY_MS, HOUR_MS, MINUTE_MS
from agentmonitor.model.database import PruneLimits, PruneStep
from agentmonitor.model.event import Event
from agentmonitor.model.filters import EventFilter
from agentmonitor.storage.sqlite.check import check
from agentmonitor.storage.sqlite.engine import SqliteEngine
from agentmonitor.storage.sqlite.prune import compact
from tests.unit.builders import DAY, NOW, event
from tests.unit.storage.sqlite.audit import Dump, assert_sound, dump, rows
from tests.unit.storage.sqlite.test_rollups_agree import LIMITS, Batch, batches, engine_at, limits
from tests.unit.storage.store import Store
from tests.unit.storage.test_ledger import by_file, by_log, fresh, request, stories

FAR = 2**60


def prune(engine: SqliteEngine, before: int, count: int = 3, **more: Any) -> int:
    """Prune all that is older, by small pages; how many events went."""
    wanted = PruneLimits(kept_from=FAR, before=before, **more)
    step = PruneStep(events=1, last=-FAR, used_bytes=0)
    gone = 0
    while step.events:
        step = engine.prune_page(wanted, step.last, count)
        gone += step.events
    return gone


def totals(path: Path) -> Dump:
    """All sums; but the last use of a branch, which only puts branches in order."""
    found = dump(path)
    found["sums_by_branch"] = [row[:4] for row in found["sums_by_branch"]]
    found["costs"] = [
        tuple(row.values())
        for row in rows(path, "SELECT key, own_nano, client_nano FROM sessions ORDER BY key")
    ]
    return found


@st.composite
def actions(draw: st.DrawFn) -> list[tuple[str, int]]:
    """What happens after each batch, and with what number."""
    what = st.sampled_from(("nothing", "prune", "prune", "rebuild", "repeat", "reopen"))
    return draw(st.lists(st.tuples(what, st.integers(0, 6 * 24)), min_size=8, max_size=8))


@settings(max_examples=40)
@given(story=batches(), then=actions(), limit=LIMITS)
def test_totals_are_those_without_any_prune(
    story: list[Batch], then: list[tuple[str, int]], limit: tuple[int, int]
) -> None:
    """Prunes at random horizons, repeats of what was pruned, rebuilds and restarts in between."""
    with limits(*limit), TemporaryDirectory() as folder:
        _same(Path(folder), story, then, repeat=_with_id)


@settings(max_examples=60)
@given(story=stories(), then=actions(), cut=st.integers(1, 6))
def test_each_request_counts_once_though_it_was_pruned(
    story: tuple[list[dict[str, Any]], list[Event]], then: list[tuple[str, int]], cut: int
) -> None:
    """Late reports by the same and by better channels, of whole sessions too.

    An event is pruned only when all reports of its request are there: what comes better after
    that is not taken in.
    """
    _, reports = story
    complete = [each for each in reports if each.keys or (each.report and each.report.session_wide)]
    named = sorted({key for each in complete for key in each.keys})
    groups = [[e for e in complete if not e.keys]] + [
        [e for e in complete if any(key.endswith(f":{name}") for key in e.keys)]
        for name in sorted({key.split(":", 1)[1] for key in named})
    ]
    parts: list[Batch] = [(group, []) for group in groups if group]
    parts = parts[cut % len(parts) :] + parts[: cut % len(parts)]
    with TemporaryDirectory() as folder:
        _same(Path(folder), parts, then, repeat=lambda each: True)


def _with_id(each: Event) -> bool:
    return each.event_id is not None


def _same(folder: Path, story: list[Batch], then: list[tuple[str, int]], *, repeat: Any) -> None:
    paths = {True: folder / "pruned.db", False: folder / "whole.db"}
    engines = {pruned: engine_at(path) for pruned, path in paths.items()}
    seen: list[Event] = []
    try:
        for (some, signals), (what, number) in zip(story, then * len(story), strict=False):
            for pruned, engine in engines.items():
                Store(engine).write(*[fresh(e) for e in some], signals=copy.deepcopy(signals))
                if what == "rebuild":
                    engine.rebuild()
                elif what == "prune" and pruned:
                    prune(engine, DAY + number * HOUR_MS, count=1 + number % 4)
                elif what == "reopen":
                    engine.close()
                    engine.open()
            seen += [each for each in some if repeat(each)]
            if what == "repeat":
                for engine in engines.values():
                    Store(engine).write(*[fresh(each) for each in seen[-number - 1 :]])
            assert totals(paths[True]) == totals(paths[False])
            assert_sound(paths[True])
        for pruned, engine in engines.items():
            if pruned:
                prune(engine, FAR)
                assert rows(paths[pruned], "SELECT id FROM events") == []
            Store(engine).write(*[fresh(each) for each in seen])
            engine.rebuild()
        assert totals(paths[True]) == totals(paths[False])
        outcome = check(paths[True])
        assert outcome.sound, outcome
    finally:
        for engine in engines.values():
            engine.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.db"


def test_an_event_goes_with_all_that_hangs_on_it(path: Path) -> None:
    engine = engine_at(path)
    store = Store(engine)
    true = request("one", 1, "m-large", 40)
    store.write(by_log("r", true), event(event_id="e", content=b"words", occurred_at=DAY))
    store.write(by_file("r", true, 40, both=True))
    assert rows(path, "SELECT * FROM evidence")
    assert prune(engine, FAR) == 2
    for table in ("events", "ledger", "evidence", "contents"):
        assert rows(path, f"SELECT * FROM {table}") == [], table
    assert len(rows(path, "SELECT * FROM sessions")) == 2
    engine.close()


def test_what_was_pruned_in_the_meantime_is_not_priced(path: Path) -> None:
    engine = engine_at(path)
    fields = {"occurred_at": DAY, "model": "m", "tokens_in": 5}
    ids = Store(engine).write(event(**fields), event(**fields | {"occurred_at": NOW})).ids
    assert prune(engine, NOW) == 1
    assert engine.reprice([(number, 0.5) for number in ids if number]) == 1
    stats = engine.stats(None, None)
    assert (stats.total_cost_usd, stats.unpriced_events) == (0.5, 1)
    assert_sound(path)
    engine.close()


def test_a_page_of_events_and_its_total_are_of_those_that_are_left(path: Path) -> None:
    engine = engine_at(path)
    store = Store(engine)
    times = [DAY + n * 20 * MINUTE_MS for n in range(24)]
    store.write(*[event(occurred_at=t, tool_name="Bash", project="p", branch="b") for t in times])
    prune(engine, times[10])
    store.write(event(occurred_at=times[2], tool_name="Bash", project="p", branch="b"))
    for where in (
        EventFilter(), EventFilter(tool_name="Bash"), EventFilter(project="p"),
        EventFilter(branch="b"), EventFilter(session_id="s1"),
        EventFilter(tool_name="Bash", since=times[0]), EventFilter(until=times[23]),
    ):  # fmt: skip
        found: list[int] = []
        while page := engine.events(where, 4, len(found))[0]:
            found += [row.id for row in page]
        assert found == [*range(24, 10, -1), 25], where
        assert engine.events(where, 4, 0)[1] == 15, where
    assert engine.events(EventFilter(tool_name="Bash", since=times[12]), 99, 0)[1] == 12
    prune(engine, FAR)
    assert engine.events(EventFilter(tool_name="Bash"), 9, 0) == ([], 0)
    engine.close()


def test_a_range_that_cuts_a_pruned_hour_counts_its_minutes(path: Path) -> None:
    engine = engine_at(path)
    times = [DAY + n * MINUTE_MS for n in range(50)]
    Store(engine).write(*[event(occurred_at=t, tool_name="Bash") for t in times])
    before = [engine.stats(None, t).total_events for t in times]
    prune(engine, FAR)
    assert [engine.stats(None, t).total_events for t in times] == before
    engine.close()


def test_the_limits_say_what_goes(path: Path) -> None:
    engine = engine_at(path)
    big = "x" * 20_000
    some = [
        event(occurred_at=NOW - n * DAY_MS, metadata_json=f'"{big}"', created_at=NOW)
        for n in range(40)
    ]
    Store(engine).write(*some)
    old = PruneLimits(kept_from=NOW - DAY_MS, before=NOW - 30 * DAY_MS)
    plan = engine.prune_plan(old)
    assert (plan.events, plan.applied) == (9, False)
    assert 9 * 20_000 < plan.bytes < 9 * 21_000
    assert plan.upto == "2026-10-30T00:00:00.000Z"
    arrived = PruneLimits(kept_from=NOW, before=NOW, arrived_before=NOW)
    assert engine.prune_plan(arrived).events == 0
    assert engine.prune_page(arrived, -FAR, 100).events == 0
    half = PruneLimits(kept_from=NOW - DAY_MS, used_bytes=plan.used_bytes // 2)
    wanted = engine.prune_plan(half).events
    assert 15 < wanted < 30
    steps = [engine.prune_page(half, -FAR, 1) for _ in range(40)]
    gone = sum(step.events for step in steps)
    assert abs(gone - wanted) <= 4
    assert steps[-1].used_bytes <= plan.used_bytes // 2
    none = PruneLimits(kept_from=NOW - DAY_MS, used_bytes=0)
    while engine.prune_page(none, -FAR, 10).events:
        pass
    left = [row["time"] for row in rows(path, "SELECT time FROM events ORDER BY time")]
    assert left == [NOW - DAY_MS, NOW]
    engine.close()


@pytest.mark.parametrize("shrinks", [True, False])
def test_freed_space_goes_back_to_the_disk(path: Path, shrinks: bool) -> None:
    engine = engine_at(path)
    Store(engine).write(*[event(occurred_at=DAY, metadata_json="x" * 9000) for _ in range(300)])
    engine.close()
    compact(path, shrinks=shrinks)
    engine = engine_at(path)
    large = path.stat().st_size
    prune(engine, FAR, count=100)
    while left := engine.shrink(50):
        assert left >= 0
    engine.close()
    assert (path.stat().st_size < large / 5) is shrinks
    before, after = compact(path, shrinks=shrinks)
    assert before >= large or shrinks
    assert after < large / 5
    assert check(path).sound
