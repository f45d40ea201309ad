"""Which session a sub-agent of a sub-agent belongs to, where its rollout names only its parent.

Newer versions name the session of the whole tree (``session_id``). Older ones name the thread that
spawned it, and how deep that lies: the parent's own rollout tells the next one. It lies in the
folder of the day on which the parent began (local time), or among the archived ones. One that is
compressed is not opened: a thread whose parent has been silent so long was read before.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from agentmonitor.agents.codex.values import count, decode, mapping, moment, name, uuid7_time

_DEEP = 8
"""Threads within each other that are followed."""
_FIRST_LINE = 1 << 20
"""Bytes of a first line at most; it holds the agent's instructions."""
_ARCHIVE = "archived_sessions"


def spawned(meta: Mapping[str, Any]) -> tuple[str, int | None]:
    """The parent of a thread by its ``session_meta``, and how deep the thread lies: 1 below the
    session's own. ("", None) when it is no sub-agent."""
    source = mapping(mapping(meta.get("source")).get("subagent"))
    spawn = mapping(source.get("thread_spawn"))
    parent = name(spawn.get("parent_thread_id")) or name(meta.get("parent_thread_id"))
    return parent, count(spawn.get("depth"))


def root(rollout: Path, thread: str, parent: str, depth: int | None) -> str:
    """The session of ``thread``, whose rollout is ``rollout``."""
    seen = {thread}
    for _ in range(_DEEP):
        if depth == 1 or not parent or parent in seen:
            break
        seen.add(parent)
        meta = next(filter(None, map(_meta, _places(rollout, parent))), None)
        if meta is None:
            break
        tree = name(meta.get("session_id"))
        if tree and tree != parent:
            return tree
        above, depth = spawned(meta)
        # A fork names a parent, too, and is a session of its own.
        if "subagent" not in mapping(meta.get("source")) or not above or above in seen:
            break
        parent = above
    return parent


def _places(rollout: Path, thread: str) -> Iterator[Path]:
    """Rollouts of ``thread``, in the folders in which it may be."""
    pattern = f"rollout-*-{thread}.jsonl"
    if Path(pattern).name != pattern or any(mark in thread for mark in "*?["):
        return
    folders = [rollout.parent]
    sessions = rollout.parents[3] if len(rollout.parents) > 3 else rollout.parent
    began = moment(uuid7_time(thread))
    if began is not None:
        day = datetime.fromtimestamp(began / 1000, UTC)
        near = [day + timedelta(days=step) for step in (0, -1, 1)]
        folders += [sessions / f"{each:%Y}" / f"{each:%m}" / f"{each:%d}" for each in near]
    folders.append(sessions.parent / _ARCHIVE)
    for folder in dict.fromkeys(folders):
        try:
            yield from sorted(folder.glob(pattern))
        except OSError:
            continue


def _meta(rollout: Path) -> Mapping[str, Any] | None:
    """The ``session_meta`` at the beginning of a rollout."""
    try:
        with rollout.open("rb") as file:
            line = mapping(decode(file.readline(_FIRST_LINE)))
    except OSError:
        return None
    return mapping(line.get("payload")) if line.get("type") == "session_meta" else None
