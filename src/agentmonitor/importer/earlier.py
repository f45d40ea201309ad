"""Takes over the database of an earlier runtime: one of the tables that it kept, ``events``.

- A row keeps its ``event_id``. One without gets an id made from what the row says, so that the
  same database counts once however often it is imported, and from wherever.
- What session files or hooks tell of as well is recognised by ids in a row's metadata. Usage has
  none, as a rule: it counts only for sessions of which no better channel reports usage.
- Nothing of it happens now: every event's source is ``import``, whatever it was.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import msgspec

from agentmonitor.agents.documents import (
    MAX_VALUE,
    count,
    dollars,
    mapping,
    moment,
    name,
    nested,
    text,
)
from agentmonitor.agents.scene import MAX_ID, is_unique
from agentmonitor.digest import blake2b
from agentmonitor.errors import InvalidInput, UnreadableLine
from agentmonitor.foreign import ForeignDatabase, Row, open_foreign
from agentmonitor.model.event import Event, EventType, Status
from agentmonitor.model.usage import Channel, Report

BATCH = 500
_NEEDED = frozenset({"id", "session_id", "agent_type", "event_type", "created_at"})
_COLUMNS = (
    "id", "event_id", "session_id", "agent_type", "event_type", "tool_name", "status",
    "tokens_in", "tokens_out", "branch", "project", "duration_ms", "created_at",
    "client_timestamp", "metadata", "model", "cost_usd", "cache_read_tokens",
    "cache_write_tokens", "source",
)  # fmt: skip
_TYPES = frozenset(get_args(EventType))
_STATUSES = frozenset(get_args(Status))
_CALL_IDS = ("tool_use_id", "toolUseId", "call_id", "callID", "tool_call_id", "toolCallId")
_IDS = {"request_id": "request", "requestId": "request", "message_id": "message"}
"""Ids of a model request in metadata, and what other channels call them."""
_MAX_KNOWN = 4096
_USAGE = Report(session_wide=True)

_encode = msgspec.json.Encoder(order="sorted").encode


def count_earlier(path: Path) -> int:
    """How many events the database holds. Raises OSError and InvalidInput."""
    try:
        with _opened(path) as database:
            return database.count("events")
    except UnreadableLine as error:
        raise _refused(path, str(error)) from error


def read_earlier(
    path: Path, tell: Callable[[int, int], None] | None = None
) -> Iterator[list[Event]]:
    """Its events in batches, in the order in which they came. Raises OSError and InvalidInput.

    ``tell`` is told after each batch how many rows are done, and how many there are. A row
    without session, agent or time is passed over.
    """
    try:
        with _opened(path) as database:
            places = _Places(database)
            whole = database.count("events")
            events: list[Event] = []
            for done, row in enumerate(database.rows("events", _COLUMNS), 1):
                event = _event(row, places)
                if event is not None:
                    events.append(event)
                if len(events) >= BATCH:
                    yield events
                    events = []
                if tell is not None and done % BATCH == 0:
                    tell(done, max(whole, done))
            if events:
                yield events
            if tell is not None:
                tell(whole, whole)
    except UnreadableLine as error:
        raise _refused(path, str(error)) from error


def _opened(path: Path) -> ForeignDatabase:
    database = open_foreign(path)
    try:
        known = set(database.columns("events"))
        if not known.issuperset(_NEEDED) or not database.columns("sessions"):
            raise UnreadableLine("it has no events and sessions as those versions kept them")
    except BaseException:
        database.close()
        raise
    return database


def _refused(path: Path, why: str) -> InvalidInput:
    return InvalidInput(
        f"{path} is no database of an earlier version of AgentMonitor ({why}).",
        [("path", "must be a database of an earlier version")],
    )


class _Places:
    """Projects and branches of sessions, for events without their own."""

    def __init__(self, database: ForeignDatabase) -> None:
        self._database = database
        self._known: dict[str, Mapping[str, Any]] = {}

    def of(self, session_id: str) -> Mapping[str, Any]:
        """What is known of a session."""
        if session_id not in self._known:
            if len(self._known) >= _MAX_KNOWN:
                self._known.clear()
            found = self._database.rows(
                "sessions", ("project", "branch"), match={"id": session_id}, limit=1
            )
            self._known[session_id] = next(found, {})
        return self._known[session_id]


def _event(row: Row, places: _Places) -> Event | None:
    session_id, agent_type = name(row["session_id"]), name(row["agent_type"])
    at = moment(row["client_timestamp"]) or moment(row["created_at"])
    if not session_id or not agent_type or at is None:
        return None
    place = places.of(session_id)
    tokens = (count(row["tokens_in"]), count(row["tokens_out"]),
              count(row["cache_read_tokens"]), count(row["cache_write_tokens"]))  # fmt: skip
    cost = dollars(row["cost_usd"])
    metadata = _metadata(row["metadata"])
    facts = mapping(metadata)
    if isinstance(metadata, dict):
        source = name(row["source"])
        metadata |= {"original_source": source} if source not in ("", "import") else {}
    kind = name(row["event_type"])
    return Event(
        session_id=session_id,
        agent_type=agent_type,
        event_type=kind if kind in _TYPES else "hook",  # type: ignore[arg-type]
        event_id=name(row["event_id"]) or _identity(row),
        status=row["status"] if row["status"] in _STATUSES else None,
        tool_name=name(row["tool_name"]) or None,
        branch=name(row["branch"]) or name(place.get("branch")) or None,
        project=name(row["project"]) or name(place.get("project")) or None,
        model=name(row["model"]) or None,
        source="import",
        channel=Channel.EARLIER,
        occurred_at=at,
        tokens_in=tokens[0],
        tokens_out=tokens[1],
        cache_read_tokens=tokens[2],
        cache_write_tokens=tokens[3],
        duration_ms=count(row["duration_ms"]) if row["duration_ms"] is not None else None,
        cost_usd=cost,
        metadata={} if metadata is None else metadata,
        keys=_keys(agent_type, kind, facts),
        report=_USAGE if any(tokens) or cost is not None else None,
    )


def _metadata(stored: Any) -> Any:
    """A row's metadata; what cannot be written as JSON again is kept as text."""
    found = nested(stored)
    try:
        _encode(found)
    except (OverflowError, RecursionError, ValueError, TypeError):
        return {"text": text(stored, MAX_VALUE)}
    return found


def _identity(row: Row) -> str:
    """An id from what the row says; its number tells it from others that say the same."""
    said = [
        str(row[key])
        for key in ("id", "session_id", "agent_type", "event_type", "tool_name", "created_at",
                    "client_timestamp", "tokens_in", "tokens_out", "model")
    ]  # fmt: skip
    return f"earlier:{blake2b(_encode(said), digest_size=16).hexdigest()}"


def _keys(agent_type: str, kind: str, facts: Mapping[str, Any]) -> tuple[str, ...]:
    """What other channels know the activity by."""
    prefix = agent_type[:MAX_ID]
    if kind == "tool_use":
        ids = [name(facts.get(key)) for key in _CALL_IDS]
        return tuple(f"{prefix}:tool:{found[:MAX_ID]}" for found in ids if is_unique(found))[:1]
    if kind == "user_prompt":
        prompt = name(facts.get("prompt_id"))
        return (f"{prefix}:prompt:{prompt[:MAX_ID]}",) if is_unique(prompt) else ()
    if kind == "llm_response":
        found = {f"{prefix}:{what}:{own[:MAX_ID]}" for key, what in _IDS.items()
                 if is_unique(own := name(facts.get(key)))}  # fmt: skip
        return tuple(sorted(found))
    return ()
