"""Sends the steps of a story to a server."""

import http.client
import json
from urllib.parse import urlsplit

from agentmonitor.demo.story import Step
from agentmonitor.errors import AgentMonitorError, ConfigError


class DemoFailed(AgentMonitorError):
    """The server could not be reached, or refused what was sent."""


class Player:
    """One connection to a server; a context that closes it."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise ConfigError(f"{url!r} is no address like http://127.0.0.1:3141.")
        self.url = f"{parts.scheme}://{parts.netloc}"
        self._connection = http.client.HTTPConnection(parts.hostname, parts.port or 80, timeout=10)

    def __enter__(self) -> "Player":
        return self

    def __exit__(self, *error: object) -> None:
        self._connection.close()

    def send(self, step: Step) -> None:
        """Deliver one step. Raises DemoFailed."""
        body = json.dumps(step.body).encode()
        try:
            self._connection.request("POST", step.path, body, {"content-type": "application/json"})
            response = self._connection.getresponse()
            answer = response.read()
        except (OSError, http.client.HTTPException) as error:
            raise DemoFailed(
                f"{self.url} does not answer ({error}). Start one with 'agentmonitor serve', or"
                " correct --url."
            ) from error
        if response.status >= 400:
            said = _said(answer)
            raise DemoFailed(
                f"{self.url}{step.path} answered {response.status}"
                + (f": {said}" if said else "; is that an AgentMonitor?")
            )


def _said(answer: bytes) -> str | None:
    """What an AgentMonitor says about an error; None when it is somebody else's answer."""
    try:
        told = json.loads(answer)
    except ValueError:
        return None
    return str(told["error"]) if isinstance(told, dict) and "error" in told else None
