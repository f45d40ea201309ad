"""The server under measurement: started by us in a clean environment, or running already."""

import contextlib
import re
import shlex
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from agentmonitor.bench.api import Api, BenchmarkError
from agentmonitor.bench.memory import memory_mib, process_at
from agentmonitor.command import module_command
from agentmonitor.config import fresh_variables

STOP_S = 30.0
"""How long a server may take to stop before it is killed."""
START_S = 60.0
_ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)/")


class ServerDied(BenchmarkError):
    """The server ended while it was under load."""


class Target:
    """A running server. ``started_ms``: from spawning it to the first 200 of /api/health; None
    when it ran already. ``pid``: None when it is not on this machine. ``runs``: whether it has
    not ended, as far as can be known."""

    def __init__(
        self,
        port: int,
        pid: int | None,
        started_ms: float | None,
        host: str = "127.0.0.1",
        runs: Callable[[], bool] = lambda: True,
    ) -> None:
        self.runs = runs
        self.host = host
        self.port = port
        self.pid = pid
        self.started_ms = started_ms

    def memory_mib(self) -> tuple[float, float]:
        """(resident now, highest since the start), in MiB; on macOS both are of now. Raises
        OSError when its process is not known or gone."""
        if self.pid is None:
            raise ProcessLookupError("The server's process is not known.")
        return memory_mib(self.pid)

    def api(self) -> Api:
        """A connection to it. Raises BenchmarkError."""
        try:
            return Api(self.port, self.host)
        except OSError as error:
            raise BenchmarkError(
                f"Nothing answers at http://{self.host}:{self.port} ({error})."
            ) from error


@contextlib.contextmanager
def own(database: Path, home: Path, **settings: object) -> Iterator[Target]:
    """Our own server on ``database``; ``settings`` are AGENTMONITOR_… variables in lower case."""
    variables = {f"AGENTMONITOR_{name.upper()}": str(value) for name, value in settings.items()}
    words = module_command("agentmonitor", "serve", "--port", "0", "--db", str(database))
    with _spawned(words, home, variables) as (process, errors, begun):
        port = _printed_port(process, errors)
        yield _answering(process, errors, port, begun)


@contextlib.contextmanager
def command(line: str, home: Path) -> Iterator[Target]:
    """Any server that the command ``line`` starts; ``{port}`` in it is a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    if "{port}" not in line:
        raise BenchmarkError(f"{line!r} must hold {{port}}, the port that it has to serve.")
    words = shlex.split(line.replace("{port}", str(port)))
    with _spawned(words, home, {}, Path.cwd()) as (process, errors, begun):
        yield _answering(process, errors, port, begun)


def at(url: str) -> Target:
    """The server that runs at ``url``. Raises BenchmarkError."""
    parts = urlsplit(url if "://" in url else f"http://{url}")
    if parts.scheme != "http" or not parts.hostname:
        raise BenchmarkError(f"{url!r} is no address like http://127.0.0.1:3141.")
    port = parts.port or 80
    target = Target(port, process_at(parts.hostname, port), None, parts.hostname)
    connection = target.api()
    connection.get("/api/health")
    connection.close()
    return target


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


@contextlib.contextmanager
def _spawned(
    words: Sequence[str], home: Path, variables: dict[str, str], folder: Path | None = None
) -> Iterator[tuple["subprocess.Popen[str]", IO[str], float]]:
    with tempfile.TemporaryFile("w+", encoding="utf-8") as errors:
        begun = time.perf_counter()
        try:
            process = subprocess.Popen(  # noqa: S603 - the user's own command, without a shell
                words, stdout=subprocess.PIPE, stderr=errors, text=True, cwd=folder or home,
                env=fresh_variables(home) | variables,
            )  # fmt: skip
        except OSError as error:
            raise BenchmarkError(f"{words[0]} cannot be started: {error}") from error
        try:
            yield process, errors, begun
            if process.poll() is not None:
                raise BenchmarkError(f"The server died: {_tail(errors)}")
        except ServerDied as error:
            raise BenchmarkError(f"{error} {_tail(errors)}") from error
        finally:
            stop(process)


def _printed_port(process: "subprocess.Popen[str]", errors: IO[str]) -> int:
    for line in process.stdout or ():
        found = _ADDRESS.search(line)
        if found:
            return int(found[1])
    process.wait()
    raise BenchmarkError(f"The server did not start: {_tail(errors)}")


def _answering(
    process: "subprocess.Popen[str]", errors: IO[str], port: int, begun: float
) -> Target:
    """The server once it is healthy."""
    while process.poll() is None and time.perf_counter() - begun < START_S:
        try:
            connection = Api(port)
        except OSError:
            time.sleep(0.002)
            continue
        connection.get("/api/health")
        passed = (time.perf_counter() - begun) * 1000
        connection.close()
        return Target(port, process.pid, passed, runs=lambda: process.poll() is None)
    raise BenchmarkError(f"The server did not start: {_tail(errors)}")


def _tail(errors: IO[str]) -> str:
    errors.seek(0)
    return errors.read()[-2000:] or "(no message)"
