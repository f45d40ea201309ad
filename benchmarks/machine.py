"""What a result must say about where it was made, and nothing that names its owner."""

import hashlib
import os
import platform
import re
import sqlite3
import subprocess
import time
from pathlib import Path

from benchmarks.server import ROOT

WORKTREE = "worktree"
_STEPS = 100_000


def facts() -> dict[str, object]:
    """The machine, without its name, its users and their folders."""
    return {
        "system": platform.system(),
        "release": re.sub(r"[^0-9.].*", "", platform.release()),
        "architecture": platform.machine(),
        "cpu": cpu_model(),
        "cores": os.cpu_count(),
        "load_1m_before": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "python_step_ns": round(step_ns()),
        "sqlite": sqlite3.sqlite_version,
    }


def step_ns() -> float:
    """How long the interpreter takes for a step of a plain loop: the best of several runs. It tells
    one build of Python from another, and a quiet machine from a busy one."""
    best = float("inf")
    for _ in range(7):
        known: dict[int, tuple[int, str]] = {}
        begun = time.perf_counter_ns()
        for number in range(_STEPS):
            known[number & 1023] = (number, str(number))
        best = min(best, (time.perf_counter_ns() - begun) / _STEPS)
    return best


def cpu_model() -> str:
    """The processor's name as it calls itself."""
    if platform.system() == "Darwin":
        return _output(["sysctl", "-n", "machdep.cpu.brand_string"]) or "unknown"
    try:
        text = Path("/proc/cpuinfo").read_text("utf-8", errors="replace")
    except OSError:
        return platform.processor() or "unknown"
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return found[1].strip() if found else platform.processor() or "unknown"


def commit() -> str:
    """The short commit that is measured; "worktree" when files differ from every commit."""
    git = ["git", "--no-optional-locks", "-C", str(ROOT)]
    # Results and documents do not change what is measured.
    changed = _output([*git, "status", "--porcelain", "--", "src", "pyproject.toml"])
    short = _output([*git, "rev-parse", "--short", "HEAD"])
    return short if short and changed == "" else WORKTREE


def source() -> str:
    """A digest of the program's source: two results of one "worktree" may be of other code."""
    digest = hashlib.sha256()
    folder = ROOT / "src"
    for file in sorted(folder.rglob("*")):
        if file.suffix in (".py", ".sql", ".json") and file.is_file():
            digest.update(str(file.relative_to(folder)).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:12]


def _output(command: list[str]) -> str | None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None
