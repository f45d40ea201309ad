"""``GET /metrics``: what a Prometheus server scrapes."""

import os
import threading
import time
from pathlib import Path

import msgspec

from agentmonitor import __version__
from agentmonitor.model.clock import now_ms
from agentmonitor.model.totals import Totals
from agentmonitor.runtime import Runtime
from agentmonitor.server.counters import MAX_NAMES, Counters, Sums
from agentmonitor.server.http import Reply, Request, Response
from agentmonitor.server.openmetrics import (
    OPENMETRICS,
    PLAIN,
    Family,
    label,
    render,
    wants_openmetrics,
)
from agentmonitor.server.operation import Operation
from agentmonitor.server.router import Router
from agentmonitor.storage.engine import Readable
from agentmonitor.usage.reports import live_reports

_STARTED = time.time()
"""When this module was loaded: the process is a fraction of a second older, on every platform."""
_MEMORY = Path("/proc/self/statm")

NANO = 1e9
_COUNTERS: tuple[tuple[str, str, str, tuple[str, ...], str], ...] = (
    ("events", "agentmonitor_events", "Events that were stored.", ("agent", "type"), ""),
    ("errors", "agentmonitor_errors", "Events that are no success.", ("agent",), ""),
    ("tokens", "agentmonitor_tokens", "Tokens of model requests; input is without the cached ones.",
     ("agent", "model", "class"), ""),
    ("cost", "agentmonitor_cost_usd", "Cost of what has a price, in US dollars.",
     ("agent", "model"), "usd"),
    ("unpriced_tokens", "agentmonitor_unpriced_tokens", "Tokens of which no price is known.",
     ("agent", "model"), ""),
    ("tool_calls", "agentmonitor_tool_calls", "Calls of tools.", ("agent", "tool"), ""),
    ("tool_failures", "agentmonitor_tool_failures", "Calls of tools that are no success.",
     ("agent", "tool"), ""),
)  # fmt: skip
_STORED: tuple[tuple[str, str, str, str], ...] = (
    ("events", "agentmonitor_stored_events", "Events in the database.", ""),
    ("tokens", "agentmonitor_stored_tokens", "Tokens of every class in the database.", ""),
    ("cost", "agentmonitor_stored_cost_usd", "Cost of all in the database that has a price.",
     "usd"),
)  # fmt: skip


class Reading(msgspec.Struct):
    """What one answer needs of the store."""

    totals: Totals
    quotas: dict[tuple[str, str], float]
    """Used percent by agent and window."""
    database_bytes: int


def register(router: Router) -> None:
    """Add the routes of this module."""
    exporter = Exporter()

    async def metrics(request: Request, runtime: Runtime) -> Reply:
        """Everything, in the format that the Accept header prefers."""
        openmetrics = wants_openmetrics(request.header(b"accept"))
        # Also the counting and the writing, which take long where names are many.
        body = await runtime.read(exporter.text, runtime, openmetrics)
        headers = [
            (b"content-type", OPENMETRICS if openmetrics else PLAIN),
            (b"cache-control", b"no-store"),
            (b"x-content-type-options", b"nosniff"),
        ]
        return Response(200, body, headers)

    texts = {"text/plain": str, "application/openmetrics-text": str}
    router.add("GET", "/metrics", metrics, Operation({200: texts}))


class Exporter:
    """Makes the answers of one server, and remembers them so that no counter goes back."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._counters: Counters | None = None

    def text(self, runtime: Runtime, openmetrics: bool) -> bytes:
        """One answer. Safe to call from any thread."""
        with self._guard:
            reading = read(runtime.engine, now_ms())
            if self._counters is None:
                self._counters = Counters(runtime.totals_at_start)
            families = [
                *_counted(self._counters.update(reading.totals)),
                *_stored(self._counters.agents(reading.totals)),
                *_state(reading),
                *_server(runtime, reading),
                *_process(),
            ]
        return render(families, openmetrics=openmetrics)


def read(store: Readable, now: int) -> Reading:
    """All that has to be read. ``now``: ms."""
    quotas: dict[tuple[str, str], float] = {}
    for agent in sorted({quota.agent_type for quota in store.quotas()}):
        for report in live_reports(store, agent, now)[:MAX_NAMES]:
            quotas[label(agent), label(report.name)] = report.percent
    return Reading(store.totals(), quotas, store.size_bytes())


def _counted(sums: Sums) -> list[Family]:
    families = []
    for key, name, meaning, labels, unit in _COUNTERS:
        family = Family(name, "counter", f"{meaning} Since the server started.", labels, unit)
        _fill(family, sums, key)
        families.append(family)
    return families


def _stored(sums: Sums) -> list[Family]:
    families = []
    for key, name, meaning, unit in _STORED:
        family = Family(name, "gauge", f"{meaning} Corrections can lower it.", ("agent",), unit)
        _fill(family, sums, key)
        families.append(family)
    return families


def _fill(family: Family, sums: Sums, key: str) -> None:
    for labels, value in sorted(sums.get(key, {}).items()):
        family.add(value / NANO if key == "cost" else value, *labels)


def _state(reading: Reading) -> list[Family]:
    sessions = Family("agentmonitor_sessions", "gauge", "Sessions by state.", ("state",))
    for state, count in reading.totals.sessions.items():
        sessions.add(count, state)
    quota = Family(
        "agentmonitor_quota_used_ratio",
        "gauge",
        "Used share of a window, as its provider last said; 1 is all of it.",
        ("agent", "window"),
        "ratio",
    )
    for labels, percent in reading.quotas.items():
        quota.add(percent / 100, *labels)
    return [sessions, quota]


def _server(runtime: Runtime, reading: Reading) -> list[Family]:
    build = Family("agentmonitor_build", "info", "The server's version.", ("version",))
    build.add(1, __version__)
    latency = Family(
        "agentmonitor_ingest_latency_seconds",
        "histogram",
        "From the acceptance of a batch of events to its commit.",
        unit="seconds",
    )
    latency.add_histogram(runtime.pipeline.latency.snapshot())
    return [
        build,
        latency,
        _gauge("ingest_queue_events", "Events and signals that wait to be written.",
               runtime.engine.queued()),
        _gauge("sse_clients", "Clients of the live stream.", len(runtime.streams)),
        _gauge("database_bytes", "The database on disk, its log included.",
               reading.database_bytes, "bytes"),
        _gauge("uptime_seconds", "Time since the start of the server.", runtime.uptime_s,
               "seconds"),
    ]  # fmt: skip


def _process() -> list[Family]:
    started = Family(
        "process_start_time_seconds",
        "gauge",
        "Start of the process, in seconds since the epoch.",
        unit="seconds",
    )
    started.add(round(_STARTED, 3))
    try:
        pages = int(_MEMORY.read_bytes().split()[1])
    except OSError:
        return [started]  # a platform that does not tell
    memory = Family(
        "process_resident_memory_bytes", "gauge", "Resident memory of the process.", unit="bytes"
    )
    memory.add(pages * os.sysconf("SC_PAGE_SIZE"))
    return [started, memory]


def _gauge(name: str, meaning: str, value: float, unit: str = "") -> Family:
    family = Family(f"agentmonitor_{name}", "gauge", meaning, unit=unit)
    family.add(value)
    return family
