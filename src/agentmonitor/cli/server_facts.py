"""What a running server says about itself, as commands show it."""

import re
from typing import Any

import msgspec

from agentmonitor.cli.over_http import HttpSource
from agentmonitor.doctor.facts import ServerFacts

TIMEOUT_S = 5.0
_VERSION = re.compile(r'^agentmonitor_build_info\{version="([^"]*)"\}', re.MULTILINE)
_MEMORY = re.compile(r"^process_resident_memory_bytes (\d+)", re.MULTILINE)


def ask_server_facts(url: str) -> ServerFacts:
    """Ask the server at ``url``. Raises Unreachable, Refused, and ConfigError when that is no
    address."""
    source = HttpSource(url, TIMEOUT_S)
    try:
        health = _object(source, "/api/health")
        stats = _object(source, "/api/stats")
        metrics = source.fetch("/metrics", {}).decode("utf-8", "replace")
    finally:
        source.close()
    version, memory = _VERSION.search(metrics), _MEMORY.search(metrics)
    return ServerFacts(
        address=source.address or url,
        version=version[1] if version else None,
        uptime_s=float(health.get("uptime", 0)),
        events=int(stats.get("total_events", 0)),
        sessions_live=int(stats.get("live_sessions", 0)),
        database_bytes=int(health.get("db_size_bytes", 0)),
        memory_bytes=int(memory[1]) if memory else None,
    )


def _object(source: HttpSource, path: str) -> dict[str, Any]:
    """An answer that is an object. Raises Refused when it is something else's."""
    from agentmonitor.cli.source import Refused

    try:
        return msgspec.json.decode(source.fetch(path, {}), type=dict[str, Any])
    except msgspec.MsgspecError:
        message = f"{source.address} answers, but not as an AgentMonitor does."
        raise Refused(502, message) from None
