"""What a search asks for, and what it finds."""

import re

import msgspec

from agentmonitor.errors import InvalidInput
from agentmonitor.model.clock import IsoTime

MAX_QUERY = 1000
"""Characters of a query at most."""
MAX_TERMS = 32
MAX_NUMBER = 2**62

_PART = re.compile(r'(?P<minus>-?)"(?P<phrase>[^"]*)"?(?P<star>\*?)|(?P<word>[^\s"]+)')
_CURSOR = re.compile(r"([0-9]{1,19})\.([0-9]{1,9})")


class Term(msgspec.Struct, frozen=True):
    """A word, or words that stand side by side; ``prefix``: the last may go on."""

    text: str
    prefix: bool = False


class Words(msgspec.Struct, frozen=True):
    """A query: one of each group of ``wanted``, and nothing of ``unwanted``."""

    wanted: tuple[tuple[Term, ...], ...]
    unwanted: tuple[Term, ...] = ()


class Place(msgspec.Struct, frozen=True):
    """Where a page begins: ``offset`` hits into the ranking of what is older than ``before``."""

    before: int
    offset: int


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """A search: every field that is given must match. Times are ms since the epoch."""

    words: Words
    agent_type: str | None = None
    event_type: str | None = None
    tool_name: str | None = None
    session_id: str | None = None
    branch: str | None = None
    project: str | None = None
    model: str | None = None
    since: int | None = None
    """At or after."""
    until: int | None = None
    """At or before."""
    limit: int = 20
    place: Place | None = None
    """None: from the beginning."""
    by_session: bool = False
    """The best hit of each session."""


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """An event that was found. The snippet is untrusted text."""

    event_id: int
    session_id: str
    session_title: str | None
    agent_type: str
    project: str | None
    branch: str | None
    type: str
    tool_name: str | None
    time: IsoTime
    column: str
    snippet: str
    highlights: list[tuple[int, int]]
    """Where the words stand in the snippet, in characters (code points): from, to."""
    rank: float
    """The higher, the better."""
    count: int | None
    """By session: how many of its hits were ranked."""


class SearchPage(msgspec.Struct, kw_only=True):
    """One page of a search. It can be shorter than was asked for: only ``next`` tells the end."""

    results: list[Hit]
    next: str | None
    indexed_to: int
    """The newest event that the index holds."""
    behind: int
    """Events that still have to be indexed."""
    problem: str | None
    """Why the index does not follow, and what to do."""


def parse_words(text: str) -> Words:
    """What a user's query asks for. Every text has a meaning; what is no word is left out.

    Raises InvalidInput when there is nothing to look for, or too much.
    """
    if len(text) > MAX_QUERY:
        raise _invalid(f"must have at most {MAX_QUERY} characters")
    wanted: list[list[Term]] = []
    unwanted: list[Term] = []
    either = without = False
    text = text.replace("\0", " ").encode("utf-8", "replace").decode()
    for part in _PART.finditer(text):
        word: str | None = part["word"]
        if word == "OR":
            either = bool(wanted)
            continue
        if word in ("AND", "NOT"):
            without = word == "NOT"
            continue
        minus, term = _term(part)
        if term is None:
            continue
        if minus or without:
            unwanted.append(term)
        elif either:
            wanted[-1].append(term)
        else:
            wanted.append([term])
        either = without = False
    if not wanted:
        raise _invalid(
            "must hold a word to look for; words are letters and digits, and -word only says what "
            "may not stand there"
        )
    if sum(map(len, wanted)) + len(unwanted) > MAX_TERMS:
        raise _invalid(f"must have at most {MAX_TERMS} words")
    return Words(tuple(map(tuple, wanted)), tuple(unwanted))


def parse_place(text: str) -> Place:
    """The cursor of an earlier answer. Raises InvalidInput."""
    match = _CURSOR.fullmatch(text)
    if match is None or int(match[1]) > MAX_NUMBER:
        message = "must be the `next` of an earlier answer"
        raise InvalidInput(f"Invalid cursor: {message}.", [("cursor", message)])
    return Place(int(match[1]), int(match[2]))


def cursor(place: Place) -> str:
    """What ``parse_place`` reads."""
    return f"{place.before}.{place.offset}"


def _term(part: re.Match[str]) -> tuple[bool, Term | None]:
    """Whether it is unwanted, and the words; None when there are none."""
    word: str | None = part["word"]
    if word is None:
        minus, said, prefix = bool(part["minus"]), part["phrase"], bool(part["star"])
    else:
        # Two dashes begin an option of a command, not a word that is unwanted.
        minus = word.startswith("-") and not word.startswith("--")
        said, prefix = word, word.endswith("*")
    said = said.strip("*- \t\r\n")
    if not any(character.isalnum() for character in said):
        return minus, None
    return minus, Term(said, prefix)


def _invalid(message: str) -> InvalidInput:
    return InvalidInput(f"Invalid q: {message}.", [("q", message)])
