"""Workloads for any server that keeps contract version 1, so that two can be compared."""

import contextlib
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from agentmonitor.bench.api import Api, BenchmarkError
from agentmonitor.bench.latency import percentiles
from agentmonitor.bench.load import Load, Report
from agentmonitor.bench.memory import MemoryWatch
from agentmonitor.bench.processes import Listening, start_load
from agentmonitor.bench.target import Target, at, command, own

CONNECTIONS = 40
BATCH = 50
STREAMS = 10
STREAM_RATE = 500
"""Events a second while the streams are listened to."""
STARTS = 5
CALLS = 50
WARM_UP_CALLS = 3
SETTLE_S = 1.0
READS = (
    "/api/health", "/api/stats", "/api/stats/tools", "/api/stats/cost",
    "/api/stats/usage-monitor", "/api/filter-options", "/api/sessions?limit=50",
    "/api/events?limit=50",
)  # fmt: skip
WORKLOADS = ("start", "batch", "single", "read", "stream")


class Subject(msgspec.Struct, frozen=True):
    """What to measure: a running server (``url``), one that a command starts, or our own."""

    name: str
    url: str | None = None
    command: str | None = None


class Measured(msgspec.Struct, frozen=True):
    """One figure. ``better``: whether more or less of it is better."""

    workload: str
    name: str
    unit: str
    better: str
    value: float


Tell = Callable[[str], None]
"""The name of the workload that begins."""


def measure(subject: Subject, only: tuple[str, ...], seconds: float, tell: Tell) -> list[Measured]:
    """Every workload of ``only`` on ``subject``, ``seconds`` of each load.

    The load stores made-up events in the server. Raises BenchmarkError.
    """
    found: list[Measured] = []
    with tempfile.TemporaryDirectory(prefix="amon-bench-") as name:
        home = Path(name)
        if "start" in only and subject.url is None:
            tell("start")
            found += _start(subject, home)
        with _running(subject, home / "load") as target:
            found += _loads(target, only, seconds, tell)
    return found


def _loads(target: Target, only: tuple[str, ...], seconds: float, tell: Tell) -> list[Measured]:
    found: list[Measured] = []
    if target.pid is not None:
        time.sleep(SETTLE_S)
        found.append(Measured("memory", "idle", "MiB", "less", target.memory_mib()[0]))
    with MemoryWatch(target.memory_mib) as watch:
        for name, size in (("batch", BATCH), ("single", 1)):
            if name in only:
                tell(name)
                found += _posted(target, name, size, seconds)
        if "stream" in only:
            tell("stream")
            found += _streamed(target, seconds)
        if "read" in only:
            tell("read")
            found += _read(target)
    if target.pid is not None:
        found.append(Measured("memory", "highest", "MiB", "less", watch.highest_mib))
    return found


@contextlib.contextmanager
def _running(subject: Subject, home: Path) -> Iterator[Target]:
    home.mkdir()
    if subject.url is not None:
        yield at(subject.url)
    elif subject.command is not None:
        with command(subject.command, home) as target:
            yield target
    else:
        with own(home / "bench.db", home, max_sse_clients=STREAMS + 5) as target:
            yield target


def _start(subject: Subject, home: Path) -> list[Measured]:
    times = []
    for number in range(STARTS + 1):
        with _running(subject, home / f"start-{number}") as target:
            times.append(target.started_ms or 0.0)
    # The first start compiles modules and fills the page cache.
    return [Measured("start", "to the first answer", "ms", "less", statistics.median(times[1:]))]


def _posted(target: Target, name: str, size: int, seconds: float) -> list[Measured]:
    load = Load(
        target.port, size > 1, size, CONNECTIONS, seconds, host=target.host
    )  # with its warm-up before it
    report = start_load(load, target)()
    rate = Measured(name, "throughput", "events/s", "more", report["events_a_second"])
    return [rate, *_latencies(name, report["latency_ms"]), _failed(name, report)]


def _streamed(target: Target, seconds: float) -> list[Measured]:
    api = target.api()
    before = api.number("/api/stats", "total_events")
    with Listening(target, STREAMS) as streams:
        load = Load(target.port, True, 10, 4, seconds, 0.5, STREAM_RATE, host=target.host)
        report = start_load(load, target)()
        seen = streams.finish(api.number("/api/stats", "total_events") - before)
    api.close()
    complete = Measured("stream", "complete streams", f"of {STREAMS}", "more", seen["complete"])
    return [*_latencies("stream", seen["before_ms"]), complete, _failed("stream", report)]


def _read(target: Target) -> list[Measured]:
    found: list[Measured] = []
    api = target.api()
    for path in READS:
        times = _times(api, path)
        name = path.removeprefix("/api/").partition("?")[0]
        for each, value in percentiles(times).items():
            if each in ("p50", "p99"):
                found.append(Measured("read", f"{name} {each}", "ms", "less", value))
    api.close()
    return found


def _times(api: Api, path: str) -> list[float]:
    """How long calls take, in ms; nothing where the server does not have the path."""
    try:
        for _ in range(WARM_UP_CALLS):
            api.get(path)
    except BenchmarkError as error:
        raise BenchmarkError(f"{error} It must keep contract version 1.") from error
    times = []
    for _ in range(CALLS):
        before = time.perf_counter()
        api.get(path)
        times.append((time.perf_counter() - before) * 1000)
    return times


def _latencies(workload: str, latency: dict[str, float]) -> list[Measured]:
    names = ("p50", "p95", "p99")
    return [Measured(workload, name, "ms", "less", latency[name]) for name in names]


def _failed(workload: str, report: Report) -> Measured:
    count = sum(report["failures"].values())
    return Measured(workload, "failures", "requests", "less", count)
