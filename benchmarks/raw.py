"""The insert loop that the goals are relative to: Python's sqlite3 and nothing else.

The rows of ingest's mix as contract v1 has them, ``executemany``, 2,000 a transaction, WAL,
``synchronous = NORMAL``, the unique ``event_id`` alone. Making the rows is not timed.

The order of the ids decides the figure. Random ones touch another page of the unique index each,
and the loop slows down with every row that is there already (here 165,000 rows/s at 20,000 rows,
35,000 at 400,000); ordered ones stay at 170,000 to 200,000 whatever the size. The goals were set
against 187,000 rows/s, which only ordered ids reproduce, and a denominator must not depend on how
long the loop runs. So "ordered ids" is what ratios are made of; "random ids" is only told.
"""

import os
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from agentmonitor.bench.bodies import SESSIONS, TEMPLATE_EVENTS
from agentmonitor.bench.mix import Mix, uuid_text
from benchmarks.figures import Figure, Outcome
from benchmarks.v1 import V1_COLUMNS, v1_row

TRANSACTION = 2000
ROUNDS = 3


def run(rows: int) -> Outcome:
    """Insert ``rows`` rows into a new file, ROUNDS times for each order; medians in rows/s."""
    ordered = [insert(rows, ordered=True) for _ in range(ROUNDS)]
    shuffled = [insert(rows, ordered=False) for _ in range(ROUNDS)]
    os.sync()  # a disk that still writes takes its share of the processor
    return Outcome(
        [
            Figure("raw", "ordered ids", statistics.median(ordered), "rows/s"),
            Figure("raw", "random ids", statistics.median(shuffled), "rows/s"),
        ],
        {
            "rows": rows,
            "ordered_rows_a_second": [round(rate) for rate in ordered],
            "random_rows_a_second": [round(rate) for rate in shuffled],
        },
    )


def insert(rows: int, *, ordered: bool) -> float:
    """Rows a second in one new file."""
    mix = Mix(1)
    sessions = [mix.session() for _ in range(SESSIONS)]
    events = [
        v1_row(mix.event(sessions[n // 10 % SESSIONS]), "", "2026-01-01T00:00:00.000Z")
        for n in range(TEMPLATE_EVENTS)
    ]
    columns = [column.split()[0] for column in V1_COLUMNS[1:]]
    statement = f"INSERT INTO events ({', '.join(columns)}) VALUES ({','.join('?' * len(columns))})"
    ids = _ids(ordered=ordered)
    spent = 0.0
    with tempfile.TemporaryDirectory(prefix="amon-bench-raw-") as folder:
        connection = sqlite3.connect(Path(folder) / "raw.db", isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"CREATE TABLE events ({', '.join(V1_COLUMNS)})")
        for start in range(0, rows, TRANSACTION):
            chunk = [
                (next(ids), *events[n % TEMPLATE_EVENTS][1:])
                for n in range(start, min(start + TRANSACTION, rows))
            ]
            before = time.perf_counter()
            connection.execute("BEGIN")
            connection.executemany(statement, chunk)
            connection.execute("COMMIT")
            spent += time.perf_counter() - before
        connection.close()
    return rows / spent


def _ids(*, ordered: bool) -> Iterator[str]:
    """Event ids of 36 characters."""
    rng, number = random.Random(7), 0
    while True:
        number += 1
        yield f"00000000-0000-4000-8000-{number:012x}" if ordered else uuid_text(rng)
