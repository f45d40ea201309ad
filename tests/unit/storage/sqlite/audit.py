"""What a database should hold, in plain Python, from its events and what pruned ones left."""

import sqlite3
from collections import defaultdict
from pathlib import Path
from typing import Any

from tests.unit.storage.sqlite.timings import kept_timings, true_timings

Row = dict[str, Any]
Dump = dict[str, list[tuple[int, ...]]]

LENGTHS = {0: 0, 1: 86_400_000, 2: 3_600_000, 3: 60_000}
SUMS_BY = {
    "sums_by_usage": ((0, 1, 2), ("agent", "type", "tool", "model", "source")),
    "sums_by_time": ((0, 1, 2, 3), ("agent",)),
    "sums_by_project": ((0, 1, 2), ("project", "agent")),
    "sums_by_model": ((0, 1, 2), ("agent", "model")),
    "sums_by_place": ((1, 2), ("project", "branch", "agent", "model")),
}
MEASURES = (
    "events", "errors", "tokens_in", "tokens_out", "cache_read", "cache_write", "cost_nano",
    "unpriced", "unpriced_tokens", "duration_ms", "durations",
)  # fmt: skip
SUMS = (
    "events", "errors", "tokens_in", "tokens_out", "cache_read", "cache_write", "cost_nano",
    "unpriced", "files_edited", "lines_added", "lines_removed",
)  # fmt: skip


def rows(path: Path, query: str) -> list[Row]:
    """What ``query`` answers, read by a connection of its own."""
    connection = sqlite3.connect(path)
    try:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(query)]
    finally:
        connection.close()


def dump(path: Path) -> Dump:
    """What reads sum up: every roll-up with what is pending, and every sum of a session."""
    result: Dump = {"timings": kept_timings(path)}
    for view, (_, keys) in SUMS_BY.items():
        width = 2 + len(keys)
        table: dict[tuple[int, ...], list[int]] = {}
        for row in rows(path, f"SELECT * FROM {view}"):
            values = list(row.values())
            known = table.get(tuple(values[:width]), [0] * len(values[width:]))
            added = [a + b for a, b in zip(known, values[width:], strict=True)]
            table[tuple(values[:width])] = added
        result[view] = sorted((*key, *sums) for key, sums in table.items() if any(sums))
    branches: defaultdict[tuple[int, ...], list[tuple[int, int]]] = defaultdict(list)
    for row in rows(path, "SELECT * FROM sums_by_branch"):
        branch, project, agent, events, last_time = row.values()
        branches[branch, project, agent].append((events, last_time))
    counted = [(*k, sum(n for n, _ in v), max(t for _, t in v)) for k, v in branches.items()]
    result["sums_by_branch"] = sorted(row for row in counted if row[3])
    pairs = rows(path, "SELECT session, file FROM session_files")
    result["session_files"] = sorted(tuple(row.values()) for row in pairs)
    result["branch_days"] = _branch_days(path)
    starts = rows(path, "SELECT * FROM session_starts WHERE sessions != 0")
    result["starts"] = sorted(tuple(row.values()) for row in starts)
    sums = rows(path, f"SELECT key, {', '.join(SUMS)} FROM sessions")
    result["sessions"] = sorted(tuple(row.values()) for row in sums)
    return result


def _branch_days(path: Path) -> list[tuple[int, ...]]:
    """The days of branches: those that are kept, the hours of later ones, and what is pending."""
    sums = ", ".join(f"sum({measure})" for measure in MEASURES)
    found = rows(
        path,
        f"SELECT 1, bucket, branch, agent, {sums} FROM (SELECT * FROM rollup_branch_days"
        f" UNION ALL SELECT 1, bucket / 24, branch, agent, {', '.join(MEASURES)} FROM rollup_place"
        " WHERE level = 2 AND bucket >= 24 * (SELECT sealed_day FROM folded_upto)"
        f" UNION ALL SELECT 1, minute / 1440, branch, agent, {', '.join(MEASURES)}"
        " FROM rollup_pending)"
        " GROUP BY bucket, branch, agent",
    )
    return sorted(tuple(row.values()) for row in found if any(list(row.values())[4:]))


