"""The beginning of a thread: which session it belongs to, and whether it copies another.

Format: openai/codex, ``codex-rs/protocol`` (SessionMeta, SessionSource). ``id`` is the thread's
own; ``session_id`` is shared by all threads that a session's agent spawns. A fork is a session of
its own.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agentmonitor.agents.codex import ancestry, names
from agentmonitor.agents.codex.lines import Line, Payload
from agentmonitor.agents.codex.state import State
from agentmonitor.agents.codex.values import count, mapping, moment, name, uuid7_time
from agentmonitor.agents.codex.writer import Writer


def begin(writer: Writer, line: Line, payload: Payload, rollout: Path) -> None:
    """Take in a ``session_meta`` of ``rollout``. Only the first is the thread's own; another one's
    id means that a copy of that thread follows."""
    state = writer.state
    if state.is_known:
        other = name(payload.id)
        if other and other != state.thread and state.gate.is_open and not state.turns:
            _close(state, None, line.at)
        return
    state.is_known = True
    parent, depth, is_subagent, role = _source(payload)
    forked_from = name(payload.forked_from_id)
    state.thread = state.session = name(payload.id) or name(payload.session_id) or state.thread
    state.cwd = name(payload.cwd)
    state.branch = name(mapping(payload.git).get("branch")) or None
    began = moment(payload.timestamp) or line.at or state.at
    state.at = line.at or began
    if is_subagent:
        tree = name(payload.session_id)
        tree = tree if tree != state.thread else ""
        session = tree or ancestry.root(rollout, state.thread, parent, depth)
        state.session = session or forked_from or state.thread
        state.is_subagent = state.session != state.thread
        state.role = role or None
    if is_subagent or parent or payload.history_base or forked_from not in ("", state.thread):
        _close(state, count(payload.subagent_history_start_ordinal), line.at)
    metadata: dict[str, Any] = {
        key: value
        for key, value in (
            ("originator", name(payload.originator)),
            ("version", name(payload.cli_version)),
            ("source", name(payload.source)),
            ("forked_from", forked_from),
        )
        if value
    }
    keys = (names.session_key(state.thread, "start"),)
    cwd = state.cwd or None
    if state.is_subagent:
        signal = writer.signal("subagent_started", cwd=cwd)
        writer.event("subagent_start", metadata, signal, keys=keys, at=began)
    else:
        signal = writer.signal("session_started", cwd=cwd)
        writer.event("session_start", metadata, signal, keys=keys, at=began)


def _close(state: State, first: int | None, at: int | None) -> None:
    born = uuid7_time(state.thread)
    state.gate.close(at if born is None else born, first, at)
    state.meter.inherits = True


def _source(payload: Payload) -> tuple[str, int | None, bool, str]:
    """The parent thread, how deep the thread lies, whether it is a sub-agent, and what kind."""
    subagent = mapping(payload.source).get("subagent")
    is_subagent = subagent is not None or "subagent" in (payload.source, payload.thread_source)
    spawn: Mapping[str, Any] = mapping(mapping(subagent).get("thread_spawn"))
    told = {"source": payload.source, "parent_thread_id": payload.parent_thread_id}
    parent, depth = ancestry.spawned(told)
    role = (
        name(spawn.get("agent_role"))
        or name(payload.agent_role)
        or name(spawn.get("agent_nickname"))
        or name(payload.agent_nickname)
        or name(subagent)
    )
    return parent, depth, is_subagent, role
