"""The telemetry settings of Gemini CLI and of those that grew from it, in ``settings.json``.

``telemetry {enabled, target, otlpEndpoint, otlpProtocol, outfile}``; with ``http`` the agent adds
``/v1/logs`` and the like to the endpoint itself. A variable of the shell wins over the endpoint.
"""

from collections.abc import Mapping
from typing import Any

from agentmonitor.agents.setup import Changes, Edit, Put, Wanted, mapping

_ENDPOINTS = ("otlpEndpoint", "otlpLogsEndpoint", "otlpMetricsEndpoint", "otlpTracesEndpoint")


def telemetry_changes(wanted: Wanted, content: Mapping[str, Any]) -> Changes:
    """What the settings need so that telemetry comes here."""
    if wanted.sent_elsewhere:
        return Changes(notes=[wanted.sent_elsewhere])
    found = mapping(content.get("telemetry"))
    conflict = _conflict(found, wanted.origin)
    if conflict is not None:
        note = f"Telemetry is left as it is, because telemetry.{conflict} is set already."
        return Changes(notes=[note])
    values = {
        "enabled": True,
        "target": "local",
        "otlpEndpoint": found.get("otlpEndpoint", wanted.origin),
        "otlpProtocol": "http",
    }
    edits: list[Edit] = [
        Put(channel="telemetry", path=("telemetry", name), value=value)
        for name, value in values.items()
    ]
    return Changes(edits=edits)


def _conflict(found: Mapping[str, Any], origin: str) -> str | None:
    """The key by which the user sends telemetry elsewhere."""
    for name in _ENDPOINTS:
        if found.get(name) and str(found[name]).rstrip("/") != origin:
            return name
    if found.get("outfile"):
        return "outfile"
    return "target" if found.get("target") == "gcp" and found.get("enabled") else None
