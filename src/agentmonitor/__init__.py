"""AgentMonitor: a local-first observability console for AI coding agents."""

__version__ = "0.1.0"
