"""The event as it arrives over HTTP (contract v1): decoding, validating, normalising.

A sound event is decoded straight into a typed struct. Only when that fails is the document looked
at field by field, so that every fault is named and not only the first.
"""

import json
from collections.abc import Iterable
from operator import attrgetter
from typing import Any, get_args

import msgspec

from agentmonitor.errors import InvalidInput
from agentmonitor.model.clock import from_iso
from agentmonitor.model.event import MAX_COST_USD, MAX_INT, MAX_NAME, Event, EventType, Status

EVENT_TYPES = frozenset(get_args(EventType))
STATUSES = frozenset(get_args(Status))
UNWRAP_LAYERS = 3

INVALID_JSON = "Invalid JSON payload"

Fault = tuple[str, str]


class Batch(msgspec.Struct):
    """Some events. One that is not acceptable does not keep the others out."""

    events: list[Event]


class Rejected(msgspec.Struct):
    """One event of a batch that was refused; ``errors`` are "field: message"."""

    index: int
    errors: list[str]


_id_of = attrgetter("event_id")
_names_of = attrgetter(
    "session_id", "agent_type", "tool_name", "branch", "project", "model", "source"
)
_decode_event = msgspec.json.Decoder(Event).decode
_decode_batch = msgspec.json.Decoder(Batch).decode
_REQUIRED = ("session_id", "agent_type", "event_type")
_TEXTS = ("event_id", "tool_name", "branch", "project", "model", "source")
_COUNTS = ("tokens_in", "tokens_out", "cache_read_tokens", "cache_write_tokens", "duration_ms")
_FIELDS = (
    *_REQUIRED, *_TEXTS, *_COUNTS, "status", "cost_usd", "metadata", "client_timestamp",
)  # fmt: skip


def decode_json(body: bytes) -> Any:
    """The JSON document in ``body``.

    Lone surrogates, which agents make by cutting text, become U+FFFD. Raises InvalidInput.
    """
    try:
        return msgspec.json.decode(body)
    except RecursionError:
        raise InvalidInput(INVALID_JSON) from None
    except ValueError:  # msgspec's and the UTF-8 decoder's errors alike
        return _decode_leniently(body)


def unwrap(document: Any) -> Any:
    """A document that some clients send as a JSON string, up to three times over."""
    for _ in range(UNWRAP_LAYERS):
        if not isinstance(document, str):
            break
        try:
            document = msgspec.json.decode(document)
        except (ValueError, RecursionError):
            raise InvalidInput(INVALID_JSON) from None
    return document


def event_from_json(body: bytes) -> Event:
    """One event. Raises InvalidInput with every fault in its details."""
    try:
        (event,) = _finish(body, [_decode_event(body)])
        return event
    except (ValueError, RecursionError, _Faults):
        return _event_from_document(unwrap(decode_json(body)))


def batch_from_json(body: bytes) -> tuple[list[Event], list[Rejected]]:
    """The sound events of a batch, and those that were refused.

    Raises InvalidInput when there is no list of events at all.
    """
    try:
        return _finish(body, _decode_batch(body).events), []
    except (ValueError, RecursionError, _Faults):
        document = unwrap(decode_json(body))
    if not isinstance(document, dict) or not isinstance(document.get("events"), list):
        raise InvalidInput('The body must be an object with an array "events".')
    events: list[Event] = []
    rejected: list[Rejected] = []
    for index, item in enumerate(document["events"]):
        try:
            events.append(_event_from_document(item))
        except InvalidInput as error:
            rejected.append(Rejected(index, [f"{field}: {text}" for field, text in error.details]))
    return events, rejected


class _Faults(Exception):
    """A decoded event is not acceptable; the slow path will say why."""


