"""Messages and values of OTLP in protobuf, parsed by Google's library.

Source: opentelemetry-proto's ``.proto`` files. The library is imported with the first request only:
most installations never see one, and it takes some megabytes.
"""

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any

from agentmonitor.errors import InvalidInput
from agentmonitor.otlp.values import MAX_DEPTH, TOO_DEEP, Malformed, finite, to_base64


def parse(signal: str, body: bytes) -> Any:
    """The export request of ``signal`` (``metrics``, ``trace``). Raises InvalidInput."""
    kind, from_string = _request(signal)
    return _parsed(kind, from_string, body, kind.DESCRIPTOR.name)


def pair_of(encoded: bytes, whole: str) -> tuple[str, Any]:
    """A ``KeyValue``; ``whole`` is the name of the message that it is a part of.

    Raises InvalidInput and Malformed.
    """
    kind = _common("KeyValue")
    pair = _parsed(kind, kind.FromString, encoded, whole)
    return pair.key, any_value(pair.value)


def value_of(encoded: bytes, whole: str) -> Any:
    """An ``AnyValue`` as a JSON value, in the same way."""
    kind = _common("AnyValue")
    return any_value(_parsed(kind, kind.FromString, encoded, whole))


def attributes(items: Any) -> dict[str, Any]:
    """A list of ``KeyValue``. Raises Malformed."""
    found: dict[str, Any] = {}
    for item in items:
        value = item.value
        found[item.key] = value.string_value or any_value(value)
    return found


def any_value(value: Any, depth: int = 0) -> Any:
    """An ``AnyValue`` as a JSON value. Raises Malformed."""
    match value.WhichOneof("value"):
        case "string_value":
            return value.string_value
        case "int_value":
            return value.int_value
        case "double_value":
            return finite(value.double_value)
        case "bool_value":
            return value.bool_value
        case "bytes_value":
            return to_base64(value.bytes_value)
        case "array_value":
            if depth >= MAX_DEPTH:
                raise Malformed(TOO_DEEP)
            return [any_value(item, depth + 1) for item in value.array_value.values]
        case "kvlist_value":
            if depth >= MAX_DEPTH:
                raise Malformed(TOO_DEEP)
            pairs = value.kvlist_value.values
            return {item.key: any_value(item.value, depth + 1) for item in pairs}
        case _:  # nothing, or a kind of value that is not for logs, metrics and traces
            return None


def refused(whole: str) -> InvalidInput:
    """What is raised for a body that is no message ``whole``."""
    return InvalidInput(
        f"The body is no {whole} in protobuf: it is damaged, cut off, or of "
        "another kind. Check the exporter's path and protocol."
    )


@cache
def _request(signal: str) -> tuple[Any, Callable[[bytes], Any]]:
    """The class of a signal's request, and what parses one."""
    module = import_module(f"opentelemetry.proto.collector.{signal}.v1.{signal}_service_pb2")
    kind = getattr(module, f"Export{signal.capitalize()}ServiceRequest")
    return kind, kind.FromString


@cache
def _common(name: str) -> Any:
    return getattr(import_module("opentelemetry.proto.common.v1.common_pb2"), name)


def _parsed(kind: Any, from_string: Callable[[bytes], Any], encoded: bytes, whole: str) -> Any:
    try:
        return from_string(encoded)
    except Exception:  # the library's own errors differ between its implementations
        return _repaired(kind, encoded, whole)


def _repaired(kind: Any, encoded: bytes, whole: str) -> Any:
    from agentmonitor.otlp.protobuf_repair import repair

    try:
        return kind.FromString(repair(kind, encoded))
    except Exception:
        raise refused(whole) from None
