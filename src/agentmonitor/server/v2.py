"""What all calls under ``/api/v2/`` share: filters, pages, tags, and how errors look.

Sources: RFC 9457 (problem details), RFC 8288 (Link), RFC 9110 8.8.3 and 13.1.2 (ETag,
If-None-Match). All errors under the path are problem details, whatever raised them, and have
``error`` and ``details`` as well, which clients of contract version 1 look for.
"""

import binascii
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from http import HTTPStatus
from typing import Any, Literal, get_args
from urllib.parse import parse_qsl, quote, urlencode

import msgspec

from agentmonitor.errors import InvalidInput
from agentmonitor.model.clock import from_iso
from agentmonitor.model.selection import Scalar, Selection
from agentmonitor.server.http import Reply, Request, Response, json_response

PREFIX = "/api/v2/"
MAX_Q = 1000
"""Characters of a search text at most."""
_MAX_CURSOR = 4096
_PROBLEM = [
    (b"content-type", b"application/problem+json"),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
]
_TITLES = {
    400: ("invalid-input", "The request is not acceptable"),
    403: ("forbidden", "This caller may not read or write here"),
    404: ("not-found", "There is no such thing"),
    405: ("method-not-allowed", "The path has other methods"),
    413: ("too-large", "The body is too large"),
    415: ("unsupported-encoding", "The body is encoded in an unknown way"),
    500: ("server-error", "The server failed"),
    501: ("unsupported", "This installation cannot do it"),
    503: ("overloaded", "The server is busy"),
    507: ("storage-full", "Nothing can be stored"),
}
"""By status: the end of the problem's type, and its title."""
_DAY = re.compile(r"\d{4}-\d\d-\d\d|\d{8}")
_encode = msgspec.json.Encoder().encode


def invalid(field: str, message: str) -> InvalidInput:
    """The error for a query parameter that cannot be."""
    return InvalidInput(f"Invalid {field}: {message}.", [(field, message)])


def selection(request: Request) -> Selection:
    """The common filters of the query. Raises InvalidInput."""
    zone = time_zone(request)
    since, until = moment(request, "from", zone), moment(request, "to", zone, is_end=True)
    if since is not None and until is not None and since >= until:
        raise invalid("to", "must be later than from")
    q = request.query("q")
    if q is not None and len(q) > MAX_Q:
        raise invalid("q", f"must have at most {MAX_Q} characters")
    return Selection(
        agent=request.query("agent"),
        project=request.query("project"),
        branch=request.query("branch"),
        model=request.query("model"),
        session=request.query("session"),
        q=q,
        since=since,
        until=until,
    )


def time_zone(request: Request) -> tzinfo:
    """The zone that ``tz`` names; UTC when it is absent. Raises InvalidInput."""
    name = request.query("tz")
    if name is None or name.upper() in ("UTC", "Z"):
        return UTC
    from zoneinfo import ZoneInfo  # most requests name no zone

    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        message = "must be a time zone that this computer knows, e.g. Europe/Vienna"
        raise invalid("tz", message) from None


def moment(request: Request, name: str, zone: tzinfo, *, is_end: bool = False) -> int | None:
    """A time of the query in ms since the epoch; one without an offset is in ``zone``.

    A day is its beginning, or with ``is_end`` the beginning of the next one. Raises InvalidInput.
    """
    text = request.query(name)
    if text is None:
        return None
    try:
        # A plus sign that was not escaped arrives as a space.
        found = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
        if is_end and _DAY.fullmatch(text):
            found += timedelta(days=1)
        if found.tzinfo is None:
            found = found.replace(tzinfo=zone)
        return from_iso(found.astimezone(UTC).isoformat())
    except (ValueError, OverflowError):
        message = "must be an ISO 8601 date or time, e.g. 2026-11-23 or 2026-11-23T21:00:00Z"
        raise invalid(name, message) from None


def flag(request: Request, name: str) -> bool:
    """Whether a parameter that is 1 or 0 is set. Raises InvalidInput."""
    text = request.query(name)
    if text not in (None, "1", "0", "true", "false"):
        raise invalid(name, "must be 1 or 0")
    return text in ("1", "true")


def choice(request: Request, name: str, among: Any) -> Any:
    """One of the values of the Literal ``among``, by default its first. Raises InvalidInput."""
    text = one_of(request, name, among)
    return get_args(among)[0] if text is None else text


