"""A long run under steady load: ingest, streams, growing session files, imports, reads.

At its end everything that was sent must be stored, every stream must have had every event once
and in order, no request may have failed, and memory may not have grown.
"""

import contextlib
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol
from urllib.request import Request, urlopen

import msgspec

from agentmonitor.bench.api import BenchmarkError
from agentmonitor.bench.latency import percentiles
from agentmonitor.bench.load import Load
from agentmonitor.bench.processes import Listening, start_load
from agentmonitor.bench.session_files import SessionFile
from agentmonitor.bench.target import Target, own

MAX_GROWTH = 1.1
WARM_UP_SHARE = 0.2
"""Of the run, before memory counts: caches fill first."""
SAMPLE_S = 5.0
FILES_S = 2.0
IMPORT_S = 60.0
SETTLE_S = 30.0
"""How long the last lines of files may take to be stored."""
BATCH = 20
CONNECTIONS = 4
READS = (
    "/api/stats", "/api/v2/live", "/api/v2/sessions?limit=50", "/api/v2/usage?bucket=day",
    "/api/v2/tools", "/api/v2/search?q=make&limit=20",
)  # fmt: skip


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What to do."""

    minutes: float = 30
    rate: float = 200
    """Events a second by HTTP."""
    streams: int = 5
    files: int = 4
    """Session files that grow at any time."""


class Check(msgspec.Struct, frozen=True):
    """One part of the verdict."""

    name: str
    passed: bool
    seen: str


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """How it went. Latencies in ms, memory in MiB."""

    passed: bool
    minutes: float
    checks: list[Check]
    events_sent: int
    events_stored: int
    events_from_files: int
    imports: int
    reads: int
    batch_ms: dict[str, float]
    read_ms: dict[str, float]
    stream_ms: dict[str, float]
    memory_mib: list[float]
    """A sample every ``memory_every_s`` seconds."""
    memory_every_s: float
    memory_growth: float
    """The median of the run's last fifth by that of the fifth after the warm-up."""


Tell = Callable[[float, int, float], None]
"""Seconds passed, events stored, memory in MiB."""


def soak(plan: Plan, tell: Tell) -> Verdict:
    """Run on a server of our own, with a home and a database of its own. Raises BenchmarkError."""
    with tempfile.TemporaryDirectory(prefix="amon-soak-") as name:
        home = Path(name)
        with own(home / "soak.db", home, max_sse_clients=plan.streams + 10) as target:
            return _Run(plan, target, home, tell).run()


