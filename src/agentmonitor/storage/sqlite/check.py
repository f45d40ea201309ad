"""Whether a database is sound: its file, what its rows refer to, and its totals."""

import sqlite3
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

from agentmonitor.errors import DatabaseUnusable
from agentmonitor.model.clock import DAY_MS, HOUR_MS, to_iso
from agentmonitor.model.database import CheckOutcome, Finding
from agentmonitor.storage.sqlite.folds import COLUMNS, OF_EVENT
from agentmonitor.storage.sqlite.info import is_current, is_newer, reading, snapshot
from agentmonitor.storage.sqlite.rollups import ALL, DAY, HOUR, MEASURES, MINUTE

MAX_FAULTS = 5
"""Faults of one kind that are told."""

_GONE = "event NOT IN (SELECT id FROM events)"
_NO_ACTIVITY = (
    f"{_GONE} AND event NOT IN (SELECT event FROM activity_merges)"
    " AND event NOT IN (SELECT event FROM pruned_activities)"
)
_NAMED = ("agent", "type", "tool", "model", "project", "branch", "source", "file")
_UNNAMED = " OR ".join(f"({c} != 0 AND {c} NOT IN (SELECT id FROM names))" for c in _NAMED)
_NEVER_PRUNED = "event > (SELECT event FROM pruned_upto)"

RELATIONS = {
    "events without a session":
        "SELECT id FROM events WHERE session NOT IN (SELECT key FROM sessions)",
    "events with an unknown name": f"SELECT id FROM events WHERE {_UNNAMED}",
    "event ids that could be stored twice":
        "SELECT id FROM events WHERE event_id IS NOT NULL"
        " AND id <= (SELECT event FROM listed_upto)"
        " EXCEPT SELECT event FROM event_keys_all",
    "event ids without their event":
        f"SELECT event FROM event_keys_all WHERE {_GONE} AND {_NEVER_PRUNED}",
    "requests without their event": f"SELECT event FROM ledger WHERE {_GONE}",
    "evidence without its event": f"SELECT event FROM evidence WHERE {_GONE}",
    "contents without their event": f"SELECT event FROM contents WHERE {_GONE}",
    "activities without their event": f"SELECT event FROM activity_keys_all WHERE {_NO_ACTIVITY}",
    "merges into nothing":
        f"SELECT event FROM (SELECT target AS event FROM activity_merges) WHERE {_NO_ACTIVITY}",
    "edited files of no session":
        "SELECT session FROM session_files WHERE session NOT IN (SELECT key FROM sessions)",
    "pruned sums of no session":
        "SELECT session FROM pruned WHERE session NOT IN (SELECT key FROM sessions)",
}  # fmt: skip

_UNLISTED = (
    "SELECT * FROM (SELECT id FROM events e WHERE id <= (SELECT event FROM listed_upto)"
    " AND NOT EXISTS (SELECT 1 FROM session_events s"
    " WHERE s.session = e.session AND s.time = e.time AND s.event = e.id)"
    " UNION ALL SELECT event FROM session_events s WHERE event > (SELECT event FROM listed_upto)"
    " OR NOT EXISTS (SELECT 1 FROM events e"
    " WHERE e.id = s.event AND e.session = s.session AND e.time = s.time))"
)
_TOKENS = "tokens_in + tokens_out + cache_read + cache_write"
_NANO = "CASE WHEN cost_usd IS NULL THEN 0 ELSE CAST(cost_usd * 1e9 + 0.5 AS INTEGER) END"
_OF_EVENTS = {
    "events": "1",
    "errors": "status != 0",
    "cost_nano": _NANO,
    "unpriced": f"cost_usd IS NULL AND {_TOKENS} > 0",
    "unpriced_tokens": f"CASE WHEN cost_usd IS NULL THEN {_TOKENS} ELSE 0 END",
    "duration_ms": "coalesce(duration_ms, 0)",
    "durations": "duration_ms IS NOT NULL",
}
_VIEWS = {
    "sums_by_usage": (("agent", "type", "tool", "model", "source"), (HOUR, DAY, ALL)),
    "sums_by_time": (("agent",), (MINUTE, HOUR, DAY, ALL)),
    "sums_by_project": (("project", "agent"), (HOUR, DAY, ALL)),
    "sums_by_model": (("agent", "model"), (HOUR, DAY, ALL)),
    "sums_by_place": (("project", "branch", "agent", "model"), (HOUR, DAY)),
}
_TOOL_SUMS = ("calls", "failures", "duration_ms", "durations")
_COARSER = {MINUTE: "bucket / 60", HOUR: "bucket / 24", DAY: "0"}
_OF_SESSIONS = (
    "events", "errors", "tokens_in", "tokens_out", "cache_read", "cache_write", "cost_nano",
    "unpriced", "lines_added", "lines_removed",
)  # fmt: skip


