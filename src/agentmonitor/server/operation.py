"""What a route takes and gives, declared beside it.

``/api/openapi.json`` is made of these declarations by ``scripts/build_openapi.py``. The running
server keeps none of them: it serves the file, and validates with the same structs.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

JSON = "application/json"
LINES = "application/x-ndjson"
"""Documents of JSON, one on a line; the declared type is that of a line."""
EVENT_STREAM = "text/event-stream"
"""Server-sent events; the declared type is that of a frame's data."""

Content = Mapping[str, Any]
"""The type by media type; none: there is no body. A union is one of its types; ``str`` and
``bytes`` are any text and any bytes."""


class Operation(NamedTuple):
    """One method of one path. What all have in common, as the errors of the gate, is left out."""

    answers: Mapping[int, Content]
    """By status; errors that have the common shape are in ``errors``."""
    query: Any = None
    """The struct that the query is decoded into."""
    body: Content | None = None
    headers: Mapping[str, str] = {}
    """Request headers that matter here, and what they do."""
    errors: tuple[int, ...] = ()
    """Statuses beyond those that follow from the path, the query and the body."""
    required: bool = True
    """Whether the body must be there."""


def tagged(kind: Any, query: Any = None) -> Operation:
    """A JSON answer with an ETag, which is not sent again to who has it."""
    headers = {"If-None-Match": "The ETags of answers that the caller has."}
    return Operation({**answers(kind), 304: {}}, query, headers=headers)


def answers(kind: Any, status: int = 200) -> dict[int, Content]:
    """A JSON answer of that type."""
    return {status: {JSON: kind}}
