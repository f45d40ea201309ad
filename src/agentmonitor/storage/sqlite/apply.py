"""How a batch changes the database, within the writer's transaction: rows, sessions, roll-ups."""

import sqlite3
from collections import deque
from collections.abc import Sequence

from agentmonitor.model.event import Event
from agentmonitor.model.signal import SessionSignal
from agentmonitor.model.usage import Channel
from agentmonitor.storage.engine import WriteResult
from agentmonitor.storage.sqlite.activities import Activities
from agentmonitor.storage.sqlite.activity_keys import ActivityKeys, keys_of
from agentmonitor.storage.sqlite.books import Books
from agentmonitor.storage.sqlite.channels import ChannelSums
from agentmonitor.storage.sqlite.contents import Contents
from agentmonitor.storage.sqlite.event_ids import EventIds, Identities
from agentmonitor.storage.sqlite.event_rows import CHANNELS, ID, EventRows, Row, highest_id
from agentmonitor.storage.sqlite.folds import Folds
from agentmonitor.storage.sqlite.ledger import Ledger, entry_of
from agentmonitor.storage.sqlite.names import STATUSES, NameWriter
from agentmonitor.storage.sqlite.placing import Placing
from agentmonitor.storage.sqlite.pruned import Pruned
from agentmonitor.storage.sqlite.rollups import Cells
from agentmonitor.storage.sqlite.session_files import SessionFiles
from agentmonitor.storage.sqlite.session_lists import SessionLists
from agentmonitor.storage.sqlite.session_states import SessionStates, describe, live
from agentmonitor.storage.sqlite.sessions import Session, SessionWriter

_API = Channel.API  # from its class, a member takes five times as long to get
_STATUS_IDS: dict[str | None, int] = {None: 0} | {name: n for n, name in enumerate(STATUSES)}


