"""GET /api/health."""

from __future__ import annotations

from .client import Api, eventually
from .shape import faults, integer, one_of
from .sse import Stream


def test_health_has_status_uptime_size_and_clients(api: Api) -> None:
    health = api.read("/api/health")
    spec = {
        "status": one_of("ok"),
        "uptime": integer,
        "db_size_bytes": integer,
        "sse_clients": integer,
    }
    assert faults(health, spec) == {}
    assert health["uptime"] >= 0
    assert health["db_size_bytes"] > 0
    assert health["sse_clients"] >= 0


def test_uptime_counts_seconds(api: Api) -> None:
    before = api.read("/api/health")["uptime"]
    after = eventually(
        lambda: now if (now := api.read("/api/health")["uptime"]) > before else None, pause=0.2
    )
    assert after - before <= 20


def test_sse_clients_counts_open_streams(api: Api) -> None:
    def clients() -> int:
        return int(api.read("/api/health")["sse_clients"])

    before = clients()
    with Stream(api.url).connected(), Stream(api.url).connected():
        eventually(lambda: clients() >= before + 2)
    eventually(lambda: clients() <= before)
