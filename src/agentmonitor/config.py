"""Settings: a frozen object, made once from the environment and passed in.

This is the only module that reads the environment.
"""

import math
import os
import re
from collections.abc import Mapping
from pathlib import Path

import msgspec

from agentmonitor.paths import default_database

PREFIX = "AGENTMONITOR_"

# _SESSION_WINDOW_HOURS, _WEEKLY_TOKEN_LIMIT_<AGENT>, …: agents declare the defaults, so the
# agent's part of the name is data here.
_USAGE_NAME = re.compile(
    r"(?:SESSION|EXTENDED|WEEKLY)_(?:WINDOW_HOURS|TOKEN_LIMIT|COST_LIMIT)(?:_[A-Z0-9_]+)?"
)


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that can be configured. Units stand in the names or beside the field."""

    host: str = "127.0.0.1"
    port: int = 3141
    db_path: Path
    max_payload_bytes: int = 10 * 1024
    """Metadata larger than this (UTF-8 bytes of its JSON) is replaced by a summary."""
    session_timeout_s: float = 300.0
    """Idle after this, ended after twice this."""
    max_feed: int = 200
    """How many events a dashboard keeps in its feed at first."""
    stats_interval_ms: int = 5000
    max_sse_clients: int = 50
    sse_heartbeat_ms: int = 30_000
    auto_import_minutes: int = 10
    projects_dir: Path | None = None
    allowed_hosts: frozenset[str] = frozenset()
    """Host names beside loopback's that requests may name."""
    usage: Mapping[str, float] = {}
    """Overrides of the agents' usage windows, by name without the prefix."""
    problems: tuple[str, ...] = ()
    """What was invalid in the environment, to be reported once at the start."""


class _Reader:
    """Reads typed values from an environment and collects what is wrong with them."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.problems: list[str] = []

    def text(self, name: str) -> str | None:
        value = self._environ.get(PREFIX + name, "").strip()
        return value or None

    def path(self, name: str) -> Path | None:
        raw = self.text(name)
        try:
            return Path(raw).expanduser() if raw else None
        except RuntimeError:  # "~somebody" who does not exist
            self.problems.append(f"{PREFIX}{name}={raw!r} is not a path; using the default.")
            return None

    def number(self, name: str, default: float, *, least: float, most: float = math.inf) -> float:
        raw = self.text(name)
        if raw is None:
            return default
        try:
            value = float(raw)
        except ValueError:
            value = math.nan
        if not (least <= value <= most) or math.isinf(value):
            bounds = f"of at least {least:g}" + (
                f" and at most {most:g}" if most < math.inf else ""
            )
            self.problems.append(
                f"{PREFIX}{name}={raw!r} is not a number {bounds}; using {default:g}."
            )
            return default
        return value

    def integer(self, name: str, default: int, *, least: int, most: float = 2**53) -> int:
        raw = self.text(name)
        value = self.number(name, default, least=least, most=most)
        if value != int(value):
            self.problems.append(f"{PREFIX}{name}={raw!r} is not a whole number; using {default}.")
            return default
        return int(value)


def load_settings(environ: Mapping[str, str] | None = None, **overrides: object) -> Settings:
    """Read the settings from ``environ`` (default: the process's own).

    ``overrides`` (command line flags; None means not given) win. An invalid value falls back
    to its default and is described in ``Settings.problems``.
    """
    read = _Reader(os.environ if environ is None else environ)
    values: dict[str, object] = {
        "host": read.text("HOST") or "127.0.0.1",
        "port": read.integer("PORT", 3141, least=0, most=65535),
        "db_path": read.path("DB_PATH"),
        "max_payload_bytes": int(1024 * read.number("MAX_PAYLOAD_KB", 10, least=0.001, most=900)),
        "session_timeout_s": 60 * read.number("SESSION_TIMEOUT", 5, least=0.001),
        "max_feed": read.integer("MAX_FEED", 200, least=1, most=5000),
        "stats_interval_ms": read.integer("STATS_INTERVAL", 5000, least=250),
        "max_sse_clients": read.integer("MAX_SSE_CLIENTS", 50, least=1, most=10_000),
        "sse_heartbeat_ms": read.integer("SSE_HEARTBEAT_MS", 30_000, least=1000),
        "auto_import_minutes": read.integer("AUTO_IMPORT_MINUTES", 10, least=0),
        "projects_dir": read.path("PROJECTS_DIR"),
        "allowed_hosts": frozenset(
            host.strip().lower()
            for host in (read.text("ALLOWED_HOSTS") or "").split(",")
            if host.strip()
        ),
    }
    usage: dict[str, float] = {}
    for name in sorted(read._environ):
        short = name.removeprefix(PREFIX)
        if short != name and _USAGE_NAME.fullmatch(short) and read.text(short) is not None:
            value = read.number(short, math.nan, least=0.1 if "HOURS" in short else 0, most=1e12)
            if not math.isnan(value):
                usage[short] = value
    values["usage"] = usage
    values["problems"] = tuple(p.replace("using nan", "using the default") for p in read.problems)
    values.update({key: value for key, value in overrides.items() if value is not None})
    if values["db_path"] is None:
        values["db_path"] = default_database()
    return msgspec.convert(values, Settings, strict=False)
