"""Reports from a server over HTTP. The address may be that of a remote one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from urllib.parse import urlsplit

import msgspec

from agentmonitor.cli.source import Query, Refused, Unreachable, refusal, target
from agentmonitor.errors import ConfigError

TIMEOUT_S = 30.0
PART = 1 << 16


class HttpSource:
    """The server at ``url``: scheme, host and port, and a path if it lies behind a proxy."""

    def __init__(self, url: str, timeout_s: float = TIMEOUT_S) -> None:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        try:
            port = parts.port
        except ValueError:
            port = 0
        if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
            raise ConfigError(
                f"{url!r} is no address of a server. Write it as http://127.0.0.1:3141."
            )
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._connection = kind(parts.hostname, port, timeout=timeout_s)
        self._prefix = parts.path.rstrip("/")
        self._address = f"{parts.scheme}://{parts.netloc}{self._prefix}/"

    @property
    def address(self) -> str | None:
        """The server's address with a slash at its end."""
        return self._address

    def answers(self) -> bool:
        """Whether something listens there."""
        try:
            self._connection.connect()
        except OSError:
            return False
        return True

    def fetch(self, path: str, query: Query) -> bytes:
        """The body of ``GET path``. Raises Refused and Unreachable."""
        answer = self.open(path, query)
        with self._explained():
            return answer.read()

    def copy(self, path: str, query: Query, write: Callable[[bytes], object]) -> None:
        """The body of ``GET path`` in parts. Raises Refused and Unreachable."""
        answer = self.open(path, query)
        while True:
            with self._explained():
                part = answer.read(PART)
            if not part:
                return
            write(part)

    def post(self, path: str, body: bytes) -> int:
        """POST JSON; the answer's status. Raises OSError and HTTPException."""
        headers = {"Content-Type": "application/json"}
        self._connection.request("POST", self._prefix + path, body, headers)
        answer = self._connection.getresponse()
        answer.read()
        return answer.status

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def open(self, path: str, query: Query) -> HTTPResponse:
        """The answer to ``GET path``, to be read. Raises Refused and Unreachable."""
        with self._explained():
            headers = {"Accept": "application/json"}
            self._connection.request("GET", self._prefix + target(path, query), headers=headers)
            answer = self._connection.getresponse()
            if answer.status == 200:
                return answer
            body = answer.read()
        raise _refused(answer.status, body, self._address)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (OSError, HTTPException) as error:
            self._connection.close()  # the next call connects anew
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise Unreachable(
                f"The server at {self._address} did not answer ({reason}). "
                "Start one with 'agentmonitor serve', or correct --url."
            ) from error


def _refused(status: int, body: bytes, address: str) -> Refused:
    try:
        told = msgspec.json.decode(body, type=dict[str, object])
    except msgspec.MsgspecError:
        return Refused(status, f"{address} answered {status}; is that an AgentMonitor?")
    details = told.get("details")
    named = [
        (str(each.get("field")), str(each.get("message")))
        for each in (details if isinstance(details, list) else ())
        if isinstance(each, dict)
    ]
    return refusal(status, str(told.get("error") or f"answered {status}"), named)
