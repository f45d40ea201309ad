"""Usage windows: what is used of limits, how fast, and until when. By the time of the events."""

from agentmonitor.usage.monitor import usage_monitor

__all__ = ["usage_monitor"]
