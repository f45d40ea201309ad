"""Attributes of telemetry: numbers may come as text, and nothing need be there."""

import zlib
from collections.abc import Mapping
from typing import Any

import msgspec

from agentmonitor.agents import documents
from agentmonitor.model.event import LIKENESS, MAX_COST_USD, MAX_INT

Attributes = Mapping[str, Any]

MAX_ID = 256
"""Characters of an id in a key."""


def first(attributes: Attributes, *keys: str) -> str:
    """The first of the attributes ``keys`` that holds a name; "" when none does."""
    return next((found for key in keys if (found := documents.name(attributes.get(key)))), "")


def words(attributes: Attributes, *keys: str) -> str:
    """The first of the attributes ``keys`` that holds a text; "" when none does."""
    return next((found for key in keys if (found := documents.text(attributes.get(key)))), "")


def number(attributes: Attributes, *keys: str) -> float | None:
    """The first of the attributes ``keys`` that holds a number of at least 0, also as text."""
    for key in keys:
        value = attributes.get(key)
        if isinstance(value, str) and len(value) < 40:
            try:
                value = float(value)
            except ValueError:
                continue
        if isinstance(value, bool) or not isinstance(value, int | float):
            continue
        if 0 <= value <= MAX_INT:
            return value
    return None


def count(attributes: Attributes, *keys: str) -> int | None:
    """The same as a whole number."""
    found = number(attributes, *keys)
    return None if found is None else int(found)


def dollars(attributes: Attributes, *keys: str) -> float | None:
    """A plausible amount; None also for 0, which clients name where they know no price."""
    found = number(attributes, *keys)
    return float(found) if found and found <= MAX_COST_USD else None


def flag(attributes: Attributes, key: str) -> bool | None:
    """A truth value, which may be the text of one."""
    value = attributes.get(key)
    if isinstance(value, str):
        value = {"true": True, "false": False}.get(value.strip().lower())
    return value if isinstance(value, bool) else None


def document(value: Any) -> Attributes:
    """An object, which may have come as the text of its JSON."""
    if isinstance(value, str) and not value.lstrip().startswith("{"):
        return {}
    return documents.mapping(documents.nested(value))


def moment(attributes: Attributes, *others: int | None) -> int | None:
    """When it happened, in ms: as the client says, else the first of ``others`` that is known."""
    told = documents.moment(attributes.get("event.timestamp"))
    return told or next((each for each in others if each), None)


def named(attributes: Attributes, **fields: str) -> dict[str, Any]:
    """Those of the attributes that are there, under the names that metadata has for them."""
    found = {}
    for name, key in fields.items():
        value = attributes.get(key)
        if isinstance(value, str):
            value = value[: documents.MAX_VALUE]
        if value not in (None, "", [], {}) and isinstance(value, str | int | float | bool):
            found[name] = value
    return found


def fingerprint(value: Any) -> str:
    """A short text that is the same for equal JSON values."""
    try:
        encoded = msgspec.json.encode(value, order="sorted")
    except (ValueError, TypeError, RecursionError):
        encoded = repr(value)[: documents.MAX_TEXT].encode("utf-8", "replace")
    return f"{zlib.crc32(encoded):08x}"


def identified(keys: tuple[str, ...], known: str) -> tuple[str | None, tuple[str, ...]]:
    """An event's id and its keys. A report that is only recognised by a likeness takes the id
    as a name among its keys: the likeness does not recognise its repetition."""
    if not keys:
        return known, ()
    if all(key.startswith(LIKENESS) for key in keys):
        return None, (known, *keys)
    return None, keys


def once(agent_type: str, session_id: str, *parts: object) -> str:
    """An id that a repeated delivery has again."""
    shown = ":".join(str(part)[:100] for part in parts)
    return f"{agent_type}:otel:{session_id[:MAX_ID]}:{shown}"
