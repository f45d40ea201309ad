"""Which event ids are stored already, also when hashes collide."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentmonitor.storage.sqlite import event_ids as module
from agentmonitor.storage.sqlite import recent_keys
from agentmonitor.storage.sqlite.connect import open_writer
from agentmonitor.storage.sqlite.event_ids import EventIds, hash_id, identify, pack, unpack
from agentmonitor.storage.sqlite.migrate import migrate
from agentmonitor.storage.sqlite.recent_keys import RecentKeys
from tests.unit.builders import event


def around(number: int) -> int:
    """``number`` as a signed 64-bit integer."""
    return (number + 2**63) % 2**64 - 2**63


HASHES: dict[str, Callable[[str, int], int]] = {
    "real": hash_id,
    "all alike at first": lambda text, n: hash_id(text, n) if n else 5,
    "all alike for long": lambda text, n: n // 3,
    "neighbours": lambda text, n: len(text) + n,
    "around the end": lambda text, n: around(2**63 - 1 - len(text) % 3 + n),
}
UUIDS = ("6f1ed002-ab59-4fcb-8b0f-3a1a1b2c3d4e", "8b0f3a1a-1b2c-3d4e-6f1e-d002ab594fcb")


def ids() -> st.SearchStrategy[str]:
    """Short ids that repeat, UUIDs, and what only looks like one."""
    spoilt = [u.upper() for u in UUIDS] + [u.replace("-", "") for u in UUIDS]
    spoilt += [u[:-1] + "ä" for u in UUIDS] + [u[:-2] + "  " for u in UUIDS]
    known = (*UUIDS, *spoilt)
    return st.one_of(st.text(max_size=3), st.sampled_from(known), st.uuids().map(str))


@contextmanager
def database() -> Iterator[sqlite3.Connection]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.db"
        connection = open_writer(path)
        try:
            migrate(connection, path)
            yield connection
        finally:
            connection.close()


def take(
    connection: sqlite3.Connection, event_ids: EventIds, batch: list[str], first: int
) -> list[bool]:
    """One transaction's claims; the rows of those that were new."""
    events = [event(event_id=id_) for id_ in batch]
    event_ids.clear()
    event_ids.look_up([identify(events, event_ids._hash), identify([event()])])
    claimed: list[bool] = []
    for id_ in batch:
        claimed.append(event_ids.claim(id_, first + sum(claimed)))
        if claimed[-1]:
            row = [first + sum(claimed) - 1, pack(id_), *[0] * 23]
            connection.execute(f"INSERT INTO events VALUES ({','.join('?' * 25)})", row)
    return claimed


@pytest.mark.parametrize("name", HASHES)
@given(
    batches=st.lists(st.lists(ids(), max_size=12), max_size=5),
    lost=st.integers(),
    kept=st.sets(st.integers(0, 4)),
)
def test_each_id_is_claimed_exactly_once(
    name: str, batches: list[list[str]], lost: int, kept: set[int]
) -> None:
    """``lost``: the number of a transaction that is rolled back and then comes again; ``kept``:
    those whose keys are written later."""
    with database() as connection:
        event_ids = EventIds(connection, HASHES[name])
        seen: set[str] = set()
        for number, batch in enumerate(batches):
            fresh = [id_ not in {*seen, *batch[:at]} for at, id_ in enumerate(batch)]
            if number == lost % 5:
                connection.execute("BEGIN")
                assert take(connection, event_ids, batch, len(seen) + 1) == fresh
                connection.execute("ROLLBACK")
                event_ids.forget()
            connection.execute("BEGIN")
            assert take(connection, event_ids, batch, len(seen) + 1) == fresh
            if number not in kept:
                event_ids.save()
            connection.execute("COMMIT")
            seen.update(batch)
        event_ids.save()
        stored = connection.execute(
            "SELECT e.event_id FROM event_keys_all k JOIN events e ON e.id = k.event"
        ).fetchall()
        assert sorted(unpack(id_) or "" for (id_,) in stored) == sorted(seen)


def test_every_id_stays_known_when_its_key_moves_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RecentKeys", partial(RecentKeys, most=50))
    monkeypatch.setattr(recent_keys, "_WORTH_MOVING", 5)
    with database() as connection:
        event_ids = EventIds(connection)
        batches = [[f"{number}-{i}" for i in range(20)] for number in range(30)]
        for number, batch in enumerate(batches):
            connection.execute("BEGIN")
            assert all(take(connection, event_ids, batch, number * 20 + 1))
            event_ids.save()
            if event_ids.table.is_full:
                event_ids.table.move()
            connection.execute("COMMIT")
        tables = ("event_keys_recent", "event_keys")
        recent, settled = (
            connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables
        )
        assert recent + settled == 600
        assert recent < 100
        for batch in batches:
            connection.execute("BEGIN")
            assert not any(take(connection, event_ids, batch, 1000))
            connection.execute("COMMIT")


@given(ids(), st.integers(0, 5))
def test_hashes_fit_sqlites_integers(id_: str, attempt: int) -> None:
    assert -(2**63) <= hash_id(id_, attempt) < 2**63


@given(ids(), ids())
def test_ids_come_back_as_they_were_and_different_ones_stay_different(a: str, b: str) -> None:
    """An id that is no UUID in its usual spelling must not become one."""
    assert unpack(pack(a)) == a
    assert (pack(a) == pack(b)) == (a == b)
    assert unpack(None) is None


@pytest.mark.parametrize("id_", UUIDS)
def test_a_uuid_is_stored_as_its_bytes(id_: str) -> None:
    assert pack(id_) == bytes.fromhex(id_.replace("-", ""))


def test_uuids_that_collide_on_purpose_do_not_collide_twice() -> None:
    """The cheap hash can be foreseen; what follows it cannot."""
    first, second = UUIDS
    assert hash_id(first) == hash_id(second)
    assert hash_id(first, 1) != hash_id(second, 1)


@given(st.lists(ids(), max_size=6))
def test_many_ids_at_once_are_identified_as_each_alone(batch: list[str]) -> None:
    events = [event(event_id=id_) for id_ in batch]
    assert identify(events) == {id_: (hash_id(id_), pack(id_)) for id_ in batch}


def test_ids_that_only_together_look_like_uuids_are_none() -> None:
    split = [UUIDS[0] + UUIDS[1][0], UUIDS[1][1:]]
    events = [event(event_id=id_) for id_ in split]
    assert [stored for _, stored in identify(events).values()] == split


@pytest.mark.parametrize("written", [False, True])
def test_an_id_whose_event_is_gone_can_be_taken_again(written: bool) -> None:
    with database() as connection:
        event_ids = EventIds(connection)
        connection.execute("BEGIN")
        assert take(connection, event_ids, ["a", "b"], 1) == [True, True]
        if written:
            event_ids.save()
        connection.execute("DELETE FROM events WHERE id = 1")
        event_ids.release(pack("a"))
        assert take(connection, event_ids, ["a", "b"], 3) == [True, False]
        event_ids.save()
        found = connection.execute("SELECT event FROM event_keys_all ORDER BY event").fetchall()
        assert found == [(2,), (3,)]
        connection.execute("COMMIT")
