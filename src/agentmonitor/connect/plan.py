"""What would change in whose settings. Nothing is written here."""

import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from agentmonitor.agents.base import Agent
from agentmonitor.agents.setup import Changes, Edit, SettingsFile, Wanted
from agentmonitor.connect.edits import Done, Format, apply, is_bare, read, undo
from agentmonitor.connect.files import decode, read_bytes
from agentmonitor.connect.journal import Entry, Journal, digest
from agentmonitor.connect.merge import merged
from agentmonitor.errors import AgentMonitorError, ConfigError, InvalidInput


class FileChange(msgspec.Struct, frozen=True, kw_only=True):
    """One file: its bytes, and those that it would have. None: there is no file."""

    path: Path
    before: bytes | None
    after: bytes | None
    base: bytes | None = None
    """The bytes without anything of ours: what undoing brings back."""
    format: Format = "json"
    done: list[Done] = []
    entry: Entry | None = None
    """What the journal says of it so far."""
    wanted: bool = False
    """Whether there is anything that the agent needs of it."""

    @property
    def changes(self) -> bool:
        """Whether there is anything to write."""
        return self.before != self.after

    def diff(self) -> str:
        """The change as a unified diff."""
        before, after = (
            decode(content, self.path).removeprefix("\ufeff").splitlines()
            for content in (self.before, self.after)
        )
        lines = difflib.unified_diff(
            before,
            after,
            "/dev/null" if self.before is None else str(self.path),
            "/dev/null" if self.after is None else str(self.path),
            lineterm="",
        )
        return "\n".join(lines)


class Edited(msgspec.Struct, frozen=True):
    """A file's content with all that its agent needs."""

    content: bytes | None
    done: list[Done]
    """The edits that were not there yet."""
    wanted: Changes


class AgentPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What would change for one agent."""

    agent: Agent
    files: list[FileChange] = []
    notes: list[str] = []
    next_steps: list[str] = []
    fault: str | None = None
    """Why nothing can be changed."""

    @property
    def changes(self) -> bool:
        """Whether there is anything to write."""
        return any(file.changes for file in self.files)


def make_plans(
    agents: Iterable[Agent], wanted: Wanted, journal: Journal, *, keep_guard: bool = False
) -> list[AgentPlan]:
    """The plans of the installed agents. An agent whose settings cannot be read has a fault.

    With ``keep_guard`` an agent that is guarded stays so.
    """
    plans = []
    for agent in agents:
        guard = wanted.guard or (keep_guard and _is_guarded(agent, wanted, journal))
        try:
            plan = _plan(agent, msgspec.structs.replace(wanted, guard=guard), journal)
        except AgentMonitorError as error:
            plan = AgentPlan(agent=agent, fault=str(error))
        if plan is not None:
            plans.append(plan)
    return plans


def _plan(agent: Agent, wanted: Wanted, journal: Journal) -> AgentPlan | None:
    """The plan of an agent; None when it is not installed. Raises AgentMonitorError."""
    if agent.setup is None:
        if wanted.project is not None or not _has_sessions(agent, wanted):
            return None
        note = "There is nothing to change: its session files are followed."
        return AgentPlan(agent=agent, notes=[note])
    setup = agent.setup(wanted)
    if setup is None:
        return None
    found = [_change(file, journal) for file in setup.files]
    return AgentPlan(
        agent=agent,
        files=[change for change, _ in found],
        notes=[note for _, notes in found for note in notes],
        next_steps=setup.next_steps,
    )


def reverse(entry: Entry) -> FileChange:
    """What undoing an entry would change. Raises ConfigError when the file cannot be understood."""
    path = Path(entry.path)
    content = read_bytes(path)
    base = without_ours(content, entry)
    return FileChange(path=path, before=content, after=base, format=entry.format, entry=entry)


def without_ours(content: bytes | None, entry: Entry) -> bytes | None:
    """The bytes that the file has without anything of ours; None: there would be none.

    Exactly the former ones while the file is as we left it. Raises ConfigError.
    """
    path = Path(entry.path)
    if content is None:
        return None
    former = read_bytes(Path(entry.backup)) if entry.backup is not None else None
    if digest(content) == entry.after:
        if entry.created:
            return None
        if former is not None:
            return former
    try:
        text = decode(content, path)
        undone = undo(text, entry.format, entry.done)
        if former is not None:
            undone = _exactly(decode(former, path), text, undone, entry)
    except InvalidInput as error:
        raise ConfigError(
            f"{path} cannot be understood, {error}. Correct it and try again."
            + (f" What it was before is in {entry.backup}." if entry.backup else "")
        ) from error
    return None if entry.created and is_bare(undone, entry.format) else undone.encode()


def _exactly(former: str, text: str, undone: str, entry: Entry) -> str:
    """``undone`` as the user would have written it: the former text with the changes since.

    It stays as it is when those cannot be told from ours. Raises InvalidInput.
    """
    ours, _ = apply(former, entry.format, [each.edit for each in entry.done])
    if digest(ours.encode()) != entry.after:
        return undone
    found = merged(former, ours, text)
    try:
        same = found is not None and _says(found, entry.format) == _says(undone, entry.format)
    except InvalidInput:
        return undone
    return found if found is not None and same else undone


def _says(text: str, form: Format) -> dict[str, Any]:
    return read(text.removeprefix("\ufeff"), form)


def edited(file: SettingsFile, content: bytes | None) -> Edited:
    """The content with all that the agent needs. Raises ConfigError when it cannot be
    understood."""
    text = decode(content, file.path)
    try:
        wanted = file.changes(read(text.removeprefix("\ufeff"), file.format))
        changed, done = apply(text, file.format, wanted.edits)
    except InvalidInput as error:
        raise ConfigError(
            f"{file.path} cannot be understood, {error}. Correct it and try again;"
            " nothing was changed."
        ) from error
    return Edited(changed.encode() if done else content, done, wanted)


def _change(file: SettingsFile, journal: Journal) -> tuple[FileChange, list[str]]:
    content = read_bytes(file.path)
    entry = journal.entry(file.path)
    base = content if entry is None else without_ours(content, entry)
    found = edited(file, base)
    after = found.content
    if entry is not None and after != content and _still_there(file, content, entry, found.done):
        after = content
    change = FileChange(
        path=file.path,
        before=content,
        after=after,
        base=base,
        format=file.format,
        done=found.done,
        entry=entry,
        wanted=bool(found.wanted.edits),
    )
    return change, found.wanted.notes


def _still_there(file: SettingsFile, content: bytes | None, entry: Entry, done: list[Done]) -> bool:
    """Whether the file has all of our edits, if in other places than we would put them."""
    mine: list[Edit] = [each.edit for each in entry.done]
    if content is None or mine != [each.edit for each in done]:
        return False
    return not edited(file, content).done


def _is_guarded(agent: Agent, wanted: Wanted, journal: Journal) -> bool:
    place = None if wanted.project is None else str(wanted.project)
    return any(
        done.edit.channel == "guard"
        for entry in journal.entries
        if entry.agent_type == agent.agent_type and entry.project == place
        for done in entry.done
    )


def _has_sessions(agent: Agent, wanted: Wanted) -> bool:
    return any(root.exists() for root in agent.roots(wanted.folders))
