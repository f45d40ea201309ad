"""The part of the storage protocol that is about sessions, page by page.

A ``place`` is the ``next`` of an earlier page, whose shape only the engine knows.
"""

from collections.abc import Sequence
from typing import Protocol

from agentmonitor.model.analytics import Where
from agentmonitor.model.detail import FileTouched, SessionDetail
from agentmonitor.model.failure import Failure
from agentmonitor.model.selection import Page, Selection, SessionChoice, StoryChoice
from agentmonitor.model.session import EventRow, SessionRow
from agentmonitor.model.span import SpanRow
from agentmonitor.model.story import StoryRow
from agentmonitor.model.turns import Turn

ListPlace = tuple[int, int, int | float, int]
EventPlace = tuple[int, int]
TurnPlace = tuple[int, int, int, int]


class SessionReads(Protocol):
    """Each read sees one consistent state; None: there is no such session."""

    def session_list(
        self, choice: SessionChoice, limit: int, place: ListPlace | None = None
    ) -> Page[SessionRow]:
        """Sessions in the order that is asked for. Pages follow the order that the first of them
        had, whatever is written in the meantime, as long as the engine remembers it."""

    def live_sessions(
        self, where: Selection, limit: int
    ) -> tuple[Sequence[SessionRow], dict[str, int]]:
        """Sessions that run or wait, newest first, and how many there are in each state."""

    def session_detail(self, session_id: str) -> SessionDetail | None:
        """One session with what it used."""

    def session_files(
        self, session_id: str, limit: int, after: str | None = None
    ) -> Page[FileTouched] | None:
        """The files that it edited, by path, those after ``after``."""

    def session_page(
        self, session_id: str, choice: StoryChoice, limit: int, place: EventPlace | None = None
    ) -> Page[EventRow] | None:
        """Its events by their own time, as they are stored."""

    def session_story(
        self, session_id: str, choice: StoryChoice, limit: int, place: EventPlace | None = None
    ) -> Page[StoryRow] | None:
        """Its events by their own time, with their whole metadata."""

    def session_turns(
        self, session_id: str, limit: int, place: TurnPlace | None = None, *, spans: bool = False
    ) -> Page[Turn] | None:
        """Its turns, oldest first. ``spans``: with where in them their time went."""

    def session_spans(
        self, session_id: str, limit: int, place: EventPlace | None = None
    ) -> Page[SpanRow] | None:
        """Its spans by their start; ``place`` has that (ms) and the span's number."""

    def failures(
        self, where: Where, tool: str | None, limit: int, place: EventPlace | None = None
    ) -> Page[Failure]:
        """Calls of tools that failed in any of them, the latest first."""
