"""Every setting: its name, what it takes, its default."""

import math
import re
from typing import Literal, NamedTuple

from agentmonitor.config.settings import PRICES_URL

PREFIX = "AGENTMONITOR_"
"""Of the variables. In the file the names are in lower case and without it."""

Kind = Literal["text", "path", "integer", "number", "kilobytes", "minutes", "capture", "hosts"]


ENDLESS = 1e9
"""The most that a time may be: in milliseconds it still fits into the database's integers."""


class Setting(NamedTuple):
    """One setting."""

    name: str
    """Of the variable, without the prefix."""
    kind: Kind
    default: int | float | str | None = None
    least: float = 0
    most: float = math.inf
    field: str | None = None
    """Of ``Settings``; None: the name in lower case."""


SETTINGS = (
    Setting("HOST", "text", "127.0.0.1"),
    Setting("PORT", "integer", 3141, 0, 65_535),
    Setting("OTLP_HTTP_PORT", "integer", 0, 0, 65_535),
    Setting("OTLP_GRPC_PORT", "integer", 0, 0, 65_535),
    Setting("DB_PATH", "path"),
    Setting("MAX_PAYLOAD_KB", "kilobytes", 10, 0.001, 900, "max_payload_bytes"),
    Setting("MAX_ITEM_KB", "kilobytes", 256, 0.1, 65_536, "max_item_bytes"),
    Setting("CAPTURE", "capture", "full"),
    Setting("SESSION_TIMEOUT", "minutes", 5, 0.001, ENDLESS, "session_timeout_s"),
    Setting("RETENTION_DAYS", "number", 0, 0, 36_500),
    Setting("RETENTION_GB", "number", 0, 0, 1e6),
    Setting("MAX_FEED", "integer", 200, 1, 5000),
    Setting("STATS_INTERVAL", "integer", 5000, 250, ENDLESS, "stats_interval_ms"),
    Setting("MAX_SSE_CLIENTS", "integer", 50, 1, 10_000),
    Setting("SSE_HEARTBEAT_MS", "integer", 30_000, 1000, ENDLESS),
    Setting("AUTO_IMPORT_MINUTES", "integer", 10, 0, ENDLESS),
    Setting("PROJECTS_DIR", "path"),
    Setting("PRICES_PATH", "path"),
    Setting("PRICES_URL", "text", PRICES_URL),
    Setting("ALLOWED_HOSTS", "hosts"),
)

# _SESSION_WINDOW_HOURS, _WEEKLY_TOKEN_LIMIT_<AGENT>, …: agents declare the defaults, so the
# agent's part of the name is data here.
_USAGE = re.compile(
    r"(?:SESSION|EXTENDED|WEEKLY)_(?:WINDOW_HOURS|TOKEN_LIMIT|COST_LIMIT)(?:_[A-Z0-9_]+)?"
)
_CAPTURE = re.compile(r"CAPTURE_[A-Z0-9_]+")


def open_setting(name: str) -> Setting | None:
    """The setting of a name that has an agent's name in it, or is that of a usage window."""
    if _USAGE.fullmatch(name):
        return Setting(name, "number", None, 0.1 if "HOURS" in name else 0, 1e12)
    if _CAPTURE.fullmatch(name):
        return Setting(name, "capture", None)
    return None
