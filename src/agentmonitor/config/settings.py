"""What can be configured."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec

from agentmonitor.paths import Folders

Capture = Literal["full", "metadata", "off"]
"""full: all is kept. metadata: no prompts, answers, inputs and outputs. off: only the counts."""

PRICES_URL = (
    "https://raw.githubusercontent.com/pydantic/genai-prices/refs/heads/main"
    "/prices/new_data/v2/data.json"
)
"""Where the project genai-prices publishes its data, as its README says."""

Origin = Literal["default", "file", "environment", "flag"]


class Resolved(msgspec.Struct, frozen=True):
    """A setting as it counts."""

    name: str
    """As in the file: ``session_timeout``."""
    value: int | float | str | list[str] | None
    """In the setting's own unit; None: none, or a place of the platform."""
    origin: Origin
    where: str | None = None
    """The file, the variable or the flag."""


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
    """What was invalid in the environment and the file, to be reported once at the start."""
    config_path: Path | None = None
    """The settings' file, whether it exists or not; None: none is looked for."""
    resolved: tuple[Resolved, ...] = ()
    """Every setting, and where its value came from."""
