"""The filters that the calls of ``/api/v2`` share, and one page of what they list."""

from typing import Generic, Literal, TypeVar

import msgspec

T = TypeVar("T")
Scalar = int | float | str

SessionSort = Literal["last_activity", "started", "cost", "tokens", "events", "errors"]


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """Every field that is given must match. Times are milliseconds since the epoch."""

    agent: str | None = None
    project: str | None = None
    branch: str | None = None
    model: str | None = None
    session: str | None = None
    q: str | None = None
    """Text to be found, upper or lower case."""
    since: int | None = None
    """At or after."""
    until: int | None = None
    """Before."""


class SessionChoice(msgspec.Struct, frozen=True, kw_only=True):
    """Which sessions, and in which order."""

    where: Selection = Selection()
    status: str | None = None
    state: str | None = None
    sort: SessionSort = "last_activity"
    descending: bool = True


class StoryChoice(msgspec.Struct, frozen=True, kw_only=True):
    """Which of a session's events, and in which order of their own time."""

    event_type: str | None = None
    tool: str | None = None
    file: str | None = None
    """Only edits of this file."""
    errors: bool = False
    """Only what is no success."""
    at: int | None = None
    """The event with which the first page begins."""
    descending: bool = False


class Page(msgspec.Struct, Generic[T]):
    """One page; ``next`` is where the following one begins, None when there is none."""

    rows: list[T]
    next: list[Scalar] | None = None
    total: int | None = None
