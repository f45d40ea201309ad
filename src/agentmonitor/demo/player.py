"""Sends the steps of a story to a server."""

import http.client
import json
from urllib.parse import urlsplit

from agentmonitor.demo.story import Step
from agentmonitor.errors import AgentMonitorError, ConfigError


class DemoFailed(AgentMonitorError):
    """The server could not be reached, or refused what was sent."""


class Player:
    """One connection to a server."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise ConfigError(f"{url!r} is no address like http://127.0.0.1:3141.")
        self.url = f"{parts.scheme}://{parts.netloc}"
        self._connection = http.client.HTTPConnection(parts.hostname, parts.port or 80, timeout=10)

    def send(self, step: Step) -> None:
        """Deliver one step. Raises DemoFailed."""
        body = json.dumps(step.body).encode()
        try:
            self._connection.request("POST", step.path, body, {"content-type": "application/json"})
            response = self._connection.getresponse()
            answer = response.read()
        except OSError as error:
            raise DemoFailed(
                f"{self.url} does not answer ({error}). Start it with: agentmonitor serve"
            ) from error
        if response.status >= 400:
            said = answer[:200].decode(errors="replace")
            raise DemoFailed(f"{self.url}{step.path} answered {response.status}: {said}")
