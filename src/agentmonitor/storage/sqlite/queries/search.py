"""Searching: the newest matches from the index, ranked, with snippets from the events' texts.

However common a word is, only the newest events that match are ranked, MATCHES of them; an older
stretch comes when the pages before it are through. So a search costs the same at any size.
"""

import sqlite3
from collections.abc import Iterator, Sequence

import msgspec

from agentmonitor.model.clock import to_iso
from agentmonitor.model.search import Hit, Place, Search, cursor
from agentmonitor.storage.sqlite.names import NameReader
from agentmonitor.storage.sqlite.queries.search_expression import cost, expression
from agentmonitor.storage.sqlite.search import PART, VERSIONS, words_table
from agentmonitor.storage.sqlite.search_words import (
    COLUMNS,
    FACETS,
    day_of,
    facet,
    whole_metadata,
    words_of,
)
from agentmonitor.storage.sqlite.snippets import CLOSE, OPEN, cut, unmarked

MATCHES = 300
"""The newest so many matches are ranked among each other."""
SESSION_MATCHES = 2500
"""The same, when only the best of each session is wanted."""
_STRETCHES = 8
"""Stretches without a hit that one call goes through at most."""
MOST_WORK = 48
"""What one call looks through, at most, before it leaves the rest to the next page."""
COSTLY = 8
"""The work of a part of the index with a query that takes long in each: beginnings of words, and
several words in a row."""
FILTERED = 2
"""That of a part with filters: each common word is compared with them."""
_MAX_DAYS = 366
_WEIGHTS = (10.0, 10.0, 5.0, 5.0, 1.0)
_BM25 = f"0.0, {', '.join(map(str, _WEIGHTS))}"
_FILTERS = {"agent_type": "agent", "event_type": "type", "tool_name": "tool", "branch": "branch",
            "project": "project", "model": "model"}  # fmt: skip

Match = tuple[int, float, int, int]
"""An event's number, its score (the lower, the better), its time, its session's key."""


