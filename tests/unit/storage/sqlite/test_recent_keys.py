"""Keys that come into a small table first."""

import random
import sqlite3

import pytest

from agentmonitor.storage.sqlite.migrate import migrate
from agentmonitor.storage.sqlite.recent_keys import RecentKeys


@pytest.fixture
def connection(tmp_path_factory: pytest.TempPathFactory) -> sqlite3.Connection:
    path = tmp_path_factory.mktemp("keys") / "a.db"
    connection = sqlite3.connect(path, isolation_level=None)
    migrate(connection, path)
    return connection


def counts(connection: sqlite3.Connection) -> tuple[int, int]:
    tables = ("activity_keys_recent", "activity_keys")
    recent, old = (
        connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables
    )
    return recent, old


def insert(keys: RecentKeys, claims: list[tuple[int, int]]) -> None:
    """As the writer does it: what is too much moves on later."""
    keys.insert(claims)
    if keys.is_full:
        keys.move()


def test_keys_move_on_in_order_and_none_is_lost(connection: sqlite3.Connection) -> None:
    rng = random.Random(1)
    keys = RecentKeys(connection, "activity_keys", most=2000)
    claims = [(rng.randrange(-(2**63), 2**63), number) for number in range(20_000)]
    moved: list[int] = []
    for start in range(0, len(claims), 500):
        before = counts(connection)[1]
        insert(keys, claims[start : start + 500])
        recent, old = counts(connection)
        assert recent <= 3000
        moved.append(old - before)
    assert sum(1 for count in moved if count) > 20  # a few at a time
    assert max(moved) < 1500
    found = connection.execute("SELECT key, event FROM activity_keys_all").fetchall()
    assert sorted(found) == sorted(claims)


def test_keys_at_the_ends_of_the_range_move_too(connection: sqlite3.Connection) -> None:
    keys = RecentKeys(connection, "activity_keys", most=0)
    claims = [(-(2**63), 1), (2**63 - 1, 2), *((number, number) for number in range(-400, 400))]
    for start in range(0, len(claims), 300):
        insert(keys, claims[start : start + 300])
    assert counts(connection)[0] <= 256
    found = connection.execute("SELECT key, event FROM activity_keys_all").fetchall()
    assert sorted(found) == sorted(claims)


def test_what_was_rolled_back_is_not_counted(connection: sqlite3.Connection) -> None:
    keys = RecentKeys(connection, "activity_keys", most=500)
    for turn in range(20):
        connection.execute("BEGIN")
        insert(keys, [(turn * 1000 + number, number) for number in range(100)])
        connection.execute("ROLLBACK")
        keys.forget()
    insert(keys, [(number, number) for number in range(600)])
    assert counts(connection) == (600, 0)
