"""What a tool call of Claude Code is about, read from a payload that nobody vouches for."""

from collections.abc import Mapping
from typing import Any

from agentmonitor.model.event import MAX_INT, MAX_NAME

MAX_VALUE = 2000
"""Characters kept of a command, a pattern and the like."""

ASKING = frozenset({"AskUserQuestion", "ExitPlanMode"})
"""Tools by which the agent asks its human."""
_SHOWN = (
    "command", "file_path", "notebook_path", "path", "pattern", "query", "url", "description",
    "prompt", "skill", "subagent_type",
)  # fmt: skip


def text(payload: Any, key: str, limit: int = MAX_VALUE) -> str:
    """The first ``limit`` characters of a text field; "" when it is absent or no text."""
    value = payload.get(key) if isinstance(payload, Mapping) else None
    return value[:limit] if isinstance(value, str) else ""


def word(value: Any) -> str:
    """A name or an id; such have at most MAX_NAME characters and no NUL. "" for anything else."""
    if type(value) is str and len(value) <= MAX_NAME and "\0" not in value:  # nearly always
        return value.strip()
    return value[:MAX_NAME].replace("\0", "").strip() if isinstance(value, str) else ""


def name(payload: Any, key: str) -> str:
    """A field that is a name or an id."""
    # Nearly always a dict, which is found out five times faster than any other mapping.
    if type(payload) is not dict and not isinstance(payload, Mapping):
        return ""
    value = payload.get(key)
    if value is None:
        return ""
    if type(value) is str and len(value) <= MAX_NAME and "\0" not in value:
        return value.strip()
    return word(value)


def count(value: Any) -> int | None:
    """A whole number of at least 0, also when it comes as a float; else None."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MAX_INT:
        return None
    return int(value)


def model(payload: Mapping[str, Any]) -> str | None:
    """The model's name; some versions send an object with an id."""
    value = payload.get("model")
    return (
        name(payload if isinstance(value, str) else {"model": text(value, "id")}, "model") or None
    )


def error(payload: Mapping[str, Any]) -> str:
    """The error of a failed turn in words."""
    value = payload.get("error")
    if isinstance(value, Mapping):
        value = text(value, "type") or text(value, "message")
    return value[:MAX_VALUE] if isinstance(value, str) and value else "error"


def describe(tool_input: Any) -> dict[str, Any]:
    """The parts of a tool's input that say what the call is about."""
    if not tool_input or (type(tool_input) is not dict and not isinstance(tool_input, Mapping)):
        return {}
    found = {}
    get = tool_input.get
    for key in _SHOWN:
        value = get(key)
        if value and isinstance(value, str):
            found["file_path" if key == "notebook_path" else key] = value[:MAX_VALUE]
    return found


def call(tool: str | None, tool_input: Any) -> dict[str, Any]:
    """What a call is about; of one that asks its human, the question."""
    shown = describe(tool_input)
    if tool in ASKING and (asked := question(tool_input)):
        shown.setdefault("description", asked)
    return shown


def detail(tool_input: Any) -> str | None:
    """The one line to show for a call."""
    shown = describe(tool_input)
    for key in ("command", "file_path", "pattern", "query", "url", "path", "description", "prompt"):
        if key in shown:
            return str(shown[key])
    if isinstance(tool_input, Mapping):
        for value in tool_input.values():
            if isinstance(value, str) and value:
                return value[:MAX_VALUE]
    return None


def question(tool_input: Any) -> str | None:
    """What the agent asks its human."""
    if isinstance(tool_input, Mapping):
        questions = tool_input.get("questions")
        if isinstance(questions, list):
            asked = [text(item, "question") for item in questions]
            if any(asked):
                return "\n".join(line for line in asked if line)[:MAX_VALUE]
        for key in ("question", "plan"):
            if text(tool_input, key):
                return text(tool_input, key)[:MAX_VALUE]
    return detail(tool_input)