class SearchQueries:
    """Searches on one connection to the database and one to its index."""

    def __init__(
        self, connection: sqlite3.Connection, index: sqlite3.Connection, names: NameReader
    ) -> None:
        self._connection = connection
        self._index = index
        self._names = names
        self._work = 0
        self._left: int | None = None
        """Where the parts begin that were left for the next page."""

    def page(self, asked: Search) -> tuple[list[Hit], str | None]:
        """One page, and where the next one begins; None: there is none."""
        numbers = self._numbers(asked)
        place: Place | None = asked.place or Place(self._end(), 0)
        if numbers is None:
            return [], None
        words = expression(asked.words)
        for _ in range(_STRETCHES):
            if place is None or self._work >= MOST_WORK:
                break
            found, place = self._stretch(asked, numbers, words, place)
            if found:
                return found, None if place is None else cursor(place)
        return [], None if place is None else cursor(place)

    def _stretch(
        self, asked: Search, numbers: dict[str, int], words: str, place: Place
    ) -> tuple[list[Hit], Place | None]:
        """Hits of the stretch of matches that begins at ``place``, and where the next page does."""
        matches: dict[int, float] = {}
        before, most = place.before, _most(asked)
        for doc, score in self._matches(asked, numbers, words, before):
            matches[doc // VERSIONS] = score
            before = doc
            if len(matches) == most:
                break
        further = Place(before, 0) if len(matches) == most else None
        if further is None and self._left is not None:
            further = Place(self._left, 0)
        ranked = self._there(matches)
        # Scores of equal texts can differ in their last digits.
        ranked.sort(key=lambda match: (round(match[1], 6), -match[2], -match[0]))
        counts: dict[int, int] = {}
        if asked.by_session:
            best: dict[int, Match] = {}
            for match in ranked:
                best.setdefault(match[3], match)
                counts[match[3]] = counts.get(match[3], 0) + 1
            ranked = list(best.values())
        end = place.offset + asked.limit
        chosen = ranked[place.offset : end]
        following = Place(place.before, end) if end < len(ranked) else further
        return self._hits(chosen, counts, words), following

    def _numbers(self, asked: Search) -> dict[str, int] | None:
        """The filters by column; None when one of them can match nothing."""
        numbers = {}
        for field, column in _FILTERS.items():
            value = getattr(asked, field)
            if value is not None:
                number = self._names.find(self._connection, value)
                if number is None:
                    return None
                numbers[column] = number
        if asked.session_id is not None:
            row = self._connection.execute(
                "SELECT key FROM sessions WHERE id = ?", (asked.session_id,)
            ).fetchone()
            if row is None:
                return None
            numbers["session"] = row[0]
        return numbers

    def _end(self) -> int:
        (indexed_to,) = self._index.execute("SELECT indexed_to FROM state").fetchone()
        return int(indexed_to + 1) * VERSIONS

    def _matches(
        self, asked: Search, numbers: dict[str, int], words: str, before: int
    ) -> Iterator[tuple[int, float]]:
        """(document, score), newest number first."""
        facets = [f'"{facet(FACETS[column], number)}"' for column, number in numbers.items()]
        times, within = _times(asked)
        first = None if asked.since is None else day_of(asked.since)
        last = None if asked.until is None else day_of(asked.until)
        parts = self._index.execute(
            "SELECT part, first_day, last_day FROM parts WHERE part * ? < ? ORDER BY part DESC",
            (PART * VERSIONS, before),
        ).fetchall()
        is_costly, plain = cost(asked.words)
        self._left = None
        oldest, newest = self._parts_of_session(numbers)
        for part, first_day, last_day in parts:
            if not oldest <= part <= newest:
                continue
            low = first_day if first is None else max(first, first_day)
            high = last_day if last is None else min(last, last_day)
            if low > high:
                continue
            wanted = list(facets)
            if (low, high) != (first_day, last_day) and high - low < _MAX_DAYS:
                days = " OR ".join(f'"{facet("d", day)}"' for day in range(low, high + 1))
                wanted.append(f"({days})")
            table = f"words_{part}"
            among = f"facets : ({' AND '.join(wanted)}) AND " if wanted else ""
            query = among + words
            # The filters and the plain words tell quickly whether there can be anything.
            if facets and not self._has(table, f"facets : ({' AND '.join(facets)})", before):
                continue
            if is_costly and plain and not self._has(table, among + plain, before):
                continue
            if self._work >= MOST_WORK:
                self._left = min(before, (part + 1) * PART * VERSIONS)
                return
            self._work += COSTLY * is_costly + FILTERED * bool(facets)
            yield from self._index.execute(
                f"SELECT rowid, bm25({table}, {_BM25}) FROM {table} WHERE {table} MATCH ?"
                f" AND rowid < ? AND NOT EXISTS (SELECT 1 FROM struck WHERE doc = {table}.rowid)"
                f"{within.format(table=table)} ORDER BY rowid DESC LIMIT ?",
                (query, before, *times, _most(asked)),
            )

    def _parts_of_session(self, numbers: dict[str, int]) -> tuple[int, int]:
        """The first and the last part that can hold the session's events, if one is asked for."""
        if "session" not in numbers:
            return 0, 2**62
        query = "SELECT min(id), max(id) FROM session_ids WHERE session = ?"
        first, last = self._connection.execute(query, (numbers["session"],)).fetchone()
        return (1, 0) if first is None else (first // PART, last // PART)

    def _has(self, table: str, query: str, before: int) -> bool:
        found = self._index.execute(
            f"SELECT 1 FROM {table} WHERE {table} MATCH ? AND rowid < ? LIMIT 1", (query, before)
        )
        return found.fetchone() is not None

    def _there(self, matches: dict[int, float]) -> list[Match]:
        """Those of the matches that are in the database."""
        events = msgspec.json.encode(list(matches)).decode()
        rows = self._connection.execute(
            "SELECT id, time, session FROM events WHERE id IN (SELECT value FROM json_each(?))",
            (events,),
        )
        return [(number, matches[number], time, session) for number, time, session in rows]

    def _hits(self, chosen: Sequence[Match], counts: dict[int, int], words: str) -> list[Hit]:
        if not chosen:
            return []
        events = msgspec.json.encode([match[0] for match in chosen]).decode()
        query = (
            "SELECT e.id, s.id, s.title, e.agent, e.project, e.branch, e.type, e.tool, e.metadata,"
            " CASE e.truncated WHEN 0 THEN NULL"
            " ELSE (SELECT body FROM contents c WHERE c.event = e.id) END"
            " FROM events e JOIN sessions s ON s.key = e.session"
            " WHERE e.id IN (SELECT value FROM json_each(?))"
        )
        rows = {row[0]: row for row in self._connection.execute(query, (events,))}
        names = self._names.values(
            self._connection, {number for row in rows.values() for number in row[3:8]}
        )
        texts = [
            (number, words_of(whole_metadata(row[8], row[9]), names[row[6]] or "", names[row[7]]))
            for number, row in rows.items()
        ]
        shown = _snippets(texts, words)
        hits = []
        for number, score, time, session in chosen:
            if number not in shown:  # it changed, and does not match any more
                continue
            _, session_id, title, agent, project, branch, kind, tool, _, _ = rows[number]
            column, snippet, highlights = shown[number]
            hits.append(
                Hit(
                    event_id=number,
                    session_id=session_id,
                    session_title=title,
                    agent_type=names[agent] or "",
                    project=names[project],
                    branch=names[branch],
                    type=names[kind] or "",
                    tool_name=names[tool],
                    time=to_iso(time),
                    column=column,
                    snippet=snippet,
                    highlights=highlights,
                    rank=round(-score, 6),
                    count=counts.get(session),
                )
            )
        return hits


def _most(asked: Search) -> int:
    return SESSION_MATCHES if asked.by_session else MATCHES


def _times(asked: Search) -> tuple[list[int], str]:
    """The range of time as arguments and as a condition on a match: days are too coarse."""
    bounds = [("time >= ?", asked.since), ("time <= ?", asked.until)]
    given = [(condition, value) for condition, value in bounds if value is not None]
    if not given:
        return [], ""
    conditions = " AND ".join(condition for condition, _ in given)
    event = f"SELECT 1 FROM db.events WHERE id = {{table}}.rowid / {VERSIONS} AND {conditions}"
    return [value for _, value in given], f" AND EXISTS ({event})"


def _snippets(
    texts: Sequence[tuple[int, list[str]]], words: str
) -> dict[int, tuple[str, str, list[tuple[int, int]]]]:
    """By event: the column that says most, a piece of it, and where the words are in it.

    SQLite looks for the words in the few texts of a page, as it did in the index: what counts as a
    word is its own affair.
    """
    memory = sqlite3.connect(":memory:", isolation_level=None)
    try:
        memory.execute(f"CREATE VIRTUAL TABLE words USING {words_table('')}")
        marks = ", ".join("?" * (1 + len(COLUMNS)))
        memory.execute("BEGIN")
        memory.executemany(
            f"INSERT INTO words (rowid, {', '.join(COLUMNS)}) VALUES ({marks})",
            [(number, *map(unmarked, columns)) for number, columns in texts],
        )
        marked = ", ".join(f"highlight(words, {n}, ?, ?)" for n in range(1, 1 + len(COLUMNS)))
        rows = memory.execute(
            f"SELECT rowid, {marked} FROM words WHERE words MATCH ?",
            (*(OPEN, CLOSE) * len(COLUMNS), words),
        ).fetchall()
    finally:
        memory.close()
    return {number: _best(columns) for number, *columns in rows}


def _best(columns: Sequence[str]) -> tuple[str, str, list[tuple[int, int]]]:
    """The weightiest column with a hit. Without any (it was found by what is not shown): the
    first that has words."""
    ranked = []
    for name, weight, marked in zip(COLUMNS, _WEIGHTS, columns, strict=True):
        if marked:
            snippet, highlights, hits = cut(marked)
            ranked.append((bool(hits), weight, len(highlights), name, snippet, highlights))
    _, _, _, name, snippet, highlights = max(ranked, key=lambda each: each[:3])
    return name, snippet, highlights
