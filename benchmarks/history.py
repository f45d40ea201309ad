"""The ``history`` workload: agents' hooks while a server imports what they did before it came."""

import http.client
import json
import os
import sqlite3
import tempfile
import time
from contextlib import closing
from pathlib import Path

from agentmonitor.bench.latency import percentiles
from agentmonitor.bench.target import Target, own
from benchmarks import claude_files, codex_files
from benchmarks.figures import Figure, Outcome
from benchmarks.server import BenchmarkError

EVERY_S = 0.02
"""Between an answer and the next hook."""
LOOK_EVERY = 10
"""Hooks between two looks at how far the import is."""
PATIENCE_S = 600
WEEK_S = 7 * 86_400
_READ = "SELECT count(*) FROM file_marks WHERE mtime_ns > 0"
"""Files that are read to their ends."""


def run(megabytes: int) -> Outcome:
    """A server starts with ``megabytes`` of made-up sessions in its home; hooks until all of them
    are imported."""
    with tempfile.TemporaryDirectory(prefix="amon-bench-") as name:
        home = Path(name)
        claude_files.generate(home, megabytes * 500_000)
        codex_files.corpus(home, megabytes // 2)
        files = [path for path in home.rglob("*.jsonl*") if path.is_file()]
        size = sum(path.stat().st_size for path in files)
        for number, path in enumerate(sorted(files)):  # written a week ago, one after the other
            written = time.time() - WEEK_S + 60 * number
            os.utime(path, (written, written))
        database = home / "bench.db"
        with own(database, home, auto_import_minutes=600) as running:
            began = time.perf_counter()
            taken = _hooks(running, database, len(files))
            seconds = time.perf_counter() - began
            _, highest = running.memory_mib()
    found = percentiles([each * 1000 for each in taken])
    return Outcome(
        [
            *(Figure("history", f"hook, {name}", value, "ms") for name, value in found.items()),
            Figure("history", "import meanwhile", size / 1e6 / seconds, "MB/s"),
            Figure("history", "highest memory", highest, "MiB"),
        ],
        {"megabytes": round(size / 1e6), "seconds": round(seconds, 2), "hooks": len(taken)},
    )


def _hooks(running: Target, database: Path, files: int) -> list[float]:
    """Seconds of each hook, one after the other, until so many files are read."""
    taken: list[float] = []
    until = time.perf_counter() + PATIENCE_S
    headers = {"content-type": "application/json"}
    hook = {"session_id": "now", "hook_event_name": "PostToolUse", "tool_name": "Bash", "cwd": "/"}
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=60)
    with closing(connection), closing(sqlite3.connect(database)) as reader:
        while len(taken) % LOOK_EVERY or reader.execute(_READ).fetchone()[0] < files:
            body = json.dumps({**hook, "tool_use_id": f"toolu_{len(taken)}"})
            began = time.perf_counter()
            connection.request("POST", "/api/hooks/claude-code", body, headers)
            answer = connection.getresponse()
            told = answer.read()
            taken.append(time.perf_counter() - began)
            if answer.status >= 300:
                raise BenchmarkError(f"A hook was answered with {answer.status}: {told[:200]!r}.")
            if time.perf_counter() > until:
                raise BenchmarkError(f"The import took longer than {PATIENCE_S} s.")
            time.sleep(EVERY_S)
    return taken
