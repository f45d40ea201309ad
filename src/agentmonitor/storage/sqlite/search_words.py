"""What of an event can be searched: its words by column, and its facets.

Numbers, identifiers and whatever stands under a key that is not known to hold words are left out.
"""

import zlib
from typing import Any

import msgspec

from agentmonitor.model.clock import DAY_MS

COLUMNS = ("prompt", "answer", "command", "path", "output")
_PROMPT, _ANSWER, _COMMAND, _PATH, _OUTPUT = range(5)
_SAID = -1
"""Who speaks, tells the type of the event."""
_LIMITS = (65_536, 65_536, 16_384, 8_192, 8_192)
"""Characters of each column that are indexed: of an output the beginning is enough."""
_MAX_DEPTH = 4

_KEYS = {
    "prompt": _PROMPT, "user_prompt": _PROMPT, "title": _PROMPT,
    "last_assistant_message": _ANSWER, "response": _ANSWER, "answer": _ANSWER,
    "summary": _ANSWER, "compact_summary": _ANSWER,
    "message": _SAID, "text": _SAID, "content": _SAID,
    "command": _COMMAND, "query": _COMMAND, "pattern": _COMMAND, "url": _COMMAND,
    "description": _COMMAND, "skill": _COMMAND, "subagent_type": _COMMAND,
    "file_path": _PATH, "path": _PATH, "notebook_path": _PATH, "paths": _PATH, "files": _PATH,
    "output": _OUTPUT, "error": _OUTPUT, "reason": _OUTPUT, "stdout": _OUTPUT, "stderr": _OUTPUT,
    "result": _OUTPUT, "detail": _OUTPUT,
}  # fmt: skip
_NESTED = frozenset({"tool_input", "input", "args", "arguments", "parameters", "tool_response"})
_SPEAKERS = {
    "user_prompt": _PROMPT, "llm_request": _PROMPT, "llm_response": _ANSWER, "response": _ANSWER,
    "plan_step": _ANSWER, "turn_end": _ANSWER, "subagent_end": _ANSWER, "compaction": _ANSWER,
}  # fmt: skip
_decode = msgspec.json.Decoder().decode


def whole_metadata(metadata: str, packed: bytes | None) -> Any:
    """An event's metadata, from its packed content where it has one; None when it is damaged."""
    try:
        return _decode(metadata if packed is None else zlib.decompress(packed))
    except (msgspec.DecodeError, zlib.error, ValueError, RecursionError):
        return None  # one event without words is better than an index that never comes past it


def words_of(metadata: Any, event_type: str, tool_name: str | None) -> list[str]:
    """The words of an event in the order of COLUMNS; all empty when it has none."""
    said = _SPEAKERS.get(event_type, _OUTPUT)
    parts: list[list[str]] = [[], [], [], [], []]
    if tool_name:
        parts[_COMMAND].append(tool_name)
    if isinstance(metadata, dict):
        _walk(metadata, said, parts, 0)
    elif isinstance(metadata, str):
        parts[said].append(metadata)
    result = []
    for limit, texts in zip(_LIMITS, parts, strict=True):
        text = "\n".join(texts) if len(texts) > 1 else texts[0] if texts else ""
        text = text[:limit]
        result.append(text.replace("\0", " ") if "\0" in text else text)
    return result


def _walk(metadata: dict[Any, Any], said: int, parts: list[list[str]], depth: int) -> None:
    for key, value in metadata.items():
        column = _KEYS.get(key)
        if column is None:
            if key in _NESTED:
                _take(value, _OUTPUT, said, parts, depth)
        else:
            _take(value, said if column == _SAID else column, said, parts, depth)


def _take(value: Any, column: int, said: int, parts: list[list[str]], depth: int) -> None:
    """Take the words of a value that stands under a key of ``column``."""
    if isinstance(value, str):
        if value:
            parts[column].append(value)
    elif depth >= _MAX_DEPTH:
        return
    elif isinstance(value, dict):
        _walk(value, said, parts, depth + 1)
    elif isinstance(value, list):
        for item in value:
            _take(item, column, said, parts, depth + 1)


def day_of(time: int) -> int:
    """The day (UTC) of a time in ms, counted from the epoch."""
    return time // DAY_MS


def facet(letter: str, number: int) -> str:
    """The token that stands for a value of a filter."""
    return f"{letter}{number}" if number >= 0 else f"{letter}n{-number}"


FACETS = {"agent": "a", "type": "y", "tool": "u", "model": "m", "project": "p", "branch": "b",
          "session": "s", "day": "d"}  # fmt: skip
"""Columns of events, and the letter that their tokens begin with."""


def facets_of(
    agent: int, kind: int, tool: int, model: int, project: int, branch: int, session: int, time: int
) -> str:
    """The tokens of an event, one for each filter that can find it."""
    text = f"a{agent} y{kind} s{session} {facet('d', day_of(time))}"
    if tool:
        text += f" u{tool}"
    if model:
        text += f" m{model}"
    if project:
        text += f" p{project}"
    if branch:
        text += f" b{branch}"
    return text
