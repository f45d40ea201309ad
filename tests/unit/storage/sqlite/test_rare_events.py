"""Pages of events are right whatever of them is noted as rare."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentmonitor.model.clock import HOUR_MS
from agentmonitor.model.event import Event
from agentmonitor.model.filters import EventFilter
from agentmonitor.model.session import event_row
from agentmonitor.storage.sqlite import rare_events
from agentmonitor.storage.sqlite.engine import SqliteEngine
from agentmonitor.storage.sqlite.queries import event_pages
from tests.unit.builders import DAY, event, events
from tests.unit.storage.naive import Naive
from tests.unit.storage.sqlite.test_prune import prune
from tests.unit.storage.store import Factory, Store, opened
from tests.unit.storage.test_engine_events import copies, filters


@contextmanager
def small(most: int, noted: int, new: int) -> Iterator[None]:
    """Few events are looked at together, and few notes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rare_events, "EVENTS", 4)
        patch.setattr(rare_events, "MOST", most)
        patch.setattr(event_pages, "MAX_NOTED", noted)
        patch.setattr(event_pages, "MAX_NEW", new)
        yield


def notes(engine: SqliteEngine) -> list[tuple[str, int]]:
    with sqlite3.connect(engine.path) as connection:
        return connection.execute(
            "SELECT value, event FROM rare_events JOIN names ON id = name ORDER BY 1, 2"
        ).fetchall()


@given(
    batches=st.lists(st.lists(events(ids=True), max_size=15), min_size=1, max_size=4),
    asked=st.lists(
        st.tuples(filters(), st.integers(1, 12), st.integers(0, 20)), min_size=5, max_size=15
    ),
    most=st.sampled_from((1, 2, 4)),
    noted=st.sampled_from((0, 2, 50)),
    new=st.sampled_from((0, 50)),
)
def test_a_page_is_the_same_with_notes(
    engine: Factory, batches: list[list[Event]],
    asked: list[tuple[EventFilter, int, int]], most: int, noted: int, new: int,
) -> None:  # fmt: skip
    naive = Naive()
    with small(most, noted, new), opened(engine) as store:
        assert isinstance(store.engine, SqliteEngine)
        for batch in batches:
            naive.add(copies(batch))
            store.write(*batch)
            store.engine._rare.keep_up()
        for where, limit, offset in asked:
            matches = naive.page(where)
            rows, total = store.engine.events(where, limit, offset)
            assert rows == [event_row(e) for e in matches[offset : offset + limit]]
            assert total == len(matches)


@given(
    batch=st.lists(events(ids=True), min_size=8, max_size=30),
    hours=st.integers(0, 5 * 24),
    asked=st.lists(filters(), min_size=5, max_size=10),
)
def test_notes_of_events_that_changed_or_went_are_not_believed(
    engine: Factory, batch: list[Event], hours: int, asked: list[EventFilter]
) -> None:
    with small(2, 50, 50), opened(engine) as store:
        assert isinstance(store.engine, SqliteEngine)
        store.write(*batch)
        store.engine._rare.keep_up()

        def change(connection: sqlite3.Connection) -> None:
            # As a late report does: the row changes, and the roll-ups with it.
            connection.execute("UPDATE events SET tool = 0 WHERE id % 3 = 0")
            connection.execute("UPDATE events SET time = time + ? WHERE id % 5 = 0", (HOUR_MS,))

        store.engine._write(change)
        store.engine.rebuild()
        prune(store.engine, DAY + hours * HOUR_MS)
        noted = [store.engine.events(where, 20, 0) for where in asked]
        store.engine._write(lambda connection: forget(connection))
        assert noted == [store.engine.events(where, 20, 0) for where in asked]


def forget(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM rare_events")


def test_what_is_rare_is_noted_and_what_is_frequent_is_not(store: Store) -> None:
    assert isinstance(store.engine, SqliteEngine)
    with small(1, 50, 50):
        for number in range(8):
            tool = "Seldom" if number in (2, 5) else "Often"
            store.write(event(tool_name=tool, occurred_at=DAY + number * HOUR_MS))
        store.engine._rare.keep_up()
        assert notes(store.engine) == [("Seldom", 3), ("Seldom", 6)]


def test_a_rare_tool_is_found_without_its_neighbours(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(store.engine, SqliteEngine)

    def walk(*_: object) -> None:
        raise AssertionError("went through all events of an hour")

    with small(1, 50, 50):
        for number in range(9):  # the ninth comes after the notes
            tool = "Seldom" if number in (2, 5, 8) else "Often"
            store.write(event(tool_name=tool, project="p", occurred_at=DAY + number * HOUR_MS))
        store.engine._rare.keep_up()
        monkeypatch.setattr(event_pages.EventPages, "_read", walk)
        rows, total = store.engine.events(EventFilter(tool_name="Seldom", project="p"), 2, 0)
        assert ([row.id for row in rows], total) == ([9, 6], 3)
        since = EventFilter(tool_name="Seldom", since=DAY + HOUR_MS, until=DAY + 6 * HOUR_MS)
        assert [row.id for row in store.engine.events(since, 5, 0)[0]] == [6, 3]


def test_notes_of_pruned_hours_go(store: Store) -> None:
    assert isinstance(store.engine, SqliteEngine)
    with small(1, 50, 50):
        for number in range(8):
            tool = "Seldom" if number in (2, 5) else "Often"
            store.write(event(tool_name=tool, occurred_at=DAY + number * HOUR_MS))
        store.engine._rare.keep_up()
        prune(store.engine, DAY + 4 * HOUR_MS)
        store.engine._rare.keep_up()
        assert notes(store.engine) == [("Seldom", 6)]
