"""Log records in protobuf: nearly all that arrives, so each attribute counts.

Google's library takes the request apart, by descriptors in which an attribute is ``bytes`` (the
same on the wire): making an object of each and asking it for its parts costs more than to read it
here (a request of ours took 1.7 times the instructions). Many attributes are the same in each
record and are known by their bytes. Of the others short texts and whole numbers are read here,
everything else by the library.
"""

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any

from agentmonitor.otlp.protobuf_values import pair_of, refused, value_of
from agentmonitor.otlp.records import Decoded, LogRecord
from agentmonitor.otlp.values import Gathered, Malformed, hex_id, millis

_WHOLE = "ExportLogsServiceRequest"
_PACKAGE = "agentmonitor.otlp"
_FIELDS: dict[str, dict[str, tuple[int, str]]] = {
    "Request": {"resource_logs": (1, "ResourceLogs*")},
    "ResourceLogs": {"resource": (1, "Resource"), "scope_logs": (2, "ScopeLogs*")},
    "Resource": {"attributes": (1, "BYTES*")},
    "ScopeLogs": {"scope": (1, "Scope"), "log_records": (2, "LogRecord*")},
    "Scope": {"name": (1, "BYTES")},
    "LogRecord": {
        "time_unix_nano": (1, "FIXED64"), "severity_number": (2, "INT32"), "body": (5, "BYTES"),
        "attributes": (6, "BYTES*"), "trace_id": (9, "BYTES"), "span_id": (10, "BYTES"),
        "observed_time_unix_nano": (11, "FIXED64"), "event_name": (12, "BYTES"),
    },
}  # fmt: skip
"""Each message's fields: number and type; a star stands for a list."""

_LENGTH = 0x80
"""A length from here on takes more than one byte."""
_KEY, _VALUE = 0x0A, 0x12
"""Tags in a ``KeyValue``."""
_TEXT, _INT = 0x0A, 0x18
"""Tags in an ``AnyValue``."""
_BEFORE_TEXT = 6
"""Bytes of a pair before its text, without those of its key."""
_SHORT = _LENGTH + 3
"""In fewer bytes no length takes more than one."""
_MAX_KEYS = 4096

_keys: dict[bytes, str] = {}
"""Names of attributes, by the bytes of a pair up to its value. Senders have some dozens."""
_heads: dict[bytes, tuple[str, int]] = {}
"""The same up to a short text, which is of one length then: and how long the whole pair is."""

_Pairs = dict[bytes, tuple[str, Any]]


def decode_logs(body: bytes) -> Decoded[LogRecord]:
    """An ExportLogsServiceRequest. Raises InvalidInput."""
    gathered = Gathered[LogRecord]("log records")
    records = gathered.records
    known: _Pairs = {}
    values: dict[bytes, Any] = {b"": None}
    for group in _parse(body).resource_logs:
        resource: dict[str, Any] = {}
        fault = None
        try:
            resource = _attributes(group.resource.attributes[:], known)
        except Malformed as broken:
            fault = Malformed(f"in the resource, {broken}")
        for scoped in group.scope_logs:
            scope = _text(scoped.scope.name)
            if fault is not None:
                gathered.refuse(fault, len(scoped.log_records))
                continue
            for record in scoped.log_records:
                try:
                    records.append(_log_record(record, resource, scope, known, values))
                except Malformed as broken:
                    gathered.refuse(broken)
    return gathered.decoded()


def _log_record(
    record: Any, resource: dict[str, Any], scope: str, known: _Pairs, values: dict[bytes, Any]
) -> LogRecord:
    body = record.body
    if body not in values:
        values[body] = _value(body)
    trace_id, span_id, name = record.trace_id, record.span_id, record.event_name
    return LogRecord(
        resource=resource,
        attributes=_attributes(record.attributes[:], known),
        body=values[body],
        event_name=_text(name) if name else "",
        time=millis(record.time_unix_nano),
        observed=millis(record.observed_time_unix_nano),
        severity=record.severity_number,
        scope=scope,
        trace_id=hex_id(trace_id, 16) if trace_id else "",
        span_id=hex_id(span_id, 8) if span_id else "",
    )


