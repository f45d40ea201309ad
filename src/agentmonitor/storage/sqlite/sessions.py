"""The writer's view of sessions: loaded on first use, changed in memory, saved at the commit."""

import sqlite3

import msgspec

from agentmonitor.model.activity import Activity
from agentmonitor.storage.sqlite.bulk import Insert
from agentmonitor.storage.sqlite.rollups import Cell, clamp

STATES = ("working", "permission", "input", "idle", "failed", "ended")
ACTIVE, IDLE, ENDED = 0, 1, 2
CACHE = 1024
"""Sessions kept in memory at most, between transactions."""

_COLUMNS = (
    "key", "id", "agent", "project", "branch", "model", "status", "started_at", "ended_at",
    "last_event_at", "seen_at", "events", "errors", "tokens_in", "tokens_out", "cache_read",
    "cache_write", "cost_nano", "unpriced", "files_edited", "lines_added", "lines_removed",
    "title", "cwd", "channel", "own_nano", "client_nano",
)  # fmt: skip
_SELECT = f"SELECT {', '.join(_COLUMNS)}, activity FROM sessions WHERE id = ?"
_SELECT_BY_KEY = _SELECT.replace("id = ?", "key = ?")
_ALL = (*_COLUMNS, "state", "activity")
_COUNTS = (
    "last_event_at", "seen_at", "events", "errors", "tokens_in", "tokens_out", "cache_read",
    "cache_write", "cost_nano", "unpriced", "files_edited", "lines_added", "lines_removed",
    "channel", "own_nano", "client_nano",
)  # fmt: skip
"""What nearly every event changes. Saved by a statement of its own, which leaves the indexes over
the other columns alone."""


def _save(changed: tuple[str, ...]) -> Insert:
    moves = ", ".join(f"{name} = excluded.{name}" for name in changed)
    return Insert(
        f"sessions ({', '.join(_ALL)})",
        len(_ALL),
        f"ON CONFLICT (key) DO UPDATE SET {moves}",
        optional=[_ALL.index(name) for name in ("ended_at", "title", "cwd")],
    )


_SAVE = _save(_ALL[2:])
_SAVE_COUNTS = _save(_COUNTS)
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Activity).decode


