"""Reading session rows."""

import sqlite3
from collections.abc import Sequence
from typing import Any

import msgspec

from agentmonitor.model.activity import Activity, ToolCall
from agentmonitor.model.clock import to_iso
from agentmonitor.model.filters import SessionFilter
from agentmonitor.model.session import RunningTool, SessionRow, SessionStatus, SubagentRow
from agentmonitor.model.usage import Channel
from agentmonitor.storage.sqlite.names import NameReader
from agentmonitor.storage.sqlite.sessions import STATES

STATUSES: tuple[SessionStatus, ...] = ("active", "idle", "ended")
CENT_NANO = 10_000_000
_decode = msgspec.json.Decoder(Activity).decode
Row = tuple[Any, ...]
"""A row of the database: SQLite's columns have no static types."""

COLUMNS = (
    "id, agent, project, branch, model, status, started_at, ended_at, last_event_at, events,"
    " errors, tokens_in, tokens_out, cache_read, cache_write, cost_nano, unpriced, files_edited,"
    " lines_added, lines_removed, title, cwd, channel, own_nano, client_nano, activity"
)
_ORDER = "ORDER BY status, last_event_at DESC, key DESC"
LIVE = f"(status < 2 OR state < {STATES.index('idle')})"


class SessionQueries:
    """Reads of the sessions table on one connection."""

    def __init__(self, connection: sqlite3.Connection, names: NameReader) -> None:
        self._connection = connection
        self._names = names

    def page(self, where: SessionFilter, limit: int) -> tuple[list[SessionRow], int]:
        """The first ``limit`` rows (0: all) and the number of matches."""
        conditions, arguments = ["1"], []
        if where.agent_type is not None:
            agent = self._names.find(self._connection, where.agent_type)
            if agent is None:
                return [], 0
            conditions.append("agent = ?")
            arguments.append(agent)
        for status, condition in (
            (where.status, "status = ?"),
            (where.exclude_status, "status != ?"),
        ):
            if status is not None:
                conditions.append(condition)
                arguments.append(STATUSES.index(status) if status in STATUSES else -1)
        if where.since is not None:
            conditions.append("last_event_at >= ?")
            arguments.append(where.since)
        if where.live:
            conditions.append(LIVE)
        matching = f"FROM sessions WHERE {' AND '.join(conditions)}"
        (total,) = self._connection.execute(f"SELECT count(*) {matching}", arguments).fetchone()
        query = f"SELECT {COLUMNS} {matching} {_ORDER} LIMIT ?"
        rows = self._connection.execute(query, (*arguments, limit or -1)).fetchall()
        return self._rows(rows), int(total)

    def by_id(self, ids: Sequence[str]) -> list[SessionRow]:
        """Those that exist."""
        query = f"SELECT {COLUMNS} FROM sessions WHERE id IN (SELECT value FROM json_each(?))"
        return self._rows(
            self._connection.execute(query, (msgspec.json.encode(ids).decode(),)).fetchall()
        )

    def _rows(self, rows: list[Row]) -> list[SessionRow]:
        ids = {number for row in rows for number in row[1:5]}
        names = self._names.values(self._connection, ids)
        return [session_row(row, names) for row in rows]


def session_row(row: Row, names: dict[int, str | None]) -> SessionRow:
    """A SessionRow of the columns of ``COLUMNS``."""
    (id_, agent, project, branch, model, status, started, ended, last, events, errors, tokens_in,
     tokens_out, cache_read, cache_write, nano, unpriced, files, added, removed, title, cwd,
     channel, own, client, activity_json) = row  # fmt: skip
    activity = _decode(activity_json)
    ask = activity.ask
    agent_type = names[agent] or ""
    call = activity.call
    if ask is not None and ask.tool is not None:
        call = ToolCall(name=ask.tool, since=ask.since, detail=ask.detail)
    return SessionRow(
        id=id_,
        agent_id=f"{agent_type}-default",
        agent_type=agent_type,
        project=names[project],
        branch=names[branch],
        status=STATUSES[status],
        started_at=to_iso(started),
        ended_at=None if ended is None else to_iso(ended),
        last_event_at=to_iso(last),
        metadata="{}",
        event_count=events,
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        total_cost_usd=nano / 1e9,
        files_edited=files,
        lines_added=added,
        lines_removed=removed,
        cache_read_tokens=cache_read,
        cache_write_tokens=cache_write,
        error_count=errors,
        unpriced_events=unpriced,
        client_cost_usd=client / 1e9 if client else None,
        cost_difference_usd=(client - own) / 1e9 if abs(client - own) > CENT_NANO else None,
        usage_channel=Channel(channel).name.lower() if channel else None,
        title=title,
        model=names[model],
        cwd=cwd,
        state=activity.state,
        state_since=to_iso(ask.since if ask else activity.since),
        state_reason=ask.reason if ask else activity.reason,
        state_detail=ask.detail if ask else activity.detail,
        tool=_tool(call),
        subagents=_subagents(activity),
    )


def _tool(call: ToolCall | None) -> RunningTool | None:
    return None if call is None else RunningTool(call.name, call.detail, to_iso(call.since))


def _subagents(activity: Activity) -> list[SubagentRow]:
    rows = []
    for name, thread in activity.threads.items():
        if name == "":
            continue
        newest = max(thread.calls.values(), key=lambda call: call.since, default=None)
        ended = thread.ended is not None
        rows.append(
            SubagentRow(
                id=name,
                type=thread.type,
                state="ended" if ended else thread.ask.kind if thread.ask else "working",
                since=to_iso(thread.ended if thread.ended is not None else thread.since),
                tool=_tool(newest),
            )
        )
    return rows
