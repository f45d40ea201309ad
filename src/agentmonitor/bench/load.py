"""The load generator: a process of its own that posts events and reports what it saw.

``python -m agentmonitor.bench.load '{"port": 3141, "batch": true, …}'`` prints one JSON object.
"""

import asyncio
import json
import sys
import time
from array import array
from collections import Counter, deque
from dataclasses import asdict, dataclass
from typing import TypedDict

from agentmonitor.bench.bodies import Bodies
from agentmonitor.bench.client import Connection
from agentmonitor.bench.latency import percentiles
from agentmonitor.command import module_command

GRACE_S = 10.0
"""How long answers that are under way at the end may take."""


@dataclass(frozen=True, slots=True)
class Load:
    """What to send."""

    port: int
    batch: bool
    per_request: int = 50
    connections: int = 40
    seconds: float = 10.0
    """Measured time; ``warm_up_s`` comes before it."""
    warm_up_s: float = 1.0
    events_a_second: float = 0.0
    """The pace; 0: each connection sends as soon as it has its answer."""
    host: str = "127.0.0.1"


class Report(TypedDict):
    """What was seen. Latencies in ms. ``acknowledged`` also counts warm-up and stragglers."""

    requests: int
    events: int
    seconds: float
    events_a_second: float
    latency_ms: dict[str, float]
    failures: dict[str, int]
    acknowledged: int
    cpu_share: float


class Generator:
    """Drives the connections."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._bodies = Bodies(f"{load.host}:{load.port}", load.per_request, batch=load.batch)
        self._received = b'"received":%d,' % load.per_request
        self._latencies = array("d")
        self._failures: Counter[str] = Counter()
        self._acknowledged = 0
        self._from = self._to = 0.0
        self._connections: list[Connection] = []
        self._waiting: deque[float] = deque()
        self._opening: set[asyncio.Task[None]] = set()

    async def run(self) -> Report:
        """Send until the time is over."""
        load = self._load
        self._connections = [
            await Connection.open(load.host, load.port, self._answered)
            for _ in range(load.connections)
        ]
        self._from = time.perf_counter() + load.warm_up_s
        self._to = self._from + load.seconds
        cpu = time.process_time()
        if load.events_a_second:
            await self._pace(load.per_request / load.events_a_second)
        else:
            for connection in self._connections:
                self._send(connection, time.perf_counter())
            await asyncio.sleep(self._to - time.perf_counter())
        cpu = time.process_time() - cpu
        deadline = time.perf_counter() + GRACE_S
        while any(c.busy for c in self._connections) or self._waiting:
            if time.perf_counter() > deadline:
                self._failures["no answer"] += sum(c.busy for c in self._connections)
                break
            await asyncio.sleep(0.02)
        for connection in self._connections:
            connection.close()
        requests = len(self._latencies)
        return {
            "requests": requests,
            "events": requests * load.per_request,
            "seconds": load.seconds,
            "events_a_second": round(requests * load.per_request / load.seconds, 1),
            "latency_ms": percentiles([value * 1000 for value in self._latencies]),
            "failures": dict(self._failures),
            "acknowledged": self._acknowledged,
            "cpu_share": round(cpu / (load.warm_up_s + load.seconds), 3),
        }

    async def _pace(self, interval: float) -> None:
        """Requests at fixed times, whether or not the server keeps up; latency counts from the
        time at which a request was due."""
        due = time.perf_counter()
        while due < self._to:
            pause = due - time.perf_counter()
            if pause > 0:
                await asyncio.sleep(pause)
            self._waiting.append(due)
            self._send_waiting()
            due += interval

    def _send_waiting(self) -> None:
        for connection in self._connections:
            if not self._waiting:
                break
            if not connection.busy:
                self._send(connection, self._waiting.popleft())

    def _send(self, connection: Connection, started: float) -> None:
        request = self._bodies.next()
        if not self._load.events_a_second:
            # Making the request is our time, not the server's.
            started = time.perf_counter()
        connection.started = started
        connection.send(request)

    def _answered(self, connection: Connection, status: int, body: bytes) -> None:
        now = time.perf_counter()
        if status == 201 and self._received in body:
            self._acknowledged += self._load.per_request
            if self._from <= now < self._to:
                self._latencies.append(now - connection.started)
        elif status == 0:
            if connection.busy:
                self._failures["connection lost"] += 1
            # An idle one the server may close.
            self._connections.remove(connection)
            self._open_another()
            return
        else:
            self._failures[str(status)] += 1
        if self._load.events_a_second:
            self._send_waiting()
        elif now < self._to:
            self._send(connection, now)

    def _open_another(self) -> None:
        async def connect() -> None:
            try:
                fresh = await Connection.open(self._load.host, self._load.port, self._answered)
            except OSError:
                self._failures["no connection"] += 1
                return
            self._connections.append(fresh)
            if self._load.events_a_second:
                self._send_waiting()
            elif time.perf_counter() < self._to:
                self._send(fresh, time.perf_counter())

        task = asyncio.create_task(connect())
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)


def arguments(load: Load) -> list[str]:
    """The command line of a generator process."""
    return module_command("agentmonitor.bench.load", json.dumps(asdict(load)))


def main() -> None:
    """Run as a process."""
    report = asyncio.run(Generator(Load(**json.loads(sys.argv[1]))).run())
    sys.stdout.write(json.dumps(report) + "\n")


if __name__ == "__main__":
    main()
