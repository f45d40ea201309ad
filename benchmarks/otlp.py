"""The decoding of OTLP requests, without a server: ``python -m benchmarks.otlp``.

Requests of 1,000 log records as Claude Code sends one for each call of a model: 19 attributes, half
of which differ in every record. What is timed is bytes to neutral records, on one core; mapping and
storing come on top.
"""

import argparse
import gzip
import json
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from google.protobuf import json_format  # type: ignore[import-untyped]  # has no types
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)

from agentmonitor.otlp import json as otlp_json
from agentmonitor.otlp import protobuf
from agentmonitor.otlp.deltas import Deltas
from agentmonitor.server.encoding import decompress
from benchmarks.figures import Figure, Outcome, table

RECORDS = 1000
GOAL_JSON = 100_000
GOAL_PROTOBUF = 60_000
"""Twice what a server with mapping and store must reach."""

NOON = 1_795_467_600_000_000_000
_SECOND = 10**9
_RESOURCE = {
    "service.name": "claude-code", "service.version": "2.1.212", "os.type": "linux",
    "host.arch": "amd64",
}  # fmt: skip


def run(rounds: int) -> Outcome:
    """Decode each kind of request ``rounds`` times; medians in records or points a second."""
    logs, metrics = log_request(), metric_request()
    log_json, metric_json = _json(logs), _json(metrics)
    log_binary = json_format.ParseDict(logs, ExportLogsServiceRequest()).SerializeToString()
    binary = json_format.ParseDict(metrics, ExportMetricsServiceRequest()).SerializeToString()
    snake = _json(
        json_format.MessageToDict(
            ExportLogsServiceRequest.FromString(log_binary), preserving_proto_field_name=True
        )
    )
    packed = gzip.compress(log_json)
    points = otlp_json.decode_metrics(metric_json).records
    deltas = Deltas()
    work: list[tuple[str, Callable[[], object], float | None]] = [
        ("logs, JSON", lambda: otlp_json.decode_logs(log_json), GOAL_JSON),
        ("logs, protobuf", lambda: protobuf.decode_logs(log_binary), GOAL_PROTOBUF),
        ("logs, JSON in snake case", lambda: otlp_json.decode_logs(snake), None),
        (
            "logs, JSON in gzip",
            lambda: otlp_json.decode_logs(decompress(packed, "gzip", len(log_json))),
            None,
        ),
        ("points, JSON", lambda: otlp_json.decode_metrics(metric_json), None),
        ("points, protobuf", lambda: protobuf.decode_metrics(binary), None),
        ("points, first deltas", lambda: Deltas().apply(points), None),
        ("points, repeats", lambda: deltas.apply(points), None),
    ]
    outcome = Outcome(details={"json_bytes": len(log_json), "protobuf_bytes": len(log_binary)})
    for name, call, goal in work:
        rate = _rate(call, rounds)
        outcome.figures.append(
            Figure("otlp", f"decoded, {name}", rate, "records/s", goal, at_least=True)
        )
    return outcome


def log_request() -> dict[str, Any]:
    """A request with RECORDS records of ``api_request``, in OTLP/JSON."""
    rng = random.Random(1)
    records = []
    for number in range(RECORDS):
        session = f"{number // 50:08x}-1111-4111-8111-000000000000"
        attributes = {
            "user.id": "9f86d081884c7d65" * 4, "session.id": session,
            "organization.id": "0d0b8f1c-aaaa-4bbb-8ccc-dddddddddddd",
            "user.email": "someone@example.com",
            "user.account_uuid": "0d0b8f1c-aaaa-4bbb-8ccc-eeeeeeeeeeee",
            "terminal.type": "vscode", "event.name": "api_request",
            "event.timestamp": f"2026-11-23T21:{number // 60 % 60:02}:{number % 60:02}.000Z",
            "event.sequence": number, "prompt.id": f"{number // 5:08x}-2222-4111-8111-000000000000",
            "model": "claude-sonnet-4-5-20250929", "input_tokens": str(rng.randrange(10_000)),
            "output_tokens": str(rng.randrange(10_000)),
            "cache_read_tokens": str(rng.randrange(100_000)),
            "cache_creation_tokens": str(rng.randrange(10_000)),
            "cost_usd": repr(rng.random()), "duration_ms": str(rng.randrange(10_000)),
            "request_id": f"req_{rng.getrandbits(96):024x}", "query_source": "main",
        }  # fmt: skip
        at = str(NOON + number * _SECOND)
        records.append(
            {
                "timeUnixNano": at,
                "observedTimeUnixNano": at,
                "body": {"stringValue": "claude_code.api_request"},
                "attributes": listed(attributes),
            }
        )
    scope = {"name": "com.anthropic.claude_code.events", "version": "2.1.212"}
    return request("Logs", {"scope": scope, "logRecords": records})


def metric_request() -> dict[str, Any]:
    """A request with RECORDS cumulative points of token usage, in OTLP/JSON."""
    points = [
        {
            "attributes": listed(
                {"session.id": f"s-{number // 4}", "model": "claude-sonnet-4-5-20250929",
                 "user.id": "9f86d081884c7d65" * 4, "terminal.type": "vscode",
                 "type": ("input", "output", "cacheRead", "cacheCreation")[number % 4]}
            ),
            "startTimeUnixNano": str(NOON), "timeUnixNano": str(NOON + 60 * _SECOND),
            "asDouble": number,
        }
        for number in range(RECORDS)
    ]  # fmt: skip
    usage = {"aggregationTemporality": 2, "isMonotonic": True, "dataPoints": points}
    metric = {"name": "claude_code.token.usage", "unit": "tokens", "sum": usage}
    return request("Metrics", {"scope": {"name": "com.anthropic.claude_code"}, "metrics": [metric]})


def request(signal: str, scoped: dict[str, Any]) -> dict[str, Any]:
    """A request for that signal (``Logs``, ``Metrics``), in OTLP/JSON."""
    group = {"resource": {"attributes": listed(_RESOURCE)}, f"scope{signal}": [scoped]}
    return {f"resource{signal}": [group]}


def listed(values: dict[str, Any]) -> list[Any]:
    """Attributes as OTLP/JSON has them."""
    return [
        {"key": key, "value": {"stringValue" if isinstance(value, str) else "intValue": value}}
        for key, value in values.items()
    ]


def _json(document: Any) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


def _rate(call: Callable[[], object], rounds: int) -> float:
    call()  # imports, caches
    spent = []
    for _ in range(rounds):
        before = time.perf_counter()
        call()
        spent.append(time.perf_counter() - before)
    return RECORDS / statistics.median(spent)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.otlp", description=__doc__)
    parser.add_argument("--rounds", type=int, default=100, help="of each measurement (100)")
    print(table(run(parser.parse_args(arguments).rounds).figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
