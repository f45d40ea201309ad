"""Settings: a frozen object, made once from the environment and a file, and passed in."""

from agentmonitor.config.environment import (
    Terminal,
    config_file,
    fresh_variables,
    load_settings,
    load_terminal,
    own_variables,
)
from agentmonitor.config.settings import PRICES_URL, Capture, Origin, Resolved, Settings

__all__ = [
    "PRICES_URL",
    "Capture",
    "Origin",
    "Resolved",
    "Settings",
    "Terminal",
    "config_file",
    "fresh_variables",
    "load_settings",
    "load_terminal",
    "own_variables",
]