def expected(path: Path) -> Dump:
    """The same as ``dump``, computed from the events and the sums of pruned ones."""
    events = rows(path, "SELECT * FROM events")
    events += [_as_event(row) for row in rows(path, "SELECT * FROM pruned")]
    result: Dump = {name: _rolled_up(events, *shape) for name, shape in SUMS_BY.items()}
    result["timings"] = true_timings(events)
    branches: defaultdict[tuple[int, ...], list[tuple[int, int]]] = defaultdict(list)
    sessions: dict[int, Row] = {
        row["key"]: dict.fromkeys(SUMS, 0) for row in rows(path, "SELECT key FROM sessions")
    }
    files = {(e["session"], e["file"]) for e in events if e["file"]}
    files |= {(r["session"], r["file"]) for r in rows(path, "SELECT * FROM pruned_files")}
    for event in events:
        if event["branch"]:
            key = (event["branch"], event["project"], event["agent"])
            last_time: int = event["last_time"] if "last_time" in event else event["time"]
            branches[key].append((_measures(event)["events"], last_time))
        session = sessions[event["session"]]
        for name, value in _measures(event).items():
            if name in session:
                session[name] += value
        session["lines_added"] += event["lines_added"]
        session["lines_removed"] += event["lines_removed"]
    for key, _ in files:
        sessions[key]["files_edited"] += 1
    result["sums_by_branch"] = sorted(
        (*key, sum(n for n, _ in uses), max(t for _, t in uses)) for key, uses in branches.items()
    )
    result["session_files"] = sorted(files)
    result["sessions"] = sorted((key, *sums.values()) for key, sums in sessions.items())
    days = _rolled_up(events, (1,), ("branch", "agent"))
    result["branch_days"] = [row for row in days if row[4]]
    starts: defaultdict[tuple[int, int], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for row in rows(path, "SELECT key, agent, started_at FROM sessions"):
        sums = sessions[row["key"]]
        if sums["events"]:
            kept = (1, sums["lines_added"], sums["lines_removed"], sums["files_edited"])
            hour = (row["started_at"] // LENGTHS[2], row["agent"])
            starts[hour] = [a + b for a, b in zip(starts[hour], kept, strict=True)]
    result["starts"] = sorted((*key, *values) for key, values in starts.items())
    return result


def assert_sound(path: Path) -> None:
    """Roll-ups, sessions, names and event ids of the database fit its events."""
    found, wanted = dump(path), expected(path)
    if rows(path, "SELECT 1 FROM activity_keys_all LIMIT 1"):
        # A better report can move an event back in time; a branch keeps its last use until a
        # rebuild, since it only serves to put branches in order.
        last_uses = zip(found["sums_by_branch"], wanted["sums_by_branch"], strict=True)
        assert all(ours[:4] == true[:4] and ours[4] >= true[4] for ours, true in last_uses)
        found["sums_by_branch"] = wanted["sums_by_branch"]
    assert found == wanted
    session_places = {r["key"]: r for r in rows(path, "SELECT key, project, branch FROM sessions")}
    names = {row["id"] for row in rows(path, "SELECT id FROM names")} | {0}
    (last_pruned,) = (row["event"] for row in rows(path, "SELECT event FROM pruned_upto"))
    events = rows(path, "SELECT * FROM events ORDER BY id")
    listed = rows(path, "SELECT * FROM session_rows ORDER BY id")
    assert listed == events
    places = rows(path, "SELECT session, time, id FROM session_ids ORDER BY id")
    assert places == [{name: e[name] for name in ("session", "time", "id")} for e in events]
    for event in events:
        place = session_places[event["session"]]
        assert event["project"] or not place["project"]
        assert event["branch"] or not place["branch"]
        kinds = ("agent", "type", "tool", "model", "project", "branch", "source", "file")
        assert {event[kind] for kind in kinds} <= names
    there = {event["id"] for event in events}
    keyed = sorted(row["event"] for row in rows(path, "SELECT event FROM event_keys_all"))
    assert all(number <= last_pruned for number in keyed if number not in there)
    keyed = [number for number in keyed if number in there]
    kept = "agent, type, tool, model, source, project, branch"
    by_day = f"SELECT 1, minute / 1440, {kept}, sum(events) AS n FROM pruned GROUP BY 2, {kept}"
    by_all = f"SELECT 0 AS level, 0 AS bucket, {kept}, sum(events) AS n FROM pruned GROUP BY {kept}"
    true_sums = rows(path, f"{by_all} UNION ALL {by_day}")
    sums = rows(path, "SELECT * FROM pruned_sums WHERE events != 0 ORDER BY level, bucket")
    assert sorted(tuple(r.values()) for r in sums) == sorted(
        tuple(r.values()) for r in true_sums if r["n"]
    )
    known = {row["event"] for row in rows(path, "SELECT event FROM pruned_activities")}
    assert not known & there
    for table in ("ledger", "evidence", "contents"):
        assert {row["event"] for row in rows(path, f"SELECT event FROM {table}")} <= there
    with_id = rows(path, "SELECT id, event_id FROM events WHERE event_id IS NOT NULL ORDER BY id")
    # The keys of the last ones are written later; after a crash they are found without their keys.
    (upto,) = (row["event"] for row in rows(path, "SELECT event FROM listed_upto"))
    assert keyed == [row["id"] for row in with_id if row["id"] <= upto or row["id"] in keyed]
    assert len({row["event_id"] for row in with_id}) == len(with_id)


def _rolled_up(
    events: list[Row], levels: tuple[int, ...], keys: tuple[str, ...]
) -> list[tuple[int, ...]]:
    table: dict[tuple[int, ...], list[int]] = {}
    for event in events:
        measures = list(_measures(event).values())
        for level in levels:
            length = LENGTHS[level]
            bucket = event["time"] // length if length else 0
            key = (level, bucket, *(event[name] for name in keys))
            known = table.get(key, [0] * len(measures))
            table[key] = [a + b for a, b in zip(known, measures, strict=True)]
    return sorted((*key, *sums) for key, sums in table.items())


def _as_event(row: Row) -> Row:
    """Sums of pruned events, which stand for as many events."""
    return {"time": row["minute"] * 60_000, "file": 0} | row


def _measures(event: Row) -> Row:
    if "events" in event:
        return {name: event[name] for name in MEASURES}
    tokens = sum(event[k] for k in ("tokens_in", "tokens_out", "cache_read", "cache_write"))
    cost, duration = event["cost_usd"], event["duration_ms"]
    return {
        "events": 1,
        "errors": int(event["status"] != 0),
        "tokens_in": event["tokens_in"],
        "tokens_out": event["tokens_out"],
        "cache_read": event["cache_read"],
        "cache_write": event["cache_write"],
        "cost_nano": 0 if cost is None else round(cost * 1e9),
        "unpriced": int(cost is None and tokens > 0),
        "unpriced_tokens": tokens if cost is None else 0,
        "duration_ms": duration or 0,
        "durations": int(duration is not None),
    }
