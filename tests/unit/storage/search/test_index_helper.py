"""A second process indexes while the first one writes."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from agentmonitor.storage.sqlite.engine import SqliteEngine
from agentmonitor.storage.sqlite.index_helper import index_meanwhile
from agentmonitor.storage.sqlite.search import index_path
from agentmonitor.storage.sqlite.search_indexer import Forget, Indexer
from tests.unit.storage.search.asking import alter, ids, page, said
from tests.unit.storage.sqlite.audit import rows
from tests.unit.storage.store import PATIENCE_S, Store


def eventually(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.02)


def told(path: Path, query: str) -> int:
    """A number in the index; 0 when there is none yet."""
    if not index_path(path).exists():
        return 0
    index = sqlite3.connect(index_path(path))
    try:
        return int(index.execute(query).fetchone()[0])
    except (sqlite3.OperationalError, TypeError):  # it is being made
        return 0
    finally:
        index.close()


def indexed_to(path: Path) -> int:
    return told(path, "SELECT indexed_to FROM state")


def documents(path: Path) -> int:
    """How many were put in."""
    return told(path, "SELECT sum(docs) FROM parts")


def runs(process: int) -> bool:
    try:
        line = Path(f"/proc/{process}/stat").read_text()
    except FileNotFoundError:
        return False
    return line.rsplit(")", 1)[1].split()[0] != "Z"


def forget(store: Store) -> Forget:
    assert isinstance(store.engine, SqliteEngine)
    return store.engine._forget_changes


def marks(path: Path) -> int:
    """How many changes are not seen to."""
    return len(rows(path, "SELECT * FROM search_dirty"))


def test_what_is_written_meanwhile_is_indexed_once(store: Store, path: Path) -> None:
    long = "x" * 20_000  # is kept beside its event, as a change of it
    with index_meanwhile(path, forget(store), after_s=0):
        store.write(*(said(f"needle word{n} {long * (n % 2)}") for n in range(50)))
        eventually(lambda: indexed_to(path) == 50)
        alter(store, 7, "changed", "")
        eventually(lambda: documents(path) == 51)
        store.write(*(said(f"needle word{n}") for n in range(50, 80)))
        eventually(lambda: indexed_to(path) == 80)
    assert marks(path) == 0
    found = ids(store, "needle", limit=100)
    assert documents(path) == 81
    assert sorted(found) == [n + 1 for n in range(80) if n != 6]
    assert ids(store, "changed") == [7]
    assert ids(store, "word60") == [61]


def test_two_who_index_the_same_file_do_it_once(store: Store, path: Path) -> None:
    store.write(said("first needle"))
    assert ids(store, "needle") == [1]
    other = Indexer(path, None, lambda: 0)
    store.write(said("second needle"))
    other.catch_up()
    other.stop()
    store.write(said("third needle"))
    answer = page(store, "needle")
    assert sorted(hit.event_id for hit in answer.results) == [1, 2, 3]
    assert (answer.problem, documents(path)) == (None, 3)


def test_it_ends_with_the_process_that_it_helps(store: Store, path: Path) -> None:
    store.write(said("needle"))
    script = (
        "import sys, time\nfrom pathlib import Path\n"
        "from agentmonitor.storage.sqlite import index_helper\n"
        "with index_helper.index_meanwhile(Path(sys.argv[1]), print, after_s=0): time.sleep(60)"
    )
    helped = subprocess.Popen([sys.executable, "-c", script, str(path)])
    try:
        eventually(lambda: indexed_to(path) == 1)
        children = Path(f"/proc/{helped.pid}/task/{helped.pid}/children")
        if not children.exists():
            pytest.skip("this system does not tell who started whom")
        (helper,) = map(int, children.read_text().split())
        os.kill(helper, signal.SIGINT)  # as Ctrl-C does, which reaches both
        time.sleep(0.3)
        assert runs(helper)
    finally:
        helped.kill()
        helped.wait()
    eventually(lambda: not runs(helper))


def test_where_no_process_can_be_started_nothing_is_lost(
    store: Store, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(path / "no such program"))
    with index_meanwhile(path, forget(store), after_s=0):
        store.write(said("needle"))
    assert indexed_to(path) == 0
    assert ids(store, "needle") == [1]


def test_the_folder_that_the_user_is_in_is_no_place_for_modules(
    store: Store, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "checkout/agentmonitor"
    other.mkdir(parents=True)
    (other / "__init__.py").write_text("open('was-run', 'w').close()")
    monkeypatch.chdir(other.parent)
    store.write(said("needle"))
    with index_meanwhile(path, forget(store), after_s=0):
        eventually(lambda: indexed_to(path) == 1)
    assert not Path("was-run").exists()
