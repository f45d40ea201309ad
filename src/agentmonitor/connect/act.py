"""Doing what a plan says, and undoing it: all files of an agent, or none."""

from pathlib import Path

from agentmonitor.connect.files import delete, make_folders, read_bytes, write_bytes
from agentmonitor.connect.journal import Entry, Journal, digest
from agentmonitor.connect.plan import AgentPlan, FileChange
from agentmonitor.errors import AgentMonitorError
from agentmonitor.model.clock import now_ms


def connect(plan: AgentPlan, origin: str, project: Path | None, journal: Journal) -> list[Path]:
    """Write the files of a plan; the backups. Raises AgentMonitorError, and then no file has
    changed."""
    backups, written = [], []
    try:
        for change in plan.files:
            if not change.changes:
                continue
            _check(change)
            folders = make_folders(change.path.parent)
            written.append((change, folders))
            backup = _backup(plan.agent.agent_type, change, journal)
            # Before the file: whatever happens between the two, it can be undone.
            journal.put(_entry(plan.agent.agent_type, change, origin, project, backup, folders))
            write_bytes(change.path, change.after or b"")
            if backup is not None:
                backups.append(backup)
    except AgentMonitorError:
        for change, folders in reversed(written):
            _roll_back(change, folders, journal)
        raise
    return backups


def disconnect(change: FileChange, journal: Journal) -> None:
    """Carry out what ``reverse`` planned, and forget the entry. Raises AgentMonitorError."""
    entry = change.entry
    if change.changes:
        _check(change)
        if change.after is None:
            delete(change.path, [Path(each) for each in entry.folders] if entry else [])
        else:
            write_bytes(change.path, change.after)
    if entry is not None:
        journal.drop(entry)


def _check(change: FileChange) -> None:
    if read_bytes(change.path) != change.before:
        raise AgentMonitorError(
            f"{change.path} has just been changed by another program. Try again."
        )


def _backup(agent_type: str, change: FileChange, journal: Journal) -> Path | None:
    """Where the bytes without ours are kept; those of an earlier connection are kept already."""
    if change.base is None:
        return None
    former = change.entry.backup if change.entry is not None else None
    if former is not None and read_bytes(Path(former)) == change.base:
        return Path(former)
    return journal.back_up(agent_type, change.path, change.base)


def _entry(
    agent_type: str,
    change: FileChange,
    origin: str,
    project: Path | None,
    backup: Path | None,
    folders: list[Path],
) -> Entry:
    earlier = change.entry.folders if change.entry is not None else []
    return Entry(
        agent_type=agent_type,
        path=str(change.path),
        format=change.format,
        project=None if project is None else str(project),
        origin=origin,
        created=change.base is None,
        folders=[*earlier, *map(str, folders)],
        backup=None if backup is None else str(backup),
        after=digest(change.after or b""),
        done=change.done,
        at=now_ms(),
    )


def _roll_back(change: FileChange, folders: list[Path], journal: Journal) -> None:
    if change.before is None:
        delete(change.path, folders)
    elif read_bytes(change.path) != change.before:
        write_bytes(change.path, change.before)
    if change.entry is not None:
        journal.put(change.entry)
    elif (entry := journal.entry(change.path)) is not None:
        journal.drop(entry)
