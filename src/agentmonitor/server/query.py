"""The query of a request as a struct: what validates it is what documents it.

A parameter that is absent or empty has its default; of one that is repeated the last counts. One
that is unknown is left out of account.
"""

import re
from datetime import UTC, datetime, timedelta, tzinfo
from types import NoneType
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from agentmonitor.errors import InvalidInput
from agentmonitor.model.analytics import Where
from agentmonitor.model.clock import from_iso
from agentmonitor.model.selection import Selection
from agentmonitor.server.http import MAX_LIMIT, Request

Q = TypeVar("Q", bound=msgspec.Struct)

MAX_Q = 1000
"""Characters of a search text at most."""

Flag = Literal["1", "0", "true", "false"]
Order = Literal["asc", "desc"]
Limit = Annotated[int, msgspec.Meta(ge=1)]
"""How many rows are asked for. A larger number than the call gives is no fault: fewer come."""
Instant = Annotated[
    str,
    msgspec.Meta(
        description="An ISO 8601 time; without an offset it is UTC.",
        examples=["2026-11-23T21:00:00Z"],
        extra_json_schema={"format": "iso-time"},
    ),
]
Moment = Annotated[
    str,
    msgspec.Meta(
        description="An ISO 8601 day or time; without an offset it is in `tz`.",
        examples=["2026-11-23", "2026-11-23T21:00:00Z"],
        extra_json_schema={"format": "iso-day-or-time"},
    ),
]
Cursor = Annotated[str, msgspec.Meta(extra_json_schema={"format": "cursor"})]

_DAY = re.compile(r"\d{4}-\d\d-\d\d|\d{8}")
_numbers: dict[type, tuple[str, ...]] = {}
"""The parameters of each struct that are whole numbers."""


class Range(msgspec.Struct, kw_only=True, frozen=True):
    """A stretch of time."""

    since: Moment | None = msgspec.field(name="from", default=None)
    """From here on. A day or time in ISO 8601; without an offset it is in `tz`."""
    until: Moment | None = msgspec.field(name="to", default=None)
    """Up to here. A day or time in ISO 8601; a day belongs to the range, a time does not."""
    tz: Annotated[str, msgspec.Meta(extra_json_schema={"format": "time-zone"})] | None = None
    """The time zone of days and of times without an offset, e.g. `Europe/Vienna`; UTC if absent."""


class Filters(Range, kw_only=True, frozen=True):
    """The filters that most calls have: every one that is given must match."""

    agent: str | None = None
    """The agent's type."""
    project: str | None = None
    branch: str | None = None
    model: str | None = None
    session: str | None = None
    """A session's id."""
    q: Annotated[str, msgspec.Meta(max_length=MAX_Q)] | None = None
    """Text in the session's title, id or folder."""

    def where(self, since: int, until: int) -> Where:
        """The same of events in ``since <= time < until`` (ms)."""
        return Where(
            since=since,
            until=until,
            agent=self.agent,
            project=self.project,
            branch=self.branch,
            model=self.model,
            session=self.session,
            q=self.q,
        )


class SessionFilters(Filters, kw_only=True, frozen=True):
    """Which sessions; `from` and `to`: those that were active in that range."""

    model: str | None = None
    """The model that was used last."""

    def selection(self) -> Selection:
        """The same with times in ms. Raises InvalidInput."""
        zone = time_zone(self.tz)
        since = moment("from", self.since, zone)
        until = moment("to", self.until, zone, is_end=True)
        if since is not None and until is not None and since >= until:
            raise invalid("to", "must be later than from")
        return Selection(
            agent=self.agent,
            project=self.project,
            branch=self.branch,
            model=self.model,
            session=self.session,
            q=self.q,
            since=since,
            until=until,
        )


def decode(request: Request, kind: type[Q]) -> Q:
    """The query as ``kind``. Raises InvalidInput that names every fault."""
    values: dict[str, Any] = dict(request.query())
    numbers = _numbers.get(kind)
    if numbers is None:
        numbers = _numbers[kind] = _whole_numbers(kind)
    for name in numbers:
        text = values.get(name)
        if text is not None and text.isascii() and text.isdecimal():
            values[name] = int(text[:18])
    try:
        return msgspec.convert(values, kind)
    except msgspec.ValidationError:
        raise _faults(values, kind) from None