def _finish(body: bytes, events: list[Event]) -> list[Event]:
    """What the decoder cannot check. Raises _Faults when the slow path must have a look."""
    # In JSON, a NUL can only be written with a backslash, which is found much faster.
    if b"\\" in body and b"\\u0000" in body:
        raise _Faults
    # The events of a batch mostly share their names.
    names = set(map(_names_of, events)) if len(events) > 1 else map(_names_of, events)
    if _any_padded(map(_id_of, events)) or any(map(_any_padded, names)):
        raise _Faults
    for event in events:
        if event.client_timestamp is not None:
            event.occurred_at = _time(event.client_timestamp)
    return events


def _any_padded(texts: Iterable[str | None]) -> bool:
    known = list(filter(None, texts))
    return list(map(str.strip, known)) != known


def _time(text: str) -> int:
    try:
        time = from_iso(text.strip())
    except (ValueError, OverflowError):
        raise _Faults from None
    if time < 0:
        raise _Faults
    return time


def _event_from_document(document: Any) -> Event:
    faults = _faults(document)
    if faults:
        raise InvalidInput("Invalid event", faults)
    fields = {name: document[name] for name in _FIELDS if document.get(name) is not None}
    for name in (*_REQUIRED, *_TEXTS):
        if name in fields:
            fields[name] = fields[name].strip()
            if not fields[name]:
                del fields[name]
    event = msgspec.convert(fields, Event)
    if event.client_timestamp is not None:
        event.occurred_at = _time(event.client_timestamp)
    return event


def _faults(document: Any) -> list[Fault]:
    """Everything that is wrong with an event."""
    if not isinstance(document, dict):
        return [("body", "must be a JSON object")]
    found: list[Fault] = []
    for field in _REQUIRED:
        value = document.get(field)
        if value is None:
            found.append((field, "is required"))
        elif not isinstance(value, str):
            found.append((field, "must be a string"))
        elif not value.strip():
            found.append((field, "must not be empty"))
        elif field == "event_type" and value.strip() not in EVENT_TYPES:
            found.append((field, f"must be one of: {', '.join(get_args(EventType))}"))
        else:
            found += _text_faults(field, value)
    status = document.get("status")
    if status is not None and (not isinstance(status, str) or status not in STATUSES):
        found.append(("status", f"must be one of: {', '.join(get_args(Status))}"))
    for field in _TEXTS:
        value = document.get(field)
        if isinstance(value, str):
            found += _text_faults(field, value)
        elif value is not None:
            found.append((field, "must be a string"))
    for field in _COUNTS:
        value = document.get(field)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            found.append((field, "must be an integer of at least 0"))
        elif value > MAX_INT:
            found.append((field, f"must be at most {MAX_INT}"))
    return (
        found
        + _cost_faults(document.get("cost_usd"))
        + _time_faults(document.get("client_timestamp"))
    )


def _text_faults(field: str, value: str) -> list[Fault]:
    if len(value.strip()) > MAX_NAME:
        return [(field, f"must have at most {MAX_NAME} characters")]
    return [(field, "must not contain a NUL character")] if "\0" in value else []


def _cost_faults(value: Any) -> list[Fault]:
    if value is None:
        return []
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        return [("cost_usd", "must be a number of at least 0")]
    return [("cost_usd", f"must be at most {MAX_COST_USD:.0f}")] if value > MAX_COST_USD else []


def _time_faults(value: Any) -> list[Fault]:
    if value is None:
        return []
    try:
        if not isinstance(value, str):
            raise _Faults
        _time(value)
    except _Faults:
        return [("client_timestamp", "must be an ISO 8601 timestamp, 1970 or later")]
    return []


def _decode_leniently(body: bytes) -> Any:
    def refuse(name: str) -> Any:
        raise ValueError(name)

    try:
        document = json.loads(body.decode("utf-8", "surrogatepass"), parse_constant=refuse)
        # Encoding once more is what replaces the lone surrogates.
        text = json.dumps(document, ensure_ascii=False, allow_nan=False)
        return msgspec.json.decode(
            text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        )
    except (ValueError, RecursionError):
        raise InvalidInput(INVALID_JSON) from None
