"""The reader of one session file: from each line to events and signals.

Only the user's and the model's lines, compact boundaries, titles, and the snapshots that a parent
keeps of its sub-agents say that something happened. The rest is the client's bookkeeping.
"""

import zlib
from collections.abc import Callable
from typing import Any

import msgspec

from agentmonitor.agents.base import Reading
from agentmonitor.agents.claude_code import answers, keys, results, shapes, tools
from agentmonitor.agents.claude_code.place import INLINE, Out, Place, State, optional
from agentmonitor.agents.claude_code.shapes import Line
from agentmonitor.errors import UnreadableLine
from agentmonitor.model.clock import from_iso
from agentmonitor.model.event import MAX_INT
from agentmonitor.model.signal import first_line

_BOOKKEEPING = frozenset(
    {
        b"agent-name", b"attachment", b"file-history-snapshot", b"last-prompt", b"mode",
        b"pr-link", b"queue-operation",
    }
)  # fmt: skip
_TYPE = b'{"type":"'
_USER, _MODEL = b'"type":"user"', b'"type":"assistant"'
"""Inside a text the quotes would be escaped: these betray a second object on the line."""
_TITLES = {"summary": 1, "ai-title": 2, "custom-title": 3}
"""Lines that name the session, and which of two names is the better one. A summary may have been
written for another session's messages, a custom title is the human's own."""

_NOTHING = Reading()
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(State).decode


