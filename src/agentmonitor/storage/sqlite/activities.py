"""One activity, several reports: hook, OTLP, session file.

The first report makes the row. Each further one makes it better and moves the books by the
difference; what comes out does not depend on their order.
"""

from typing import Any

import msgspec

from agentmonitor.model.event import Event
from agentmonitor.storage.sqlite import event_rows as col
from agentmonitor.storage.sqlite.activity_keys import ActivityKeys, keys_of
from agentmonitor.storage.sqlite.books import Books
from agentmonitor.storage.sqlite.contents import Contents
from agentmonitor.storage.sqlite.event_ids import EventIds
from agentmonitor.storage.sqlite.event_rows import EventRows, Row
from agentmonitor.storage.sqlite.ledger import Entry, Ledger
from agentmonitor.storage.sqlite.pruned import Pruned
from agentmonitor.storage.sqlite.sessions import Session, SessionWriter

_FIGURES = (
    col.MODEL, col.TOKENS_IN, col.TOKENS_OUT, col.CACHE_READ, col.CACHE_WRITE, col.COST,
)  # fmt: skip
_FACTS = (
    col.AGENT, col.TYPE, col.TOOL, col.PROJECT, col.BRANCH, col.SOURCE, col.FILE, col.LINES_ADDED,
    col.LINES_REMOVED,
)  # fmt: skip
"""Columns in which 0 means that nothing is known."""
_PLACE = (col.SESSION, col.TIME)
_MEASURED_MASK = 8 | 16 | 32
"""Channels.HOOK, SPAN and LOG measure durations; files only tell when lines were written."""
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


class Activities:
    """Merges reports inside the writer's transaction."""

    def __init__(
        self,
        rows: EventRows,
        keys: ActivityKeys,
        ledger: Ledger,
        books: Books,
        sessions: SessionWriter,
        event_ids: EventIds,
        contents: Contents,
        pruned: Pruned,
    ) -> None:
        self._rows = rows
        self._keys = keys
        self._ledger = ledger
        self._books = books
        self._sessions = sessions
        self._event_ids = event_ids
        self._contents = contents
        self._pruned = pruned

    def reported(self, event: Event) -> list[int]:
        """The events that show the activity of ``event`` already, oldest first."""
        found = self._keys.find(keys_of(event))
        if found is None:
            return []
        named, alike = found
        for number in alike:
            channels = self._keys.pruned.get(number)
            if channels is None:
                channels = self._rows.find(number)[col.CHANNELS]
            if not channels & event.channel:
                named.add(number)
        return sorted(named)

    def pruned(self, found: list[int]) -> int | None:
        """The event among ``found`` that was pruned. It shows the activity, so others do not."""
        gone = [number for number in found if number in self._keys.pruned]
        if not gone:
            return None
        for number in found:
            if number not in self._keys.pruned:
                row = self._rows.find(number)
                self._keys.report_pruned(gone[0], row[col.CHANNELS])
                self._books.remove(row, self._ledger.find(number))
                self._rows.remove(row)
                self._event_ids.release(row[col.EVENT_ID])
                self._keys.merge(number, gone[0])
                self._contents.drop(number)
                self._ledger.drop(number)
        return gone[0]

    def join(self, found: list[int]) -> Row:
        """The row of the activity that the events ``found`` show; made one if they are several."""
        row = self._rows.find(found[0])
        for number in found[1:]:
            other = self._rows.find(number)
            entry = self._ledger.find(number)
            self._books.remove(other, entry)
            self._rows.remove(other)
            self._event_ids.release(other[col.EVENT_ID])
            self._keys.merge(number, row[col.ID])
            self._contents.merge(number, row[col.ID])
            self.improve(row, other, entry)
            self._ledger.remove(number, row[col.ID])
        return row

    def improve(self, row: Row, report: Row, reported: Entry | None) -> None:
        """Bring what ``report`` knows into ``row``. ``report`` is in no book."""
        entry = self._ledger.find(row[col.ID])
        before = row.copy()
        entry_before = None if entry is None else msgspec.structs.replace(entry)
        better = _quality(report, reported) > _quality(row, entry)
        if reported is not None:
            if entry is not None:
                better = reported.rank(report) > entry.rank(row)
            _describe(row, report, better=better)
            entry = self._account(row, before, entry, report, reported, better=better)
        else:
            _describe(row, report, better=better)
            if entry is not None and better:
                entry = msgspec.structs.replace(entry, session=row[col.SESSION], is_copy=False)
        row[col.CHANNELS] |= report[col.CHANNELS]
        if row != before or entry != entry_before:
            self._move(row, before, entry, entry_before)

    def _account(
        self, row: Row, before: Row, entry: Entry | None, report: Row, reported: Entry, *,
        better: bool,
    ) -> Entry:  # fmt: skip
        """The entry of the request, with the better of the two reports' figures in ``row``."""
        number = row[col.ID]
        figures = better or entry is None
        if entry is not None:
            loser, loser_row = (entry, before) if figures else (reported, report)
            winner = reported if figures else entry
            if (loser.channel, loser.session) != (winner.channel, winner.session):
                self._ledger.keep_evidence(number, loser, loser_row)
        if figures:
            for column in _FIGURES:
                row[column] = report[column]
        client = _client(entry, reported)
        kept = reported if figures or entry is None else entry
        merged = msgspec.structs.replace(
            kept, event=number, client_cost=client[1], client_channel=client[0]
        )
        merged.session = row[col.SESSION]
        row[col.COST] = merged.cost()
        return merged

    def _move(self, row: Row, before: Row, entry: Entry | None, entry_before: Entry | None) -> None:
        self._books.move(before, entry_before, row, entry)
        self._rows.change(row)
        if entry is not None and entry != entry_before:
            self._ledger.put(entry)

    def outrank(self, session: Session, channel: int) -> None:
        """``channel`` reports the session's usage: what weaker ones said of it as a whole no
        longer counts."""
        session.channel = channel
        self._sessions.touch(session)
        for number in self._ledger.session_wide(session.key, channel):
            row, entry = self._rows.find(number), self._ledger.find(number)
            if entry is not None:
                self._books.strike(row, entry)
                self.discount(row, entry)
                self._books.enter(row, entry, session)
                self._rows.change(row)
        self._pruned.outrank(session, channel)

    def discount(self, row: Row, entry: Entry) -> None:
        """Move the figures of ``row``, which is in no book, to the evidence."""
        self._ledger.keep_evidence(row[col.ID], entry, row)
        entry.counted = False
        row[col.TOKENS_IN] = row[col.TOKENS_OUT] = 0
        row[col.CACHE_READ] = row[col.CACHE_WRITE] = 0
        row[col.COST] = None
        self._ledger.put(entry)


