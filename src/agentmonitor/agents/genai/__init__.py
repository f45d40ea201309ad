"""Any service that speaks the OpenTelemetry GenAI conventions: each is an agent of its own."""

from agentmonitor.agents.base import Telemetry
from agentmonitor.agents.genai.metrics import points
from agentmonitor.agents.genai.records import log, span

GENERIC = Telemetry(services=frozenset(), log=log, points=points, span=span)
"""Reads the records of services that no agent's module knows."""
