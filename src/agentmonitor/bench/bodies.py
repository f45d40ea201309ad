"""HTTP requests made ahead, so that sending one costs microseconds.

A request is built once with marks where its event ids and times will stand; to send it, the marks
are replaced. Nothing is encoded as JSON while the clock runs.
"""

import json
import os
import time
from datetime import UTC, datetime

from agentmonitor.bench.mix import Mix, Session, Wire

RANDOM = "~" * 8
COUNTER = b"^" * 12
TIME = b"!" * 24
"""The marks."""
"""The marks."""
TEMPLATE_EVENTS = 3200
"""Distinct events before their content repeats."""
SESSIONS = 200


class Bodies:
    """An endless source of whole requests with ``per_request`` new events each.

    Ids are shaped like UUIDs: they begin with random digits, so that they hit the unique index
    as real ones do, and end in a counter, so that none comes twice. Half of the events carry a
    ``client_timestamp``.
    """

    def __init__(self, host: str, per_request: int, *, batch: bool, seed: int = 1) -> None:
        """``host``: the server as its requests name it, with its port."""
        mix = Mix(seed)
        sessions = [mix.session() for _ in range(SESSIONS)]
        self.per_request = per_request
        self._path = "/api/events/batch" if batch else "/api/events"
        self._host = host
        self._templates = [
            self._template(mix, sessions, number, batch=batch)
            for number in range(TEMPLATE_EVENTS // per_request)
        ]
        self._number = 0

    def next(self) -> bytes:
        """The next request, head and body."""
        size = 8 * self.per_request
        parts = self._templates[self._number % len(self._templates)]
        self._number += 1
        digits = os.urandom(size // 2).hex().encode()
        parts[1::2] = [digits[i : i + 8] for i in range(0, size, 8)]
        moment = datetime.fromtimestamp(time.time(), UTC).isoformat(timespec="milliseconds")
        return (
            b"".join(parts)
            .replace(COUNTER, b"%012x" % self._number)
            .replace(TIME, moment[:23].encode() + b"Z")
        )

    def marked(self) -> list[bytes]:
        """The distinct requests, with their marks."""
        return [RANDOM.encode().join(parts[::2]) for parts in self._templates]

    def _template(
        self, mix: Mix, sessions: list[Session], number: int, *, batch: bool
    ) -> list[bytes]:
        events: list[Wire] = []
        for slot in range(self.per_request):
            event = mix.event(sessions[(number * 7 + slot // 10) % len(sessions)])
            event["event_id"] = f"{RANDOM}-{slot:04x}-4000-8000-{COUNTER.decode()}"
            if slot % 2 == number % 2:
                event["client_timestamp"] = TIME.decode()
            events.append(event)
        document: object = {"events": events} if batch else events[0]
        body = json.dumps(document, separators=(",", ":")).encode()
        head = (
            f"POST {self._path} HTTP/1.1\r\nHost: {self._host}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        ).encode()
        pieces = (head + body).split(RANDOM.encode())
        # Odd places are the ids' random beginnings.
        parts = [b""] * (2 * len(pieces) - 1)
        parts[::2] = pieces
        return parts
