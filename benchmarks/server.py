"""Starting the server under test in a clean environment, and the suite's own processes."""

import contextlib
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from agentmonitor.bench.api import Api, BenchmarkError
from agentmonitor.bench.memory import MemoryWatch
from agentmonitor.bench.target import Target, own, stop

__all__ = [
    "Api",
    "BenchmarkError",
    "MemoryWatch",
    "Target",
    "helper",
    "last_line",
    "server",
    "stop",
]

ROOT = Path(__file__).resolve().parent.parent


@contextlib.contextmanager
def server(database: Path, **settings: object) -> Iterator[Target]:
    """A server on ``database``; ``settings`` are AGENTMONITOR_… variables."""
    with (
        tempfile.TemporaryDirectory(prefix="amon-bench-home-") as home,
        own(database, Path(home), **settings) as running,
    ):
        yield running


def helper(command: Sequence[str], *, talk: bool = False) -> "subprocess.Popen[str]":
    """A process of the suite itself, whose output is a pipe (its input too with ``talk``)."""
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE if talk else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def last_line(process: "subprocess.Popen[str]") -> str:
    """Wait for a helper's end and give its last line. Raises BenchmarkError."""
    output, _ = process.communicate()
    lines = output.strip().splitlines()
    if process.returncode != 0 or not lines:
        raise BenchmarkError(f"A helper process failed with exit code {process.returncode}.")
    return lines[-1]