class _Run:
    def __init__(self, plan: Plan, target: Target, home: Path, tell: Tell) -> None:
        self._plan = plan
        self._target = target
        self._home = home
        self._tell = tell
        self._ended = threading.Event()
        self._failures: list[str] = []
        self._files: list[SessionFile] = []
        self._reads: list[float] = []
        self._memory: list[float] = []
        self._imports = 0

    def run(self) -> Verdict:
        begun = time.monotonic()
        with Listening(self._target, self._plan.streams) as streams:
            with self._working(self._grow_files, self._import, self._read, self._watch):
                seconds = self._plan.minutes * 60
                load = start_load(
                    Load(
                        self._target.port, True, BATCH, CONNECTIONS, seconds, 0.5, self._plan.rate
                    ),
                    self._target,
                )()
            for file in self._files:
                file.grow(1)
            lost = self._missing_from_files()
            stored = self._total()
            report = streams.finish(stored)
        growth = self._growth()
        from_files = stored - load["acknowledged"]
        broken = report["broken"] + report["missed"] + report["out_of_order"]
        complete = report["complete"] == self._plan.streams
        checks = [
            Check("no request failed", not load["failures"] and not self._failures,
                  _shown([*map(str, load["failures"].items()), *self._failures])),
            Check("every event that was sent is stored", from_files >= 0,
                  f"{load['acknowledged']} answered, {stored} stored"),
            Check("session files are stored whole", not lost, _shown(lost)),
            Check("every stream had every event once, in order", complete and not broken,
                  f"{report['complete']} of {self._plan.streams}, {report['missed']} missed, "
                  f"{report['out_of_order']} out of order"),
            Check(f"memory grew by less than {MAX_GROWTH}", growth < MAX_GROWTH, f"{growth:.3f}"),
        ]  # fmt: skip
        return Verdict(
            passed=all(check.passed for check in checks),
            minutes=round((time.monotonic() - begun) / 60, 2),
            checks=checks,
            events_sent=load["acknowledged"],
            events_stored=stored,
            events_from_files=from_files,
            imports=self._imports,
            reads=len(self._reads),
            batch_ms=load["latency_ms"],
            read_ms=percentiles(self._reads),
            stream_ms=report["before_ms"],
            memory_mib=[round(value, 1) for value in self._memory],
            memory_every_s=SAMPLE_S,
            memory_growth=round(growth, 3),
        )

    @contextlib.contextmanager
    def _working(self, *jobs: Callable[[], None]) -> Iterator[None]:
        threads = [threading.Thread(target=self._guarded, args=(job,)) for job in jobs]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._ended.set()
            for thread in threads:
                thread.join()

    def _guarded(self, job: Callable[[], None]) -> None:
        try:
            job()
        except (BenchmarkError, OSError, ValueError) as error:
            self._failures.append(f"{job.__name__.strip('_')}: {error}")

    def _grow_files(self) -> None:
        """Files that agents write: they are followed while the run lasts."""
        number = 0
        while not self._ended.wait(FILES_S):
            if len(self._files) < self._plan.files or number % 30 == 0:
                self._files.append(SessionFile(self._home, number))
            for file in self._files[-self._plan.files :]:
                file.grow(1 + number % 3, tear=number % 2 == 0)
            number += 1

    def _import(self) -> None:
        url = f"http://127.0.0.1:{self._target.port}/api/v2/import"
        while not self._ended.wait(IMPORT_S):
            request = Request(url, b"{}", {"Content-Type": "application/json"})
            with urlopen(request) as answer:  # noqa: S310 - as above
                last = answer.read().splitlines()[-1]
            if b'"outcome"' not in last:
                raise BenchmarkError(f"an import ended with {last[:200]!r}")
            self._imports += 1

    def _read(self) -> None:
        api = self._target.api()
        turn = 0
        while not self._ended.wait(1.0):
            before = time.perf_counter()
            api.get(READS[turn % len(READS)])
            self._reads.append((time.perf_counter() - before) * 1000)
            turn += 1
        api.close()

    def _watch(self) -> None:
        api = self._target.api()
        begun = time.monotonic()
        while not self._ended.wait(SAMPLE_S):
            self._memory.append(self._target.memory_mib()[0])
            stored = api.number("/api/stats", "total_events")
            self._tell(time.monotonic() - begun, stored, self._memory[-1])
        api.close()

    def _missing_from_files(self) -> list[str]:
        """What of the session files is not stored after a while."""
        deadline = time.monotonic() + SETTLE_S
        while True:
            api = self._target.api()
            wrong = [said for file in self._files if (said := difference(api, file))]
            api.close()
            if not wrong or time.monotonic() > deadline:
                return wrong
            time.sleep(0.5)

    def _total(self) -> int:
        api = self._target.api()
        total = api.number("/api/stats", "total_events")
        api.close()
        return total

    def _growth(self) -> float:
        samples = self._memory
        size = max(1, int(len(samples) * WARM_UP_SHARE))
        early, late = samples[size : 2 * size], samples[-size:]
        return statistics.median(late) / statistics.median(early) if early else 1.0


class Answering(Protocol):
    """What tells what a server has stored."""

    def json(self, target: str) -> dict[str, Any]:
        """The JSON object that ``target`` is answered with."""


def difference(api: Answering, file: SessionFile) -> str | None:
    """What of ``file`` is not stored; None when all of it is."""
    session: dict[str, Any] = api.json(f"/api/v2/sessions/{file.session_id}")
    tokens = session["session"]["tokens_out"]
    calls = sum(tool["calls"] for tool in session["tools"])
    if (tokens, calls) == (file.tokens_out, file.tool_calls):
        return None
    return (
        f"{file.session_id}: {tokens} of {file.tokens_out} tokens, "
        f"{calls} of {file.tool_calls} calls"
    )


def _shown(items: list[str]) -> str:
    return "; ".join(items[:5]) or "none"