def _attributes(pairs: list[bytes], known: _Pairs) -> dict[str, Any]:
    """The attributes in ``pairs``, each an encoded ``KeyValue``. Raises Malformed."""
    found: dict[str, Any] = {}
    for encoded in pairs:
        pair = known.get(encoded)
        if pair is None:
            # Nearly always a short text under a known name. A call would cost as much as the rest.
            end = encoded[1] + _BEFORE_TEXT if len(encoded) > 1 else 0
            head = _heads.get(encoded[:end])
            if head is not None and head[1] == len(encoded):
                try:
                    found[head[0]] = value = encoded[end:].decode()
                except UnicodeDecodeError:
                    pass
                else:
                    known[encoded] = head[0], value
                    continue
            pair = _pair(encoded)
            if not isinstance(pair[1], list | dict):  # each record has its own
                known[encoded] = pair
        found[pair[0]] = pair[1]
    return found


def _pair(encoded: bytes) -> tuple[str, Any]:
    """A key and its value. Raises Malformed and InvalidInput."""
    number = _whole_number(encoded)
    if number is not None:
        return number
    pair = key, value = pair_of(encoded, _WHOLE)
    raw = key.encode()
    if len(raw) < _LENGTH:
        if len(_keys) + len(_heads) >= _MAX_KEYS:
            _keys.clear()
            _heads.clear()
        start = bytes((_KEY, len(raw), *raw, _VALUE))
        _keys[start] = key
        size = len(value.encode()) if isinstance(value, str) else _LENGTH
        if size < _LENGTH - 2:
            head = bytes((*start, size + 2, _TEXT, size))
            _heads[head] = key, len(head) + size
    return pair


def _whole_number(encoded: bytes) -> tuple[str, int] | None:
    """A known key and a value that is a varint of a few bytes; None for any other pair."""
    if not 1 < len(encoded) < _SHORT:
        return None
    end = encoded[1] + 3
    key = _keys.get(encoded[:end])
    size = len(encoded) - end
    if key is None or not 3 <= size < 7 or encoded[end] != size - 1 or encoded[end + 1] != _INT:
        return None
    value = shift = 0
    last = encoded[-1]
    for byte in encoded[end + 2 : -1]:
        if byte < _LENGTH:
            return None
        value |= (byte & 0x7F) << shift
        shift += 7
    return (key, value | last << shift) if last < _LENGTH else None


def _value(encoded: bytes) -> Any:
    """An encoded ``AnyValue`` as a JSON value. Raises Malformed and InvalidInput."""
    size = len(encoded) - 2
    if 0 <= size < _LENGTH and encoded[0] == _TEXT and encoded[1] == size:
        try:
            return str(encoded[2:], "utf-8")
        except UnicodeDecodeError:
            pass
    return value_of(encoded, _WHOLE)


def _text(encoded: bytes) -> str:
    try:
        return str(encoded, "utf-8")
    except UnicodeDecodeError:
        from agentmonitor.otlp.protobuf_repair import text_of

        return text_of(encoded).decode()


def _parse(body: bytes) -> Any:
    try:
        return _parser()(body)
    except Exception:  # the library's own errors differ between its implementations
        raise refused(_WHOLE) from None


@cache
def _parser() -> Callable[[bytes], Any]:
    """What parses a request by ``_FIELDS``."""
    descriptors = import_module("google.protobuf.descriptor_pb2")
    types = descriptors.FieldDescriptorProto
    name = f"{_PACKAGE}.proto"
    file = descriptors.FileDescriptorProto(name=name, package=_PACKAGE, syntax="proto3")
    for message, fields in _FIELDS.items():
        made = file.message_type.add(name=message)
        for field, (number, kind) in fields.items():
            of = kind.removesuffix("*")
            label = types.LABEL_OPTIONAL if of == kind else types.LABEL_REPEATED
            added = made.field.add(name=field, number=number, label=label)
            if of in _FIELDS:
                added.type, added.type_name = types.TYPE_MESSAGE, f".{_PACKAGE}.{of}"
            else:
                added.type = getattr(types, f"TYPE_{of}")
    pool = import_module("google.protobuf.descriptor_pool").DescriptorPool()
    pool.Add(file)
    class_of = import_module("google.protobuf.message_factory").GetMessageClass
    parser: Callable[[bytes], Any] = class_of(
        pool.FindMessageTypeByName(f"{_PACKAGE}.Request")
    ).FromString
    return parser
