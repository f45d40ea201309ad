"""OTLP over HTTP: ``/v1/*``, where exporters look for it, and ``/api/otel/v1/*`` of contract v1.

Gemini CLI before 2026 posts everything to the bare address that it is told, in JSON: ``/`` takes it
by what it holds. In protobuf the three kinds of request cannot be told apart.
"""

from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Any

import msgspec

from agentmonitor.errors import Closed, InvalidInput, Overloaded, StorageError
from agentmonitor.otlp import answer
from agentmonitor.runtime import Runtime
from agentmonitor.server.encoding import ACCEPTED, UnsupportedEncoding, decompress
from agentmonitor.server.http import BodyTooLarge, Reply, Request, Response
from agentmonitor.server.operation import JSON, Operation
from agentmonitor.server.router import Router

MAX_BODY = 5 * 1024 * 1024
"""Bytes of a body at most, also after decompression."""
_PROTOBUF = ("application/x-protobuf", "application/protobuf", "application/vnd.google.protobuf")
_RETRY = [(b"retry-after", b"1")]

Store = Callable[[Runtime, Any], Awaitable[None]]
SIGNALS: dict[answer.Signal, Store] = {
    "logs": lambda runtime, records: runtime.telemetry.logs(records),
    "metrics": lambda runtime, records: runtime.telemetry.points(records),
    "traces": lambda runtime, records: runtime.telemetry.spans(records),
}
"""What stores the records of each signal."""


class _Envelope(msgspec.Struct, rename="camel"):
    """The name of a request's one field says what it is."""

    resource_logs: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    resource_metrics: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    resource_spans: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET

    def signal(self) -> answer.Signal:
        """Raises ValueError when there is none."""
        if self.resource_logs is not msgspec.UNSET:
            return "logs"
        if self.resource_metrics is not msgspec.UNSET:
            return "metrics"
        if self.resource_spans is not msgspec.UNSET:
            return "traces"
        raise ValueError("it has no resourceLogs, resourceMetrics or resourceSpans")


_envelope = msgspec.json.Decoder(_Envelope).decode


class OtlpAnswer(msgspec.Struct, rename="camel"):
    """An Export…ServiceResponse; empty when everything was taken in."""

    partial_success: dict[str, str] | msgspec.UnsetType = msgspec.UNSET
    """How many records were refused, and why."""


class OtlpFailure(msgspec.Struct):
    """A google.rpc.Status, with ``error`` as every error here."""

    error: str
    code: int
    message: str


def register(router: Router) -> None:
    """Add the routes of this module."""
    either = {JSON: dict[str, Any], _PROTOBUF[0]: bytes}
    refused = {JSON: OtlpFailure, _PROTOBUF[0]: bytes}
    statuses = {200: {**either, JSON: OtlpAnswer}} | dict.fromkeys((400, 413, 415, 503), refused)
    headers = {"Content-Encoding": f"{ACCEPTED} or none."}
    for signal in SIGNALS:
        receive = _receiver(signal)
        told = Operation(statuses, body=either, headers=headers, required=False)
        router.add("POST", f"/v1/{signal}", receive, told)
        router.add("POST", f"/api/otel/v1/{signal}", receive, told)


def _receiver(known: answer.Signal | None) -> Callable[[Request, Runtime], Awaitable[Reply]]:
    """What takes in requests of a signal; None: of the one that a request itself names."""

    async def receive(request: Request, runtime: Runtime) -> Reply:
        """Take in OTLP records; the answer has the encoding of the request."""
        kind = (request.header(b"content-type") or "").partition(";")[0].strip().lower()
        protobuf = kind in _PROTOBUF
        try:
            if known is None and protobuf:
                raise UnsupportedEncoding("In protobuf, use /v1/logs, /v1/metrics or /v1/traces.")
            if not protobuf and kind and not kind.startswith("text/") and "json" not in kind:
                raise UnsupportedEncoding(
                    f"The content type {kind[:60]!r} is not known here; "
                    "use application/json or application/x-protobuf."
                )
            body = await request.body(MAX_BODY)
            body = decompress(body, request.header(b"content-encoding"), MAX_BODY)
            signal = known or _signal(body)
            decoder = import_module(f"agentmonitor.otlp.{'protobuf' if protobuf else 'json'}")
            decoded = getattr(decoder, f"decode_{signal}")(body)
            await SIGNALS[signal](runtime, decoded.records)
        except (InvalidInput, BodyTooLarge, UnsupportedEncoding, StorageError, Overloaded) as error:
            return _failure(error, protobuf)
        data = answer.success(signal, decoded.rejected, decoded.message, protobuf=protobuf)
        return Response(200, data, _headers(protobuf))

    return receive


receive_bare = _receiver(None)
"""``POST /``. The address is the dashboard's, so it is no route of its own."""


def _signal(body: bytes) -> answer.Signal:
    """What the JSON ``body`` is. Raises InvalidInput."""
    try:
        return _envelope(body).signal()
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"The body is no OTLP request in JSON: {error}.") from None


def _failure(error: Exception, protobuf: bool) -> Response:
    """What the exporter can act on: 503 is tried again, 400, 413 and 415 are not."""
    headers = _headers(protobuf)
    match error:
        case BodyTooLarge():
            status, message = 413, "The body is larger than 5 MiB; nothing of it was stored."
        case UnsupportedEncoding():
            status, message = 415, str(error)
            headers = [*headers, (b"accept-encoding", ACCEPTED.encode())]
        case Overloaded() | Closed() | StorageError():
            status, message = 503, str(error)
            headers = headers + _RETRY
        case _:
            status, message = 400, str(error)
    return Response(status, answer.failure(status, message, protobuf=protobuf), headers)


def _headers(protobuf: bool) -> list[tuple[bytes, bytes]]:
    return [
        (b"content-type", answer.PROTOBUF_TYPE if protobuf else answer.JSON_TYPE),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
    ]