def one_of(request: Request, name: str, among: Any) -> str | None:
    """One of the values of the Literal ``among``; None when it is absent. Raises InvalidInput."""
    text = request.query(name)
    known = get_args(among)
    if text is not None and text not in known:
        raise invalid(name, f"must be one of {', '.join(map(str, known))}")
    return text


def is_descending(request: Request, *, default: bool) -> bool:
    """What ``order`` says. Raises InvalidInput."""
    order = one_of(request, "order", Literal["asc", "desc"])
    return default if order is None else order == "desc"


def cursor(kind: str, place: Sequence[Scalar]) -> str:
    """``place`` as an opaque text. ``kind``: the call and the order that it is about."""
    return urlsafe_b64encode(_encode([kind, *place])).decode().rstrip("=")


def place(request: Request, kind: str, shape: Any) -> Any:
    """The place that ``cursor`` names, as ``shape``; None when there is none. Raises
    InvalidInput."""
    text = request.query("cursor")
    if text is None:
        return None
    try:
        if len(text) > _MAX_CURSOR:
            raise ValueError
        packed = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
        told, *found = msgspec.json.decode(packed, type=list[Scalar])
        if told != kind:
            raise ValueError
        return msgspec.convert(found, shape)
    except (binascii.Error, ValueError, msgspec.MsgspecError, RecursionError):
        message = "must be the `next` of an earlier answer to the same call in the same order"
        raise invalid("cursor", message) from None


def page_response(
    request: Request, content: dict[str, Any], kind: str, following: Sequence[Scalar] | None
) -> Response:
    """``content`` with ``next``, and a Link to the next page if there is one."""
    if following is None:
        return json_response(content | {"next": None})
    told = cursor(kind, following)
    link = f'<{_address(request, told)}>; rel="next"'
    return json_response(content | {"next": told}, headers=[(b"link", link.encode("ascii"))])


def tagged_response(request: Request, content: Any) -> Response:
    """``content`` with an ETag; only the tag, with 304, when the client has it already."""
    from hashlib import sha256  # loads OpenSSL, which an idle server does not need

    body = _encode(content)
    tag = f'"{sha256(body).hexdigest()[:24]}"'
    headers = [
        (b"etag", tag.encode()),
        (b"cache-control", b"private, no-cache"),
        (b"x-content-type-options", b"nosniff"),
    ]
    known = [each.strip().removeprefix("W/") for each in _known_tags(request)]
    if tag in known or known == ["*"]:
        return Response(304, b"", headers)
    return Response(200, body, [(b"content-type", b"application/json"), *headers])


def in_shape(request: Request, reply: Reply) -> Reply:
    """``reply``; an error under ``/api/v2/`` as problem details."""
    if not request.path.startswith(PREFIX) or not isinstance(reply, Response):
        return reply
    if reply.status < 400:
        return reply
    try:
        told = msgspec.json.decode(reply.body, type=dict[str, Any])
    except msgspec.MsgspecError:
        return reply
    kept = [(n, v) for n, v in reply.headers if n not in dict(_PROBLEM)]
    return Response(reply.status, _encode(_problem(reply.status, told)), [*_PROBLEM, *kept])


def _problem(status: int, told: dict[str, Any]) -> dict[str, Any]:
    message = told.pop("error", "")
    errors = told.get("details", [])
    name, title = _TITLES.get(status, (str(status), HTTPStatus(status).phrase))
    return {
        "type": f"urn:agentmonitor:problem:{name}",
        "title": title,
        "status": status,
        "detail": message,
        "errors": errors,
        "error": message,
        **told,
    }


def _known_tags(request: Request) -> list[str]:
    return (request.header(b"if-none-match") or "").split(",")


def _address(request: Request, told: str) -> str:
    """The request's own address with another cursor."""
    raw: bytes = request.scope.get("raw_path") or quote(request.path).encode()
    path = quote(raw.split(b"?")[0], safe="/%:@!$&'()*+,;=~-._")
    asked = parse_qsl(request.scope["query_string"].decode("latin-1"), errors="replace")
    kept = [(name, value) for name, value in asked if name != "cursor"]
    return f"{path}?{urlencode([*kept, ('cursor', told)])}"
