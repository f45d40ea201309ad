"""A reader of the event stream with deadlines, over a socket of its own."""

from __future__ import annotations

import json
import socket
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

import h11
import httpx

WAIT = 20.0


@dataclass
class Frame:
    """One frame: its lines by field, and its comments."""

    id: str | None = None
    data: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)

    @property
    def message(self) -> dict[str, Any]:
        """The JSON of a data frame."""
        found = json.loads("\n".join(self.data))
        assert isinstance(found, dict)
        return found

    @property
    def type(self) -> str | None:
        """The message's type; None for a frame of comments only."""
        return str(self.message["type"]) if self.data else None

    @property
    def payload(self) -> Any:
        return self.message["payload"]


class Stream:
    """One connection to `GET /api/stream`."""

    def __init__(
        self,
        url: str,
        headers: Mapping[str, str] | None = None,
        receive_buffer: int | None = None,
        **params: str | int,
    ) -> None:
        target = httpx.URL(url).join("/api/stream").copy_merge_params(params)
        self._socket = socket.socket()
        if receive_buffer is not None:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self._socket.settimeout(WAIT)
        self._socket.connect((target.host, target.port or 80))
        self._http = h11.Connection(h11.CLIENT)
        self._text = b""
        self._frames: deque[Frame] = deque()
        sent = {"host": target.netloc.decode(), "accept": "text/event-stream", **(headers or {})}
        request = h11.Request(method="GET", target=target.raw_path, headers=list(sent.items()))
        self._socket.sendall(
            (self._http.send(request) or b"") + (self._http.send(h11.EndOfMessage()) or b"")
        )
        head = self._advance(time.monotonic() + WAIT)
        assert isinstance(head, h11.Response), head
        self.status = head.status_code
        self.headers = {name.decode(): value.decode() for name, value in head.headers}

    def __enter__(self) -> Stream:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.close()

    def body(self) -> Any:
        """The JSON of an answer that is no stream."""
        content = b""
        while isinstance(part := self._advance(time.monotonic() + WAIT), h11.Data):
            content += part.data
        return json.loads(content)

    def frame(self, timeout: float = WAIT) -> Frame:
        """The next frame, whatever it is."""
        deadline = time.monotonic() + timeout
        while not self._frames:
            part = self._advance(deadline)
            if not isinstance(part, h11.Data):
                raise AssertionError(f"the stream ended: {part!r}")
            self._text += bytes(part.data).replace(b"\r\n", b"\n")
            *blocks, self._text = self._text.split(b"\n\n")
            self._frames += [_parse(block.decode()) for block in blocks]
        return self._frames.popleft()

    def first(self, wanted: Callable[[Frame], bool], timeout: float = WAIT) -> Frame:
        """The next frame that is wanted; others are passed over."""
        deadline = time.monotonic() + timeout
        while True:
            frame = self.frame(max(deadline - time.monotonic(), 0.01))
            if wanted(frame):
                return frame

    def of_type(self, name: str, timeout: float = WAIT) -> Frame:
        """The next frame of that type."""
        return self.first(lambda frame: frame.type == name, timeout)

    def connected(self) -> Stream:
        """This stream, once it has said that it is connected."""
        assert self.status == 200
        assert self.frame().type == "connected"
        return self

    def events(self, count: int, timeout: float = WAIT) -> list[Frame]:
        """The next `count` event frames."""
        deadline = time.monotonic() + timeout
        return [self.of_type("event", deadline - time.monotonic()) for _ in range(count)]

    def _advance(self, deadline: float) -> object:
        while True:
            part = self._http.next_event()
            if part is not h11.NEED_DATA:
                return part
            left = deadline - time.monotonic()
            if left <= 0:
                raise AssertionError("nothing came on the stream in time")
            self._socket.settimeout(left)
            try:
                self._http.receive_data(self._socket.recv(65536))
            except TimeoutError:
                raise AssertionError("nothing came on the stream in time") from None


def _parse(block: str) -> Frame:
    frame = Frame()
    for line in block.split("\n"):
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            frame.data.append(value)
        elif name == "id":
            frame.id = value
        elif name == "":
            frame.comments.append(value)
    return frame
