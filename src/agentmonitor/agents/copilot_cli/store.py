"""Reads ``session-store.db``, which newer versions keep beside the logs.

Its table ``assistant_usage_events`` has a row for each request, as soon as that is done: ``model``,
``input_tokens`` (with ``cache_read_tokens`` and ``cache_write_tokens`` among them),
``output_tokens``, ``created_at``. The log has the output of each answer, and the rest as sums when
the session is left (``usage``): so while a session runs, or when it ended without a word, what it
read comes from here. It becomes one event by model for each time that the session was entered,
which grows, and which the sums replace when they come. Without a log, rows tell their output too.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from agentmonitor.agents.base import Reading
from agentmonitor.agents.copilot_cli.usage import period_key
from agentmonitor.agents.documents import count, decoded_object, moment, name, total
from agentmonitor.agents.scene import USAGE, Scene
from agentmonitor.errors import UnreadableLine
from agentmonitor.foreign import ForeignDatabase, open_foreign
from agentmonitor.model.event import Event

AGENT_TYPE = "copilot_cli"
NAME = "session-store.db"
_TABLE = "assistant_usage_events"
_ROW = (
    "session_id", "model", "input_tokens", "output_tokens", "cache_read_tokens",
    "cache_write_tokens", "created_at",
)  # fmt: skip
_NEEDED = frozenset({"session_id", "model", "input_tokens", "created_at"})
_TURN = re.compile(rb'"type"\s*:\s*"session\.(?:start|resume|shutdown)"')
_SECOND_MS = 1000
"""Times of rows may be without their fraction."""


class _State(msgspec.Struct, omit_defaults=True):
    """How far the table has been read."""

    row: int = 0


class _Period(msgspec.Struct):
    """From when the session was entered (ms) until it was left; ``is_over``: with its sums."""

    entered: int
    is_over: bool = False


class _Sum(msgspec.Struct):
    """What one model used in a period."""

    at: int = 0
    fresh: int = 0
    out: int = 0
    read: int = 0
    written: int = 0


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_State).decode


def read_store(path: Path, saved: bytes | None) -> Iterator[tuple[Reading, bytes]]:
    """What is new since the saved state. Raises OSError and UnreadableLine."""
    state = _restored(saved)
    with open_foreign(path) as database:
        columns = database.columns(_TABLE)
        if not columns:
            return  # an older version's, which is an index for searching alone
        if not set(columns) >= _NEEDED:
            raise UnreadableLine(f"{path} has no {_TABLE} as Copilot CLI keeps them")
        if database.last(_TABLE) < state.row:
            state = _State()  # it was made anew
        changed: dict[str, None] = {}
        for row in database.rows(_TABLE, ("session_id",), after=state.row):
            state.row = row["rowid"]
            changed[name(row["session_id"])] = None
        for session in changed:
            if session:
                events = list(_session(database, path.parent, session))
                yield Reading(events=events), _encode(_State())
    yield Reading(), _encode(state)


def _session(database: ForeignDatabase, home: Path, session: str) -> Iterator[Event]:
    """What a session used that its log does not tell."""
    periods = _periods(home, session)
    sums: dict[tuple[int, str], _Sum] = {}
    for row in database.rows(_TABLE, _ROW, match={"session_id": session}):
        at, model = moment(row["created_at"]), name(row["model"])
        if at is None or not model:
            continue
        begun = [p for p in periods if p.entered <= at + _SECOND_MS] or periods[:1]
        if begun and begun[-1].is_over:
            continue
        found = sums.setdefault((begun[-1].entered if begun else 0, model), _Sum())
        read, written = count(row["cache_read_tokens"]), count(row["cache_write_tokens"])
        found.at = max(found.at, at)
        found.fresh = total(found.fresh, max(0, count(row["input_tokens"]) - read - written))
        found.out = total(found.out, count(row["output_tokens"]))
        found.read, found.written = total(found.read, read), total(found.written, written)
    scene = Scene(agent_type=AGENT_TYPE, session_id=session)
    for (entered, model), used in sums.items():
        out = 0 if periods else used.out
        if used.fresh or used.read or used.written or out:
            yield scene.event(
                "llm_response", used.at, {"scope": "session"}, scene.signal("none"),
                (period_key(AGENT_TYPE, session, entered, model),), report=USAGE, model=model,
                tokens_in=used.fresh, tokens_out=out, cache_read_tokens=used.read,
                cache_write_tokens=used.written,
            )  # fmt: skip


def _periods(home: Path, session: str) -> list[_Period]:
    """When the session was entered and left, by its log; nothing when there is none."""
    if Path(session).name != session:
        return []
    root = home / "session-state"
    for log in (root / session / "events.jsonl", root / f"{session}.jsonl"):
        try:
            with log.open("rb") as file:
                return _told(file)
        except OSError:
            continue
    return []


def _told(lines: Iterable[bytes]) -> list[_Period]:
    periods = [_Period(0)]
    for line in lines:
        if _TURN.search(line) is None:
            continue
        try:
            told = decoded_object(line)
        except UnreadableLine:
            continue
        at, kind = moment(told.get("timestamp")), told.get("type")
        if kind == "session.shutdown":
            periods[-1].is_over = True
        elif at is not None and kind in ("session.start", "session.resume"):
            periods.append(_Period(at))
    return periods if len(periods) == 1 else periods[1:]


def _restored(saved: bytes | None) -> _State:
    if saved:
        try:
            return _decode(saved)
        except (ValueError, RecursionError):
            pass
    return _State()
