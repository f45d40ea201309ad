"""The workloads that post events: ``ingest`` (batches), ``single``, ``memory``, and ``client``."""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import cast

from agentmonitor.bench.load import Load, Report, arguments
from benchmarks import wrk
from benchmarks.figures import Figure, Outcome
from benchmarks.server import Api, MemoryWatch, Target, helper, last_line, server, stop

CONNECTIONS = 40
BATCH = 50
RATIO_GOAL = 0.22
SETTLE_S = 1.0
"""How long the server is left alone before its idle memory is read."""


def ingest(seconds: float, raw: float, raw_random: float) -> Outcome:
    """Batches. ``raw``, ``raw_random``: rows/s of the insert loop in this run, by order of ids."""
    report, outcome = _post("ingest", Load(0, True, BATCH, CONNECTIONS, seconds), 100.0)
    rate = report["events_a_second"]
    outcome.figures[:0] = [
        Figure("ingest", "throughput", rate, "events/s"),
        Figure("ingest", "ratio to raw", rate / raw, "", RATIO_GOAL, at_least=True),
        Figure("ingest", "ratio to raw, random ids", rate / raw_random, ""),
    ]
    return outcome


def single(seconds: float) -> Outcome:
    """One event a request."""
    report, outcome = _post("single", Load(0, False, 1, CONNECTIONS, seconds), 50.0)
    rate = report["events_a_second"]
    outcome.figures.insert(0, Figure("single", "throughput", rate, "events/s", 8000, at_least=True))
    return outcome


def memory(outcome: Outcome) -> Outcome:
    """Idle and highest memory of the ingest workload, as figures with goals."""
    idle = cast(float, outcome.details["idle_mib"])
    highest = cast(float, outcome.details["highest_mib"])
    return Outcome(
        [
            Figure("memory", "idle", idle, "MiB", 32),
            Figure("memory", "highest under ingest", highest, "MiB", 48),
        ],
        {"of": "ingest"},
    )


def client(seconds: float) -> Outcome:
    """What the load generator drives against a server that does nothing."""
    result = Outcome()
    for name, batch, size, goal in (("batch", True, BATCH, 1000), ("single", False, 1, 12_000)):
        process = helper([sys.executable, "-m", "benchmarks.trivial"])
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline().rsplit(":", 1)[1].strip("/\n"))
            report = post(Load(port, batch, size, CONNECTIONS, seconds))
        finally:
            stop(process)
        rate = report["requests"] / report["seconds"]
        result.figures.append(Figure("client", name, rate, "requests/s", goal, at_least=True))
        result.details[name] = report
    return result


def post(load: Load) -> Report:
    """Run a load generator process to its end."""
    return start_posting(load)()


class Posting:
    """A load generator that is running; calling it waits for its report."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def __call__(self) -> Report:
        """Wait for the end. Raises BenchmarkError."""
        try:
            return cast(Report, json.loads(last_line(self._process)))
        finally:
            stop(self._process)


def start_posting(load: Load) -> Posting:
    """Start a load generator process."""
    return Posting(helper(arguments(load)))


def idle_mib(running: Target) -> float:
    """The server's resident memory after a moment of peace, in MiB."""
    time.sleep(SETTLE_S)
    return running.memory_mib()[0]


def _post(name: str, load: Load, p99_goal: float) -> tuple[Report, Outcome]:
    with tempfile.TemporaryDirectory(prefix="amon-bench-") as folder:
        database = Path(folder) / "bench.db"
        with server(database) as running:
            idle = idle_mib(running)
            values = {item: getattr(load, item) for item in Load.__slots__}
            sent = Load(**(values | {"port": running.port}))
            with MemoryWatch(running.memory_mib) as watch:
                report = wrk.post(sent) if wrk.is_installed() else post(sent)
            api = Api(running.port)
            lost = report["acknowledged"] - api.number("/api/stats", "total_events")
            api.close()
        size = database.stat().st_size
    latency = report["latency_ms"]
    figures = [
        Figure(name, "p50", latency["p50"], "ms"),
        Figure(name, "p95", latency["p95"], "ms"),
        Figure(name, "p99", latency["p99"], "ms", p99_goal),
        Figure(name, "failures", sum(report["failures"].values()), "requests", 0),
        Figure(name, "acknowledged, not stored", max(0, lost), "events", 0),
        Figure(name, "memory idle", idle, "MiB"),
        Figure(name, "memory highest", watch.highest_mib, "MiB"),
    ]
    details: dict[str, object] = {
        "idle_mib": round(idle, 2),
        "highest_mib": round(watch.highest_mib, 2),
        "bytes_an_event": round(size / max(1, report["acknowledged"]), 1),
        "load": report,
        "client": "wrk" if wrk.is_installed() else "benchmarks.load",
    }
    return report, Outcome(figures, details)
