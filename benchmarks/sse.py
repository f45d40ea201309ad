"""The ``sse`` workload: 50 stream clients while events come in at a fixed pace.

Latency is from the row's ``created_at``, which the server takes when the request arrives and
before it stores it, to the client's read: an upper bound of the time from commit to client.
Halfway a client joins that never reads.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import cast

from agentmonitor.bench.listeners import ListenReport
from agentmonitor.bench.load import Load, Report
from benchmarks.figures import Figure, Outcome
from benchmarks.ingest import BATCH, start_posting
from benchmarks.server import Api, BenchmarkError, MemoryWatch, helper, last_line, server, stop

CLIENTS = 50
EVENTS_A_SECOND = 5000
CONNECTIONS = 16
WARM_UP_S = 0.5


def run(seconds: float) -> Outcome:
    """Half of ``seconds`` without the client that does not read, half with it."""
    with tempfile.TemporaryDirectory(prefix="amon-bench-") as folder:
        database = Path(folder) / "bench.db"
        with server(database, max_sse_clients=CLIENTS + 10) as running:
            command = [sys.executable, "-m", "agentmonitor.bench.listeners"]
            listeners = helper([*command, str(running.port), str(CLIENTS)], talk=True)
            try:
                _expect_ready(listeners)
                with MemoryWatch(running.memory_mib) as watch:
                    load, dropped = _drive(listeners, running.port, seconds)
                    assert listeners.stdin is not None
                    listeners.stdin.write(f"finish {load['acknowledged']}\n")
                    listeners.stdin.flush()
                    report = cast(ListenReport, json.loads(last_line(listeners)))
            finally:
                stop(listeners)
    return _outcome(load, report, dropped, watch.highest_mib)


def _expect_ready(listeners: "subprocess.Popen[str]") -> None:
    assert listeners.stdout is not None
    if listeners.stdout.readline().strip() != "ready":
        raise BenchmarkError("The stream clients could not connect.")


def _drive(
    listeners: "subprocess.Popen[str]", port: int, seconds: float
) -> tuple[Report, float | None]:
    """Post at the pace; the report, and after how many seconds the stalled client was dropped.

    Raises BenchmarkError when that client was never served: then nothing was shown.
    """
    finish = start_posting(
        Load(port, True, BATCH, CONNECTIONS, seconds, WARM_UP_S, EVENTS_A_SECOND)
    )
    time.sleep(WARM_UP_S + seconds / 2)
    assert listeners.stdin is not None
    listeners.stdin.write("stall\n")
    listeners.stdin.flush()
    dropped = None
    joined = False
    began = time.perf_counter()
    api = Api(port)
    while (passed := time.perf_counter() - began) < seconds / 2 and dropped is None:
        clients = api.number("/api/health", "sse_clients")
        joined = joined or clients > CLIENTS
        if joined and clients <= CLIENTS:
            dropped = passed
        time.sleep(0.1)
    api.close()
    report = finish()
    if not joined:
        raise BenchmarkError("The client that does not read was never seen among the clients.")
    return report, dropped


def _outcome(
    load: Report, report: ListenReport, dropped: float | None, highest_mib: float
) -> Outcome:
    alone, stalled = report["before_ms"], report["stalled_ms"]
    rate = load["events_a_second"]
    figures = [
        Figure("sse", "ingested", rate, "events/s", 0.99 * EVENTS_A_SECOND, at_least=True),
        Figure("sse", "clients with every event in order", report["complete"], "clients",
               CLIENTS, at_least=True),
        Figure("sse", "p50", alone["p50"], "ms"),
        Figure("sse", "p95", alone["p95"], "ms"),
        Figure("sse", "p99", alone["p99"], "ms", 100),
        Figure("sse", "p99 beside a stalled client", stalled["p99"], "ms", 100),
        Figure("sse", "batch answer p99", load["latency_ms"]["p99"], "ms"),
        Figure("sse", "failures", sum(load["failures"].values()), "requests", 0),
        Figure("sse", "memory highest", highest_mib, "MiB"),
    ]  # fmt: skip
    if dropped is not None:  # a short run ends before
        figures.append(Figure("sse", "stalled client dropped after", dropped, "s"))
    details: dict[str, object] = {
        "load": load, "listeners": report, "highest_mib": round(highest_mib, 2),
        "stalled_dropped_s": None if dropped is None else round(dropped, 1),
        "latency_is": "from the row's created_at (taken at arrival, before the commit)",
    }  # fmt: skip
    return Outcome(figures, details)
