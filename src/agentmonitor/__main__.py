"""``python -m agentmonitor``."""

from agentmonitor.cli.main import main

main()
