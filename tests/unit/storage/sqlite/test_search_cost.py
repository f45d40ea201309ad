"""A query that takes long in each part of the index goes through few of them at a time."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from agentmonitor.model.search import Search, SearchPage, parse_place, parse_words
from agentmonitor.storage.sqlite import search, search_indexer
from agentmonitor.storage.sqlite.engine import SqliteEngine
from agentmonitor.storage.sqlite.queries import search as queries
from agentmonitor.storage.sqlite.search_source import SearchSource
from tests.unit.builders import DAY, event
from tests.unit.storage.sqlite.test_prune import FAR, prune
from tests.unit.storage.store import Store


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SqliteEngine]:
    for module in (search, queries, search_indexer):
        monkeypatch.setattr(module, "PART", 4)
    monkeypatch.setattr(queries, "MOST_WORK", 3 * queries.COSTLY)
    engine = SqliteEngine(tmp_path / "a.db")
    engine.open()
    texts = ["needle", "haystack", "hay stack", "hay needle"]
    Store(engine).write(*[event(metadata_json=f'{{"text": "{texts[n % 4]}"}}') for n in range(40)])
    engine.indexer.catch_up()
    yield engine
    engine.close()


def pages(engine: SqliteEngine, q: str, **filters: str) -> list[SearchPage]:
    asked = Search(words=parse_words(q), limit=100, **filters)  # type: ignore[arg-type]
    found = [engine.search(asked)]
    while found[-1].next is not None:
        place = parse_place(found[-1].next)
        found.append(engine.search(msgspec.structs.replace(asked, place=place)))
        assert len(found) < 50
    return found


@pytest.mark.parametrize(
    ("q", "each"),
    [("hay*", [1, 2, 3]), ('"hay stack"', [2]), ("hay* needle", [3]), ("hay* -stack", [1, 3])],
)
def test_pages_give_every_hit_once_though_each_looks_through_few_parts(
    engine: SqliteEngine, q: str, each: list[int]
) -> None:
    found = pages(engine, q)
    ids = [hit.event_id for page in found for hit in page.results]
    assert len(found) > 3
    assert sorted(ids) == [1 + 4 * n + e for n in range(10) for e in each]


@pytest.mark.parametrize("q", ["needle", "needle hay", "hay* nowhere"])
def test_what_is_looked_up_quickly_takes_one_page(engine: SqliteEngine, q: str) -> None:
    assert len(pages(engine, q)) == 1


def test_with_filters_few_parts_are_looked_through_that_hold_what_is_wanted(
    engine: SqliteEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "MOST_WORK", 3 * queries.FILTERED)
    found = pages(engine, "needle", agent_type="alpha")
    assert [len(page.results) for page in found] == [5, 6, 6, 3]
    # Parts without the tool cost next to nothing.
    for number in range(40):
        tool = "Seldom" if number % 10 == 5 else "Often"
        Store(engine).write(event(tool_name=tool, metadata_json='{"text": "needle"}'))
    engine.indexer.catch_up()
    found = pages(engine, "needle", tool_name="Seldom")
    assert [len(page.results) for page in found] == [3, 1]


def test_a_session_is_searched_in_its_own_parts(
    engine: SqliteEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = [event(session_id="old", metadata_json='{"text": "needle"}') for _ in range(3)]
    new = [event(session_id="new", metadata_json='{"text": "needle"}') for _ in range(40)]
    Store(engine).write(*old, *new)
    engine.indexer.catch_up()
    monkeypatch.setattr(queries, "MOST_WORK", queries.FILTERED)
    asked: list[str] = []
    has = queries.SearchQueries._has

    def noted(self: queries.SearchQueries, table: str, query: str, before: int) -> bool:
        asked.append(table)
        return has(self, table, query, before)

    monkeypatch.setattr(queries.SearchQueries, "_has", noted)
    (page,) = pages(engine, "needle", session_id="old")
    assert [hit.event_id for hit in page.results] == [43, 42, 41]
    assert asked == ["words_10"]


def test_the_highest_number_is_that_of_a_pruned_event_too(tmp_path: Path) -> None:
    engine = SqliteEngine(tmp_path / "b.db")
    engine.open()
    Store(engine).write(event(occurred_at=DAY), event(occurred_at=DAY))
    prune(engine, FAR)
    engine.close()
    source = SearchSource(tmp_path / "b.db")
    assert (source.last(), source.highest()) == (0, 2)
    source.close()
