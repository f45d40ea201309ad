"""Stream clients: a process of its own that listens, checks the order and takes the time.

``python -m agentmonitor.bench.listeners PORT CLIENTS [HOST]`` prints "ready", then obeys
lines on its input: "stall" (a client joins that never reads) and "finish N" (wait until every
client has had N events, print the report, end).
"""

import asyncio
import json
import re
import socket
import sys
import threading
import time
from collections import Counter
from datetime import datetime
from typing import TypedDict, cast

from agentmonitor.bench.latency import histogram_percentiles

_ID = re.compile(rb"id: (\d+)\ndata: ")
_CREATED = re.compile(rb'"created_at":"([^"]+)"')
LAST_ANSWERS_S = 15.0
"""How long the last events may take to arrive."""


class ListenReport(TypedDict):
    """Latencies in ms, from the row's ``created_at`` to the client, before and after "stall"."""

    clients: int
    complete: int
    events_each: list[int]
    out_of_order: int
    missed: int
    broken: int
    before_ms: dict[str, float]
    stalled_ms: dict[str, float]
    cpu_share: float


class Shared:
    """What all clients measure against. All connect before the first event is sent."""

    def __init__(self) -> None:
        self.after = -1
        """The number before the first event's; -1 until that comes."""
        self.ids: list[bytes] = []
        self.created: list[float] = [0.0]
        """By event number less ``after``: when the server made the row, ms since the epoch."""
        self.before: Counter[int] = Counter()
        self.stalled: Counter[int] = Counter()
        self.counts = self.before
        self._times: dict[bytes, float] = {}

    def learn(self, frames: bytes, first: int, last: int) -> None:
        """Take the times of new events, those from ``first`` to ``last``, from ``frames``."""
        if self.after < 0:
            self.after = first - 1
            self.ids = [b"%d" % self.after]
        new = last - self.after + 1 - len(self.created)
        if new <= 0:
            return
        found = _CREATED.findall(frames)[-new:]
        self.ids += [b"%d" % n for n in range(self.after + len(self.ids), last + 1)]
        times = [self._time(text) for text in found]
        # A gap: what never came has no time. The client that misses it will say so.
        self.created += [0.0] * (new - len(times)) + times

    def _time(self, text: bytes) -> float:
        known = self._times.get(text)
        if known is None:
            known = datetime.fromisoformat(text.decode()).timestamp() * 1000
            self._times = {text: known}
        return known


class Client(asyncio.Protocol):
    """One stream. A frame must not be split over two HTTP chunks, or it counts as missed."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._rest = b""
        self.last = -1
        self.received = 0
        self.out_of_order = 0
        self.missed = 0
        self.connected = asyncio.get_running_loop().create_future()
        self.lost = False
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Part of asyncio.Protocol."""
        self.transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Part of asyncio.Protocol."""
        self.lost = True

    def data_received(self, data: bytes) -> None:
        """Part of asyncio.Protocol."""
        now = time.time() * 1000
        if self._rest:
            data = self._rest + data
        end = data.rfind(b"\n\n") + 2
        if end < 2:
            self._rest = data
            return
        frames, self._rest = data[:end], data[end:]
        if not self.connected.done() and b'"connected"' in frames:
            self.connected.set_result(None)
        ids: list[bytes] = _ID.findall(frames)
        if not ids:
            return
        shared = self._shared
        first, last = int(ids[0]), int(ids[-1])
        shared.learn(frames, first, last)
        if self.last < 0:
            self.last = shared.after
        at, end = first - shared.after, last - shared.after + 1
        if first != self.last + 1 or ids != shared.ids[at:end]:
            self._examine(ids)
        self.received += len(ids)
        self.last = max(last, self.last)
        counts = shared.counts
        for created, number in Counter(shared.created[max(at, 0) : end]).items():
            if created:
                counts[int(now - created)] += number

    def _examine(self, ids: list[bytes]) -> None:
        expected = self.last + 1
        for number in map(int, ids):
            if number < expected:
                self.out_of_order += 1
            else:
                self.missed += number - expected
                expected = number + 1


async def listen(port: int, clients: int, host: str) -> ListenReport:
    """Connect, obey the lines on the standard input, and report."""
    loop = asyncio.get_running_loop()
    request = f"GET /api/stream HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode()
    shared = Shared()
    listeners = []
    for _ in range(clients):
        _, client = await loop.create_connection(lambda: Client(shared), host, port)
        if client.transport is not None:
            client.transport.write(request)
        listeners.append(client)
    await asyncio.wait_for(asyncio.gather(*(c.connected for c in listeners)), 20)
    lines: asyncio.Queue[str] = asyncio.Queue()

    def read_lines() -> None:
        for line in sys.stdin:
            loop.call_soon_threadsafe(lines.put_nowait, line)
        loop.call_soon_threadsafe(lines.put_nowait, "finish 0")

    threading.Thread(target=read_lines, daemon=True).start()
    began, cpu = time.perf_counter(), time.process_time()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    stalled = None
    while not (line := await lines.get()).startswith("finish"):
        if line.strip() == "stall":
            stalled = socket.socket()
            # Little room here, so that what it does not read soon waits in the server.
            stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            stalled.connect((host, port))
            stalled.sendall(request)
            shared.counts = shared.stalled
    wanted = int(line.split()[1])
    cpu_share = (time.process_time() - cpu) / (time.perf_counter() - began)
    deadline = time.perf_counter() + LAST_ANSWERS_S
    while any(c.received < wanted and not c.lost for c in listeners):
        if time.perf_counter() > deadline:
            break
        await asyncio.sleep(0.05)
    if stalled is not None:
        stalled.close()
    return {
        "clients": clients,
        "complete": sum(
            c.received == wanted and not (c.out_of_order or c.missed) for c in listeners
        ),
        "events_each": sorted({c.received for c in listeners}),
        "out_of_order": sum(c.out_of_order for c in listeners),
        "missed": sum(c.missed for c in listeners),
        "broken": sum(c.lost for c in listeners),
        "before_ms": histogram_percentiles(shared.before),
        "stalled_ms": histogram_percentiles(shared.stalled),
        "cpu_share": round(cpu_share, 3),
    }


def main(words: list[str]) -> None:
    """Run as a process."""
    port, clients, host = [*words, "127.0.0.1"][:3]
    sys.stdout.write(json.dumps(asyncio.run(listen(int(port), int(clients), host))))


if __name__ == "__main__":
    main(sys.argv[1:])
