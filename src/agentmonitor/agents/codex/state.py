"""What a reader of a rollout keeps between two lines: small, and bounded."""

import re
import zlib
from pathlib import Path
from typing import Any

import msgspec

from agentmonitor.agents.codex.calls import Call
from agentmonitor.agents.codex.replay import Gate
from agentmonitor.agents.codex.usage import Meter
from agentmonitor.agents.codex.values import moment, name, uuid7_time

MAX_WAITING = 32
"""Calls that wait for their answer."""
MAX_RECENT = 16
"""What was seen lately: calls that are done, and prompts."""

MAX_LIMITS = 4096
"""Bytes of them that are remembered."""

_ID_LENGTH = 36
_STARTED = re.compile(r"rollout-(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d)-")


class State(msgspec.Struct, omit_defaults=True):
    """One rollout, as far as it has been read."""

    thread: str
    """The id of this thread."""
    session: str
    """The session that its events belong to: of a sub-agent the parent's."""
    lines: int = 0
    """Lines read; broken ones are not counted, since the last may be completed yet."""
    is_known: bool = False
    """The thread's own session_meta has been read."""
    is_subagent: bool = False
    role: str | None = None
    branch: str | None = None
    cwd: str = ""
    model: str | None = None
    effort: str | None = None
    fast: bool = False
    turn: str = ""
    """The id of the turn, as long as it runs."""
    turns: int = 0
    is_working: bool = False
    has_failed: bool = False
    at: int = 0
    """The time of the latest line that had one."""
    gate: Gate = msgspec.field(default_factory=Gate)
    meter: Meter = msgspec.field(default_factory=Meter)
    waiting: dict[str, Call] = {}
    done: list[str] = []
    prompts: list[str] = []
    quotas: dict[str, list[Any]] = {}
    limits: bytes = b""
    """The quotas as they were last told, so that a repetition is not looked at."""

    @property
    def subthread(self) -> str:
        """The thread of the session's state: "" is the main one."""
        return self.thread if self.is_subagent else ""


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(State).decode


def fresh(path: Path) -> State:
    """The state before the first line. Until that says more, the file's name tells the thread."""
    stem = path.name.removesuffix(".zst").removesuffix(".jsonl")
    last = stem[-_ID_LENGTH:]
    thread = last if last.count("-") == 4 and len(last) == _ID_LENGTH else stem
    thread = name(thread) or "rollout"
    found = _STARTED.match(stem)
    started = moment(f"{found[1]}T{found[2]}:{found[3]}:{found[4]}") if found else None
    return State(thread=thread, session=thread, at=uuid7_time(thread) or started or 0)


def saved(state: State) -> bytes:
    """The state, to go on from later."""
    return _encode(state)


def restored(path: Path, state: bytes | None) -> State:
    """The state that an earlier reader saved. One that cannot be read any more is replaced, and
    the totals so far count as another's: some usage is missed, none is counted twice."""
    if state is not None:
        try:
            return _decode(state)
        except (ValueError, RecursionError):
            lost = fresh(path)
            lost.meter.inherits = True
            lost.lines = (1 + zlib.crc32(state)) << 20  # its event ids must be new
            return lost
    return fresh(path)


def seen_before(seen: list[str], key: str) -> bool:
    """Whether ``key`` was seen lately; from now on it was."""
    if key in seen:
        return True
    seen.append(key)
    del seen[:-MAX_RECENT]
    return False
