"""Migrations: each once, each whole."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentmonitor.errors import DatabaseUnusable
from agentmonitor.storage.sqlite import migrate as module
from agentmonitor.storage.sqlite.migrate import migrate, migrations, statements

PATH = Path("events.db")
FIRST = (1, "0001_a.sql", "CREATE TABLE a (x);\nINSERT INTO a VALUES (1);\n")


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    yield connection
    connection.close()


def tables(connection: sqlite3.Connection) -> set[str]:
    found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    return {str(name) for (name,) in found}


def use(monkeypatch: pytest.MonkeyPatch, *known: tuple[int, str, str]) -> None:
    monkeypatch.setattr(module, "migrations", lambda: list(known))


def test_the_shipped_migrations_are_numbered_without_a_gap_and_apply_once(
    connection: sqlite3.Connection,
) -> None:
    known = migrations()
    assert [number for number, _, _ in known] == list(range(1, len(known) + 1))
    assert migrate(connection, PATH) == len(known)
    assert migrate(connection, PATH) == 0
    recorded = connection.execute("SELECT number, name FROM migrations").fetchall()
    assert recorded == [(number, name) for number, name, _ in known]
    assert {"events", "sessions", "names", "rollup_usage"} <= tables(connection)


def test_only_what_is_missing_is_applied(
    connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, FIRST)
    assert migrate(connection, PATH) == 1
    use(monkeypatch, FIRST, (2, "0002_b.sql", "CREATE TABLE b (x);"))
    assert migrate(connection, PATH) == 1
    assert connection.execute("SELECT count(*) FROM a").fetchone() == (1,)
    assert "b" in tables(connection)


def test_a_failing_migration_leaves_neither_its_tables_nor_its_record(
    connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = (
        2,
        "0002_b.sql",
        "CREATE TABLE b (x);\nDELETE FROM a;\nINSERT INTO nowhere VALUES (1);",
    )
    use(monkeypatch, FIRST, broken, (3, "0003_c.sql", "CREATE TABLE c (x);"))
    with pytest.raises(sqlite3.OperationalError):
        migrate(connection, PATH)
    assert tables(connection) == {"migrations", "a"}
    assert connection.execute("SELECT number FROM migrations").fetchall() == [(1,)]
    assert connection.execute("SELECT count(*) FROM a").fetchone() == (1,)
    use(monkeypatch, FIRST, (2, "0002_b.sql", "CREATE TABLE b (x);"))
    assert migrate(connection, PATH) == 1


def test_a_newer_database_is_refused_and_left_alone(
    connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, FIRST, (2, "0002_b.sql", "CREATE TABLE b (x);"))
    migrate(connection, PATH)
    use(monkeypatch, FIRST)
    before = "\n".join(connection.iterdump())
    with pytest.raises(DatabaseUnusable, match=r"events\.db was made by a newer AgentMonitor"):
        migrate(connection, PATH)
    assert "\n".join(connection.iterdump()) == before


def test_statements_are_cut_where_they_end() -> None:
    script = """-- A comment; with a semicolon.
CREATE TABLE a (
    x TEXT DEFAULT 'a;b'
);
CREATE TRIGGER t AFTER INSERT ON a BEGIN
    DELETE FROM a;
    DELETE FROM a;
END;
"""
    first, second = statements(script)
    assert first.lstrip().startswith("-- A comment")
    assert "'a;b'" in first
    assert second.strip().endswith("END;")
    assert statements("") == []
    assert statements("\n\n") == []


def test_an_unfinished_statement_is_a_fault_of_the_script() -> None:
    with pytest.raises(ValueError, match="unfinished"):
        statements("CREATE TABLE a (x);\nCREATE TABLE b (")


@given(st.lists(st.text(alphabet="ab';-\n ", max_size=20), max_size=6))
def test_no_statement_is_lost_or_changed(texts: list[str]) -> None:
    quoted = ["SELECT '" + text.replace("'", "''") + "';\n" for text in texts]
    assert "".join(statements("".join(quoted))) == "".join(quoted)
    assert len(statements("".join(quoted))) == len(quoted)
