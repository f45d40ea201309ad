"""Fields and values of OTLP/JSON, read one by one with every tolerance.

Source: the OTLP specification, "JSON Protobuf Encoding", and protobuf's "ProtoJSON Format". Beyond
it, because senders do so: names in snake case; attributes as a plain object; a plain JSON value
where an ``AnyValue`` belongs; base64 where hex belongs; numbers in quotes anywhere.
"""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from agentmonitor.otlp.values import (
    MAX_DEPTH,
    MAX_INT,
    TOO_DEEP,
    Malformed,
    finite,
    from_base64,
    hex_id_of_text,
    measured,
    millis,
    to_base64,
)

Document = Mapping[str, Any]
Int64 = Annotated[int, msgspec.Meta(ge=-MAX_INT - 1, le=MAX_INT)]
Name = tuple[str, str]
"""A field's name as the format has it, and as protobuf's own files have it."""

TIME: Name = ("timeUnixNano", "time_unix_nano")
START: Name = ("startTimeUnixNano", "start_time_unix_nano")
TRACE_ID: Name = ("traceId", "trace_id")
SPAN_ID: Name = ("spanId", "span_id")


def field(document: Document, name: Name) -> Any:
    """A field's value; null counts as absent."""
    value = document.get(name[0])
    return document.get(name[1]) if value is None else value


