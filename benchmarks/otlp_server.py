"""OTLP logs end to end: from a client's request to the committed transaction, on a real server.

Requests of 500 records, as Claude Code's exporter sends them, for a mix of what a session says: for
each prompt four requests to the model, two decisions and three results of tools. An exporter sends
as soon as it has about as many, so they are of the moment before. A request is made once; in each
copy ids and times are replaced by others of the same length, so that the protobuf stays sound and
hardly any of the machine goes to the client.
"""

import http.client
import json
import os
import random
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from google.protobuf import json_format  # type: ignore[import-untyped]  # has no types
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from benchmarks import otlp
from benchmarks.figures import Figure, Outcome
from benchmarks.server import Api, BenchmarkError, Target, server

RECORDS = 500
CONNECTIONS = 2
GOAL_JSON = 20_000
GOAL_PROTOBUF = 30_000
_RUN = "0badc0de"
"""What stands in the made request where each copy has a number of its own."""
_TENTH = "2026-11-23T21:00:00.0"
"""The same for the tenth of a second in which the records were made."""
_TICKS = os.sysconf("SC_CLK_TCK")
_KINDS = (
    "user_prompt", "api_request", "tool_decision", "tool_result", "api_request", "tool_result",
    "api_request", "tool_decision", "tool_result", "api_request",
)  # fmt: skip
STORED = sum(kind != "tool_decision" for kind in _KINDS) * (RECORDS // len(_KINDS))
"""Events of one request: a decision that allows a call tells nothing of its own."""


def run(seconds: float) -> list[Figure]:
    """Send for ``seconds`` in each encoding; records/s by wall clock and by the server's CPU."""
    document = request()
    body = json.dumps(document, separators=(",", ":")).encode()
    binary = json_format.ParseDict(document, ExportLogsServiceRequest()).SerializeToString()
    figures: list[Figure] = []
    for name, kind, made, goal in (
        ("JSON", "application/json", body, GOAL_JSON),
        ("protobuf", "application/x-protobuf", binary, GOAL_PROTOBUF),
    ):
        wall, processor = _rates(made, kind, seconds)
        figures += [
            Figure("otlp", f"stored, {name}, by CPU", processor, "records/s", goal, at_least=True),
            Figure("otlp", f"stored, {name}, by wall", wall, "records/s"),
        ]
    return figures


def workload(seconds: float, rounds: int) -> Outcome:
    """The decoding alone, and the whole way."""
    outcome = otlp.run(rounds)
    outcome.figures += run(seconds)
    return outcome


def request() -> dict[str, Any]:
    """The request, in OTLP/JSON."""
    rng = random.Random(1)
    records = []
    for number in range(RECORDS):
        prompt, kind = divmod(number, len(_KINDS))
        attributes = _identity(prompt, number) | _said(_KINDS[kind], number, rng)
        at = str(otlp.NOON + number * 10**8)
        records.append(
            {
                "timeUnixNano": at,
                "observedTimeUnixNano": at,
                "body": {"stringValue": f"claude_code.{_KINDS[kind]}"},
                "attributes": otlp.listed(attributes),
            }
        )
    scope = {"name": "com.anthropic.claude_code.events", "version": "2.1.212"}
    return otlp.request("Logs", {"scope": scope, "logRecords": records})


def _identity(prompt: int, number: int) -> dict[str, Any]:
    """What every record has."""
    return {
        "user.id": "9f86d081884c7d65" * 4,
        "session.id": f"{_RUN}-{prompt // 10:04x}-4111-8111-000000000000",
        "organization.id": "0d0b8f1c-aaaa-4bbb-8ccc-dddddddddddd",
        "user.email": "someone@example.com",
        "user.account_uuid": "0d0b8f1c-aaaa-4bbb-8ccc-eeeeeeeeeeee",
        "terminal.type": "vscode",
        "event.timestamp": f"{_TENTH}{number * 100 // RECORDS:02}Z",
        "event.sequence": number,
        "prompt.id": f"{_RUN}-{prompt:04x}-4222-8111-000000000000",
    }


def _said(kind: str, number: int, rng: random.Random) -> dict[str, Any]:
    """What a record of that kind says."""
    call = f"toolu_{_RUN}{number:016x}"
    tool = ("Bash", "Read", "Edit", "Grep")[number % 4]
    if kind == "api_request":
        return {
            "event.name": kind, "model": "claude-sonnet-4-5-20250929",
            "input_tokens": str(rng.randrange(10_000)), "output_tokens": str(rng.randrange(9000)),
            "cache_read_tokens": str(rng.randrange(100_000)),
            "cache_creation_tokens": str(rng.randrange(10_000)), "cost_usd": repr(rng.random()),
            "duration_ms": str(rng.randrange(10_000)), "speed": "normal",
            "request_id": f"req_{_RUN}{number:016x}", "query_source": "repl_main_thread",
        }  # fmt: skip
    if kind == "tool_result":
        given = json.dumps({"command": f"make test-{number}", "description": "Run the tests"})
        return {
            "event.name": kind, "tool_name": tool, "tool_use_id": call, "success": "true",
            "duration_ms": str(rng.randrange(3000)), "decision_source": "config",
            "decision_type": "accept", "tool_input_size_bytes": "64",
            "tool_result_size_bytes": "2048", "tool_parameters": given,
        }  # fmt: skip
    if kind == "tool_decision":
        return {"event.name": kind, "tool_name": tool, "tool_use_id": call,
                "decision": "accept", "source": "config"}  # fmt: skip
    return {"event.name": kind, "prompt": "<REDACTED>", "prompt_length": "120"}


class _Sender(threading.Thread):
    """One connection, which sends copies until the time is over."""

    def __init__(self, port: int, made: bytes, kind: str, numbers: range, until: float) -> None:
        super().__init__(daemon=True)
        self._port, self._made, self._kind = port, made, kind
        self._numbers, self._until = numbers, until
        self.sent = 0
        self.fault = ""

    def run(self) -> None:
        """Send one request after the other."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=120)
        headers = {"content-type": self._kind}
        try:
            for number in self._numbers:
                if time.perf_counter() >= self._until:
                    break
                body = self._copy(number)
                connection.request("POST", "/v1/logs", body, headers)
                answer = connection.getresponse()
                told = answer.read()
                if answer.status != 200 or b"rejected" in told:
                    self.fault = f"{answer.status}: {told[:200]!r}"
                    break
                self.sent += 1
        except OSError as error:
            self.fault = str(error)
        finally:
            connection.close()

    def _copy(self, number: int) -> bytes:
        now = datetime.fromtimestamp(time.time() - 0.1, UTC).isoformat(timespec="milliseconds")
        copy = self._made.replace(_RUN.encode(), f"{number:08x}".encode())
        return copy.replace(_TENTH.encode(), now[: len(_TENTH)].encode())


def _rates(made: bytes, kind: str, seconds: float) -> tuple[float, float]:
    with (
        tempfile.TemporaryDirectory(prefix="amon-bench-") as folder,
        server(Path(folder) / "bench.db") as running,
    ):
        _send(running, made, kind, 0.5, 1 << 24)  # imports, caches
        api = Api(running.port)
        before, spent = api.number("/api/stats", "total_events"), _processor(running)
        began = time.perf_counter()
        sent = _send(running, made, kind, seconds, 0)
        wall, spent = time.perf_counter() - began, _processor(running) - spent
        stored = api.number("/api/stats", "total_events") - before
        api.close()
    if stored != sent * STORED:
        raise BenchmarkError(f"{sent} requests were answered, but {stored} events are stored.")
    return sent * RECORDS / wall, sent * RECORDS / spent


def _send(running: Target, made: bytes, kind: str, seconds: float, first: int) -> int:
    """How many requests were sent, and answered well."""
    until = time.perf_counter() + seconds
    step = 1 << 20
    senders = [
        _Sender(running.port, made, kind, range(first + n * step, first + (n + 1) * step), until)
        for n in range(CONNECTIONS)
    ]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    faults = [sender.fault for sender in senders if sender.fault]
    if faults:
        raise BenchmarkError(f"The server answered {faults[0]}.")
    return sum(sender.sent for sender in senders)


def _processor(running: Target) -> float:
    """CPU seconds of the server so far, of all its threads. Source: proc(5), /proc/pid/stat."""
    told = Path(f"/proc/{running.pid}/stat").read_text("ascii", errors="replace")
    fields = told.rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS
