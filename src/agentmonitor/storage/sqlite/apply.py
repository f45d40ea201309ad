"""How a batch changes the database: new rows, sessions, roll-ups. Runs in the writer's
transaction and commits nothing itself."""

import sqlite3
from collections.abc import Iterable, Sequence

from agentmonitor.model.clock import MINUTE_MS
from agentmonitor.model.event import Event
from agentmonitor.model.signal import BUSY, IMPLIED, SessionSignal, Signal
from agentmonitor.storage.engine import WriteResult
from agentmonitor.storage.sqlite.bulk import Insert
from agentmonitor.storage.sqlite.event_ids import EventIds, Identities
from agentmonitor.storage.sqlite.names import NameWriter
from agentmonitor.storage.sqlite.rollups import Cells, measure
from agentmonitor.storage.sqlite.session_files import SessionFiles
from agentmonitor.storage.sqlite.sessions import ACTIVE, ENDED, IDLE, Session, SessionWriter

STATUSES = ("success", "error", "timeout")
_STATUS_IDS: dict[str | None, int] = {None: 0} | {name: n for n, name in enumerate(STATUSES)}

# When events leave "no project", the last use of their branch there is that of those that stay.
_BRANCH_LAST_USE = (
    "UPDATE rollup_branch SET last_time = (SELECT max(e.time) FROM sessions s"
    " JOIN events e ON e.session = s.key WHERE s.project = 0 AND e.project = 0"
    " AND e.branch = rollup_branch.branch AND e.agent = rollup_branch.agent)"
    " WHERE project = 0 AND branch = ? AND agent = ?"
)
_INSERT = Insert("events", 24)


