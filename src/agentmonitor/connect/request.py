"""What the user asks for, from the command line and the settings."""

from pathlib import Path
from urllib.parse import urlsplit

from agentmonitor.agents.setup import Wanted
from agentmonitor.config import Settings
from agentmonitor.config.environment import telemetry_target
from agentmonitor.connect.programs import Programs, connect_folder
from agentmonitor.errors import ConfigError
from agentmonitor.storage.sqlite.lock import serving


def make_wanted(
    settings: Settings,
    *,
    url: str | None = None,
    project: Path | None = None,
    guard: bool = False,
) -> Wanted:
    """With ``url``, or else the address of the server that runs or that the settings describe.

    Raises ConfigError when that is no address.
    """
    return Wanted(
        origin=_origin(url or serving(settings.db_path) or _configured(settings)),
        folders=settings.folders,
        commands=Programs(connect_folder()),
        project=project,
        guard=guard,
        exported=telemetry_target(),
    )


def _configured(settings: Settings) -> str:
    if not settings.port:
        raise ConfigError(
            "AGENTMONITOR_PORT is 0, so the address is not known before the server runs."
            " Start it first, or name the address with --url."
        )
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{settings.port}"


def _origin(url: str) -> str:
    """``scheme://host:port`` alone: it goes into shell commands and settings."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    host = parts.hostname or ""
    if (
        parts.scheme not in ("http", "https")
        or not all(c.isascii() and (c.isalnum() or c in ".-:_") for c in host)
        or not host
        or parts.path not in ("", "/")
        or parts.username is not None
        or parts.query
        or parts.fragment
    ):
        raise ConfigError(f"{url!r} is no address of a server; write it as http://127.0.0.1:3141.")
    name = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{name}" + ("" if port is None else f":{port}")
