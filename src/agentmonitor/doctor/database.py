"""Checks of the database, its disk and the clock."""

import os
import shutil
from pathlib import Path

from agentmonitor.config import Settings
from agentmonitor.doctor.finding import Finding, fail, ok, warn
from agentmonitor.errors import AgentMonitorError
from agentmonitor.model.clock import DAY_MS, MINUTE_MS, from_iso, now_ms, to_iso
from agentmonitor.model.database import DatabaseInfo, Retention
from agentmonitor.storage.sqlite.info import describe, is_current, is_newer, reading, snapshot

LITTLE_BYTES = 1_000_000_000
TOO_LITTLE_BYTES = 100_000_000
_FIRST_DAY = from_iso("2026-01-01T00:00:00Z")
"""No clock that is right shows an earlier one."""


def check_database(settings: Settings) -> tuple[Finding, DatabaseInfo | None]:
    """Whether the file is there, ours, of this version, and may be written; and what it holds."""
    path = settings.db_path
    if not path.exists():
        folder = _existing(path.parent)
        if not os.access(folder, os.W_OK | os.X_OK):
            advice = f"Give yourself the right to write to {folder}, or set db_path."
            return fail("database", f"{path} cannot be made", advice), None
        return ok("database", f"{path}: the server makes it when it starts"), None
    try:
        with reading(path) as connection, snapshot(connection):
            kept = Retention(settings.retention_days, settings.retention_gb)
            info = describe(connection, path, kept, tables=False)
            current, newer = is_current(connection), is_newer(connection)
    except AgentMonitorError as error:
        advice = "Restore a backup with 'agentmonitor db restore', or set db_path to another file."
        return fail("database", str(error), advice), None
    seen = f"{path}: {info.events:,} events, {(info.size_bytes + info.log_bytes) / 1e6:,.1f} MB"
    if not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK | os.X_OK)):
        advice = f"Give yourself the right to write to {path} and its folder."
        return fail("database", f"{seen}; it may not be written", advice), info
    if newer:
        advice = "Update this one: pip install --upgrade agentmonitor."
        return fail("database", f"{seen}; made by a newer AgentMonitor", advice), info
    if not current:
        advice = "Start the server once, which brings it up to this version."
        return warn("database", f"{seen}; of an earlier version", advice), info
    return ok("database", seen), info


def check_disk(settings: Settings) -> Finding:
    """Whether there is room for more."""
    folder = _existing(settings.db_path.parent)
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return warn("disk", f"{folder} cannot be looked at ({error.strerror})", "Look at its disk.")
    seen = f"{free / 1e9:,.1f} GB free at {folder}"
    advice = "Make room, or keep less with retention_days or retention_gb."
    if free < TOO_LITTLE_BYTES:
        return fail("disk", seen, advice)
    if free < LITTLE_BYTES:
        return warn("disk", seen, advice)
    return ok("disk", seen)


def check_clock(info: DatabaseInfo | None, now: int | None = None) -> Finding:
    """Whether this computer's clock can be right. ``now``: what it shows, ms."""
    now = now_ms() if now is None else now
    seen = to_iso(now)
    if now < _FIRST_DAY:
        advice = "Set the clock: limits, retention and every chart depend on it."
        return fail("clock", f"{seen} is long past", advice)
    newest = None if info is None or info.newest_event is None else from_iso(info.newest_event)
    if newest is not None and newest > now + 5 * MINUTE_MS:
        ahead = f"the newest event is of {to_iso(newest)}"
        if newest > now + DAY_MS:
            ahead += ", more than a day ahead"
        advice = "This computer's clock is behind, or that of a sender is ahead: set it."
        return warn("clock", f"{seen}, and {ahead}", advice)
    return ok("clock", seen)


def _existing(folder: Path) -> Path:
    """``folder``, or the first one above it that exists."""
    absolute = folder.absolute()
    return next(each for each in (absolute, *absolute.parents) if each.exists())
