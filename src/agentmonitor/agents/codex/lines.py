"""One line of a rollout: what kind it is, and what it holds.

Format: openai/codex, ``codex-rs/protocol`` (RolloutLine, ResponseItem, EventMsg) and
``codex-rs/rollout`` (which of them are written), versions 0.2 to 0.15x. A line is
``{"timestamp": …, "type": …, "payload": {"type": …, …}}``, from 0.145 with an ``ordinal``; before
September 2025 the payload stood alone, without a timestamp.

Most bytes of a rollout are of no interest here (reasoning, tool output, the model's view of the
conversation): the first bytes tell the kind, and only what is needed is decoded.
"""

import re
from typing import Any

import msgspec

from agentmonitor.agents.codex.values import count, moment
from agentmonitor.errors import UnreadableLine

CALLS = frozenset({"function_call", "custom_tool_call", "local_shell_call", "tool_search_call"})
OUTPUTS = frozenset(
    {
        "function_call_output", "custom_tool_call_output", "local_shell_call_output",
        "tool_search_output",
    }
)  # fmt: skip
HOSTED = frozenset({"web_search_call", "image_generation_call"})
"""Calls that the provider carries out: one line tells all."""
TURN_STARTS = frozenset({"task_started", "turn_started"})
TURN_ENDS = frozenset({"task_complete", "turn_complete"})

_ITEMS = CALLS | OUTPUTS | HOSTED
_EVENTS = TURN_STARTS | TURN_ENDS | {
    "user_message", "agent_message", "token_count", "turn_aborted", "error", "stream_error",
    "patch_apply_begin", "patch_apply_end", "exec_command_end", "mcp_tool_call_end",
    "item_completed", "thread_settings_applied",
}  # fmt: skip
_KINDS: dict[str, frozenset[str] | None] = {
    "response_item": _ITEMS,
    "event_msg": _EVENTS,
    "session_meta": None,
    "turn_context": None,
    "compacted": None,
}
_BARE = _ITEMS | {"message"}


class Payload(msgspec.Struct, gc=False):
    """The parts that are read of any payload; everything else is passed over undecoded.

    Kinds are told apart by ``type``; a field of an unexpected type is treated as absent.
    """

    type: Any = None
    # session_meta
    id: Any = None
    session_id: Any = None
    forked_from_id: Any = None
    parent_thread_id: Any = None
    subagent_history_start_ordinal: Any = None
    history_base: Any = None
    source: Any = None
    thread_source: Any = None
    agent_role: Any = None
    agent_nickname: Any = None
    timestamp: Any = None
    originator: Any = None
    cli_version: Any = None
    git: Any = None
    cwd: Any = None
    # turn_context, thread_settings_applied
    turn_id: Any = None
    model: Any = None
    effort: Any = None
    reasoning_effort: Any = None
    service_tier: Any = None
    thread_settings: Any = None
    # calls and their outputs
    call_id: Any = None
    name: Any = None
    namespace: Any = None
    arguments: Any = None
    input: Any = None
    action: Any = None
    status: Any = None
    output: msgspec.Raw = msgspec.Raw()
    success: Any = None
    changes: Any = None
    exit_code: Any = None
    duration: Any = None
    invocation: Any = None
    server: Any = None
    tool: Any = None
    result: Any = None
    error: Any = None
    query: Any = None
    # messages and turns
    message: Any = None
    kind: Any = None
    role: Any = None
    content: Any = None
    phase: Any = None
    reason: Any = None
    codex_error_info: Any = None
    last_agent_message: Any = None
    duration_ms: Any = None
    item: "Payload | None" = None
    # token_count
    info: Any = None
    rate_limits: msgspec.Raw = msgspec.Raw()


class Line(msgspec.Struct, gc=False):
    """One line. ``payload`` is None when nothing but the kind is of interest."""

    outer: str
    inner: str = ""
    at: int | None = None
    """When it was written (ms)."""
    ordinal: int | None = None
    payload: Payload | None = None
    bare: bool = False
    """From before September 2025."""


class _Holder(msgspec.Struct, gc=False):
    payload: Payload


class _Envelope(msgspec.Struct, gc=False):
    type: Any = None
    timestamp: Any = None
    ordinal: Any = None
    payload: msgspec.Raw = msgspec.Raw()
    id: Any = None


_decode_holder = msgspec.json.Decoder(_Holder).decode
_decode_envelope = msgspec.json.Decoder(_Envelope).decode
_decode_payload = msgspec.json.Decoder(Payload).decode