class Reader:
    """Reads a session file, or that of a sub-agent; see ``FileReader``.

    ``own`` is the session that the file belongs to by its place, "" when its place does not tell;
    ``fallback`` stands in for a session that no line names; ``agent_id`` is the sub-agent whose
    file it is, and ``agent_type`` finds out what kind of sub-agent that is.
    """

    def __init__(
        self,
        *,
        own: str,
        fallback: str = "",
        agent_id: str = "",
        agent_type: Callable[[], str | None] = lambda: None,
        saved: bytes | None = None,
    ) -> None:
        self._own = own
        self._fallback = fallback or own or "unknown"
        self._agent_id = agent_id
        self._agent_type = agent_type
        self._is_new = True
        self._state = _restored(saved)

    def save(self) -> bytes:
        """What a new reader needs to go on."""
        return _encode(self._state)

    def read(self, line: bytes) -> Reading:
        """What one line says. Raises UnreadableLine."""
        if line.startswith(_TYPE):
            end = line.find(b'"', len(_TYPE))
            if line[len(_TYPE) : end] in _BOOKKEEPING and not (_USER in line or _MODEL in line):
                return _NOTHING
        out = Out()
        fault = None
        found = shapes.lines(line)
        for number, each in enumerate(found):
            try:
                self._line(each, line, number, out)
            except UnreadableLine as error:
                fault = error
        if fault is not None and len(found) == 1:
            raise fault
        if not out.events and not out.signals:
            return _NOTHING
        return Reading(events=out.events, signals=out.signals)

    def _line(self, line: Line, encoded: bytes, number: int, out: Out) -> None:
        kind = line.type
        if kind == "assistant" or kind == "user":
            message = line.message
            if message is None:
                raise UnreadableLine(f"no message in a line of type {kind}")
            place = self._place(line, out)
            own = _own_key(line, encoded, number)
            say = answers.answer if kind == "assistant" else results.user
            say(line, message, place, self._state, out, own)
        elif kind == "system":
            self._system(line, encoded, number, out)
        elif kind == "progress":
            self._progress(line, out)
        elif isinstance(kind, str) and kind in _TITLES:
            self._title(line, _TITLES[kind], out)
        elif kind == "permission-mode":
            self._state.mode = tools.word(line.permission_mode)

    def _place(self, line: Line, out: Out) -> Place:
        """Where the line belongs. What it does not say holds on from the line before."""
        state = self._state
        at = _time(line.timestamp)
        if at is None:
            at = state.at
            if at is None:
                raise UnreadableLine("no timestamp, and none before it")
        if self._is_new and self._agent_id:
            state.thread_type = self._agent_type() or state.thread_type
        self._is_new = False
        # Nearly every line repeats the one before: what is the same is known to be sound.
        session_id = state.session_id
        if line.session_id != session_id or not session_id:
            session_id = tools.word(line.session_id) or self._fallback
        if line.git_branch is not None and line.git_branch != state.branch:
            branch = optional(line.git_branch)
            state.branch = None if branch == "HEAD" else branch
        state.at, state.session_id = at, session_id
        if line.cwd != state.cwd:
            state.cwd = optional(line.cwd) or state.cwd
        is_inline = line.is_sidechain is True and not self._agent_id
        thread = self._agent_id
        if is_inline:
            thread = tools.word(line.agent_id) or INLINE
        place = Place(
            session_id=session_id,
            at=at,
            cwd=state.cwd,
            branch=state.branch,
            thread=thread,
            thread_type=None if is_inline else state.thread_type,
            is_copy=is_inline
            or bool(line.forked_from)
            or (self._own != "" and session_id != self._own),
        )
        if state.untold:
            self._tell(place, out)
        return place

    def _system(self, line: Line, encoded: bytes, number: int, out: Out) -> None:
        if line.subtype == "compact_boundary":
            place = self._place(line, out)
            told = line.compact_metadata
            trigger = tools.name(told, "trigger") or None
            metadata = place.metadata() | {"trigger": trigger}
            before = tools.count(told.get("preTokens")) if isinstance(told, dict) else None
            if before is not None:
                metadata["pre_tokens"] = before
            # After one that a human asked for, the agent waits for what is next.
            signal = place.signal("none" if trigger == "manual" else "busy")
            known = keys.likely("compaction", place.session_id, place.at)
            own = _own_key(line, encoded, number)
            out.event(place, "compaction", metadata, signal, (own, *known))
        elif line.subtype in ("stop_hook_summary", "turn_duration"):
            # Not every version and setting writes these, and hooks report each end of a turn:
            # an event would count some turns twice and others not at all.
            place = self._place(line, out)
            if not place.thread:
                out.signal(place, place.signal("turn_ended"))

    def _progress(self, line: Line, out: Out) -> None:
        """An early look at a sub-agent's answer; the sub-agent's own file has the real one."""
        told = shapes.progress(line.data)
        if told is None or told.type != "agent_progress" or told.message is None:
            return
        nested = told.message
        message = nested.message
        if nested.type != "assistant" or message is None or not tools.word(message.id):
            return
        if tools.word(message.model) in ("", answers.SYNTHETIC) or not message.usage:
            return
        place = self._place(line, out)
        place.thread = tools.word(told.agent_id) or place.thread or INLINE
        answers.used(
            nested, message, place, out, metadata=place.metadata(), signal=place.signal("busy"),
            fallback="", approximate=True,
        )  # fmt: skip

    def _title(self, line: Line, rank: int, out: Out) -> None:
        state = self._state
        told: Any = (line.summary, line.ai_title, line.custom_title)[rank - 1]
        title = first_line(told.replace("\0", "")) if isinstance(told, str) else None
        if title is None or rank < state.title_rank or title == state.title:
            return
        state.title, state.title_rank = title, rank
        if state.at is None:
            state.untold = True
            return
        session_id = tools.word(line.session_id) or state.session_id
        self._tell(Place(session_id=session_id, at=state.at, cwd=None, branch=None), out)

    def _tell(self, place: Place, out: Out) -> None:
        """Name the session. A sub-agent's file names none."""
        self._state.untold = False
        if not self._agent_id:
            signal = Place.signal(
                Place(session_id=place.session_id, at=place.at, cwd=None, branch=None),
                "none",
                title=self._state.title,
                is_name=True,
            )
            out.signal(place, signal)


def _restored(saved: bytes | None) -> State:
    """The saved state; a new one when there is none, or an unknown one."""
    if saved:
        try:
            return _decode(saved)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            pass
    return State()


def _own_key(line: Line, encoded: bytes, number: int) -> str:
    """The key of the line itself; without a uuid its bytes are what makes it recognisable."""
    uuid = tools.word(line.uuid)
    return keys.line(uuid or f"{zlib.crc32(encoded):08x}-{len(encoded)}-{number}")


def _time(stamp: Any) -> int | None:
    """Milliseconds since the epoch; None when the line has no time that can be."""
    if isinstance(stamp, str):
        try:
            at = from_iso(stamp)
        except (ValueError, OverflowError):
            return None
        return at if at >= 0 else None
    return tools.count(stamp) if tools.count(stamp) and stamp < MAX_INT // 4 else None
