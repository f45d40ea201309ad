"""A server's stream of events (docs/reference/api.md, "Follow"), resumed when it breaks off."""

import time
from collections.abc import Callable, Iterator
from http.client import HTTPException, HTTPResponse
from typing import Any

import msgspec

from agentmonitor.cli.over_http import HttpSource
from agentmonitor.cli.source import Query, Refused, Unreachable

PATH = "/api/stream"
SILENCE_S = 90.0
"""The server's heartbeat comes every 30 s by default: without any byte for so long it is gone."""
FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 10.0


class Stream:
    """The frames of one server's stream, across its restarts."""

    def __init__(self, url: str, query: Query, lost: Callable[[str], None]) -> None:
        """``lost`` is told when the connection breaks and when it is back."""
        self._url = url
        self._query = query
        self._after: int | None = None
        self._lost = lost
        self._source = HttpSource(url, SILENCE_S)

    def close(self) -> None:
        """Let go of the connection."""
        self._source.close()

    def frames(self) -> Iterator[dict[str, Any]]:
        """Frame after frame, for ever. Raises Unreachable when the first connection fails, and
        Refused."""
        answer, wait, met = self._open(), FIRST_WAIT_S, True
        while True:
            try:
                for frame in self._read(answer):
                    if not met:
                        self._lost("Connected again.")
                        met = True
                    wait = FIRST_WAIT_S
                    yield frame
            except (OSError, HTTPException):
                pass  # the same as when the server ends: it is tried again
            if met:
                self._lost(f"The server at {self._url} is gone; waiting for it …")
                met = False
            while True:
                time.sleep(wait)
                wait = min(2 * wait, LONGEST_WAIT_S)
                try:
                    answer = self._open()
                    break
                except Unreachable:
                    continue
                except Refused as error:
                    if error.status != 503:
                        raise

    def _open(self) -> HTTPResponse:
        self._source.close()
        self._source = HttpSource(self._url, SILENCE_S)
        return self._source.open(PATH, {**self._query, "last_event_id": self._after})

    def _read(self, answer: HTTPResponse) -> Iterator[dict[str, Any]]:
        number: int | None = None
        for line in answer:
            if line.startswith(b"id:"):
                number = int(line[3:])
            elif line.startswith(b"data:"):
                frame: dict[str, Any] = msgspec.json.decode(line[5:])
                if number is not None:
                    self._after, number = number, None
                yield frame
