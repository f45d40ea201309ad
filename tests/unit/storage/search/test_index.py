"""The search index keeps up, and is made anew when it cannot be used."""

import logging
import sqlite3
import stat
from pathlib import Path

import pytest

from agentmonitor.errors import Unsupported
from agentmonitor.model.search import Search, parse_words
from agentmonitor.storage.sqlite import search as index_file
from agentmonitor.storage.sqlite import search_indexer, search_reader
from agentmonitor.storage.sqlite.engine import SqliteEngine
from agentmonitor.storage.sqlite.queries import search as queries
from agentmonitor.storage.sqlite.search import index_path
from tests.unit.builders import NOW
from tests.unit.storage.search.asking import alter, ids, make, page, said
from tests.unit.storage.store import Store, opened


def test_parts_are_searched_as_one(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (index_file, queries, search_indexer):
        monkeypatch.setattr(module, "PART", 4)
    store.write(*(said("needle" if n % 3 == 0 else "hay") for n in range(30)))
    assert sorted(ids(store, "needle", limit=100)) == [n + 1 for n in range(0, 30, 3)]


def test_a_part_that_is_worn_is_filled_anew(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_file, "_WORTH_REFILLING", 5)
    store.write(said("old"), said("old"))
    for turn in range(20):
        alter(store, 1, f"turn {turn}", "")
        assert ids(store, f'"turn {turn}"') == [1]
    assert ids(store, "old") == [2]
    with sqlite3.connect(index_path(_engine(store).path)) as index:
        (struck,) = index.execute("SELECT count(*) FROM struck").fetchone()
    index.close()
    assert struck < 10


def _engine(store: Store) -> SqliteEngine:
    assert isinstance(store.engine, SqliteEngine)
    return store.engine


def test_indexing_goes_on_where_it_was_after_a_restart(path: Path) -> None:
    with opened(make, path) as store:
        store.write(said("first"))
        assert ids(store, "first") == [1]
        store.write(said("second"))
        alter(store, 1, "changed", "")
    with opened(make, path) as store:
        before = store.engine.search(Search(words=parse_words("second")))
        assert (before.results, before.indexed_to, before.behind) == ([], 1, 2)
        assert ids(store, "second") == [2]
        assert ids(store, "first") == []
        assert page(store, "changed").behind == 0


@pytest.mark.parametrize("damage", ["gone", "junk", "torn", "other version"])
def test_an_index_that_cannot_be_used_is_made_anew(path: Path, damage: str) -> None:
    with opened(make, path) as store:
        store.write(*(said(f"needle word{n}") for n in range(300)))
        assert ids(store, "word7") == [8]
    file = index_path(path)
    if damage == "gone":
        file.unlink()
    elif damage == "junk":
        file.write_bytes(b"no database at all" * 500)
    elif damage == "torn":
        content = file.read_bytes()
        file.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
    else:
        with sqlite3.connect(file) as index:
            index.execute("UPDATE state SET format = 99")
        index.close()
    with opened(make, path) as store:
        answer = page(store, "word7")
        assert ([hit.event_id for hit in answer.results], answer.problem) == ([8], None)


def test_an_index_of_another_database_or_of_a_later_state_is_made_anew(path: Path) -> None:
    with opened(make, path) as store:
        store.write(said("later"), said("later"))
        assert ids(store, "later") == [2, 1]
    path.unlink()
    with opened(make, path) as store:
        store.write(said("fresh"))
        assert ids(store, "later") == []
        assert ids(store, "fresh") == [1]


def test_damage_that_a_reader_meets_is_repaired(store: Store) -> None:
    store.write(said("needle"))
    assert ids(store, "needle") == [1]
    _engine(store).indexer._damaged = True
    assert ids(store, "needle") == [1]


def test_a_file_of_another_program_is_left_as_it_is(path: Path) -> None:
    file = index_path(path)
    with sqlite3.connect(file) as other:
        other.execute("PRAGMA application_id = 1234")
        other.execute("CREATE TABLE mine (a)")
    other.close()
    with opened(make, path) as store:
        store.write(said("needle"))
        answer = page(store, "needle")
        assert answer.results == []
        assert answer.problem is not None
        assert "move it away" in answer.problem
    with sqlite3.connect(file) as other:
        assert other.execute("SELECT count(*) FROM mine").fetchone() == (0,)
    other.close()


def test_an_index_that_cannot_be_written_is_told_once_and_holds_up_nothing(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = index_path(path)
    file.mkdir()
    with caplog.at_level(logging.WARNING), opened(make, path) as store:
        for number in range(3):
            store.write(said("needle"))
            answer = page(store, "needle")
            assert (answer.results, answer.behind) == ([], number + 1)
            assert answer.problem is not None
            assert "Free disk space" in answer.problem
        assert len(caplog.records) == 1
        file.rmdir()
        assert len(ids(store, "needle")) == 3


def test_a_full_disk_stops_the_index_only(store: Store) -> None:
    store.write(said("needle"))
    assert ids(store, "needle") == [1]
    index = _engine(store).indexer._index
    assert index is not None
    (pages,) = index._connection.execute("PRAGMA page_count").fetchone()
    index._connection.execute(f"PRAGMA max_page_count = {pages}")
    store.write(*(said(" ".join(f"word{n}x{m}" for m in range(60))) for n in range(100)))
    answer = page(store, "needle")
    assert [hit.event_id for hit in answer.results] == [1]
    assert answer.behind == 100
    assert answer.problem is not None
    assert "full" in answer.problem
    assert page(store, "word99x1").problem is None  # a new connection has room again


def test_only_the_owner_can_read_the_index(store: Store, path: Path) -> None:
    store.write(said("needle"))
    assert ids(store, "needle") == [1]
    for file in path.parent.glob("*-search.db*"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_without_fts5_a_search_says_so_and_all_else_works(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (search_indexer, search_reader):
        monkeypatch.setattr(module, "has_fts5", lambda: False)
    store.write(said("needle"))
    with pytest.raises(Unsupported, match="FTS5"):
        page(store, "needle")
    assert store.engine.last_event_id() == 1


def test_the_thread_begins_with_the_first_event_and_catches_up(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_indexer, "GATHER_S", 0.0)
    engine = _engine(store)
    engine.keep_index()
    assert engine.indexer._thread is None
    store.write(said("needle", created_at=NOW))
    while not (found := engine.search(Search(words=parse_words("needle"))).results):
        assert engine.indexer._thread is not None
    assert [hit.event_id for hit in found] == [1]
