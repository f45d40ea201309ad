"""Log records in OTLP/JSON as nearly all senders write them: decoded straight into typed structs.

The names are the format's own and each value has the type that the format gives it; numbers may be
in quotes. For anything else ``decode`` gives None, and ``json`` reads the document field by field.
Both ways give the same records for what this one accepts.
"""

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType

from agentmonitor.otlp.json_values import Int64, array, attributes, binary, kvlist
from agentmonitor.otlp.records import Decoded, LogRecord
from agentmonitor.otlp.values import Malformed, finite, hex_id_of_text, millis

_Never = Annotated[int, msgspec.Meta(gt=0, lt=0)]
"""No value is valid: a field of this type makes the decoding fail wherever it occurs."""


class _Value(msgspec.Struct, rename="camel", gc=False):
    string_value: str | UnsetType = UNSET
    int_value: Int64 | UnsetType = UNSET
    double_value: float | UnsetType = UNSET
    bool_value: bool | UnsetType = UNSET
    array_value: dict[str, Any] | list[Any] | UnsetType = UNSET
    kvlist_value: dict[str, Any] | list[Any] | UnsetType = UNSET
    bytes_value: str | UnsetType = UNSET


class _KeyValue(msgspec.Struct, gc=False):
    key: str
    value: _Value


class _LogRecord(msgspec.Struct, rename="camel", gc=False):
    time_unix_nano: int = 0
    observed_time_unix_nano: int = 0
    severity_number: Int64 = 0
    body: _Value | UnsetType = UNSET
    attributes: list[_KeyValue] = []
    trace_id: str = ""
    span_id: str = ""
    event_name: str = ""
    snake_time: _Never = msgspec.field(name="time_unix_nano", default=0)
    snake_observed: _Never = msgspec.field(name="observed_time_unix_nano", default=0)
    snake_severity: _Never = msgspec.field(name="severity_number", default=0)
    snake_trace: _Never = msgspec.field(name="trace_id", default=0)
    snake_span: _Never = msgspec.field(name="span_id", default=0)
    snake_event: _Never = msgspec.field(name="event_name", default=0)


class _Scope(msgspec.Struct, frozen=True):
    name: str = ""


class _ScopeLogs(msgspec.Struct, rename="camel"):
    log_records: list[_LogRecord]
    scope: _Scope = _Scope()


class _ResourceLogs(msgspec.Struct, rename="camel"):
    scope_logs: list[_ScopeLogs]
    resource: dict[str, Any] = {}


class _Logs(msgspec.Struct, rename="camel"):
    resource_logs: list[_ResourceLogs]


_decode = msgspec.json.Decoder(_Logs, strict=False).decode


def decode(body: bytes) -> Decoded[LogRecord] | None:
    """The records of ``body``; None when it has to be read field by field."""
    try:
        document = _decode(body)
        records: list[LogRecord] = []
        for group in document.resource_logs:
            resource = attributes(group.resource)
            for scoped in group.scope_logs:
                _read(scoped, resource, records)
        return Decoded(records)
    except (ValueError, RecursionError, Malformed):
        return None


def _read(scoped: _ScopeLogs, resource: dict[str, Any], records: list[LogRecord]) -> None:
    scope = scoped.scope.name
    for record in scoped.log_records:
        found: dict[str, Any] = {}
        for item in record.attributes:
            value = item.value
            text = value.string_value
            found[item.key] = _other(value) if text is UNSET else text
        body = record.body
        trace, span = record.trace_id, record.span_id
        records.append(
            LogRecord(
                resource=resource,
                attributes=found,
                body=None if body is UNSET else _any(body),
                event_name=record.event_name,
                time=millis(record.time_unix_nano),
                observed=millis(record.observed_time_unix_nano),
                severity=record.severity_number,
                scope=scope,
                trace_id=hex_id_of_text(trace, 16) if trace else "",
                span_id=hex_id_of_text(span, 8) if span else "",
            )
        )


def _any(value: _Value) -> Any:
    text = value.string_value
    return _other(value) if text is UNSET else text


def _other(value: _Value) -> Any:
    """A value that is not text, in the order in which they count. Raises Malformed."""
    if value.bool_value is not UNSET:
        return value.bool_value
    if value.int_value is not UNSET:
        return value.int_value
    if value.double_value is not UNSET:
        return finite(value.double_value)
    if value.array_value is not UNSET:
        return array(value.array_value, 0)
    if value.kvlist_value is not UNSET:
        return kvlist(value.kvlist_value, 0)
    if value.bytes_value is not UNSET:
        return binary(value.bytes_value)
    raise Malformed("a value that this module does not know")