class Applier:
    """Applies batches to an open database. One object, used by the writer thread alone."""

    def __init__(self, connection: sqlite3.Connection, lingering: frozenset[str]) -> None:
        self._connection = connection
        self._states = SessionStates(lingering)
        self.names = NameWriter(connection)
        self.sessions = SessionWriter(connection)
        self.event_ids = EventIds(connection)
        self._files = SessionFiles(connection)
        self._cells = Cells(connection)
        self.rows = EventRows(connection)
        self.keys = ActivityKeys(connection)
        self.ledger = Ledger(connection)
        self.channels = ChannelSums(connection)
        self.books = Books(self._cells, self.sessions, self._files, self.channels)
        self._contents = Contents(connection)
        self.pruned = Pruned(connection, self._cells)
        self._activities = Activities(
            self.rows, self.keys, self.ledger, self.books, self.sessions, self.event_ids,
            self._contents, self.pruned,
        )  # fmt: skip
        self.folds = Folds(connection)
        self.lists = SessionLists(connection)
        self._placing = Placing(connection, self.rows, self._cells, self.pruned)
        self.last_id = self._read_last_id()
        self._expected = 0
        """Batches whose ids and keys were looked up."""

    def expect(self, batches: Sequence[Sequence[Event]], identities: Sequence[Identities]) -> None:
        """To be called before ``apply``, with all that it will get, in this order; with some of it
        also before the transaction begins. What is known of those ids and keys is read."""
        known, self._expected = self._expected, len(batches)
        self.event_ids.look_up(identities[known:])
        self.keys.look_up(batches[known:])

    def apply(self, events: Sequence[Event], signals: Sequence[SessionSignal]) -> WriteResult:
        """Take in one batch."""
        ids: list[int | None] = []
        stored: list[Event] = []
        claim = self.event_ids.claim
        # A file brings both: each finds the state that its moment left behind.
        waiting = deque(sorted(signals, key=lambda signal: signal.at))
        for event in events:
            while waiting and waiting[0].at <= event.time:
                self._signal(waiting.popleft())
            event_id = event.event_id
            if event.keys and self._merge(event):
                ids.append(None)
                continue
            if event_id is not None and not claim(event_id, self.last_id + 1):
                ids.append(None)
                continue
            self._add(event)
            ids.append(event.id)
            stored.append(event)
        for signal in waiting:
            self._signal(signal)
        return WriteResult(ids=ids, stored=stored)

    def flush(self) -> None:
        """Write everything that was taken in."""
        self.rows.flush()
        self.rows.shrink()
        self.keys.save()
        self.ledger.save()
        self._contents.save()
        self.channels.save()
        self._files.save()
        self.sessions.save()
        self._cells.write()
        self._placing.save()
        self._finish()

    def _finish(self) -> None:
        self._expected = 0
        self.event_ids.clear()
        self.keys.clear()

    def fold(self, now: int) -> None:
        """To be called every few seconds: bring the roll-ups up to date with what is pending, and
        with the days that are over at ``now`` (ms)."""
        self._cells.fold()
        self.folds.settle(self.last_id)
        self.list_events()
        self._cells.sealed(self.folds.seal(now))

    def list_events(self) -> None:
        """Bring the lists of sessions' events up to date. Belongs into a transaction."""
        self.event_ids.save()
        self.lists.extend(self.last_id)

    def release(self) -> None:
        """To be called before something else changes or deletes rows of events."""
        self.event_ids.save()
        self.rows.flush()
        self.rows.release()
        self.ledger.release()

    def forget(self) -> None:
        """The transaction was rolled back."""
        self._finish()
        self.rows.forget()
        self._cells.forget()
        self._placing.forget()
        self.event_ids.forget()
        self.folds.forget()
        self.lists.forget()
        self.keys.forget()
        self.ledger.forget()
        self._contents.forget()
        self.channels.forget()
        self._files.forget()
        self.names.forget()
        self.sessions.forget()
        self.last_id = self._read_last_id()

    def _read_last_id(self) -> int:
        # Rows can be taken out again, and an id must never come twice.
        return highest_id(self._connection)

    def _session(self, session_id: str, agent: int, at: int) -> Session:
        known = self.sessions.known.get(session_id) or self.sessions.find(session_id)
        return known or self.sessions.create(session_id, agent, at)

    def _add(self, event: Event) -> None:
        """Store a new event."""
        agent = self.names[event.agent_type]
        time = event.created_at if event.occurred_at is None else event.occurred_at
        session = self._session(event.session_id, agent, time)
        self.last_id += 1
        event.id = self.last_id
        row = self._row(event, session, agent, time)
        entry = None
        if event.keys or event.report is not None or event.client_cost_usd is not None:
            entry = entry_of(event, session.key)
            if event.keys:
                self.rows.keep(row)
                self.keys.claim(keys_of(event), event.id)
        channel: int = event.channel
        if channel > session.channel:
            if event.tokens_in or event.tokens_out or event.cache_read_tokens or entry is not None:
                self._activities.outrank(session, channel)
        elif channel < session.channel and entry is not None and entry.session_wide:
            self._activities.discount(row, entry)
            event.tokens_in = event.tokens_out = 0
            event.cache_read_tokens = event.cache_write_tokens = 0
            event.cost_usd = None
        if entry is not None:
            self.ledger.put(entry)
        if event.content is not None:
            self._contents.add(event.id, event.content)
        self.rows.new.append(row)
        self.books.enter(row, entry, session)
        self._states.move(session, event, time)

    def _merge(self, event: Event) -> bool:
        """Whether another report told of the activity already; then both are one now."""
        found = self._activities.reported(event)
        if not found:
            return False
        agent = self.names[event.agent_type]
        time = event.created_at if event.occurred_at is None else event.occurred_at
        session = self._session(event.session_id, agent, time)
        report = self._row(event, session, agent, time)
        entry = entry_of(event, session.key)
        gone = self._activities.pruned(found)
        if gone is None:
            row = self._activities.join(found)
            self.keys.claim(keys_of(event), row[ID])
            event.id = row[ID]
            if event.content is not None:
                self._contents.add(event.id, event.content)
            is_news = not row[CHANNELS] & event.channel
            self._activities.improve(row, report, entry)
        else:  # it counts as it was known when it was pruned
            self.keys.claim(keys_of(event), gone)
            is_news = self.keys.report_pruned(gone, event.channel)
        if session.is_stored:
            # A session that only has copies of another's events does not come to be.
            self.sessions.touch(session)
            if entry is not None and event.channel > session.channel:
                self._activities.outrank(session, event.channel)
            if is_news and event.source != "import":
                self._states.move(session, event, time)
        return True

    def _row(self, event: Event, session: Session, agent: int, time: int) -> Row:
        """The row of ``event``, with its session's project and branch where it has none."""
        names = self.names
        project, branch = names[event.project], names[event.branch]
        if (project and not session.project) or (branch and not session.branch):
            self._placing.place(session, project, branch)
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
        model = names[event.model]
        if model:
            session.model = model
        event_id = event.event_id
        return [
            event.id,
            None if event_id is None else self.event_ids.identities[event_id][1],
            session.key, time, None if event.occurred_at is None else event.created_at - time,
            agent, names[event.event_type], _STATUS_IDS[event.status], names[event.tool_name],
            model, project, branch, names[event.source], event.tokens_in, event.tokens_out,
            event.cache_read_tokens, event.cache_write_tokens, event.duration_ms, event.cost_usd,
            event.metadata_json, 1 if event.payload_truncated else 0, names[event.file_path],
            event.lines_added, event.lines_removed,
            0 if event.channel is _API else +event.channel,
        ]  # fmt: skip

    def _signal(self, report: SessionSignal) -> None:
        if report.is_history and self.sessions.find(report.session_id) is None:
            return
        session = self._session(report.session_id, self.names[report.agent_type], report.at)
        project, branch = self.names[report.project], self.names[report.branch]
        if (project and not session.project) or (branch and not session.branch):
            self._placing.place(session, project, branch)
        session.project = project or session.project
        session.branch = branch or session.branch
        session.model = self.names[report.model] or session.model
        is_new = not session.seen_at and not session.events
        if report.is_history or (report.signal.kind == "none" and not is_new):
            describe(session, report.signal)
        else:
            live(session, report.signal, report.at)
        self.sessions.touch(session)