_HEAD = re.compile(
    rb'\{"timestamp":"([^"\\]{0,40})",(?:"ordinal":(\d{1,18}),)?"type":"(\w{1,60})",'
    rb'"payload":\{(?:"type":"(\w{1,60})"[,}])?'
)
_MAX_HEADS = 500
_heads: dict[tuple[bytes, bytes | None], tuple[str, str, bool]] = {}
"""What ``_head`` found. There are some dozens."""
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(?P<alone>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)


def read_line(line: bytes) -> Line:
    """What ``line`` is. Raises UnreadableLine."""
    head = _HEAD.match(line)
    if head is None:
        return _read_slowly(line)
    timestamp, ordinal, outer_name, inner_name = head.groups()
    kind = _heads.get((outer_name, inner_name)) or _head(outer_name, inner_name)
    outer, inner, wanted = kind
    if not line.endswith(b"}") and not line.rstrip().endswith(b"}"):
        raise UnreadableLine("The line is cut off.")
    at = moment(timestamp.decode("utf-8", "replace"))
    found = Line(outer, inner, at, int(ordinal) if ordinal else None)
    if not wanted:
        return found
    inners = _KINDS[outer]
    try:
        found.payload = _decode_holder(line).payload
    except (ValueError, RecursionError) as error:
        found.payload = _mended(line, error, _decode_holder).payload
    if not inner and inners is not None:  # the payload's type does not come first
        found.inner = _word(found.payload.type)
        if found.inner not in inners:
            found.payload = None
    return found


def _head(outer_name: bytes, inner_name: bytes | None) -> tuple[str, str, bool]:
    """The two types that a line begins with, and whether its payload is of interest."""
    outer = outer_name.decode()
    inner = inner_name.decode() if inner_name else ""
    inners = _KINDS.get(outer)
    wanted = outer in _KINDS and outer != "compacted"
    if wanted and inners is not None and inner and inner not in inners:
        wanted = False
    if len(_heads) >= _MAX_HEADS:
        _heads.clear()
    _heads[outer_name, inner_name] = found = outer, inner, wanted
    return found


def _read_slowly(line: bytes) -> Line:
    """A line with other spaces or another order than the agent's own, or a bare one."""
    try:
        envelope = _decode_envelope(line)
    except (ValueError, RecursionError) as error:
        if not line.strip():
            return Line("")
        envelope = _mended(line, error, _decode_envelope)
    outer = _word(envelope.type)
    at, ordinal = moment(envelope.timestamp), count(envelope.ordinal)
    raw = bytes(envelope.payload)
    if not raw.startswith(b"{"):
        if outer in _BARE:
            return Line("response_item", outer, at, payload=_payload(line), bare=True)
        if not outer and at is not None and isinstance(envelope.id, str):
            return Line("session_meta", "", at, payload=_payload(line), bare=True)
        return Line(outer)
    if outer not in _KINDS or outer == "compacted":
        return Line(outer, "", at, ordinal)
    payload = _payload(raw)
    inner, inners = _word(payload.type), _KINDS[outer]
    known = inners is None or inner in inners
    return Line(outer, inner if inners else "", at, ordinal, payload if known else None)


def _payload(document: bytes) -> Payload:
    try:
        return _decode_payload(document)
    except (ValueError, RecursionError) as error:
        mended: Payload = _mended(document, error, _decode_payload)
        return mended


def _word(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _mended(document: bytes, error: Exception, decode: Any) -> Any:
    """The document with what cutting text leaves behind replaced: half of a surrogate pair, half
    of a character. Raises UnreadableLine with the reason when that does not help."""
    if isinstance(error, RecursionError):
        raise UnreadableLine("The line is nested too deeply.") from None
    mended = sound(document)
    if mended == document:
        raise UnreadableLine(_reason(error)) from None
    try:
        return decode(mended)
    except RecursionError:
        raise UnreadableLine("The line is nested too deeply.") from None
    except ValueError as still:
        raise UnreadableLine(_reason(still)) from None


def sound(document: bytes) -> bytes:
    """JSON with half characters and half of surrogate pairs replaced."""
    whole = document.decode("utf-8", "replace").encode()
    return _ESCAPE.sub(lambda m: b"\\ufffd" if m["alone"] else m[0], whole)


def _reason(error: Exception) -> str:
    return f"The line is no JSON object of this format: {str(error)[:200]}."
