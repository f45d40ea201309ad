"""OTLP over gRPC: ``Export`` of the three services, with the bytes as they came.

Imported only where its port is configured: gRPC takes 13 MB. There is no gate beside
listening on the loopback: a web page speaks HTTP/2 only over TLS, which this port does not have,
and gRPC answers nothing else.
"""

import logging
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import grpc.aio

from agentmonitor.errors import ConfigError, InvalidInput, Overloaded, StorageError
from agentmonitor.otlp import answer, protobuf
from agentmonitor.runtime import Runtime
from agentmonitor.server.routes.otlp import MAX_BODY, SIGNALS, Store

log = logging.getLogger(__name__)

_SERVICES: dict[answer.Signal, str] = {
    "logs": "opentelemetry.proto.collector.logs.v1.LogsService",
    "metrics": "opentelemetry.proto.collector.metrics.v1.MetricsService",
    "traces": "opentelemetry.proto.collector.trace.v1.TraceService",
}
_OPTIONS = (
    # Also after decompression. What is larger is answered with RESOURCE_EXHAUSTED.
    ("grpc.max_receive_message_length", MAX_BODY),
    # Otherwise two servers could share a port, and each would get some of the requests.
    ("grpc.so_reuseport", 0),
)

_Context = grpc.aio.ServicerContext[bytes, bytes]
_Export = Callable[[bytes, _Context], Awaitable[bytes]]


class GrpcListener:
    """The gRPC server of a runtime: ``bind``, then ``start`` … ``stop``, all on one loop."""

    def __init__(self, runtime: Runtime, reserved: socket.socket) -> None:
        """``reserved`` listens at the address to serve; gRPC makes a socket of its own there."""
        self._runtime = runtime
        self._reserved = reserved
        self._server: grpc.aio.Server | None = None

    def bind(self) -> None:
        """Take the address over. Raises ConfigError."""
        host, port = self._reserved.getsockname()[:2]
        server = grpc.aio.server(options=_OPTIONS)
        server.add_generic_rpc_handlers(
            tuple(
                grpc.method_handlers_generic_handler(
                    _SERVICES[signal],
                    {"Export": grpc.unary_unary_rpc_method_handler(self._exporter(signal, store))},
                )
                for signal, store in SIGNALS.items()
            )
        )
        self._reserved.close()
        try:
            server.add_insecure_port(f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
        except RuntimeError as error:
            raise ConfigError(
                f"gRPC cannot use port {port} on {host} ({error}). "
                "Choose another one with AGENTMONITOR_OTLP_GRPC_PORT."
            ) from None
        self._server = server

    async def start(self) -> None:
        """Serve."""
        if self._server is not None:
            await self._server.start()

    async def stop(self, grace_s: float) -> None:
        """Take no more calls, and wait so long for those that are under way."""
        if self._server is not None:
            await self._server.stop(grace_s)

    def _exporter(self, signal: answer.Signal, store: Store) -> _Export:
        decode: Callable[[bytes], Any] = getattr(protobuf, f"decode_{signal}")

        async def export(body: bytes, context: _Context) -> bytes:
            try:
                decoded = decode(body)
                await store(self._runtime, decoded.records)
            except Exception as error:
                await context.abort(*status_of(error))
            return answer.success(signal, decoded.rejected, decoded.message, protobuf=True)

        return export


def status_of(error: Exception) -> tuple[grpc.StatusCode, str]:
    """What the exporter can act on: UNAVAILABLE is tried again, the others are not."""
    match error:
        case InvalidInput():
            return grpc.StatusCode.INVALID_ARGUMENT, str(error)
        case Overloaded() | StorageError():
            return grpc.StatusCode.UNAVAILABLE, str(error)
        case _:
            log.error("An export over gRPC failed", exc_info=error)
            message = "Something went wrong in the server; its log says what."
            return grpc.StatusCode.INTERNAL, message
