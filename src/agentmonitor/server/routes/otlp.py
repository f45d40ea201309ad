"""OTLP over HTTP: ``/v1/*``, where exporters look for it, and ``/api/otel/v1/*`` of contract v1."""

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
    for signal, store in SIGNALS.items():
        receive = _receiver(signal, store)
        told = Operation(statuses, body=either, headers=headers, required=False)
        router.add("POST", f"/v1/{signal}", receive, told)
        router.add("POST", f"/api/otel/v1/{signal}", receive, told)


def _receiver(
    signal: answer.Signal, store: Store
) -> Callable[[Request, Runtime], Awaitable[Reply]]:
    async def receive(request: Request, runtime: Runtime) -> Reply:
        """Take in OTLP records; the answer has the encoding of the request."""
        kind = (request.header(b"content-type") or "").partition(";")[0].strip().lower()
        protobuf = kind in _PROTOBUF
        try:
            if not protobuf and kind and not kind.startswith("text/") and "json" not in kind:
                raise UnsupportedEncoding(
                    f"The content type {kind[:60]!r} is not known here; "
                    "use application/json or application/x-protobuf."
                )
            body = await request.body(MAX_BODY)
            body = decompress(body, request.header(b"content-encoding"), MAX_BODY)
            decoder = import_module(f"agentmonitor.otlp.{'protobuf' if protobuf else 'json'}")
            decoded = getattr(decoder, f"decode_{signal}")(body)
            await store(runtime, decoded.records)
        except (InvalidInput, BodyTooLarge, UnsupportedEncoding, StorageError, Overloaded) as error:
            return _failure(error, protobuf)
        data = answer.success(signal, decoded.rejected, decoded.message, protobuf=protobuf)
        return Response(200, data, _headers(protobuf))

    return receive


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
