"""The ``read`` workload: every reading call on a large database, one after another."""

import json
import os
import shutil
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast
from urllib.parse import quote

from agentmonitor.bench.latency import percentile
from agentmonitor.bench.mix import COMMON_AGENT, COMMON_TOOL, RARE_TOOL
from benchmarks import read_v2
from benchmarks.figures import Figure, Outcome
from benchmarks.generate import cache_file, cached, clear_cache
from benchmarks.server import Api, BenchmarkError, helper, server, stop

WARM_UP = 3
GOAL_MS = 5.0
CUT_GOAL_MS = 20.0
"""A ``since`` that cuts an hour may cost this."""
LARGE = 1_000_000
LARGER_FACTOR = 1.5
"""What more events than LARGE may cost."""
BYTES_GOAL = 250
SINCE_DAYS = 7
SETTLE_S = 0.2
SEED = 1


def run(events: int, days: int, calls: int) -> Outcome:
    """``calls`` of each reading call on ``events`` events of ``days`` days."""
    source = database(events, days)
    outcome = Outcome()
    by_call: dict[str, object] = {}
    size = source.stat().st_size / events
    outcome.figures.append(Figure("read", "database", size, "bytes/event", BYTES_GOAL))
    factor = LARGER_FACTOR if events > LARGE else 1.0
    with tempfile.TemporaryDirectory(prefix="amon-bench-") as folder:
        # The server writes to its database: what is cached stays as it was made.
        copy = Path(folder) / "bench.db"
        shutil.copyfile(source, copy)
        os.sync()  # a disk that still writes takes its share of the processor
        with server(copy) as running:
            outcome.figures.append(Figure("read", "start on it", running.started_ms or 0.0, "ms"))
            api = Api(running.port)
            stored = api.number("/api/stats", "total_events")
            if stored != events:
                raise BenchmarkError(f"The database holds {stored} events and not {events}.")
            _settle(api)
            since, in_hour = cut(api)
            for name, target, cuts in targets(api, since):
                times, size = measure(api, target, calls)
                middle, worst = percentile(times, 0.5), percentile(times, 0.99)
                goal = (CUT_GOAL_MS if cuts else GOAL_MS) * factor
                outcome.figures.append(Figure("read", name, middle, "ms", goal))
                by_call[name] = {
                    "p50_ms": round(middle, 3), "p99_ms": round(worst, 3),
                    "max_ms": round(times[-1], 3), "answer_bytes": size, "calls": calls,
                }  # fmt: skip
            for name, target, goals in later_targets(api, since):
                times, size = measure(api, target, calls)
                named = zip(("p50", "p99"), (0.5, 0.99), goals, strict=True)
                for share_name, share, goal in named:
                    value = percentile(times, share)
                    outcome.figures.append(
                        Figure("read", f"v2 {name}, {share_name}", value, "ms", goal * factor)
                    )
                by_call[f"v2 {name}"] = {
                    "p50_ms": round(percentile(times, 0.5), 3),
                    "p99_ms": round(percentile(times, 0.99), 3),
                    "max_ms": round(times[-1], 3), "answer_bytes": size, "calls": calls,
                }  # fmt: skip
            api.close()
            outcome.figures.append(
                Figure("read", "memory after reads", running.memory_mib()[0], "MiB")
            )
    outcome.details["calls"] = by_call
    outcome.details["events"] = events
    outcome.details["days"] = days
    outcome.details["since_cuts_an_hour_with_events"] = in_hour
    return outcome


def _settle(api: Api) -> None:
    """Wait until nothing is indexed any more: it would be measured as well."""
    while api.number("/api/v2/search?q=x&limit=1", "behind"):
        time.sleep(SETTLE_S)


