"""Checks of each agent's connection, with what came last through each channel."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from agentmonitor.agents.base import Agent
from agentmonitor.config import Settings
from agentmonitor.connect.journal import Journal
from agentmonitor.connect.programs import Programs, connect_folder
from agentmonitor.connect.request import make_wanted
from agentmonitor.connect.status import Connection, connections
from agentmonitor.doctor.finding import Finding, fail, ok, warn
from agentmonitor.errors import AgentMonitorError
from agentmonitor.importer.waiting import OnDisk, look_on_disk
from agentmonitor.model.channels import Way, WayUse, uses_by_way
from agentmonitor.model.clock import DAY_MS, HOUR_MS, MINUTE_MS, now_ms
from agentmonitor.model.mark import FileRead
from agentmonitor.storage.sqlite.read_only import ReadOnlyEngine

LOOK_S = 10.0
"""How long looking at session files may take."""
SILENT_MS = 15 * MINUTE_MS
"""Files that are so much newer than what hooks told say that the hooks do not work."""
_WAYS: tuple[Way, ...] = ("hook", "otlp", "files", "api", "earlier")


def check_agents(settings: Settings, agents: Sequence[Agent], url: str | None) -> list[Finding]:
    """One finding for each agent that is installed or was heard of."""
    try:
        wanted = make_wanted(settings, url=url)
    except AgentMonitorError as error:
        return [warn("agents", str(error), "Start the server, and look again.")]
    try:
        entries = [entry for entry in Journal(connect_folder()).entries if entry.project is None]
    except AgentMonitorError as error:
        return [fail("agents", str(error), "Do what it says, and look again.")]
    elsewhere = {e.agent_type: e.origin for e in entries if e.origin != wanted.origin}
    connected = {each.agent_type: each for each in connections(agents, wanted)}
    uses, read = _stored(settings)
    deadline = time.monotonic() + LOOK_S
    found = []
    for agent in agents:
        disk = look_on_disk(agent, settings.folders, read, deadline) if agent.has_sessions else None
        ways = uses.get(agent.agent_type, {})
        connection = connected.get(agent.agent_type)
        if connection is not None or ways or (disk is not None and disk.files):
            imports = settings.auto_import_minutes > 0
            origin = elsewhere.get(agent.agent_type)
            found.append(judge(agent.label, connection, ways, disk, imports=imports, origin=origin))
    programs = Programs(connect_folder())
    if entries and not programs.are_installed():
        advice = "Put it back with 'agentmonitor connect'."
        found.append(fail("programs", f"what the agents run is gone: {programs.folder}", advice))
    if not found:
        return [ok("agents", "none of the known agents is installed for this user")]
    return found


def judge(
    label: str,
    connection: Connection | None,
    ways: Mapping[Way, WayUse],
    disk: OnDisk | None,
    *,
    imports: bool,
    origin: str | None = None,
) -> Finding:
    """What there is to say of one agent. ``imports``: whether the server imports its files.
    ``origin``: the other server that it was connected with."""
    now = now_ms()
    seen = _seen(connection, ways, disk, now)
    if connection is not None and connection.fault is not None:
        return fail(label, f"{connection.fault} {seen}", "Correct that file, and look again.")
    channels = {} if connection is None else dict(connection.channels)
    channels.pop("guard", None)  # it reports nothing
    hook = ways.get("hook")
    if connection is not None and channels.get("hooks") == "here" and disk is not None:
        active_at = disk.newest_at or 0
        told_at = max(0 if hook is None else hook.last_at, _changed_at(connection))
        if active_at - told_at > SILENT_MS and now - active_at < DAY_MS:
            advice = (
                "Restart the agent: it reads its settings when it starts. If it stays silent, see "
                "whether it runs hooks at all (a managed or project setting can forbid them)."
            )
            return warn(label, f"it works, but its hooks do not report; {seen}", advice)
    if origin is not None and any(state != "here" for state in channels.values()):
        advice = "Point it here with 'agentmonitor connect'."
        return warn(label, f"it is connected with {origin}; {seen}", advice)
    if any(state == "elsewhere" for state in channels.values()) and not hook:
        return warn(label, seen, " ".join(connection.notes if connection else []) or _CONNECT)
    if any(state in ("no", "partly") for state in channels.values()):
        return warn(label, seen, _CONNECT)
    if disk is not None and disk.new_files and not imports:
        advice = f"{disk.new_files:,} session files wait: run 'agentmonitor import'."
        return warn(label, seen, advice)
    return ok(label, seen)


_CONNECT = "Connect it with 'agentmonitor connect'."


def _stored(
    settings: Settings,
) -> tuple[dict[str, dict[Way, WayUse]], Mapping[str, FileRead]]:
    """What came of each agent, and which files were imported; nothing without a database."""
    engine = ReadOnlyEngine(settings.db_path)
    try:
        engine.open()
        return uses_by_way(engine.channel_uses()), engine.files_read()
    except AgentMonitorError:  # the check of the database says why
        return {}, {}
    finally:
        engine.close()


def _changed_at(connection: Connection) -> int:
    """When its settings were last changed, ms: an agent that began before does not know them."""
    found = [path.stat().st_mtime_ns for path in map(Path, connection.files) if path.exists()]
    return max(found, default=0) // 1_000_000


def _seen(
    connection: Connection | None, ways: Mapping[Way, WayUse], disk: OnDisk | None, now: int
) -> str:
    parts = []
    if connection is not None and connection.channels:
        states = ", ".join(f"{name} {state}" for name, state in connection.channels.items())
        parts.append(f"settings: {states}")
    told = [f"{way} {_ago(now - ways[way].last_at)}" for way in _WAYS if way in ways]
    parts.append(f"last event: {', '.join(told) or 'none yet'}")
    if disk is not None and disk.files:
        more = "" if disk.complete else " or more"
        waiting = f", {disk.new_files:,} not imported" if disk.new_files else ""
        plural = "" if disk.files == 1 else "s"
        parts.append(f"{disk.files:,}{more} session file{plural}{waiting}")
    return "; ".join(parts)


def _ago(ms: int) -> str:
    for size, name in ((DAY_MS, "d"), (HOUR_MS, "h"), (MINUTE_MS, "min")):
        if ms >= size:
            return f"{ms // size} {name} ago"
    return "just now"
