"""Keys wait in a log, and are known there as in the tables."""

import sqlite3
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentmonitor.errors import StorageError
from agentmonitor.model.event import Event
from agentmonitor.model.usage import Channel, Report
from agentmonitor.storage.sqlite import activity_keys
from tests.unit.builders import event
from tests.unit.storage.sqlite.audit import assert_sound, rows
from tests.unit.storage.store import ENGINES, opened
from tests.unit.storage.test_ledger import fresh, stories

NEVER = 10**6
SQLITE = ENGINES["sqlite"]


def request(*keys: str, channel: Channel = Channel.LOG) -> Event:
    return event(
        event_type="llm_response", keys=keys, channel=channel, tokens_out=9, report=Report()
    )


def counts(path: Path) -> dict[str, int]:
    tables = ("activity_key_log", "activity_keys_written", "activity_keys_all")
    return {name: len(rows(path, f"SELECT * FROM {name}")) for name in tables}


def stored(path: Path) -> dict[str, Any]:
    """All that keys decide, and the keys."""
    return {
        "events": rows(path, "SELECT * FROM events ORDER BY id"),
        "ledger": rows(path, "SELECT * FROM ledger ORDER BY event"),
        "merges": rows(path, "SELECT * FROM activity_merges ORDER BY event"),
        "keys": rows(path, "SELECT * FROM activity_keys_all ORDER BY key"),
        "evidence": rows(path, "SELECT * FROM evidence ORDER BY event, channel, session"),
    }


@settings(max_examples=60)
@given(
    reports=stories().map(lambda story: story[1]),
    many=st.integers(1, 6),
    cuts=st.lists(st.tuples(st.integers(1, 5), st.booleans()), max_size=12),
)
def test_when_they_are_written_makes_no_difference(
    reports: list[Event], many: int, cuts: list[tuple[int, bool]]
) -> None:
    def play(path: Path, many: int) -> dict[str, Any]:
        left, sizes = [fresh(each) for each in reports], list(cuts)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(activity_keys, "MANY", many)
            while left:
                with opened(SQLITE, path) as store:
                    reopen = False
                    while left and not reopen:
                        size, reopen = sizes.pop() if sizes else (len(left), False)
                        store.write(*left[:size])
                        left = left[size:]
        assert_sound(path)
        return stored(path)

    with TemporaryDirectory() as folder:
        logged = play(Path(folder) / "a.db", NEVER)
        assert play(Path(folder) / "b.db", many) == logged


def test_the_log_is_emptied_when_many_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.db"
    monkeypatch.setattr(activity_keys, "MANY", 5)
    with opened(SQLITE, path) as store:
        store.write(request("a", "b"), request("c", "d"))
        assert counts(path) == {
            "activity_key_log": 1, "activity_keys_written": 0, "activity_keys_all": 4
        }  # fmt: skip
        store.write(request("e", "~f"))
        assert counts(path) == {
            "activity_key_log": 0, "activity_keys_written": 6, "activity_keys_all": 6
        }  # fmt: skip
        # Known in the tables, and in the log.
        store.write(request("g"))
        told = store.write(*[request(key, channel=Channel.FILE) for key in "bdeg"])
        assert told.stored == []


def test_keys_that_cannot_be_written_are_known_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.db"
    monkeypatch.setattr(activity_keys, "MANY", 2)
    with opened(SQLITE, path) as store:
        _run(path, "CREATE TRIGGER full BEFORE INSERT ON activity_keys_recent"
                   " BEGIN SELECT RAISE(ABORT, 'full'); END")  # fmt: skip
        store.write(request("a"), request("b"), request("c"))
        assert store.write(request("b", channel=Channel.FILE)).stored == []
        _run(path, "DROP TRIGGER full")
        store.write(request("d"), request("e"))
        assert counts(path)["activity_key_log"] == 0
        assert store.write(request("a", channel=Channel.FILE)).stored == []
    assert_sound(path)


def test_keys_of_a_batch_that_failed_are_free(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with opened(SQLITE, path) as store:
        store.write(request("a"))
        _run(path, "CREATE TRIGGER full BEFORE INSERT ON events WHEN new.tokens_in = 7"
                   " BEGIN SELECT RAISE(ABORT, 'full'); END")  # fmt: skip
        broken = request("b")
        broken.tokens_in = 7
        with pytest.raises(StorageError):
            store.write(broken)
        told = store.write(request("a", channel=Channel.FILE), request("b"))
        assert [each.keys for each in told.stored] == [("b",)]


def _run(path: Path, statement: str) -> None:
    connection = sqlite3.connect(path)
    connection.execute(statement)
    connection.commit()
    connection.close()
