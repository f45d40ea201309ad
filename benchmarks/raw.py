"""The insert loop that the goals are relative to: Python's sqlite3 and nothing else.

The rows of ingest's mix as contract v1 has them, ``executemany``, 2,000 a transaction, WAL,
``synchronous = NORMAL``, the unique ``event_id`` alone. Making the rows is not timed.
"""

import random
import sqlite3
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.bodies import SESSIONS, TEMPLATE_EVENTS
from benchmarks.figures import Figure, Outcome
from benchmarks.mix import V1_COLUMNS, Mix, uuid_text, v1_row

TRANSACTION = 2000
ROUNDS = 3


def run(rows: int) -> Outcome:
    """Insert ``rows`` rows into a new file, ROUNDS times; the median is the figure (rows/s)."""
    rates = [insert(rows) for _ in range(ROUNDS)]
    rate = statistics.median(rates)
    return Outcome(
        [Figure("raw", "inserts", rate, "rows/s")],
        {"rows": rows, "rounds_rows_a_second": [round(r) for r in rates]},
    )


def insert(rows: int) -> float:
    """Rows a second in one new file."""
    rng, mix = random.Random(7), Mix(1)
    sessions = [mix.session() for _ in range(SESSIONS)]
    events = [
        v1_row(mix.event(sessions[n // 10 % SESSIONS]), "", "2026-01-01T00:00:00.000Z")
        for n in range(TEMPLATE_EVENTS)
    ]
    columns = [column.split()[0] for column in V1_COLUMNS[1:]]
    statement = (
        f"INSERT INTO events ({', '.join(columns)}) VALUES ({','.join('?' * len(columns))})"
    )
    spent = 0.0
    with tempfile.TemporaryDirectory(prefix="amon-bench-raw-") as folder:
        connection = sqlite3.connect(Path(folder) / "raw.db", isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"CREATE TABLE events ({', '.join(V1_COLUMNS)})")
        for start in range(0, rows, TRANSACTION):
            chunk = [
                (uuid_text(rng), *events[n % TEMPLATE_EVENTS][1:])
                for n in range(start, min(start + TRANSACTION, rows))
            ]
            before = time.perf_counter()
            connection.execute("BEGIN")
            connection.executemany(statement, chunk)
            connection.execute("COMMIT")
            spent += time.perf_counter() - before
        connection.close()
    return rows / spent
