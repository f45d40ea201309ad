"""What OpenCode's things are known by, in its database and in its older documents alike.

A fork copies all messages of a session up to a point, with their times and their usage, under new
ids. So what a request used is also known by when it was made and by its counts, what was said by
when and by its words, and a tool call by when it began.
"""

import zlib

from agentmonitor.agents.scene import MAX_ID, Scene, tool_key

AGENT_TYPE = "opencode"


def message_keys(message_id: str, copied: str) -> tuple[str, ...]:
    """A model request; ``copied``: what its copies have in common, "" when that is not enough."""
    own = f"{AGENT_TYPE}:message:{message_id[:MAX_ID]}"
    return (own, f"{AGENT_TYPE}:request:{copied}") if copied else (own,)


def step_keys(part_id: str, copied: str) -> tuple[str, ...]:
    """One of several requests in a message."""
    own = f"{AGENT_TYPE}:step:{part_id[:MAX_ID]}"
    return (own, f"{AGENT_TYPE}:request:{copied}") if copied else (own,)


def said_keys(kind: str, own_id: str, at: int, said: str) -> tuple[str, ...]:
    """Something that was said."""
    words = zlib.crc32(said.encode("utf-8", "replace"))
    return (
        f"{AGENT_TYPE}:{kind}:{own_id[:MAX_ID]}",
        f"{AGENT_TYPE}:{kind}:{at}:{len(said)}:{words:08x}",
    )


def call_keys(scene: Scene, call_id: str, at: int | None) -> tuple[str, ...]:
    """A tool call, which began at ``at``."""
    own = tool_key(AGENT_TYPE, scene.thread or scene.session_id, call_id)
    return (own, f"{AGENT_TYPE}:call:{call_id[:MAX_ID]}:{at}") if at is not None else (own,)


def thing_key(kind: str, own_id: str) -> str:
    """Anything else."""
    return f"{AGENT_TYPE}:{kind}:{own_id[:MAX_ID]}"
