"""Inserting many rows with few statements."""

import sqlite3

import pytest

from agentmonitor.storage.sqlite.bulk import Insert


@pytest.mark.parametrize("width", [1, 3, 200])
@pytest.mark.parametrize("count", [0, 1, 3, 4, 5, 63, 64, 255, 256, 257, 601])
def test_any_number_of_rows_arrives_in_order(width: int, count: int) -> None:
    connection = sqlite3.connect(":memory:")
    columns = ", ".join(f"c{n}" for n in range(width))
    connection.execute(f"CREATE TABLE t ({columns})")
    wanted = [tuple(f"{row}.{column}" for column in range(width)) for row in range(count)]
    Insert("t", width).run(connection, wanted)
    assert connection.execute("SELECT * FROM t ORDER BY rowid").fetchall() == wanted
    connection.close()


def test_a_conflict_clause_sees_the_rows_before_it_in_the_same_statement() -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE t (key INTEGER PRIMARY KEY, n INTEGER)")
    add = Insert("t (key, n)", 2, "ON CONFLICT DO UPDATE SET n = n + excluded.n")
    add.run(connection, [(number % 3, 1) for number in range(300)])
    assert connection.execute("SELECT * FROM t").fetchall() == [(0, 100), (1, 100), (2, 100)]
    connection.close()