class Session:
    """One session's row, with names as ids and times in milliseconds since the epoch."""

    __slots__ = (*_COLUMNS, "_activity_json", "_saved", "activity", "is_busy", "state")

    key: int
    id: str
    agent: int
    project: int
    branch: int
    model: int
    status: int
    started_at: int
    ended_at: int | None
    last_event_at: int
    seen_at: int
    events: int
    errors: int
    tokens_in: int
    tokens_out: int
    cache_read: int
    cache_write: int
    cost_nano: int
    unpriced: int
    files_edited: int
    lines_added: int
    lines_removed: int
    title: str | None
    cwd: str | None
    channel: int
    """The best of ``model.usage.Channel`` that reported token usage."""
    own_nano: int
    client_nano: int
    """Our cost and the clients', over the requests of which both are known."""
    _saved: tuple[object, ...] | None
    activity: Activity
    is_busy: bool
    """Whether a sign of work would change nothing."""
    state: int

    @classmethod
    def new(cls, key: int, session_id: str, agent: int, at: int) -> "Session":
        """A session that nothing is known of yet; ended, until something live comes."""
        self = cls()
        for name in _COLUMNS:
            setattr(self, name, 0)
        self.key, self.id, self.agent = key, session_id, agent
        self.status, self.ended_at = ENDED, None
        self.started_at = self.last_event_at = at
        self.title = self.cwd = None
        self.activity = Activity(since=at)
        self.changed()
        self._saved = None
        return self

    @classmethod
    def stored(cls, row: tuple[object, ...]) -> "Session":
        """From a row of ``_SELECT``."""
        self = cls()
        for name, value in zip(_COLUMNS, row, strict=False):
            setattr(self, name, value)
        self.activity = _decode(str(row[-1]))
        self.changed()
        self._saved = self._traits()
        return self

    def changed(self) -> None:
        """To be called after each change of ``activity``."""
        self.state = STATES.index(self.activity.state)
        self.is_busy = self.activity.is_busy
        self._activity_json = _encode(self.activity).decode()

    def uncount(self, cell: Cell, lines_added: int, lines_removed: int) -> None:
        """Take back what an event added; ``cell`` is the negative of its measures (see
        ``rollups.MEASURES``). The times stay."""
        self.events += cell[0]
        self.errors += cell[1]
        self.tokens_in += cell[2]
        self.tokens_out += cell[3]
        self.cache_read += cell[4]
        self.cache_write += cell[5]
        self.cost_nano += cell[6]
        self.unpriced += cell[7]
        self.lines_added -= lines_added
        self.lines_removed -= lines_removed

    @property
    def is_stored(self) -> bool:
        """Whether there is or will be a row of it."""
        return self._saved is not None or self.events > 0 or self.seen_at > 0

    def saved(self) -> bool:
        """Note that the session is being saved; whether only its counts changed since last."""
        traits = self._traits()
        same = traits == self._saved
        self._saved = traits
        return same

    def _traits(self) -> tuple[object, ...]:
        return (
            self.project, self.branch, self.model, self.status, self.started_at, self.ended_at,
            self.title, self.cwd, self._activity_json,
        )  # fmt: skip

    def row(self) -> tuple[object, ...]:
        """The values of ``_SAVE``."""
        return (
            self.key, self.id, self.agent, self.project, self.branch, self.model, self.status,
            self.started_at, self.ended_at, self.last_event_at, self.seen_at, self.events,
            self.errors, clamp(self.tokens_in), clamp(self.tokens_out), clamp(self.cache_read),
            clamp(self.cache_write), clamp(self.cost_nano), self.unpriced, self.files_edited,
            clamp(self.lines_added), clamp(self.lines_removed), self.title, self.cwd,
            self.channel, clamp(self.own_nano), clamp(self.client_nano), self.state,
            self._activity_json,
        )  # fmt: skip


class SessionWriter:
    """The sessions that the writer works with."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._known: dict[str, Session] = {}
        self._by_key: dict[int, Session] = {}
        self._dirty: dict[int, Session] = {}
        self._next_key = self._read_next_key()

    def find(self, session_id: str) -> Session | None:
        """The session, from memory or from the table."""
        session = self._known.get(session_id)
        if session is None:
            row = self._connection.execute(_SELECT, (session_id,)).fetchone()
            if row is not None:
                session = self._remember(Session.stored(row))
        return session

    def by_key(self, key: int) -> Session:
        """The session that has the key ``key``, from memory or from the table."""
        session = self._by_key.get(key)
        if session is None:
            row = self._connection.execute(_SELECT_BY_KEY, (key,)).fetchone()
            session = self._remember(Session.stored(row))
        return session

    def create(self, session_id: str, agent: int, at: int) -> Session:
        """A new session, saved at the next ``save``."""
        session = Session.new(self._next_key, session_id, agent, at)
        self._next_key += 1
        return self._remember(session)

    def _remember(self, session: Session) -> Session:
        self._known[session.id] = self._by_key[session.key] = session
        return session

    def touch(self, session: Session) -> None:
        """Mark as changed."""
        self._dirty[session.key] = session

    def save(self) -> None:
        """Write what changed. Belongs into the transaction."""
        counts: list[tuple[object, ...]] = []
        rows: list[tuple[object, ...]] = []
        for session in self._dirty.values():
            (counts if session.saved() else rows).append(session.row())
        _SAVE_COUNTS.run(self._connection, counts)
        _SAVE.run(self._connection, rows)
        self._dirty.clear()
        if len(self._known) > CACHE:
            self._known.clear()
            self._by_key.clear()

    def forget(self) -> None:
        """The transaction was rolled back: what is in memory is not what is stored."""
        self._known.clear()
        self._by_key.clear()
        self._dirty.clear()
        self._next_key = self._read_next_key()

    def _read_next_key(self) -> int:
        row = self._connection.execute("SELECT coalesce(max(key), 0) + 1 FROM sessions").fetchone()
        return int(row[0])
