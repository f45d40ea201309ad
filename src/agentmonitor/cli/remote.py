"""Asking a running server for long work, with its progress."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from agentmonitor.errors import AgentMonitorError, ConfigError


def ask_server(database: Path, path: str, body: object, tell: Callable[[Any], None]) -> Any:
    """POST ``body`` to the server that holds ``database``; its outcome.

    Raises AgentMonitorError when there is none, when it refuses, or when it stops before the end.
    """
    from urllib.error import HTTPError, URLError
    from urllib.request import Request, urlopen

    from agentmonitor.storage.sqlite.lock import serving

    address = serving(database)
    if address is None:
        raise ConfigError("The database is in use by another command; try again when it is done.")
    request = Request(  # noqa: S310 - the address is that of our own lock file
        address + path, msgspec.json.encode(body), {"Content-Type": "application/json"}
    )
    try:
        with urlopen(request) as answer:  # noqa: S310 - as above
            for line in answer:
                message = msgspec.json.decode(line)
                if "outcome" in message:
                    return message["outcome"]
                if "error" in message:
                    raise AgentMonitorError(message["error"])
                tell(message["progress"])
    except HTTPError as error:
        reason = msgspec.json.decode(error.read()).get("error", error.reason)
        raise AgentMonitorError(f"The server at {address} refused: {reason}") from error
    except (URLError, OSError) as error:
        raise ConfigError(f"The server at {address} did not answer: {error}") from error
    raise AgentMonitorError(f"The server at {address} stopped before it was done; run this again.")
