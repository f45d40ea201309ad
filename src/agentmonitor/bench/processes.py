"""The load generator and the stream clients as processes of their own."""

import json
import subprocess
from collections.abc import Callable
from typing import cast

from agentmonitor.bench.api import BenchmarkError
from agentmonitor.bench.listeners import ListenReport
from agentmonitor.bench.load import Load, Report, arguments
from agentmonitor.bench.target import ServerDied, Target, stop
from agentmonitor.command import module_command

_LOOK_S = 1.0
"""How often it is looked whether the server is still there."""


def start_load(load: Load, target: Target) -> Callable[[], Report]:
    """Start to send ``load`` to ``target``; the function waits for its end. It raises
    BenchmarkError, also when the server ends before."""
    process = subprocess.Popen(  # noqa: S603 - this Python, our own module
        arguments(load), stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
    )

    def finish() -> Report:
        try:
            return cast(Report, json.loads(_last_line(process, target)))
        finally:
            stop(process)

    return finish


class Listening:
    """Stream clients that listen while the body of ``with`` runs."""

    def __init__(self, target: Target, clients: int) -> None:
        self._target = target
        words = module_command(
            "agentmonitor.bench.listeners", str(target.port), str(clients), target.host
        )
        self._process = subprocess.Popen(  # noqa: S603 - this Python, our own module
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> "Listening":
        if self._process.stdout is None or self._process.stdout.readline().strip() != "ready":
            stop(self._process)
            raise BenchmarkError("The stream clients could not connect to /api/stream.")
        return self

    def __exit__(self, *_: object) -> None:
        stop(self._process)

    def finish(self, events: int) -> ListenReport:
        """Wait until each client has had ``events``, or a while; what they saw. Raises
        BenchmarkError."""
        if self._process.stdin is not None:
            self._process.stdin.write(f"finish {events}\n")
            self._process.stdin.flush()
        return cast(ListenReport, json.loads(_last_line(self._process, self._target)))


def _last_line(process: "subprocess.Popen[str]", target: Target) -> str:
    output = None
    while output is None:
        try:
            output, _ = process.communicate(timeout=_LOOK_S)
        except subprocess.TimeoutExpired:
            if not target.runs():
                break
    lines = output.strip().splitlines() if output else []
    if process.returncode != 0 or not lines:
        if not target.runs():
            raise ServerDied("The server ended under the load.")
        raise BenchmarkError(f"A process of the load failed with code {process.returncode}.")
    return str(lines[-1])
