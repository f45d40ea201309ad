"""How a tool call went, read from its answer.

Format: openai/codex, ``codex-rs/core`` (what the tools answer). The answer has the exit code and
the time in one of three shapes: a header of lines (``Exit code: 1``, ``Process exited with code
1``, ``Wall time: 0.2 seconds``), until late 2025 a JSON object inside the text, or not at all.
"""

import re
from typing import Any

import msgspec

from agentmonitor.agents._excerpts import MAX_ENCODED, MAX_OUTPUT, beginning, start
from agentmonitor.agents.codex.calls import MAX_ERROR, Call
from agentmonitor.agents.codex.lines import sound
from agentmonitor.agents.codex.values import decode, duration, integer, mapping, text
from agentmonitor.model.event import Status

TIMED_OUT = 124
"""The exit code of a command that ran for too long."""

_HEADER = 2048
"""Characters that the header of an answer can take."""
_MOST = MAX_OUTPUT + _HEADER
_MAX_PARTS = 64
_TAIL = 300
_HEADS = ("Chunk ID:", "Command:", "Original token", "Process running", "Script ", "Total ")

_EXITS = ("Exit code:", "Process exited")

_EXITED = re.compile(r"(?:Exit code:|Process exited with code) (-?\d{1,10})\s*$")
_WALL = re.compile(r"Wall time:? ([\d.]{1,20}) seconds?\s*$")
_IN_JSON = re.compile(rb'\\"exit_code\\":\s*(-?\d{1,10})')
_SECONDS = re.compile(rb'\\"duration_seconds\\":\s*([\d.]{1,20})')
_FAILED = re.compile(
    r"\s*(?:error:|execution error|script failed|traceback \(most recent|aborted\b|unsupported call"
    r"|unknown tool|failed to |command timed out"
    r"|(?:exec_command|write_stdin|apply_patch|tool call|collab \w+) (?:failed|verification failed"
    r"|error)|(?:patch|exec command|command) (?:was )?rejected"
    r"|rejected by|command blocked|tool call blocked)",
    re.IGNORECASE,
)
_WRAPPED = re.compile(r'\{"output":\s*(?=")')
_LATE = re.compile(r"\s*(?:command timed out|timed out after)", re.IGNORECASE)


class Outcome(msgspec.Struct, gc=False):
    """How a call went, as its answer says."""

    status: Status = "success"
    duration: int | None = None
    error: str = ""
    """The beginning of what a failed call answered, or its exit code."""
    output: str = ""
    """What the call answered, without the header; of a failed one where it is more than that."""


class _Part(msgspec.Struct, gc=False):
    text: Any = None


class _Answer(msgspec.Struct, gc=False):
    content: Any = None
    output: Any = None
    success: Any = None
    isError: Any = None  # noqa: N815 - the protocol's name
    metadata: Any = None


_decode_parts = msgspec.json.Decoder(list[_Part]).decode
_decode_answer = msgspec.json.Decoder(_Answer).decode


def outcome(output: msgspec.Raw, call: Call) -> Outcome:
    """How ``call`` went, from its answer as JSON and from what was noted before."""
    view = memoryview(output)
    found, said = Outcome(), ""
    exit_code, failed = call.exit_code, call.failed
    first = bytes(view[:1])
    if first == b'"':
        tail = bytes(view[-_TAIL:])
        said = _beginning(view)
        if said.startswith('{"'):
            exited, seconds = _IN_JSON.search(tail), _SECONDS.search(tail)
            if exited and exit_code is None:
                exit_code = int(exited[1])
            if seconds:
                found.duration = duration(seconds[1].decode())
            said = _unwrapped(said)
    elif first in (b"[", b"{"):
        failed, said, exit_code = _structured(bytes(view), failed, exit_code)
    answer = said
    exit_code, found.duration, said = _header(answer, exit_code, found.duration)
    if failed is None:
        failed = exit_code != 0 if exit_code is not None else bool(_FAILED.match(answer))
    if exit_code == TIMED_OUT or (failed and _LATE.match(said)):
        found.status = "timeout"
    elif failed:
        found.status = "error"
    if found.status == "success":
        found.output = start(said)
    else:
        code = "" if exit_code is None else f"exit code {exit_code}"
        found.error = said.strip()[:MAX_ERROR] or code
        if len(said) > MAX_ERROR:
            found.output = start(said)
    return found


def words(answer: Any) -> str:
    """What an answer says, without its header: of a text, of parts, or of an object with one."""
    said = _said(answer)
    if said.startswith('{"'):
        said = _unwrapped(said)
    return start(_header(said, None, None)[2])


def _said(answer: Any) -> str:
    if isinstance(answer, dict):
        keys = ("content", "output", "stdout")
        answer = next((answer[key] for key in keys if answer.get(key)), None)
    if isinstance(answer, list):
        answer = "\n".join(text(mapping(part).get("text"), _MOST) for part in answer[:_MAX_PARTS])
    return text(answer, MAX_ENCODED)


def _unwrapped(said: str) -> str:
    """The output in an answer that is a JSON object with it, which may be cut."""
    wrapped = _WRAPPED.match(said)
    document = mapping(decode(said)) if wrapped or len(said) <= _HEADER else {}
    if "output" in document:
        return text(document["output"], _MOST)
    return beginning(said[wrapped.end() :].encode("utf-8", "replace")) if wrapped else said


def _beginning(view: memoryview) -> str:
    """The first part of a JSON text: answers may be long, and what counts stands at the front."""
    if len(view) <= MAX_ENCODED:
        said = decode(bytes(view))
        if isinstance(said, str):
            return said
        encoded = bytes(view[:-1])
    else:
        encoded = bytes(view[:MAX_ENCODED])
    return beginning(encoded) or beginning(sound(encoded))


def _structured(
    raw: bytes, failed: bool | None, exit_code: int | None
) -> tuple[bool | None, str, int | None]:
    """An answer that is a list of parts or an object."""
    try:
        if raw.startswith(b"["):
            parts = _decode_parts(raw)
            told = "\n".join(text(part.text, _MOST) for part in parts[:_MAX_PARTS])
            return failed, told[:_MOST], exit_code
        answer = _decode_answer(raw)
    except (ValueError, RecursionError):
        return failed, "", exit_code
    said = answer.content if answer.content is not None else answer.output
    if failed is None and (answer.success is False or answer.isError is True):
        failed = True
    if exit_code is None:
        exit_code = integer(mapping(answer.metadata).get("exit_code"))
    return failed, _said(said), exit_code


def _header(
    said: str, exit_code: int | None, took: int | None
) -> tuple[int | None, int | None, str]:
    """Exit code and duration from the lines before the output, and the output."""
    lines = said.split("\n", 8)
    for place, line in enumerate(lines[:8]):
        if line.startswith("Output:"):
            rest = [line[len("Output:") :], *lines[place + 1 :]]
            return exit_code, took, "\n".join(rest).removeprefix("\n")
        exited = _EXITED.match(line) if line.startswith(_EXITS) else None
        wall = _WALL.match(line) if line.startswith("Wall time") else None
        if exited and exit_code is None:
            exit_code = int(exited[1])
        if wall and took is None:
            took = duration(wall[1])
        if not exited and not wall and not line.startswith(_HEADS):
            break
    return exit_code, took, said
