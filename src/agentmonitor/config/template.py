"""A settings file to begin with: every setting with its default, commented out."""

import os
from pathlib import Path

import msgspec

from agentmonitor.config.declared import SETTINGS, Setting
from agentmonitor.errors import ConfigError
from agentmonitor.paths import make_private_folder

HEAD = """\
# Settings of AgentMonitor. What is commented out has its default. Environment variables with the
# same names (AGENTMONITOR_PORT, …) win over this file, and command line flags over both. See what
# counts with 'agentmonitor config'. Restart the server after a change.
"""
ABOUT = {
    "HOST": "The address to listen on; only loopback, until there is access control.",
    "PORT": "The port of the dashboard and the API; 0 takes any free one.",
    "OTLP_HTTP_PORT": "A second port that takes only OpenTelemetry over HTTP (4318); 0: none.",
    "OTLP_GRPC_PORT": "A port for OpenTelemetry over gRPC (4317); 0: none.",
    "DB_PATH": "The database. Paths are relative to the folder of this file; ~ is your home.",
    "MAX_PAYLOAD_KB": "Metadata beyond this is shown as a summary.",
    "MAX_ITEM_KB": "Of each text that a summary cannot hold, so much is kept.",
    "CAPTURE": "What is kept of what people and agents say: full, metadata (no texts) or off.",
    "SESSION_TIMEOUT": "Minutes without an event until a session is idle; twice that: ended.",
    "RETENTION_DAYS": "Events older than this are pruned, their totals stay; 0: all are kept.",
    "RETENTION_GB": "The oldest events are pruned when the database holds more; 0: no limit.",
    "MAX_FEED": "Events that the dashboard's feed begins with.",
    "STATS_INTERVAL": "Milliseconds between statistics to dashboards.",
    "MAX_SSE_CLIENTS": "Stream clients at once.",
    "SSE_HEARTBEAT_MS": "Milliseconds between heartbeats of a stream.",
    "AUTO_IMPORT_MINUTES": "How often session files are looked for; 0: they are left alone.",
    "PROJECTS_DIR": "A folder with your repositories: where a named project lies.",
    "PRICES_PATH": "Your own prices.",
    "PRICES_URL": "What 'agentmonitor pricing refresh' fetches.",
    "ALLOWED_HOSTS": "Further host names that requests may name.",
}
_EXAMPLES: dict[str, object] = {
    "DB_PATH": "~/agentmonitor.db",
    "PROJECTS_DIR": "~/code",
    "PRICES_PATH": "pricing.json",
    "ALLOWED_HOSTS": ["agents.example"],
}
TAIL = """\
# For one agent, by its type ('agentmonitor config' shows them all): how much is kept, and the
# limits of its usage windows, in tokens or US dollars (cost_limit).
# [agents.my_agent]
# capture = "metadata"
# session_window_hours = 5
# session_token_limit = 44000
# weekly_window_hours = 168
# weekly_token_limit = 293000
"""


def template() -> str:
    """The text of the file."""
    parts = [f"# {ABOUT[each.name]}\n# {each.name.lower()} = {_value(each)}\n" for each in SETTINGS]
    return "\n".join([HEAD, *parts, TAIL])


def write_template(path: Path) -> None:
    """Make the file. Raises ConfigError when it exists or cannot be made."""
    make_private_folder(path.parent)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise ConfigError(f"{path} exists and is left as it is.") from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be made ({error.strerror}).") from None
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(template())


def _value(setting: Setting) -> str:
    default = _EXAMPLES.get(setting.name, setting.default)
    # For texts, numbers and lists of texts JSON is TOML.
    return msgspec.json.encode(default).decode()