def check(
    path: Path, *, full: bool = False, progress: Callable[[str], None] | None = None
) -> CheckOutcome:
    """Look at all of it without changing anything; ``progress`` is told what comes next.

    ``full``: compare the indexes with their tables too. Raises StorageError.
    """
    tell = progress or (lambda _: None)
    with reading(path) as connection:
        tell("the file")
        findings = [Finding("file", _file(connection, "integrity" if full else "quick"))]
        if findings[0].faults:
            advice = "The file is damaged. Restore a backup: agentmonitor db restore FILE"
            return CheckOutcome(str(path), False, findings, advice)
        if is_newer(connection):
            raise DatabaseUnusable(
                f"{path} was made by a newer AgentMonitor. Update this one: "
                "pip install --upgrade agentmonitor."
            )
        if not is_current(connection):
            raise DatabaseUnusable(
                f"{path} is of an earlier version of AgentMonitor. Start the server once, which "
                "brings it up to this one, and check it again."
            )
        with snapshot(connection):
            for name, query in RELATIONS.items():
                tell(name)
                findings.append(Finding(name, _rows(connection, query)))
            broken = [finding for finding in findings if finding.faults]
            for view, (keys, levels) in _VIEWS.items():
                tell(view)
                findings.append(Finding(view, _totals(connection, view, keys, levels)))
            tell("events of sessions")
            findings.append(Finding("events of sessions", _rows(connection, _UNLISTED)))
            tell("sums by tool")
            findings.append(Finding("sums by tool", _tools(connection)))
            tell("sums of sessions")
            findings.append(Finding("sums of sessions", _sessions(connection)))
            tell("sessions by hour")
            findings.append(Finding("sessions by hour", _starts(connection)))
            tell("sums_by_branch")
            findings.append(Finding("sums_by_branch", _branches(connection)))
            tell("sums by channel")
            findings.append(Finding("sums by channel", _channels(connection)))
    sound = not any(finding.faults for finding in findings)
    return CheckOutcome(str(path), sound, findings, None if sound else _advice(bool(broken)))


def _advice(broken: bool) -> str:
    if broken:
        return (
            "Rows refer to others that are gone. Restore a backup (agentmonitor db restore FILE), "
            "or make the totals anew from what there is: agentmonitor db rebuild"
        )
    return "The totals differ from the events. Make them anew: agentmonitor db rebuild"


def file_faults(connection: sqlite3.Connection) -> list[str]:
    """What is damaged in the file; empty when nothing is."""
    return _file(connection, "quick")


def _file(connection: sqlite3.Connection, kind: str) -> list[str]:
    try:
        found = connection.execute(f"PRAGMA {kind}_check({MAX_FAULTS})").fetchall()
    except sqlite3.DatabaseError as error:
        return [str(error)]
    return [text for (text,) in found if text != "ok"]


def _rows(connection: sqlite3.Connection, query: str) -> list[str]:
    found = connection.execute(f"{query} LIMIT {MAX_FAULTS}").fetchall()
    return [f"row {number}" for (number,) in found]


def _totals(
    connection: sqlite3.Connection, view: str, keys: tuple[str, ...], levels: tuple[int, ...]
) -> list[str]:
    """The days say what the events say, and each level what the finer one says."""
    names = ", ".join(keys)
    true = ", ".join(_OF_EVENTS.get(m, m) for m in MEASURES)
    plain = ", ".join(MEASURES)
    ours = ", ".join(f"-{m}" for m in MEASURES)
    faults = _differences(
        connection,
        ("day", *keys),
        MEASURES,
        f"SELECT time / {DAY_MS}, {names}, {true} FROM events",
        f"SELECT minute / 1440, {names}, {plain} FROM pruned",
        f"SELECT bucket, {names}, {ours} FROM {view} WHERE level = {DAY}",
    )
    for fine, coarse in pairwise(levels):
        faults += _differences(
            connection,
            (f"level {coarse} bucket", *keys),
            MEASURES,
            f"SELECT {_COARSER[fine]}, {names}, {plain} FROM {view} WHERE level = {fine}",
            f"SELECT bucket, {names}, {ours} FROM {view} WHERE level = {coarse}",
        )
    return faults[:MAX_FAULTS]


