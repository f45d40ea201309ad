"""Settings: a frozen object, made once from the environment and passed in.

This is the only module that reads the environment.
"""

import math
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec

from agentmonitor.paths import Folders, default_database

PREFIX = "AGENTMONITOR_"

Capture = Literal["full", "metadata", "off"]
"""full: all is kept. metadata: no prompts, answers, inputs and outputs. off: only the counts."""
_CAPTURES: dict[str, Capture] = {"full": "full", "metadata": "metadata", "off": "off"}

# CODEX_HOME, XDG_DATA_HOME, …: which of them an agent heeds is known in its module.
_FOLDER_NAME = re.compile(r"[A-Z][A-Z0-9_]*_(?:HOME|DIR)")

PRICES_URL = (
    "https://raw.githubusercontent.com/pydantic/genai-prices/refs/heads/main"
    "/prices/new_data/v2/data.json"
)
"""Where the project genai-prices publishes its data, as its README says."""

# _SESSION_WINDOW_HOURS, _WEEKLY_TOKEN_LIMIT_<AGENT>, …: agents declare the defaults, so the
# agent's part of the name is data here.
_USAGE_NAME = re.compile(
    r"(?:SESSION|EXTENDED|WEEKLY)_(?:WINDOW_HOURS|TOKEN_LIMIT|COST_LIMIT)(?:_[A-Z0-9_]+)?"
)


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that can be configured. Units stand in the names or beside the field."""

    host: str = "127.0.0.1"
    port: int = 3141
    otlp_http_port: int = 0
    """A second port that takes only OTLP over HTTP; 0: none."""
    otlp_grpc_port: int = 0
    """A port for OTLP over gRPC; 0: none."""
    db_path: Path
    max_payload_bytes: int = 10 * 1024
    """Metadata larger than this (UTF-8 bytes of its JSON) is replaced by a summary."""
    max_item_bytes: int = 256 * 1024
    """Of each text that a summary cannot hold, so many bytes are kept for the transcript."""
    capture: Capture = "full"
    """full, metadata or off: what is kept of what people and agents say."""
    capture_by_agent: Mapping[str, Capture] = {}
    session_timeout_s: float = 300.0
    """Idle after this, ended after twice this."""
    retention_days: float = 0
    """Events older than this are pruned, at least a day; their totals stay. 0: none."""
    retention_gb: float = 0
    """The oldest events are pruned when the database holds more (10**9 bytes). 0: none."""
    max_feed: int = 200
    """How many events a dashboard keeps in its feed at first."""
    stats_interval_ms: int = 5000
    max_sse_clients: int = 50
    sse_heartbeat_ms: int = 30_000
    auto_import_minutes: int = 10
    """How often session files are looked for beside being followed; 0: they are left alone."""
    folders: Folders
    """Where agents keep their files."""
    projects_dir: Path | None = None
    allowed_hosts: frozenset[str] = frozenset()
    """Host names beside loopback's that requests may name."""
    prices_path: Path | None = None
    """The user's own prices; None: ``pricing.json`` in the configuration folder."""
    prices_url: str = PRICES_URL
    """Where ``agentmonitor pricing refresh`` fetches prices. Nothing else does."""
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

    def capture(self, name: str) -> Capture:
        raw = self.text(name)
        if raw is None:
            return "full"
        if (known := _CAPTURES.get(raw.lower())) is not None:
            return known
        # What cannot be read must not mean that more is kept than was asked for.
        self.problems.append(
            f"{PREFIX}{name}={raw!r} is none of full, metadata, off; keeping only metadata."
        )
        return "metadata"

    def folders(self) -> Folders:
        variables = {
            name: value
            for name, value in self._environ.items()
            if value and _FOLDER_NAME.fullmatch(name) and not name.startswith(PREFIX)
        }
        home = self._environ.get("HOME")
        return Folders(Path(home) if home else Path.home(), variables)

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
        "otlp_http_port": read.integer("OTLP_HTTP_PORT", 0, least=0, most=65535),
        "otlp_grpc_port": read.integer("OTLP_GRPC_PORT", 0, least=0, most=65535),
        "db_path": read.path("DB_PATH"),
        "max_payload_bytes": int(1024 * read.number("MAX_PAYLOAD_KB", 10, least=0.001, most=900)),
        "max_item_bytes": int(1024 * read.number("MAX_ITEM_KB", 256, least=0.1, most=65_536)),
        "capture": read.capture("CAPTURE"),
        "session_timeout_s": 60 * read.number("SESSION_TIMEOUT", 5, least=0.001),
        "retention_days": read.number("RETENTION_DAYS", 0, least=0, most=36_500),
        "retention_gb": read.number("RETENTION_GB", 0, least=0, most=1e6),
        "max_feed": read.integer("MAX_FEED", 200, least=1, most=5000),
        "stats_interval_ms": read.integer("STATS_INTERVAL", 5000, least=250),
        "max_sse_clients": read.integer("MAX_SSE_CLIENTS", 50, least=1, most=10_000),
        "sse_heartbeat_ms": read.integer("SSE_HEARTBEAT_MS", 30_000, least=1000),
        "auto_import_minutes": read.integer("AUTO_IMPORT_MINUTES", 10, least=0),
        "projects_dir": read.path("PROJECTS_DIR"),
        "prices_path": read.path("PRICES_PATH"),
        "prices_url": read.text("PRICES_URL") or PRICES_URL,
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
    values["capture_by_agent"] = {
        name.removeprefix(f"{PREFIX}CAPTURE_").lower(): read.capture(name.removeprefix(PREFIX))
        for name in sorted(read._environ)
        if name.startswith(f"{PREFIX}CAPTURE_") and read.text(name.removeprefix(PREFIX))
    }
    values["folders"] = read.folders()
    values["problems"] = tuple(p.replace("using nan", "using the default") for p in read.problems)
    values.update({key: value for key, value in overrides.items() if value is not None})
    if values["db_path"] is None:
        values["db_path"] = default_database()
    return msgspec.convert(values, Settings, strict=False)