def _top(row: Row) -> int:
    """The best channel that reported ``row``, as a number of bits."""
    channels: int = row[col.CHANNELS]
    return channels.bit_length()


def _quality(row: Row, entry: Entry | None) -> tuple[int, bool]:
    """The larger, the more is known: by a better channel, from the original."""
    return _top(row), entry is None or not entry.is_copy


def _client(entry: Entry | None, reported: Entry) -> tuple[int, float | None]:
    """The client's cost from the best channel that names one: (channel, cost)."""
    known = [
        (each.client_channel, each.client_cost)
        for each in (entry, reported)
        if each is not None and each.client_cost is not None
    ]
    return max(known, default=(0, None))


def _describe(row: Row, report: Row, *, better: bool) -> None:
    """Take over the facts of ``report`` that ``row`` lacks, or all when it knows better."""
    arrival = row[col.TIME] + (row[col.LAG] or 0)
    _time_spent(row, report, better=better)
    for column in _FACTS:
        if report[column] and (better or not row[column]):
            row[column] = report[column]
    if not row[col.MODEL]:
        row[col.MODEL] = report[col.MODEL]
    if better:
        row[col.STATUS] = report[col.STATUS]
        for column in _PLACE:
            row[column] = report[column]
        row[col.LAG] = None if report[col.LAG] is None else arrival - row[col.TIME]
    row[col.TRUNCATED] = row[col.TRUNCATED] or report[col.TRUNCATED]
    if row[col.METADATA] != report[col.METADATA]:
        same = _top(row) == _top(report)
        row[col.METADATA] = _union(row[col.METADATA], report[col.METADATA], better, same)


def _time_spent(row: Row, report: Row, *, better: bool) -> None:
    """A measured duration is better than one between two lines of a file."""
    duration = report[col.DURATION]
    if duration is None:
        return
    measured = bool(report[col.CHANNELS] & _MEASURED_MASK)
    known = row[col.DURATION] is not None
    was_measured = known and bool(row[col.CHANNELS] & _MEASURED_MASK)
    if not known or (measured and not was_measured) or (measured == was_measured and better):
        row[col.DURATION] = duration


def _union(ours: str, theirs: str, theirs_better: bool, same: bool) -> str:
    """Both metadata in one. Where they differ the better one's value stands, and among reports
    of one channel the longer value, so that a growing text ends at its whole."""
    mine, other = _decode(ours), _decode(theirs)
    if not isinstance(mine, dict) or not isinstance(other, dict):
        return theirs if theirs_better else ours
    result: dict[str, Any] = other | mine
    for key in mine.keys() & other.keys():
        if same:
            result[key] = max(mine[key], other[key], key=_length)
        elif theirs_better:
            result[key] = other[key]
    return _encode(result).decode()


def _length(value: Any) -> tuple[int, bytes]:
    encoded = _encode(value)
    return len(encoded), encoded