def _tools(connection: sqlite3.Connection) -> list[str]:
    """The hours say what the events say that are folded in, and the days what their hours say."""
    keys, columns = ", ".join(COLUMNS[1:4]), ", ".join(COLUMNS[1:8])
    taken = ", ".join(f"-{name}" for name in COLUMNS[4:8])
    plain, ours = ", ".join(_TOOL_SUMS), ", ".join(f"-{name}" for name in _TOOL_SUMS)
    folded = "(SELECT event FROM folded_upto)"
    return _differences(
        connection,
        ("hour since 1970", *COLUMNS[1:4]),
        _TOOL_SUMS,
        f"SELECT minute / 60, {columns} FROM (SELECT {OF_EVENT} FROM events"
        f" WHERE id <= {folded} AND tool != 0)",
        f"SELECT minute / 60, {columns} FROM pruned WHERE tool != 0",
        f"SELECT minute / 60, {keys}, {taken} FROM fold_late",
        f"SELECT hour, {keys}, {ours} FROM rollup_tool_hours",
    ) + _differences(
        connection,
        ("day since 1970", *COLUMNS[1:4]),
        _TOOL_SUMS,
        f"SELECT hour / 24, {keys}, {plain} FROM rollup_tool_hours"
        " WHERE hour < 24 * (SELECT sealed_day FROM folded_upto)",
        f"SELECT day, {keys}, {ours} FROM rollup_tool_days",
    )


def _sessions(connection: sqlite3.Connection) -> list[str]:
    plain = ", ".join(_OF_SESSIONS)
    true = ", ".join(_OF_EVENTS.get(m, m) for m in _OF_SESSIONS)
    ours = ", ".join(f"-{m}" for m in _OF_SESSIONS)
    return _differences(
        connection,
        ("session",),
        (*_OF_SESSIONS, "files_edited"),
        f"SELECT session, {true}, 0 FROM events",
        f"SELECT session, {plain}, 0 FROM pruned",
        f"SELECT session, {', '.join('0' for _ in _OF_SESSIONS)}, 1 FROM session_files",
        f"SELECT key, {ours}, -files_edited FROM sessions",
    )


def _starts(connection: sqlite3.Connection) -> list[str]:
    sums = ("lines_added", "lines_removed", "files_edited")
    plain, ours = ", ".join(sums), ", ".join(f"-{name}" for name in sums)
    return _differences(
        connection,
        ("hour since 1970", "agent"),
        ("sessions", *sums),
        f"SELECT started_at / {HOUR_MS}, agent, 1, {plain} FROM sessions WHERE events > 0",
        f"SELECT hour, agent, -sessions, {ours} FROM session_starts",
    )


def _branches(connection: sqlite3.Connection) -> list[str]:
    plain, ours = ", ".join(MEASURES), ", ".join(f"-{m}" for m in MEASURES)
    return _differences(
        connection,
        ("branch", "project", "agent"),
        ("events",),
        "SELECT branch, project, agent, 1 FROM events WHERE branch != 0",
        "SELECT branch, project, agent, events FROM pruned WHERE branch != 0",
        "SELECT branch, project, agent, -events FROM sums_by_branch",
    ) + _differences(
        connection,
        ("day", "branch", "agent"),
        MEASURES,
        f"SELECT bucket, branch, agent, {plain} FROM rollup_place WHERE level = {DAY}",
        f"SELECT bucket, branch, agent, {ours} FROM rollup_branch_days",
    )


def _channels(connection: sqlite3.Connection) -> list[str]:
    return _differences(
        connection,
        ("agent", "channels"),
        ("events",),
        "SELECT agent, channels, 1 FROM events",
        "SELECT agent, channels, pruned - events FROM channel_sums",
    )


def _differences(
    connection: sqlite3.Connection, keys: tuple[str, ...], measures: tuple[str, ...], *parts: str
) -> list[str]:
    """Where ``parts``, in which one side is negative, do not add up to nothing."""
    width = len(keys)
    columns = [f"k{n}" for n in range(width)] + [f"m{n}" for n in range(len(measures))]
    totals = ", ".join(f"total({c})" for c in columns[width:])
    having = " OR ".join(_differs(column) for column in columns[width:])
    query = (
        f"WITH parts({', '.join(columns)}) AS ({' UNION ALL '.join(parts)})"
        f" SELECT {', '.join(columns[:width])}, {totals} FROM parts"
        f" GROUP BY {', '.join(columns[:width])} HAVING {having} LIMIT {MAX_FAULTS}"
    )
    faults = []
    for row in connection.execute(query):
        place = ", ".join(_place(k, v) for k, v in zip(keys, row[:width], strict=True))
        wrong = ", ".join(
            f"{name} {-value:+.0f}"
            for name, value in zip(measures, row[width:], strict=True)
            if value
        )
        faults.append(f"{place}: {wrong}")
    return faults


def _differs(column: str) -> str:
    # Beyond 2**53 floating point sums are not exact, and a sum of integers could be an error.
    most = f"total(abs({column}))"
    return f"abs(total({column})) > CASE WHEN {most} < 9e15 THEN 0.5 ELSE {most} * 1e-9 END"


def _place(key: str, value: int) -> str:
    return to_iso(value * DAY_MS)[:10] if key == "day" else f"{key} {value}"