def rows(limit: int, most: int = MAX_LIMIT) -> int:
    """How many rows a call gives when ``limit`` are asked for."""
    return min(limit, most)


def is_set(flag: str | None) -> bool:
    """What a Flag says."""
    return flag in ("1", "true")


def invalid(field: str, message: str) -> InvalidInput:
    """The error for a query parameter that cannot be."""
    return InvalidInput(f"Invalid {field}: {message}.", [(field, message)])


def instant(name: str, text: str | None) -> int | None:
    """An ISO timestamp in ms; None for none. Raises InvalidInput that names ``name``."""
    if text is None:
        return None
    try:
        return from_iso(_with_plus(text))
    except (ValueError, OverflowError):
        message = "must be an ISO 8601 timestamp, e.g. 2026-11-23T21:00:00Z"
        raise invalid(name, message) from None


def moment(name: str, text: str | None, zone: tzinfo, *, is_end: bool = False) -> int | None:
    """A day or time in ms since the epoch; one without an offset is in ``zone``.

    A day is its beginning, or with ``is_end`` the beginning of the next one. None for none. Raises
    InvalidInput that names ``name``.
    """
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(_with_plus(text))
        if is_end and _DAY.fullmatch(text):
            found += timedelta(days=1)
        if found.tzinfo is None:
            found = found.replace(tzinfo=zone)
        return from_iso(found.astimezone(UTC).isoformat())
    except (ValueError, OverflowError):
        message = "must be an ISO 8601 date or time, e.g. 2026-11-23 or 2026-11-23T21:00:00Z"
        raise invalid(name, message) from None


def time_zone(name: str | None) -> tzinfo:
    """The zone of that name; UTC for none. Raises InvalidInput."""
    if name is None or name.upper() in ("UTC", "Z"):
        return UTC
    from zoneinfo import ZoneInfo  # most requests name no zone

    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        message = "must be a time zone that this computer knows, e.g. Europe/Vienna"
        raise invalid("tz", message) from None


def _with_plus(text: str) -> str:
    """``text`` with the plus sign that arrives as a space when it was not escaped."""
    return text.replace(" ", "+") if "T" in text else text


def _whole_numbers(kind: type[msgspec.Struct]) -> tuple[str, ...]:
    hints = get_type_hints(kind)
    found = zip(kind.__struct_fields__, kind.__struct_encode_fields__, strict=True)
    return tuple(name for field, name in found if hints[field] in (int, int | None))


def _faults(values: dict[str, Any], kind: type[msgspec.Struct]) -> InvalidInput:
    """The error for ``values``, which are no ``kind``."""
    hints = get_type_hints(kind, include_extras=True)
    found: list[tuple[str, str]] = []
    for field in msgspec.structs.fields(kind):
        name, wanted = field.encode_name, hints[field.name]
        if name not in values:
            if field.required:
                found.append((name, "is required"))
            continue
        try:
            msgspec.convert(values[name], wanted)
        except msgspec.ValidationError:
            found.append((name, _must(wanted)))
    text = "; ".join(f"{name}: {message}" for name, message in found)
    return InvalidInput(f"Invalid {text}.", found)


def _must(wanted: Any) -> str:
    """What a parameter of the type ``wanted`` must be, in words."""
    kinds = [each for each in get_args(wanted) if each is not NoneType]
    if get_origin(wanted) is Literal:
        return f"must be one of {', '.join(kinds)}" if len(kinds) > 1 else f"must be {kinds[0]}"
    if get_origin(wanted) is Annotated:
        limits: msgspec.Meta = kinds[1]
        if kinds[0] is int:
            return f"must be a whole number of at least {limits.ge}"
        return f"must have at most {limits.max_length} characters"
    (kind,) = kinds  # or None
    return _must(kind)
