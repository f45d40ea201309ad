"""A disk that is full: what cannot be stored is refused, what was acknowledged stays."""

from __future__ import annotations

import resource
from pathlib import Path

import httpx
import pytest
from google.protobuf import json_format  # type: ignore[import-untyped]  # has no types
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from tests.contract.server import Server

pytestmark = pytest.mark.skipif(
    not hasattr(resource, "prlimit"), reason="limits of another process can only be set on Linux"
)

LIMIT = 6 * 1024 * 1024


def batch(number: int) -> list[dict[str, object]]:
    return [
        {
            "event_id": f"{number}-{i}",
            "session_id": "s",
            "agent_type": "full",
            "event_type": "tool_use",
            "metadata": {"command": "x" * 2000},
        }
        for i in range(50)
    ]


def prompts() -> dict[str, object]:
    """An OTLP request that needs more room than there is."""

    def record(number: int) -> dict[str, object]:
        said = {"event.name": "user_prompt", "session.id": "s", "prompt.id": f"p{number}",
                "prompt": f"{number} " + "x" * 9000}  # fmt: skip
        return {"attributes": [{"key": k, "value": {"stringValue": v}} for k, v in said.items()]}

    service = {"key": "service.name", "value": {"stringValue": "claude-code"}}
    scoped = {"logRecords": [record(number) for number in range(300)]}
    group = {"resource": {"attributes": [service]}, "scopeLogs": [scoped]}
    return {"resourceLogs": [group]}


def test_a_full_disk_refuses_loses_nothing_and_heals(tmp_path: Path) -> None:
    server = Server(tmp_path, {})
    acknowledged: set[str] = set()
    with httpx.Client(base_url=server.address(), timeout=20) as client:
        # Files of the server cannot grow beyond the limit: to SQLite that is a failing disk.
        pid = server._process.pid
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (LIMIT, resource.RLIM_INFINITY))
        refused = None
        for number in range(400):
            answer = client.post("/api/events/batch", json={"events": batch(number)})
            if answer.status_code != 201:
                refused = answer
                break
            acknowledged.update(str(event["event_id"]) for event in batch(number))
        assert refused is not None, "the limit was never met"
        assert refused.status_code == 507
        assert "Free disk space" in refused.json()["error"]
        # Exporters try 503 again, and no other of these answers.
        logs = prompts()
        later = client.post("/v1/logs", json=logs)
        assert (later.status_code, later.headers["retry-after"]) == (503, "1")
        assert later.json()["code"] == 14  # UNAVAILABLE
        body = json_format.ParseDict(logs, ExportLogsServiceRequest()).SerializeToString()
        kind = "application/x-protobuf"
        later = client.post("/v1/logs", content=body, headers={"content-type": kind})
        assert (later.status_code, later.headers["retry-after"]) == (503, "1")
        assert later.headers["content-type"] == kind
        assert client.get("/api/health").json()["status"] == "ok"
        assert client.get("/api/stats").json()["total_events"] == len(acknowledged)

        resource.prlimit(
            pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        )
        again = client.post("/api/events/batch", json={"events": batch(9999)})
        assert again.status_code == 201
        assert again.json()["received"] == 50
        total = client.get("/api/stats").json()["total_events"]
        assert total == len(acknowledged) + 50
    server.kill()
    restarted = Server(tmp_path, {})
    page = httpx.get(f"{restarted.address()}api/events", params={"limit": 10_000}).json()
    assert page["total"] == total
    assert acknowledged <= {row["event_id"] for row in page["events"]}
    assert restarted.stop() == 0
