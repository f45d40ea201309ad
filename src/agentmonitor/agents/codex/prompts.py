"""What a human said, and what only looks like it.

Format: openai/codex, ``codex-rs/core/src/context``: the agent puts context of its own into the
conversation in the user's name, each between marks of its own.
"""

import re
from typing import Any

from agentmonitor.agents.codex.values import MAX_TEXT, mapping, text

_CONTEXT = (
    "<environment_context>", "<user_instructions>", "# AGENTS.md instructions", "<INSTRUCTIONS>",
    "<permissions instructions>", "<collaboration_mode>", "<multi_agent_mode>", "<skill>",
    "<apps_instructions>", "<plugins_instructions>", "<skills_instructions>", "<goal_context>",
    "<user_shell_command>", "<turn_aborted>", "<subagent_notification>", "<recommended_plugins>",
    "<codex_internal_context", "<hook_prompt", "<personality_spec>", "<model_switch>",
    "<user_action>", "<turn_context>",
)  # fmt: skip
_REQUEST = re.compile(r"## My request for Codex:\s*\n")
_FOLDER = re.compile(r"<cwd>([^<\n]{1,1024})</cwd>|Current working directory: ([^\n]{1,1024})")


def is_context(message: str) -> bool:
    """Whether the agent itself wrote it in the user's name."""
    return message.lstrip().startswith(_CONTEXT)


def request(message: str) -> str:
    """The user's own words in a message that an editor put its context in front of."""
    found = _REQUEST.search(message)
    return message[found.end() :] if found else message


def folder(message: str) -> str:
    """The folder that an environment context names."""
    found = _FOLDER.search(message)
    return (found[1] or found[2]).strip() if found else ""


def content_text(content: Any) -> str:
    """The text of a message's parts, which are put together without anything between them."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    return "".join(text(mapping(part).get("text"), MAX_TEXT * 4) for part in content)