def items(document: Document, name: Name) -> list[Any]:
    """A list, empty when it is absent. Raises Malformed."""
    value = field(document, name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise Malformed(f"{name[0]} must be a list")
    return value


def object_of(value: Any, name: str) -> Document:
    """``value``, which must be an object. Raises Malformed."""
    if not isinstance(value, dict):
        raise Malformed(f"{name} must be an object")
    return value


def text(document: Document, name: Name) -> str:
    """A text, empty when it is absent. Raises Malformed."""
    value = field(document, name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Malformed(f"{name[0]} must be text")
    return value


def integer(value: Any, name: str) -> int:
    """A whole number, in quotes or not. Raises Malformed."""
    found = _whole(value)
    if found is None or not -MAX_INT - 1 <= found <= MAX_INT:
        raise Malformed(f"{name} must be a whole number of 64 bits")
    return found


def number(value: Any, name: str) -> float:
    """A number, in quotes or not; may be no finite one. Raises Malformed."""
    try:
        return msgspec.convert(value, float, strict=False)
    except msgspec.ValidationError:
        raise Malformed(f"{name} must be a number") from None


def truth(value: Any, name: str) -> bool:
    """True or false, in quotes or not. Raises Malformed."""
    try:
        return msgspec.convert(value, bool, strict=False)
    except msgspec.ValidationError:
        raise Malformed(f"{name} must be true or false") from None


def time(document: Document, name: Name) -> int | None:
    """A time in milliseconds. Raises Malformed."""
    value = field(document, name)
    if value is None:
        return None
    nanos = _whole(value)
    if nanos is None:
        raise Malformed(f"{name[0]} must be nanoseconds since 1970")
    return millis(nanos)


def enum(document: Document, name: Name, names: Mapping[str, int]) -> int:
    """An enum's number from its number or name; a name of a later version counts as 0."""
    value = field(document, name)
    if value is None:
        return 0
    if isinstance(value, str) and (value[:1].isalpha() or not value):
        return names.get(value.upper(), 0)
    return integer(value, name[0])


def identifier(document: Document, name: Name, size: int) -> str:
    """An id as lower-case hex; empty when it is absent or no id of ``size`` bytes."""
    value = field(document, name)
    return hex_id_of_text(value, size) if isinstance(value, str) else ""


def attributes(document: Document) -> dict[str, Any]:
    """The attributes of ``document``. Raises Malformed."""
    found = document.get("attributes")
    return {} if found is None else mapping(found, 0, "attributes")


def mapping(document: Any, depth: int, name: str) -> dict[str, Any]:
    """A list of keys with values, or a plain object, as an object. Raises Malformed."""
    if isinstance(document, dict):
        return {key: any_value(value, depth) for key, value in document.items()}
    if not isinstance(document, list):
        raise Malformed(f"{name} must be a list of keys with values")
    found: dict[str, Any] = {}
    for item in document:
        if not isinstance(item, dict):
            raise Malformed(f"{name} must be a list of keys with values")
        key = item.get("key", "")
        if not isinstance(key, str):
            raise Malformed(f"a key in {name} must be text")
        found[key] = any_value(item.get("value"), depth)
    return found


def any_value(document: Any, depth: int = 0) -> Any:
    """An ``AnyValue`` as a JSON value. Raises Malformed."""
    if isinstance(document, list):
        return _elements(document, depth)
    if not isinstance(document, dict):
        return integer(document, "a number") if type(document) is int else document
    if len(document) == 1:
        ((name, raw),) = document.items()
        read = _READERS.get(name)
        if read is not None:
            return None if raw is None else read(raw, depth)
    known = False
    for name, read in _READERS.items():
        if name in document:
            known = True
            if document[name] is not None:
                return read(document[name], depth)
    if known or not document:
        return None
    if depth >= MAX_DEPTH:
        raise Malformed(TOO_DEEP)
    return mapping(document, depth + 1, "an object")


def array(raw: Any, depth: int) -> list[Any]:
    """An ``ArrayValue``. Raises Malformed."""
    values = raw.get("values") if isinstance(raw, dict) else raw
    if values is None:
        values = []
    if not isinstance(values, list):
        raise Malformed("arrayValue must have a list of values")
    return _elements(values, depth)


def kvlist(raw: Any, depth: int) -> dict[str, Any]:
    """A ``KeyValueList``. Raises Malformed."""
    values = raw.get("values") if isinstance(raw, dict) else raw
    if depth >= MAX_DEPTH:
        raise Malformed(TOO_DEEP)
    return {} if values is None else mapping(values, depth + 1, "kvlistValue")


def binary(raw: Any, depth: int = 0) -> str:
    """``bytesValue``, as base64 of the usual alphabet, padded. Raises Malformed."""
    try:
        return to_base64(from_base64(raw))
    except (ValueError, AttributeError, TypeError):
        raise Malformed("bytesValue must be base64") from None


def _elements(values: list[Any], depth: int) -> list[Any]:
    if depth >= MAX_DEPTH:
        raise Malformed(TOO_DEEP)
    return [any_value(value, depth + 1) for value in values]


def _whole(value: Any) -> int | None:
    """A whole number of any size, whatever way it is written; None when it is none."""
    try:
        return msgspec.convert(value, int, strict=False)
    except msgspec.ValidationError:
        pass
    try:  # what was computed with floats: 1.79e18
        large = msgspec.convert(value, float, strict=False)
        return int(large) if large.is_integer() else None
    except msgspec.ValidationError:
        return None


def _string(raw: Any, depth: int) -> str:
    if not isinstance(raw, str):
        raise Malformed("stringValue must be text")
    return raw


def _bool(raw: Any, depth: int) -> bool:
    return truth(raw, "boolValue")


def _int(raw: Any, depth: int) -> int:
    return integer(raw, "intValue")


def _double(raw: Any, depth: int) -> float | None:
    return finite(number(raw, "doubleValue"))


def point_value(point: Document) -> float | None:
    """The value of a number point; None when it has none. Raises Malformed."""
    raw = field(point, ("asInt", "as_int"))
    if raw is not None:
        return integer(raw, "asInt")
    raw = field(point, ("asDouble", "as_double"))
    return None if raw is None else measured(number(raw, "asDouble"))


_READERS = {
    "stringValue": _string, "boolValue": _bool, "intValue": _int, "doubleValue": _double,
    "arrayValue": array, "kvlistValue": kvlist, "bytesValue": binary,
    "string_value": _string, "bool_value": _bool, "int_value": _int, "double_value": _double,
    "array_value": array, "kvlist_value": kvlist, "bytes_value": binary,
}  # fmt: skip
"""In the order in which they count, should a value have several."""
