"""Attributes of telemetry: numbers may come as text, and nothing need be there."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from agentmonitor.agents.claude_code import keys, tools
from agentmonitor.model.clock import from_iso
from agentmonitor.model.event import MAX_COST_USD, MAX_INT

SERVICES = frozenset({"claude-code", "claude-code-desktop"})
PREFIX = "claude_code."
_REDACTED = "<REDACTED>"

# Made once: these functions run a dozen times for each record.
_NUMBER = (int, float)


def session(attributes: Mapping[str, Any], resource: Mapping[str, Any]) -> str:
    """The session's id: on each record, not on the resource, unless a collector moved it."""
    return tools.name(attributes, "session.id") or tools.name(resource, "session.id")


def number(attributes: Mapping[str, Any], key: str) -> float | None:
    """A number of at least 0, also from text."""
    value = attributes.get(key)
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    return value if isinstance(value, _NUMBER) and 0 <= value <= MAX_INT else None


def count(attributes: Mapping[str, Any], key: str) -> int | None:
    """A whole number of at least 0."""
    value = attributes.get(key)
    if value is None:
        return None
    # Nearly always digits, or a number already: much faster than by way of a float.
    if type(value) is str and len(value) < 16 and value.isascii() and value.isdecimal():
        return int(value)
    if type(value) is int and 0 <= value <= MAX_INT:
        return value
    found = number(attributes, key)
    return None if found is None else int(found)


def dollars(attributes: Mapping[str, Any]) -> float | None:
    """What the client says that a request cost. The dollars are rounded, the millionths exact."""
    found = number(attributes, "cost_usd")
    if found is None:
        micros = number(attributes, "cost_usd_micros")
        found = None if micros is None else micros / 1e6
    return float(found) if found is not None and found <= MAX_COST_USD else None


def flag(attributes: Mapping[str, Any], key: str) -> bool | None:
    """A truth value, which may be the text of one."""
    value = attributes.get(key)
    if isinstance(value, str):
        value = {"true": True, "false": False}.get(value.strip().lower())
    return value if isinstance(value, bool) else None


def words(attributes: Mapping[str, Any], key: str) -> str:
    """A text; "" when the client was told not to send it."""
    value = attributes.get(key)
    return value if isinstance(value, str) and value != _REDACTED else ""


def document(attributes: Mapping[str, Any], key: str) -> dict[str, Any]:
    """An object that came as the text of its JSON."""
    value = attributes.get(key)
    if value is None:
        return {}
    if isinstance(value, str):
        try:
            value = msgspec.json.decode(value.encode("utf-8", "replace"))
        except (msgspec.MsgspecError, RecursionError):
            return {}
    return value if isinstance(value, dict) else {}


def moment(attributes: Mapping[str, Any], *others: int | None) -> int | None:
    """When it happened, in ms: as the client says, else the first of ``others`` that is known."""
    stamp = attributes.get("event.timestamp")
    if isinstance(stamp, str):
        try:
            at = from_iso(stamp)
        except (ValueError, OverflowError):
            at = -1
        if at >= 0:
            return at
    return next((each for each in others if each), None)


def named(attributes: Mapping[str, Any], **fields: str) -> dict[str, Any]:
    """Those of the attributes that are there, under the names that metadata has for them."""
    found: dict[str, Any] = {}
    note(found, attributes, fields.items())
    return found


def note(
    metadata: dict[str, Any], attributes: Mapping[str, Any], fields: Iterable[tuple[str, str]]
) -> None:
    """The same, into ``metadata``, which keeps what it has; ``fields``: its names and theirs."""
    for name, key in fields:
        value = attributes.get(key)
        if value is None or value == "" or name in metadata:
            continue
        if type(value) is str:
            metadata[name] = value[: tools.MAX_VALUE]
        elif isinstance(value, _NUMBER):  # truth values among them
            metadata[name] = value


def once(session_id: str, *parts: object) -> str:
    """An id that a repeated delivery has again."""
    shown = ":".join(str(part)[:100] for part in parts)
    return f"{keys.AGENT_TYPE}:otel:{session_id[: keys.MAX_ID]}:{shown}"
