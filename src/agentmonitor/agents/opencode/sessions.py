"""Which session something belongs to: what a sub-agent does is part of the one that started it."""

from collections.abc import Callable, Mapping
from typing import Any

from agentmonitor.agents.documents import name, text
from agentmonitor.agents.opencode.names import AGENT_TYPE
from agentmonitor.agents.scene import Scene
from agentmonitor.model.signal import first_line

MAX_KNOWN = 4096
_DEEPEST = 8
"""Sub-agents within each other."""
_DEFAULT_TITLES = ("New session - ", "Child session - ")


class Family:
    """Sessions and their parents. ``find`` brings what is stored of a session: its parent under
    ``parent_id`` or ``parentID``, its ``directory`` and its ``title``."""

    def __init__(self, find: Callable[[str], Mapping[str, Any]]) -> None:
        self._find = find
        self._known: dict[str, Mapping[str, Any]] = {}

    def scene(self, session_id: str, agent: str = "") -> Scene:
        """Where a session's messages belong. ``agent``: which kind of agent made them."""
        own = self._session(session_id)
        owner, title = session_id, text(own.get("title"))
        for _ in range(_DEEPEST):
            row = self._session(owner)
            parent = name(row.get("parent_id")) or name(row.get("parentID"))
            if not parent or parent == owner:
                break
            owner = parent
        is_child = owner != session_id
        return Scene(
            agent_type=AGENT_TYPE,
            session_id=owner,
            thread=session_id if is_child else "",
            thread_type=(agent or None) if is_child else None,
            cwd=name(own.get("directory")) or None,
            title=None if is_child or title.startswith(_DEFAULT_TITLES) else first_line(title),
        )

    def _session(self, session_id: str) -> Mapping[str, Any]:
        if session_id not in self._known:
            if len(self._known) >= MAX_KNOWN:
                self._known.clear()
            self._known[session_id] = self._find(session_id)
        return self._known[session_id]
