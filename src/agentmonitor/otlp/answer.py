"""What an OTLP client is answered: the Export…ServiceResponse, or google.rpc.Status for a failure.

Source: the OTLP specification, "OTLP/HTTP Response", and google/rpc/status.proto. The messages are
a number and a text, so they are written here: an answer in JSON must not load protobuf.
"""

from typing import Any, Literal

import msgspec

Signal = Literal["logs", "metrics", "traces"]

JSON_TYPE = b"application/json"
PROTOBUF_TYPE = b"application/x-protobuf"

_REJECTED: dict[Signal, str] = {
    "logs": "rejectedLogRecords",
    "metrics": "rejectedDataPoints",
    "traces": "rejectedSpans",
}
_CODES = {400: 3, 401: 16, 403: 7, 404: 5, 405: 12, 413: 3, 415: 3, 429: 8, 503: 14}
"""gRPC's codes for HTTP's; others are 13 (internal)."""
_INTERNAL = 13


def success(
    signal: Signal, rejected: int = 0, message: str = "", *, protobuf: bool = False
) -> bytes:
    """The response's body; ``rejected`` and ``message`` make it a partial success."""
    if not rejected and not message:
        return b"" if protobuf else b"{}"
    if protobuf:
        return _field(1, _number(1, rejected) + _text(2, message))
    # ProtoJSON writes 64-bit numbers as text.
    partial = {_REJECTED[signal]: str(rejected), "errorMessage": message}
    return msgspec.json.encode({"partialSuccess": partial})


def failure(status: int, message: str, *, protobuf: bool = False, **more: Any) -> bytes:
    """The body that goes with an HTTP ``status`` of 400 or more.

    In JSON it also has ``error``, as every error of this server, and ``more``.
    """
    code = _CODES.get(status, _INTERNAL)
    if protobuf:
        return _number(1, code) + _text(2, message)
    return msgspec.json.encode({"error": message, "code": code, "message": message, **more})


def _number(number: int, value: int) -> bytes:
    return bytes([number << 3]) + _varint(value) if value else b""


def _text(number: int, value: str) -> bytes:
    return _field(number, value.encode("utf-8", "replace")) if value else b""


def _field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    parts = bytearray()
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    parts.append(value)
    return bytes(parts)
