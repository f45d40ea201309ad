"""Lines of a session file, decoded as far as they are read.

Source of the format: none is published; these are the fields that 43 versions wrote (1.0.17 to
2.1.212). What a line holds beyond them is skipped without being built. Scalars are ``Any``: a
field whose kind changes must not cost the line.
"""

import json
import re
from typing import Any, TypeVar

import msgspec

from agentmonitor.errors import UnreadableLine

NULL = msgspec.Raw(b"null")
T = TypeVar("T", bound=msgspec.Struct)


class Block(msgspec.Struct, gc=False):
    """A part of a message: text, thinking, tool_use, tool_result."""

    type: Any = None
    text: Any = None
    id: Any = None
    name: Any = None
    input: msgspec.Raw = NULL
    tool_use_id: Any = None
    content: msgspec.Raw = NULL
    is_error: Any = None


class Message(msgspec.Struct, gc=False):
    """What the API was sent or answered."""

    id: Any = None
    model: Any = None
    content: str | list[Block] | None = None
    stop_reason: Any = None
    usage: Any = None


class Result(msgspec.Struct, gc=False, rename="camel"):
    """What a tool answered, in the client's own terms."""

    type: Any = None
    structured_patch: Any = None
    content: msgspec.Raw = NULL
    file_path: Any = None
    interrupted: Any = None
    agent_id: Any = None
    status: Any = None


class Line(msgspec.Struct, gc=False, rename="camel"):
    """One line."""

    type: Any = None
    subtype: Any = None
    uuid: Any = None
    session_id: Any = None
    timestamp: Any = None
    version: Any = None
    cwd: Any = None
    git_branch: Any = None
    is_sidechain: Any = None
    agent_id: Any = None
    request_id: Any = None
    prompt_id: Any = None
    message: Message | None = None
    tool_use_result: Result | str | list[msgspec.Raw] | None = None
    forked_from: Any = None
    is_meta: Any = None
    is_compact_summary: Any = None
    is_visible_in_transcript_only: Any = None
    is_api_error_message: Any = None
    origin: Any = None
    error: Any = None
    effort: Any = None
    permission_mode: Any = None
    cost_usd: Any = msgspec.field(default=None, name="costUSD")
    compact_metadata: Any = None
    summary: Any = None
    ai_title: Any = None
    custom_title: Any = None
    data: msgspec.Raw = NULL


class Progress(msgspec.Struct, gc=False, rename="camel"):
    """The ``data`` of a progress line of type agent_progress: a sub-agent's line, nested."""

    type: Any = None
    agent_id: Any = None
    message: Line | None = None


_fast = msgspec.json.Decoder(Line).decode
_any = msgspec.json.Decoder().decode
_progress = msgspec.json.Decoder(Progress).decode
_slow = json.JSONDecoder(strict=False).raw_decode

_FAULTS = (msgspec.MsgspecError, UnicodeDecodeError)
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[dD][89a-fA-F][0-9a-fA-F]{2}|.)",
    re.DOTALL,
)
_BEGIN = re.compile(r'\{"(?:parentUuid|type|uuid|sessionId|isSidechain|leafUuid)":')
_ATTEMPTS = 32
"""Places in a broken line where a whole object is looked for."""


def lines(line: bytes) -> list[Line]:
    """What stands on one line: as a rule one object, at times two. Raises UnreadableLine."""
    try:
        return [_fast(line)]
    except _FAULTS:
        pass
    except RecursionError:
        raise UnreadableLine("nested too deeply") from None
    try:
        return [_loose_line(value) for value in _objects(_repaired(line))]
    except RecursionError:
        raise UnreadableLine("nested too deeply") from None


def value(raw: msgspec.Raw | bytes) -> Any:
    """What ``raw`` stands for; None when it cannot be decoded."""
    try:
        return _any(raw)
    except (*_FAULTS, RecursionError):
        pass
    try:
        return _slow(_repaired(bytes(raw)))[0]
    except (ValueError, RecursionError):
        return None


def progress(raw: msgspec.Raw) -> Progress | None:
    """The sub-agent's line inside a progress line, if it is one and sound."""
    try:
        return _progress(raw)
    except (*_FAULTS, RecursionError):
        return None


def _repaired(line: bytes) -> str:
    """Text that can be decoded: a client that cuts its texts by UTF-16 leaves half characters
    behind, and a crash leaves NULs."""
    sound = _ESCAPE.sub(_whole_character, line.strip(b"\0 \t\r\n"))
    return sound.decode("utf-8", "replace")


def _whole_character(escape: re.Match[bytes]) -> bytes:
    found = escape[0]
    is_half = len(found) == 6 and found[1:2] == b"u"
    return b"\\ufffd" if is_half else found


def _objects(text: str) -> list[Any]:
    """The objects in ``text``, beside each other or behind the beginning of another."""
    found: list[Any] = []
    at, attempts, salvaging = 0, 0, False
    while at < len(text):
        try:
            item, end = _slow(text, at)
        except ValueError as error:
            if _is_cut(text, error):
                raise UnreadableLine("half-written at its end") from None
            # A client crashed inside this one, and the next one wrote on behind it.
            salvaging, attempts = True, attempts + 1
            begin = _BEGIN.search(text, at + 1)
            if begin is None or attempts > _ATTEMPTS:
                break
            at = begin.start()
            continue
        if isinstance(item, dict) and (not salvaging or _is_line(item)):
            found.append(item)
        elif not salvaging and not isinstance(item, dict):
            raise UnreadableLine("no JSON object")
        at = end
        while at < len(text) and text[at] in " \t\r\n\0,":
            at += 1
    if not found and text:
        raise UnreadableLine("no JSON")
    return found


def _is_line(item: Any) -> bool:
    """Whether it is a line of its own, not a piece of one."""
    return isinstance(item, dict) and "sessionId" in item and ("uuid" in item or "type" in item)


def _is_cut(text: str, error: ValueError) -> bool:
    """Whether the text is sound as far as it goes, and ends too early."""
    if not isinstance(error, json.JSONDecodeError):
        return False
    left = len(text) - error.pos
    return error.msg.startswith("Unterminated") or left <= 0 or (left <= 8 and text[-1] != "}")


def _loose_line(item: dict[str, Any]) -> Line:
    """A line with fields of unexpected kinds left out."""
    return _struct(
        Line,
        item | {"message": _loose_message(item.get("message"))}
        | {"toolUseResult": _loose_result(item.get("toolUseResult"))},
    )  # fmt: skip


def _loose_message(item: Any) -> Message | None:
    if not isinstance(item, dict):
        return None
    content = item.get("content")
    if isinstance(content, list):
        content = [_struct(Block, part) for part in content if isinstance(part, dict)]
    elif not isinstance(content, str):
        content = None
    return _struct(Message, item | {"content": content})


def _loose_result(item: Any) -> Result | str | None:
    if isinstance(item, dict):
        return _struct(Result, item)
    return item if isinstance(item, str) else None


def _struct(kind: type[T], item: dict[str, Any]) -> T:
    fields = {}
    for field in msgspec.structs.fields(kind):
        if field.encode_name in item:
            found = item[field.encode_name]
            is_raw = field.type is msgspec.Raw
            fields[field.name] = msgspec.Raw(json.dumps(found).encode()) if is_raw else found
    return kind(**fields)
