"""What a tool of Claude Code answered, as text: from the message to the model, or from a hook."""

from collections.abc import Mapping
from typing import Any

from agentmonitor.agents._excerpts import MAX_ENCODED, MAX_OUTPUT, beginning, start
from agentmonitor.agents.claude_code.shapes import value

_TEXTS = ("stdout", "stderr", "result", "content", "text")
_MAX_PARTS = 64


def output(raw: Any) -> str:
    """The beginning of a tool's answer, which is the JSON of a text or of a list of parts."""
    view = memoryview(raw)
    if len(view) > MAX_ENCODED and bytes(view[:1]) == b'"':
        encoded = bytes(view[:MAX_ENCODED])
        return start(beginning(encoded)) or said(value(encoded + b'"'))
    return said(value(raw))


def said(answer: Any) -> str:
    """The beginning of an answer: of a text, of parts, or of what a tool reports of itself.

    The report of a change of a file is not words: its diff says it.
    """
    if isinstance(answer, str):
        return start(answer)
    if isinstance(answer, list):
        texts = [_part(each) for each in answer[:_MAX_PARTS]]
    elif isinstance(answer, Mapping) and "structuredPatch" not in answer:
        texts = [_part(answer.get(key)) for key in _TEXTS]
        texts += [_names(answer.get("filenames")), _part(answer.get("file"))]
    else:
        return ""
    return start("\n".join(text for text in texts if text))


def _part(part: Any) -> str:
    """A text, or the text of a part, of parts, or of a file that was read."""
    if isinstance(part, Mapping):
        part = part.get("content") if "content" in part else part.get("text")
    if isinstance(part, list):
        found = (each.get("text") for each in part[:_MAX_PARTS] if isinstance(each, Mapping))
        return "\n".join(text for text in found if isinstance(text, str))
    return part[: MAX_OUTPUT + 1] if isinstance(part, str) else ""


def _names(names: Any) -> str:
    if not isinstance(names, list):
        return ""
    return "\n".join(name for name in names[:MAX_OUTPUT] if isinstance(name, str))
