"""The ``search`` workload: making the index of a large database, and searches in it."""

import shutil
import tempfile
import time
from pathlib import Path

from agentmonitor.bench.latency import percentile
from agentmonitor.storage.sqlite.search import index_path
from benchmarks.figures import Figure, Outcome
from benchmarks.read import database, measure
from benchmarks.read_v2 import SEARCHES
from benchmarks.server import Api, BenchmarkError, server

GOAL_MS = 50.0
PATIENCE_S = 900.0
POLL_S = 0.1


def run(events: int, days: int, calls: int) -> Outcome:
    """``calls`` of each search in ``events`` events of ``days`` days."""
    source = database(events, days)
    outcome = Outcome()
    by_search: dict[str, object] = {}
    with tempfile.TemporaryDirectory(prefix="amon-bench-") as folder:
        copy = Path(folder) / "bench.db"
        shutil.copyfile(source, copy)
        with server(copy) as running:
            api = Api(running.port)
            took = wait_until_indexed(api)
            size = index_path(copy).stat().st_size / events
            outcome.figures += [
                Figure("search", "indexing, when idle", events / took, "events/s", at_least=True),
                Figure("search", "index", size, "bytes/event"),
            ]
            for name, query in SEARCHES:
                times, length = measure(api, f"/api/v2/search?{query}", calls)
                middle, worst = percentile(times, 0.5), percentile(times, 0.99)
                outcome.figures.append(Figure("search", f"{name}, p99", worst, "ms", GOAL_MS))
                by_search[name] = {
                    "p50_ms": round(middle, 3), "p99_ms": round(worst, 3),
                    "max_ms": round(times[-1], 3), "answer_bytes": length, "calls": calls,
                }  # fmt: skip
            api.close()
            memory = running.memory_mib()[0]
            outcome.figures.append(Figure("search", "memory after searches", memory, "MiB"))
    outcome.details["searches"] = by_search
    outcome.details["events"] = events
    return outcome


def wait_until_indexed(api: Api) -> float:
    """Wait until the index holds every event; how many seconds that took."""
    began = time.perf_counter()
    while time.perf_counter() - began < PATIENCE_S:
        if api.number("/api/v2/search?q=x&limit=1", "behind") == 0:
            return time.perf_counter() - began
        time.sleep(POLL_S)
    raise BenchmarkError("The index did not catch up.")
