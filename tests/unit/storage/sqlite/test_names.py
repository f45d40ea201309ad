"""Names are kept once and known by numbers."""

import sqlite3
from collections.abc import Iterator

import pytest

from agentmonitor.storage.sqlite.names import NameReader


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    made = sqlite3.connect(":memory:")
    made.execute("CREATE TABLE names (id INTEGER PRIMARY KEY, value TEXT)")
    made.execute("INSERT INTO names VALUES (1, 'Bash'), (2, 'Read')")
    yield made
    made.close()


def test_a_name_is_asked_for_once_and_none_never(connection: sqlite3.Connection) -> None:
    asked: list[str] = []
    connection.set_trace_callback(asked.append)
    reader = NameReader()
    for _ in range(3):
        assert reader.values(connection, (1, 0, 2)) == {0: None, 1: "Bash", 2: "Read"}
        assert reader.values(connection, (0, 0)) == {0: None}
    assert len(asked) == 1


def test_a_number_without_a_name_is_left_out(connection: sqlite3.Connection) -> None:
    assert NameReader().values(connection, (2, 9)) == {0: None, 2: "Read"}
