"""A blocking client for one call after another on one connection."""

import json
import socket
from typing import Any

from agentmonitor.bench.client import content_length
from agentmonitor.errors import AgentMonitorError

TIMEOUT_S = 120


class BenchmarkError(AgentMonitorError):
    """The measurement cannot go on; the message says why."""


class Api:
    """One keep-alive connection to ``host``."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        """Raises OSError."""
        self._host = f"{host}:{port}"
        self._socket = socket.create_connection((host, port), timeout=TIMEOUT_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def get(self, target: str) -> bytes:
        """The body of a 200 answer. Raises BenchmarkError."""
        request = f"GET {target} HTTP/1.1\r\nHost: {self._host}\r\n\r\n"
        self._socket.sendall(request.encode())
        data = b""
        end = total = -1
        while end < 0 or len(data) < total:
            part = self._socket.recv(262_144)
            if not part:
                raise BenchmarkError(f"The server closed the connection at {target}.")
            data += part
            if end < 0:
                end = data.find(b"\r\n\r\n")
                total = end + 4 + content_length(data[:end]) if end >= 0 else -1
        if data[9:12] != b"200":
            raise BenchmarkError(f"{target} was answered with {data[:300]!r}.")
        return data[end + 4 : total]

    def json(self, target: str) -> dict[str, Any]:
        """The JSON object in a 200 answer. Raises BenchmarkError."""
        document = json.loads(self.get(target))
        if not isinstance(document, dict):
            raise BenchmarkError(f"{target} was answered with no JSON object.")
        return document

    def number(self, target: str, key: str) -> int:
        """A whole number in it. Raises BenchmarkError."""
        value = self.json(target).get(key)
        if not isinstance(value, int):
            raise BenchmarkError(f"{target} tells no number {key!r}.")
        return value

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()
