"""The ``cli`` workload: commands from a cold start to their last character, over a year."""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.figures import Figure, Outcome
from benchmarks.read import database
from benchmarks.server import BenchmarkError, server

DAYS = 365
REPORT_GOAL_MS = 200
STATUSLINE_GOAL_MS = 60
_SCRIPT = Path(sys.executable).with_name("agentmonitor")
_STATUS = {
    "model": {"display_name": "Model"},
    "cwd": "/tmp",
    "context_window": {"used_percentage": 41},
    "cost": {"total_cost_usd": 1.25},
    "rate_limits": {"five_hour": {"used_percentage": 24, "resets_at": 4102444800}},
}


def run(events: int, times: int) -> Outcome:
    """``times`` runs of each command on ``events`` events of a year: read from the database, asked
    of a server; then the status line, which sends to it."""
    source = database(events, DAYS)
    first = (datetime.now(UTC) - timedelta(days=DAYS - 1)).date().isoformat()
    year = ["usage", "--since", first, "--tz", "UTC"]
    taken: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory(prefix="amon-bench-") as name:
        folder = Path(name)
        copy = folder / "bench.db"
        shutil.copyfile(source, copy)
        with server(copy):
            pass  # brings the copy up to date
        named = ["--db", str(copy)]
        taken["usage, a year, database"] = _measure([*year, *named], folder, times)
        taken["usage, 30 days, database"] = _measure(["usage", *named], folder, times)
        with server(copy):
            taken["usage, a year, server"] = _measure([*year, *named], folder, times)
            taken["statusline"] = _measure(
                ["statusline", *named], folder, times, json.dumps(_STATUS).encode()
            )
    goals = {"statusline": STATUSLINE_GOAL_MS}
    return Outcome(
        [
            Figure("cli", name, statistics.median(found), "ms", goals.get(name, REPORT_GOAL_MS))
            for name, found in taken.items()
        ],
        {name: [round(each, 1) for each in found] for name, found in taken.items()},
    )


def _measure(
    arguments: list[str], home: Path, times: int, given: bytes | None = None
) -> list[float]:
    """Milliseconds of each run, the first one left out. Raises BenchmarkError."""
    variables = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG")}
    environment = {**variables, "HOME": str(home), "COLUMNS": "140"}
    taken = []
    for number in range(times + 1):
        began = time.perf_counter()
        done = subprocess.run(
            [_SCRIPT, *arguments], input=given, env=environment, capture_output=True, check=False
        )
        if number:
            taken.append((time.perf_counter() - began) * 1000)
        if done.returncode or not done.stdout:
            raise BenchmarkError(f"{arguments[0]} failed: {done.stderr.decode()[:300]}")
        if given is not None:
            time.sleep(0.3)  # what is sent behind it is not the next run's business
    return taken
