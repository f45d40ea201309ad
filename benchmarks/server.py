"""Starting the server under test in a clean environment, and watching its memory."""

import contextlib
import json
import os
import platform
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from benchmarks.client import content_length

ROOT = Path(__file__).resolve().parent.parent
STOP_S = 30.0
"""How long the server may take to stop before it is killed."""
_ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)/")


class BenchmarkError(Exception):
    """The suite cannot go on; the message says why."""


class Api:
    """A blocking keep-alive client for one call after another."""

    def __init__(self, port: int) -> None:
        self._host = f"127.0.0.1:{port}"
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=120)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def get(self, target: str) -> bytes:
        """The body of a 200 answer. Raises BenchmarkError."""
        request = f"GET {target} HTTP/1.1\r\nHost: {self._host}\r\n\r\n"
        self._socket.sendall(request.encode())
        data = b""
        end = total = -1
        while end < 0 or len(data) < total:
            part = self._socket.recv(262_144)
            if not part:
                raise BenchmarkError(f"The server closed the connection at {target}.")
            data += part
            if end < 0:
                end = data.find(b"\r\n\r\n")
                total = end + 4 + content_length(data[:end]) if end >= 0 else -1
        if data[9:12] != b"200":
            raise BenchmarkError(f"{target} was answered with {data[:300]!r}.")
        return data[end + 4 : total]

    def json(self, target: str) -> dict[str, object]:
        """The JSON object in a 200 answer."""
        document = json.loads(self.get(target))
        assert isinstance(document, dict)
        return document

    def number(self, target: str, key: str) -> int:
        """A whole number in it."""
        value = self.json(target)[key]
        assert isinstance(value, int)
        return value

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()


class Server:
    """A running server. ``started_ms``: from spawning it to the first 200 of /api/health."""

    def __init__(self, process: "subprocess.Popen[str]", port: int, started_ms: float) -> None:
        self.process = process
        self.port = port
        self.started_ms = started_ms

    def memory_mib(self) -> tuple[float, float]:
        """(resident now, highest since the start), in MiB; on macOS both are of now."""
        return memory_mib(self.process.pid)


@contextlib.contextmanager
def server(database: Path, **settings: object) -> Iterator[Server]:
    """A server on ``database``; ``settings`` are AGENTMONITOR_… variables."""
    with tempfile.TemporaryDirectory(prefix="amon-bench-home-") as home:
        folder = Path(home)
        with (folder / "stderr").open("w+", encoding="utf-8") as errors:
            before = time.perf_counter()
            process = subprocess.Popen(
                [sys.executable, "-m", "agentmonitor", "serve", "--port", "0", "--db", database],
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                cwd=folder,
                env=environment(folder, settings),
            )
            try:
                port = _wait_for_port(process, errors)
                api = Api(port)
                api.get("/api/health")
                started = (time.perf_counter() - before) * 1000
                api.close()
                yield Server(process, port, started)
                if process.poll() is not None:
                    raise BenchmarkError(f"The server died: {_tail(errors)}")
            finally:
                stop(process)


def environment(home: Path, settings: dict[str, object]) -> dict[str, str]:
    """The caller's environment without its own AgentMonitor, and with ``home`` as home."""
    values = {k: v for k, v in os.environ.items() if not k.startswith(("AGENTMONITOR_", "XDG_"))}
    for name in ("CONFIG", "DATA", "STATE", "CACHE"):
        values[f"XDG_{name}_HOME"] = str(home / name.lower())
    values |= {
        "HOME": str(home),
        "CLAUDE_CONFIG_DIR": str(home / "claude"),
        "CODEX_HOME": str(home / "codex"),
    }
    return values | {f"AGENTMONITOR_{k.upper()}": str(v) for k, v in settings.items()}


def stop(process: "subprocess.Popen[str]") -> None:
    """Ask the process to end; kill it when it does not."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()


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


class MemoryWatch:
    """Samples a server's memory in a thread of its own while the body of ``with`` runs."""

    INTERVAL_S = 0.1

    def __init__(self, watched: Server) -> None:
        self._server = watched
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.highest_mib = 0.0

    def __enter__(self) -> "MemoryWatch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()
        self._sample()

    def _run(self) -> None:
        while not self._end.wait(self.INTERVAL_S):
            self._sample()

    def _sample(self) -> None:
        with contextlib.suppress(OSError, ValueError):  # the server has just died
            self.highest_mib = max(self.highest_mib, *self._server.memory_mib())


def memory_mib(pid: int) -> tuple[float, float]:
    """(resident now, highest) of a process in MiB."""
    if platform.system() == "Linux":
        status = Path(f"/proc/{pid}/status").read_text("ascii", errors="replace")
        sizes = dict(re.findall(r"^(VmRSS|VmHWM):\s+(\d+) kB", status, re.MULTILINE))
        return int(sizes["VmRSS"]) / 1024, int(sizes["VmHWM"]) / 1024
    output = subprocess.run(
        ["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout
    size = int(output.strip()) / 1024
    return size, size


def _wait_for_port(process: "subprocess.Popen[str]", errors: IO[str]) -> int:
    assert process.stdout is not None
    for line in process.stdout:
        found = _ADDRESS.search(line)
        if found:
            return int(found[1])
    process.wait()
    raise BenchmarkError(f"The server did not start: {_tail(errors)}")


def _tail(errors: IO[str]) -> str:
    errors.seek(0)
    return errors.read()[-2000:] or "(no message)"