def database(events: int, days: int) -> Path:
    """A database of the generator, made if there is none that is young enough."""
    found = cached(events, days, SEED)
    if found is None:
        # Named once, here: the source may change while the file is being made.
        found = cache_file(events, days, SEED)
        clear_cache(events, days, SEED)
        command = [sys.executable, "-m", "benchmarks.generate", "--events", str(events)]
        command += ["--days", str(days), "--seed", str(SEED), "--out", str(found)]
        process = helper(command)
        try:
            if process.wait() != 0:
                raise BenchmarkError("The database could not be made.")
        finally:
            stop(process)
    return found


def cut(api: Api) -> tuple[str, int]:
    """A ``since`` inside a busy hour about a week ago, and how many events that hour has.

    An empty hour would cost nothing and show nothing.
    """
    week_ago = datetime.now(UTC) - timedelta(days=SINCE_DAYS)
    timeline = cast(list[dict[str, object]], api.json("/api/stats/cost")["timeline"])
    hours = {str(row["bucket"]): cast(int, row["event_count"]) for row in timeline}
    middle = sorted(hours.values())[len(hours) // 2]
    busy = [bucket for bucket, count in hours.items() if count >= middle]
    nearest = min(busy, key=lambda b: abs((datetime.fromisoformat(b) - week_ago).total_seconds()))
    moment = datetime.fromisoformat(nearest) + timedelta(minutes=37, seconds=12, milliseconds=345)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.345Z"), hours[nearest]


def targets(api: Api, since: str) -> list[tuple[str, str, bool]]:
    """(name, target, whether it cuts an hour) of each call."""
    sessions = cast(list[dict[str, object]], api.json("/api/sessions?limit=50")["sessions"])
    busiest = max(sessions, key=lambda row: cast(int, row["event_count"]))
    cutting = f"since={quote(since)}"
    return [
        ("stats", "/api/stats", False),
        ("stats since", f"/api/stats?{cutting}", True),
        ("tools", "/api/stats/tools", False),
        ("tools since", f"/api/stats/tools?{cutting}", True),
        ("cost", "/api/stats/cost", False),
        ("cost since", f"/api/stats/cost?{cutting}", True),
        # Its windows end now and begin inside a minute: they cut too.
        ("usage-monitor", "/api/stats/usage-monitor", False),
        ("filter-options", "/api/filter-options", False),
        ("sessions", "/api/sessions?limit=50", False),
        ("events", "/api/events?limit=50", False),
        ("events of a common tool", f"/api/events?limit=50&tool_name={COMMON_TOOL}", False),
        ("events of a rare tool", f"/api/events?limit=50&tool_name={RARE_TOOL}", False),
        ("events of an agent since", f"/api/events?limit=50&agent_type={COMMON_AGENT}&{cutting}",
         True),
        ("session", f"/api/sessions/{quote(str(busiest['id']))}", False),
    ]  # fmt: skip


def later_targets(api: Api, since: str) -> list[tuple[str, str, tuple[float, float]]]:
    """(name, target, goals of median and p99 in ms) of each call of version 2."""
    goals = (read_v2.GOAL_MS, read_v2.WORST_GOAL_MS)
    found = [(name, target, goals) for name, target in read_v2.targets(api, since)]
    for name, query in read_v2.SEARCHES:
        target = f"/api/v2/search?{query}"
        found.append((f"search, {name}", target, (read_v2.SEARCH_GOAL_MS,) * 2))
    return found


def measure(api: Api, target: str, calls: int) -> tuple[list[float], int]:
    """The ascending times of ``calls`` calls in ms, and the answer's size in bytes."""
    body = b""
    for _ in range(WARM_UP):
        body = api.get(target)
    # Metrics are no JSON.
    if body.startswith(b"{") and json.loads(body).get("events") == []:
        raise BenchmarkError(f"{target} finds nothing: the figure would be worthless.")
    times = []
    for _ in range(calls):
        before = time.perf_counter()
        body = api.get(target)
        times.append((time.perf_counter() - before) * 1000)
    return sorted(times), len(body)