class Applier:
    """Applies batches to an open database. One object, used by the writer thread alone."""

    def __init__(self, connection: sqlite3.Connection, lingering: frozenset[str]) -> None:
        self._connection = connection
        self._lingering = lingering
        self.names = NameWriter(connection)
        self.sessions = SessionWriter(connection)
        self._event_ids = EventIds(connection)
        self._files = SessionFiles(connection)
        self._cells = Cells(connection)
        self._rows: list[tuple[object, ...]] = []
        self._placed: set[tuple[int, int]] = set()
        self._last_id = self._read_last_id()

    def begin(self, batches: Iterable[Identities]) -> None:
        """To be called first in each transaction, with all that it will apply."""
        self._event_ids.look_up(batches)

    def apply(self, events: Sequence[Event], signals: Sequence[SessionSignal]) -> WriteResult:
        """Take in one batch."""
        ids: list[int | None] = []
        stored: list[Event] = []
        claim = self._event_ids.claim
        for event in events:
            event_id = event.event_id
            if event_id is not None and not claim(event_id, self._last_id + 1):
                ids.append(None)
                continue
            self._add(event)
            ids.append(event.id)
            stored.append(event)
        for signal in signals:
            self._signal(signal)
        return WriteResult(ids=ids, stored=stored)

    def flush(self) -> None:
        """Write everything that was taken in."""
        self._flush_rows()
        self._event_ids.save()
        self._files.save()
        self.sessions.save()
        self._cells.write()
        if self._placed:
            self._cells.fold()
            self._connection.executemany(_BRANCH_LAST_USE, sorted(self._placed))
            self._placed.clear()

    def fold(self) -> None:
        """Bring the roll-ups up to date with what small transactions left pending."""
        self._cells.fold()

    def forget(self) -> None:
        """The transaction was rolled back."""
        self._rows.clear()
        self._cells.forget()
        self._placed.clear()
        self._event_ids.forget()
        self._files.forget()
        self.names.forget()
        self.sessions.forget()
        self._last_id = self._read_last_id()

    def _read_last_id(self) -> int:
        row = self._connection.execute("SELECT coalesce(max(id), 0) FROM events").fetchone()
        return int(row[0])

    def _flush_rows(self) -> None:
        if self._rows:
            _INSERT.run(self._connection, self._rows)
            self._rows = []

    def _session(self, session_id: str, agent: int, at: int) -> Session:
        session = self.sessions.find(session_id)
        return session or self.sessions.create(session_id, agent, at)

    def _add(self, event: Event) -> None:
        names = self.names
        agent = names[event.agent_type]
        time = event.created_at if event.occurred_at is None else event.occurred_at
        session = self._session(event.session_id, agent, time)
        project, branch = names[event.project], names[event.branch]
        if (project and not session.project) or (branch and not session.branch):
            self._place(session, project, branch)
        if project:
            session.project = project
        elif session.project:
            project = session.project
            event.project = names.text(project)
        if branch:
            session.branch = branch
        elif session.branch:
            branch = session.branch
            event.branch = names.text(branch)
        model, tool = names[event.model], names[event.tool_name]
        if model:
            session.model = model
        kind, source = names[event.event_type], names[event.source]
        status = _STATUS_IDS[event.status]
        file = 0
        if event.file_path is not None:
            file = names[event.file_path]
            self._files.add(session, file)
        self._last_id += 1
        event.id = self._last_id
        event_id = None if event.event_id is None else self._event_ids.packed(event.event_id)
        lag = None if event.occurred_at is None else event.created_at - time
        self._rows.append((
            event.id, event_id, session.key, time, lag, agent, kind, status, tool,
            model, project, branch, source, event.tokens_in, event.tokens_out,
            event.cache_read_tokens, event.cache_write_tokens, event.duration_ms, event.cost_usd,
            event.metadata_json, event.payload_truncated, file, event.lines_added,
            event.lines_removed,
        ))  # fmt: skip
        cell = measure(
            status != 0, event.tokens_in, event.tokens_out, event.cache_read_tokens,
            event.cache_write_tokens, event.cost_usd, event.duration_ms,
        )  # fmt: skip
        session.count(cell, time, event.lines_added, event.lines_removed)
        self.sessions.touch(session)
        self._cells.add(
            (time // MINUTE_MS, agent, kind, tool, model, source, project, branch), cell, time
        )
        self._move_state(session, event, time)

    def _move_state(self, session: Session, event: Event, time: int) -> None:
        """What the event says about the session's state; imported history says nothing."""
        signal = event.signal
        if event.source == "import":
            if signal is not None:
                self._describe(session, signal)
            if session.status == ENDED:
                session.ended_at = max(session.ended_at or time, time)
            return
        if signal is None:
            signal = IMPLIED.get(event.event_type, BUSY)
        self._live(session, signal, event.created_at)
        if event.event_type == "session_end":
            session.status = IDLE if event.agent_type in self._lingering else ENDED
            session.ended_at = time

    def _signal(self, report: SessionSignal) -> None:
        session = self._session(report.session_id, self.names[report.agent_type], report.at)
        project, branch = self.names[report.project], self.names[report.branch]
        if (project and not session.project) or (branch and not session.branch):
            self._place(session, project, branch)
        session.project = project or session.project
        session.branch = branch or session.branch
        session.model = self.names[report.model] or session.model
        is_new = not session.seen_at and not session.events
        if report.signal.kind == "none" and not is_new:
            self._describe(session, report.signal)
        else:
            self._live(session, report.signal, report.at)
        self.sessions.touch(session)

    def _live(self, session: Session, signal: Signal, at: int) -> None:
        """Something happened just now: the session is active, and its state may change."""
        session.status = ACTIVE
        session.ended_at = None
        if at > session.seen_at:
            session.seen_at = at
        if signal is BUSY and session.is_busy:
            return
        if session.activity.apply(signal, at):
            session.changed()
        self._describe(session, signal)

    @staticmethod
    def _describe(session: Session, signal: Signal) -> None:
        if signal.title and not session.title:
            session.title = signal.title
        if signal.cwd:
            session.cwd = signal.cwd

    def _place(self, session: Session, project: int, branch: int) -> None:
        """The session's project or branch became known: its events so far take it too.

        So an event is without a project only while its session is, and roll-ups by project
        follow the events.
        """
        if not session.events:
            return
        self._flush_rows()
        new_project = project if not session.project else 0
        new_branch = branch if not session.branch else 0
        keys = "time / 60000, agent, type, tool, model, source, project, branch"
        query = (
            f"SELECT {keys}, status != 0, tokens_in, tokens_out, cache_read, cache_write,"
            " cost_usd, duration_ms, time FROM events"
            " WHERE session = ? AND ((? AND project = 0) OR (? AND branch = 0))"
        )
        affected = self._connection.execute(
            query, (session.key, new_project, new_branch)
        ).fetchall()
        for row in affected:
            cell = measure(bool(row[8]), row[9], row[10], row[11], row[12], row[13], row[14])
            time = row[15]
            key = (time // MINUTE_MS, *row[1:8])
            moved = (*key[:6], key[6] or new_project, key[7] or new_branch)
            self._cells.add(key, [-value for value in cell], time)
            self._cells.add(moved, cell, time)
            if key[7] and not key[6]:
                self._placed.add((key[7], key[1]))
        self._connection.execute(
            "UPDATE events SET project = CASE WHEN project = 0 THEN ? ELSE project END,"
            " branch = CASE WHEN branch = 0 THEN ? ELSE branch END WHERE session = ?",
            (new_project, new_branch, session.key),
        )
