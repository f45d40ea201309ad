"""What all calls under ``/api/v2/`` share: pages, tags, and how errors look.

Sources: RFC 9457 (problem details), RFC 8288 (Link), RFC 9110 8.8.3 and 13.1.2 (ETag,
If-None-Match). All errors under the path are problem details, whatever raised them, and have
``error`` and ``details`` as well, which clients of contract version 1 look for.
"""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

import msgspec

from agentmonitor.errors import InvalidInput
from agentmonitor.model.selection import Scalar
from agentmonitor.server import query
from agentmonitor.server.http import (
    ErrorAnswer,
    FieldFault,
    Reply,
    Request,
    Response,
    json_response,
)
from agentmonitor.server.query import Filters, Q, invalid

PREFIX = "/api/v2/"
FILTERS = frozenset(Filters.__struct_encode_fields__) - {"tz"}
_MAX_CURSOR = 4096
_MAX_DIGITS = 18
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
_encode = msgspec.json.Encoder().encode


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Problem details: every error under ``/api/v2/``."""

    type: str
    """``urn:agentmonitor:problem:…``; the same for each problem of a kind."""
    title: str
    status: int
    detail: str
    """What is wrong, and what to do."""
    errors: list[FieldFault]
    """Every fault, where they can be told apart."""
    error: str
    """The same as ``detail``."""
    details: list[FieldFault] | msgspec.UnsetType = msgspec.UNSET
    """The same as ``errors``."""
    max_clients: int | msgspec.UnsetType = msgspec.UNSET


class NoParameters(msgspec.Struct, frozen=True):
    """The query of a call that has no parameters."""


class Paged(msgspec.Struct, kw_only=True):
    """One page of a list."""

    next: str | None = None
    """The ``cursor`` of the next page; null: this is the last one."""


def decode(request: Request, kind: type[Q]) -> Q:
    """The query as ``kind``. Raises InvalidInput, also for filters that the call does not have: it
    would answer something else than it was asked."""
    refused = sorted((FILTERS & dict(request.query()).keys()) - {*kind.__struct_encode_fields__})
    if refused:
        taken = [name for name in kind.__struct_encode_fields__ if name in FILTERS]
        known = f"its filters are {', '.join(taken)}" if taken else "it has none"
        text = f"This call cannot be filtered by {', '.join(refused)}; {known}."
        raise InvalidInput(text, [(name, "is no filter of this call") for name in refused])
    return query.decode(request, kind)


def cursor(kind: str, place: Sequence[Scalar]) -> str:
    """``place`` as an opaque text. ``kind``: the call and the order that it is about."""
    return urlsafe_b64encode(_encode([kind, *place])).decode().rstrip("=")


def place(text: str | None, kind: str, shape: Any) -> Any:
    """The place that the cursor ``text`` names, as ``shape``; None for none. Raises
    InvalidInput."""
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
    request: Request, page: Paged, kind: str, following: Sequence[Scalar] | None
) -> Response:
    """``page`` with its ``next``, and a Link to the next page if there is one."""
    if following is None:
        return json_response(page)
    page.next = cursor(kind, following)
    return linked_response(request, page, page.next)


def linked_response(request: Request, content: Any, following: str | None) -> Response:
    """``content`` with a Link to the page of the cursor ``following``, if there is one."""
    if following is None:
        return json_response(content)
    link = f'<{_address(request, following)}>; rel="next"'
    return json_response(content, headers=[(b"link", link.encode("ascii"))])


def tagged_response(request: Request, content: Any) -> Response:
    """``content`` with an ETag; only the tag, with 304, when the client has it already."""
    return tagged_body(request, _encode(content))


def tagged_body(request: Request, body: bytes) -> Response:
    """The same of JSON that is encoded already."""
    from hashlib import sha256  # loads OpenSSL, which an idle server does not need

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
        told = msgspec.json.decode(reply.body, type=ErrorAnswer)
    except msgspec.MsgspecError:
        return reply
    kept = [(n, v) for n, v in reply.headers if n not in dict(_PROBLEM)]
    return Response(reply.status, _encode(_problem(reply.status, told)), [*_PROBLEM, *kept])


def _problem(status: int, told: ErrorAnswer) -> Problem:
    name, title = _TITLES.get(status, (str(status), HTTPStatus(status).phrase))
    return Problem(
        type=f"urn:agentmonitor:problem:{name}",
        title=title,
        status=status,
        detail=told.error,
        errors=told.details or [],
        error=told.error,
        details=told.details,
        max_clients=told.max_clients,
    )


def _known_tags(request: Request) -> list[str]:
    return (request.header(b"if-none-match") or "").split(",")


def _address(request: Request, told: str) -> str:
    """The request's own address with another cursor."""
    raw: bytes = request.scope.get("raw_path") or quote(request.path).encode()
    path = quote(raw.split(b"?")[0], safe="/%:@!$&'()*+,;=~-._")
    asked = parse_qsl(request.scope["query_string"].decode("latin-1"), errors="replace")
    kept = [(name, value) for name, value in asked if name != "cursor"]
    return f"{path}?{urlencode([*kept, ('cursor', told)])}"
