"""A server that reads a request and answers "stored" without looking at it.

It shows what the load generator itself can drive: ``python -m benchmarks --only client``.
"""

import asyncio
from typing import cast

from agentmonitor.bench.client import content_length


class _Trivial(asyncio.Protocol):
    def __init__(self) -> None:
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        data = self._buffer + data
        end = data.find(b"\r\n\r\n")
        if end < 0 or len(data) < end + 4 + content_length(data[:end]):
            self._buffer = data
            return
        self._buffer = b""
        count = 50 if data.startswith(b"POST /api/events/batch") else 1
        body = b'{"received":%d,"ids":[],"duplicates":0}' % count
        self._transport.write(
            b"HTTP/1.1 201 Created\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)
        )


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(_Trivial, "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve())
