"""What an event's row adds to the roll-ups and to its session."""

from agentmonitor.model.clock import MINUTE_MS
from agentmonitor.storage.sqlite import event_rows as col
from agentmonitor.storage.sqlite.channels import BITS, ChannelSums
from agentmonitor.storage.sqlite.event_rows import Row
from agentmonitor.storage.sqlite.ledger import Entry
from agentmonitor.storage.sqlite.rollups import Cells, measure, to_nano
from agentmonitor.storage.sqlite.session_files import SessionFiles
from agentmonitor.storage.sqlite.sessions import Session, SessionWriter


class Books:
    """Keeps roll-ups and sessions in step with rows, inside the writer's transaction."""

    def __init__(
        self, cells: Cells, sessions: SessionWriter, files: SessionFiles, channels: ChannelSums
    ) -> None:
        self._cells = cells
        self._sessions = sessions
        self._files = files
        self._channels = channels

    def enter(self, row: Row, entry: Entry | None, session: Session) -> None:
        """Count ``row``, whose session is ``session``. Done for each event: all values are taken
        at once, and what is 0 is not added."""
        (
            _, _, _, time, _, agent, kind, status, tool, model, project, branch, source,
            tokens_in, tokens_out, cache_read, cache_write, duration, cost, _, _, file,
            lines_added, lines_removed, channels,
        ) = row  # fmt: skip
        cell = self._cells.at(
            (time // MINUTE_MS, agent, kind, tool, model, source, project, branch), time
        )
        session.events += 1
        cell[0] += 1
        if status:
            session.errors += 1
            cell[1] += 1
        if tokens := tokens_in + tokens_out + cache_read + cache_write:
            session.tokens_in += tokens_in
            session.tokens_out += tokens_out
            session.cache_read += cache_read
            session.cache_write += cache_write
            cell[2] += tokens_in
            cell[3] += tokens_out
            cell[4] += cache_read
            cell[5] += cache_write
        if cost is not None:
            nano = to_nano(cost)
            session.cost_nano += nano
            cell[6] += nano
        elif tokens:
            session.unpriced += 1
            cell[7] += 1
            cell[8] += tokens
        if duration is not None:
            cell[9] += duration
            cell[10] += 1
        if lines_added or lines_removed:
            session.lines_added += lines_added
            session.lines_removed += lines_removed
        if time > session.last_event_at:
            session.last_event_at = time
        elif time < session.started_at:
            session.started_at = time
        if entry is not None:
            _compare(session, entry, 1)
        if file:
            self._files.add(session, file)
        self._sessions.touch(session)
        key = agent << BITS | channels
        change = self._channels.changes.get(key)
        if change is None:
            self._channels.changes[key] = [1, time]
        else:
            change[0] += 1
            if time > change[1]:
                change[1] = time

    def strike(self, row: Row, entry: Entry | None) -> None:
        """Take back what ``enter`` counted for ``row`` as it stands."""
        cell = measure(
            row[col.STATUS] != 0, row[col.TOKENS_IN], row[col.TOKENS_OUT], row[col.CACHE_READ],
            row[col.CACHE_WRITE], row[col.COST], row[col.DURATION],
        )  # fmt: skip
        cell = [-value for value in cell]
        session = self._sessions.by_key(row[col.SESSION])
        session.uncount(cell, row[col.LINES_ADDED], row[col.LINES_REMOVED])
        if entry is not None:
            _compare(session, entry, -1)
        self._sessions.touch(session)
        self._cells.add(_key(row), cell, row[col.TIME])
        self._channels.take(row[col.AGENT], row[col.CHANNELS])

    def move(self, before: Row, entry_before: Entry | None, row: Row, entry: Entry | None) -> None:
        """``before`` became ``row``."""
        self.strike(before, entry_before)
        self.enter(row, entry, self._sessions.by_key(row[col.SESSION]))
        place = (before[col.SESSION], before[col.FILE])
        if before[col.FILE] and place != (row[col.SESSION], row[col.FILE]):
            self._files.check(self._sessions.by_key(before[col.SESSION]), before[col.FILE])

    def remove(self, row: Row, entry: Entry | None) -> None:
        """``row`` is going to be deleted."""
        self.strike(row, entry)
        if row[col.FILE]:
            self._files.check(self._sessions.by_key(row[col.SESSION]), row[col.FILE])


def _key(row: Row) -> tuple[int, int, int, int, int, int, int, int]:
    return (
        row[col.TIME] // MINUTE_MS, row[col.AGENT], row[col.TYPE], row[col.TOOL], row[col.MODEL],
        row[col.SOURCE], row[col.PROJECT], row[col.BRANCH],
    )  # fmt: skip


def _compare(session: Session, entry: Entry, sign: int) -> None:
    """Where our cost and a client's are both known, the session can tell whether they differ."""
    if entry.counted and entry.own_cost is not None and entry.client_cost is not None:
        session.own_nano += sign * to_nano(entry.own_cost)
        session.client_nano += sign * to_nano(entry.client_cost)
