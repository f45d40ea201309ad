"""The ``start`` workload: from spawning the server to the first 200 of /api/health."""

import statistics
import tempfile
from pathlib import Path

from benchmarks.figures import Figure, Outcome
from benchmarks.server import server

GOAL_MS = 225


def run(times: int) -> Outcome:
    """Start ``times`` servers, each on a new database, then one database again and again."""
    with tempfile.TemporaryDirectory(prefix="amon-bench-") as name:
        folder = Path(name)
        # The first start compiles modules and fills the page cache.
        _start(folder / "warm-up.db")
        fresh = [_start(folder / f"{number}.db") for number in range(times)]
        again = [_start(folder / "0.db") for _ in range(times)]
    return Outcome(
        [
            Figure("start", "new database", statistics.median(fresh), "ms", GOAL_MS),
            Figure("start", "known database", statistics.median(again), "ms", GOAL_MS),
        ],
        {"new_ms": [round(t, 1) for t in fresh], "known_ms": [round(t, 1) for t in again]},
    )


def _start(database: Path) -> float:
    with server(database) as running:
        return running.started_ms or 0.0
