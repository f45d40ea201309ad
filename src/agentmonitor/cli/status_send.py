"""Hands an agent's status line input to the server."""

from http.client import HTTPException
from pathlib import Path

from agentmonitor.cli.over_http import HttpSource
from agentmonitor.cli.source import serving_at
from agentmonitor.config import load_settings


def send(url: str | None, db: str | None, slug: str, body: bytes, timeout_s: float) -> bool:
    """Whether the server at ``url``, or the one that holds the database, has taken it."""
    address = url or serving_at(load_settings(db_path=None if db is None else Path(db)).db_path)
    if address is None:
        return False
    source = HttpSource(address, timeout_s)
    try:
        return source.post(f"/api/statusline/{slug}", body) == 200
    except (OSError, HTTPException):
        return False
    finally:
        source.close()
