"""The ``import`` workload: session files by the command line, and again with nothing changed."""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import claude_files, codex_files
from benchmarks.figures import Figure, Outcome
from benchmarks.server import BenchmarkError

GOAL_MB_S = 80
GOAL_OVER_IDLE_MB = 60
GOAL_AGAIN_S = 1.0


def run(megabytes: int, files: int) -> Outcome:
    """Import ``megabytes`` of made-up sessions, half of them Claude Code's, half Codex's; and
    ``files`` small ones twice."""
    with tempfile.TemporaryDirectory(prefix="amon-bench-") as name:
        home = Path(name)
        claude_files.generate(home, megabytes * 500_000)
        codex_files.corpus(home, megabytes // 2)
        first = _import(home)
        size = sum(agent["bytes_read"] for agent in first["agents"])
        events = sum(agent["new"] for agent in first["agents"])
        stored = (home / "a.db").stat().st_size
    with tempfile.TemporaryDirectory(prefix="amon-bench-") as name:
        home = Path(name)
        _small_files(home, files)
        _import(home)
        again = _import(home)
        if sum(agent["known"] for agent in again["agents"]) != files:
            raise BenchmarkError("the second import did not know all files")
    speed = size / 1e6 / first["seconds"]
    idle = _import(Path(tempfile.mkdtemp()))["peak_mb"]
    return Outcome(
        [
            Figure("import", "first time", speed, "MB/s", GOAL_MB_S, at_least=True),
            Figure("import", "events", events / first["seconds"], "events/s"),
            Figure("import", "memory over nothing to do", first["peak_mb"] - idle, "MiB",
                   GOAL_OVER_IDLE_MB),
            Figure("import", f"again, {files:,} files", again["seconds"], "s", GOAL_AGAIN_S),
        ],
        {"megabytes": round(size / 1e6), "events": events, "database_mb": round(stored / 1e6),
         "seconds": round(first["seconds"], 2), "agents": first["agents"]},
    )  # fmt: skip


def _import(home: Path) -> dict[str, Any]:
    """Run the command; its outcome with the seconds and the highest memory that it took."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AGENTMONITOR_", "XDG_"))}
    moved = {
        "HOME": str(home), "CLAUDE_CONFIG_DIR": str(home / ".claude"),
        "CODEX_HOME": str(home / ".codex"), "AGENTMONITOR_DB_PATH": str(home / "a.db"),
    }  # fmt: skip
    begin = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-c", _CHILD], env=kept | moved, stdout=subprocess.PIPE, text=True
    )
    out, _ = process.communicate()
    seconds = time.perf_counter() - begin
    if process.returncode:
        raise BenchmarkError("the import failed")
    *document, peak = out.strip().splitlines()
    outcome: dict[str, Any] = json.loads("\n".join(document))
    return outcome | {"seconds": seconds, "peak_mb": int(peak) / 1024}


_CHILD = r"""
import re, sys
sys.argv = ["agentmonitor", "import", "--json"]
from agentmonitor.cli.group import group
group.main(prog_name="agentmonitor", standalone_mode=False)
print(re.search(r"VmHWM:\s+(\d+)", open("/proc/self/status").read())[1])
"""


def _small_files(home: Path, count: int) -> None:
    """Sessions of a few lines, spread over projects."""
    for number in range(count):
        folder = home / f".claude/projects/-home-dev-p{number % 50}"
        folder.mkdir(parents=True, exist_ok=True)
        session = claude_files.Session(number)
        lines = [json.dumps(line) for _, line in zip(range(4), session.lines(1), strict=False)]
        (folder / f"{session.id}.jsonl").write_text("\n".join(lines) + "\n")
