"""What kind of event a record is, by the conventions' operations and the events' names."""

from typing import get_args

from agentmonitor.agents._attributes import first
from agentmonitor.agents.genai.facts import OPERATION, RESPONSE, TOOL, Facts
from agentmonitor.model.event import EventType

_TYPES: dict[str, EventType] = {kind: kind for kind in get_args(EventType)}
_OPERATIONS: dict[str, EventType | None] = {
    "chat": "llm_response", "text_completion": "llm_response",
    "generate_content": "llm_response", "embeddings": "llm_response",
    "execute_tool": "tool_use",
    # Their usage is the sum of the requests that they made, which have records of their own.
    "invoke_agent": "turn_end", "invoke_workflow": "turn_end", "create_agent": None,
}  # fmt: skip
_NAMES: dict[str, EventType] = {
    "user_prompt": "user_prompt", "tool_use": "tool_use", "tool_result": "tool_use",
    "llm_request": "llm_request", "llm_response": "llm_response", "api_response": "llm_response",
    "session_start": "session_start", "session_end": "session_end", "turn_end": "turn_end",
}  # fmt: skip
"""Last parts of names that can mean nothing else."""
_WHOLE: dict[str, EventType] = {"session.start": "session_start", "session.end": "session_end"}
_ERROR = 17
"""The least severity number of an error."""


def of_span(facts: Facts, *, is_root: bool) -> EventType | None:
    """The kind of event that a span is; None: it is none."""
    kind = _told(facts)
    if kind is not None:
        return kind
    operation = facts.name(OPERATION)
    if operation in _OPERATIONS:
        kind = _OPERATIONS[operation]
        return "subagent_end" if kind == "turn_end" and not is_root else kind
    return _implied(facts)


def of_log(facts: Facts, name: str, severity: int) -> EventType | None:
    """The kind of event that a log record is; None: it is none."""
    kind = _told(facts)
    if kind is not None:
        return kind
    if (severity >= _ERROR or name.endswith(".exception")) and not facts.usage.any:
        return "tool_use" if facts.name(TOOL) else "error"
    if name.startswith("gen_ai.") and (name.endswith(".message") or name == "gen_ai.choice"):
        return None  # the content of a request, which has a record of its own
    operation = facts.name(OPERATION)
    if operation in _OPERATIONS:
        kind = _OPERATIONS[operation]
        # Agents' runs are told by their spans; a request that has no answer yet tells nothing.
        if kind == "turn_end" or (kind == "llm_response" and not _is_answered(facts)):
            return None
        return kind
    named = _WHOLE.get(name) or _TYPES.get(name) or _NAMES.get(name.rsplit(".", 1)[-1])
    return named or _implied(facts)


def _told(facts: Facts) -> EventType | None:
    return _TYPES.get(first(facts.found, "event_type"))


def _implied(facts: Facts) -> EventType | None:
    if facts.usage.any:
        return "llm_response"
    if facts.name(TOOL):
        return "tool_use"
    return "llm_response" if _is_answered(facts) else None


def _is_answered(facts: Facts) -> bool:
    answered = facts.found.get("gen_ai.response.finish_reasons")
    return bool(facts.usage.any or facts.name(RESPONSE) or answered or facts.cost)
