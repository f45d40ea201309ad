"""Reads ``sessions.db``.

Format: block/goose, ``crates/goose/src/session/session_manager.rs``; ``usage_ledger`` since
version 15 of its schema, from databases of that version. Tables ``sessions``, ``messages`` and
``usage_ledger``. A session's sums are counted only where it has been silent since before the
first entry of the ledger: later ones stand there request by request.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from agentmonitor.agents.base import Reading
from agentmonitor.agents.documents import mapping, moment, name, nested, objects, text
from agentmonitor.agents.goose.messages import AGENT_TYPE, Call, Told, tell
from agentmonitor.agents.goose.usage import model_of, request, sums, used
from agentmonitor.agents.scene import Scene
from agentmonitor.errors import UnreadableLine
from agentmonitor.foreign import ForeignDatabase, Row, open_foreign
from agentmonitor.model.clock import MINUTE_MS, now_ms
from agentmonitor.model.signal import first_line

BATCH = 500
"""Events after which a state is handed over."""
_SUMS = tuple(
    f"{prefix}{kind}_tokens"
    for prefix in ("", "accumulated_")
    for kind in ("input", "output", "cache_read", "cache_write")
)
_SESSION = (
    "id", "name", "description", "user_set_name", "session_type", "working_dir", "created_at",
    "updated_at", "parent_session_id", "model_config_json", "accumulated_cost", *_SUMS,
)  # fmt: skip
_MESSAGE = ("session_id", "role", "content_json", "created_timestamp", "metadata_json")
_ENTRY = (
    "session_id", "created_timestamp", "model", "cost", "is_compaction", "input_tokens",
    "output_tokens", "cache_read_tokens", "cache_write_tokens",
)  # fmt: skip
_NEEDED = {
    "sessions": {"id"},
    "messages": {"session_id", "role", "content_json", "created_timestamp"},
}
_OWN = frozenset({"hidden", "sub_agent"})
"""Kinds of sessions in which no human says anything."""
_UNNAMED = frozenset({"", "New session", "New Chat", "CLI Session"})


class _State(msgspec.Struct, omit_defaults=True):
    """How far the database has been read."""

    message: int = 0
    entry: int = 0
    summed: int = 0
    """The time up to which sessions' sums were taken, ms."""
    calls: dict[str, Call] = {}


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_State).decode


def read_database(path: Path, saved: bytes | None) -> Iterator[tuple[Reading, bytes]]:
    """What is new since the saved state. Raises OSError and UnreadableLine."""
    state = _restored(saved)
    with open_foreign(path) as database:
        tables = database.tables()
        if not tables:
            return
        for table, needed in _NEEDED.items():
            if not needed <= set(database.columns(table)):
                raise UnreadableLine(f"{path} has no {table} as Goose keeps them")
        sessions = {
            key: row for row in database.rows("sessions", _SESSION) if (key := name(row["id"]))
        }
        if database.last("messages") < state.message or database.last("usage_ledger") < state.entry:
            state = _State()  # another database has taken the place of the one that was read
        yield from _messages(database, sessions, state)
        yield from _ledger(database, sessions, state)
        yield _sums(database, sessions, state), _encode(state)


def _messages(
    database: ForeignDatabase, sessions: Mapping[str, Row], state: _State
) -> Iterator[tuple[Reading, bytes]]:
    out = Told()
    for row in database.rows("messages", _MESSAGE, after=state.message):
        state.message = row["rowid"]
        at = moment(row["created_timestamp"])
        scene = _scene(sessions, name(row["session_id"]))
        if at is None or scene is None:
            continue
        kind = sessions.get(name(row["session_id"]), {}).get("session_type")
        is_shown = mapping(nested(row["metadata_json"])).get("userVisible") is not False
        content = objects(nested(row["content_json"]))
        tell(
            scene,
            row["role"],
            content,
            at,
            state.calls,
            out,
            is_shown=is_shown and kind not in _OWN,
        )
        if len(out.events) >= BATCH:
            yield Reading(events=out.events, signals=out.signals), _encode(state)
            out = Told()
    yield Reading(events=out.events, signals=out.signals), _encode(state)


def _ledger(
    database: ForeignDatabase, sessions: Mapping[str, Row], state: _State
) -> Iterator[tuple[Reading, bytes]]:
    events = []
    for row in database.rows("usage_ledger", _ENTRY, after=state.entry):
        state.entry = row["rowid"]
        at, session_id = moment(row["created_timestamp"]), name(row["session_id"])
        scene, tokens = _scene(sessions, session_id), request(row)
        if at is None or scene is None or not tokens.any:
            continue
        model = name(row["model"]) or model_of(sessions.get(session_id, {}))
        key = f"{AGENT_TYPE}:usage:{session_id}:{row['rowid']}:{at}"
        is_compaction = row["is_compaction"] not in (None, 0)
        events.append(used(scene, tokens, at, model, key, row["cost"], is_compaction=is_compaction))
        if len(events) >= BATCH:
            yield Reading(events=events), _encode(state)
            events = []
    yield Reading(events=events), _encode(state)


def _sums(database: ForeignDatabase, sessions: Mapping[str, Row], state: _State) -> Reading:
    """What sessions used that the ledger does not list."""
    listed = next(database.rows("usage_ledger", ("created_timestamp",), limit=1), None)
    end = moment(listed["created_timestamp"]) if listed else None
    if "usage_ledger" in database.tables():
        # Its first entry may be on its way, while the sums have it already.
        end = min(end or now_ms(), now_ms() - MINUTE_MS)
    events = []
    latest = state.summed
    for session_id, row in sessions.items():
        at = moment(row["updated_at"]) or moment(row["created_at"])
        scene, tokens = _scene(sessions, session_id), sums(row)
        if at is None or scene is None or not tokens.any or at < state.summed:
            continue
        if end is not None and at >= end:
            continue
        latest = max(latest, at)
        model, cost = model_of(row), row["accumulated_cost"]
        events.append(used(scene, tokens, at, model, None, cost))
    state.summed = latest
    return Reading(events=events)


def _scene(sessions: Mapping[str, Row], session_id: str) -> Scene | None:
    """Where a session's messages belong: those of a sub-agent to the session that started it."""
    if not session_id:
        return None
    row = sessions.get(session_id, {})
    title = text(row.get("name")) or text(row.get("description"))
    owner = session_id
    for _ in range(8):
        parent = name(sessions.get(owner, {}).get("parent_session_id"))
        if not parent or sessions.get(owner, {}).get("session_type") != "sub_agent":
            break
        owner = parent
    is_thread = owner != session_id
    return Scene(
        agent_type=AGENT_TYPE,
        session_id=owner,
        thread=session_id if is_thread else "",
        thread_type="sub_agent" if is_thread else None,
        cwd=name(row.get("working_dir")) or None,
        title=None if is_thread or title in _UNNAMED else first_line(title),
    )


def _restored(saved: bytes | None) -> _State:
    if saved:
        try:
            return _decode(saved)
        except (ValueError, RecursionError):
            pass
    return _State()
