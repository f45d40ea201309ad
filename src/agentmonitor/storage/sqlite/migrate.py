"""Numbered migrations: append-only SQL files, each applied in one transaction with its record."""

import sqlite3
from pathlib import Path

from agentmonitor.errors import DatabaseUnusable
from agentmonitor.model.clock import now_ms, to_iso


def migrations() -> list[tuple[int, str, str]]:
    """Every migration as (number, file name, SQL), in order."""
    folder = Path(__file__).with_name("migrations")
    return sorted(
        (int(file.name.split("_", 1)[0]), file.name, file.read_text("utf-8"))
        for file in folder.iterdir()
        if file.name.endswith(".sql")
    )


def migrate(connection: sqlite3.Connection, path: Path) -> int:
    """Apply what ``connection``'s database lacks; how many that were.

    Raises DatabaseUnusable when a newer version of the program made the database.
    """
    connection.execute(
        "CREATE TABLE IF NOT EXISTS migrations"
        " (number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at TEXT NOT NULL)"
    )
    done = {int(n) for (n,) in connection.execute("SELECT number FROM migrations")}
    known = migrations()
    if done and max(done) > known[-1][0]:
        raise DatabaseUnusable(
            f"{path} was made by a newer AgentMonitor (migration {max(done)}; this one knows "
            f"{known[-1][0]}). Update the program: pip install --upgrade agentmonitor."
        )
    count = 0
    for number, name, sql in known:
        if number in done:
            continue
        connection.execute("BEGIN IMMEDIATE")
        try:
            for statement in statements(sql):
                connection.execute(statement)
            connection.execute(
                "INSERT INTO migrations VALUES (?, ?, ?)", (number, name, to_iso(now_ms()))
            )
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        count += 1
    return count


def statements(sql: str) -> list[str]:
    """The statements of a script (``executescript`` would commit before it begins)."""
    result, part = [], ""
    for line in sql.splitlines(keepends=True):
        part += line
        if sqlite3.complete_statement(part):
            result.append(part)
            part = ""
    if part.strip():
        raise ValueError(f"An unfinished statement: {part.strip()[:80]}")
    return result
