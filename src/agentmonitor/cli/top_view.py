"""What ``agentmonitor top`` shows: lines made of answers of the API."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from agentmonitor.cli.output import Cell, Column, Table, duration, short, style
from agentmonitor.cli.session_look import STYLES, cost_of, moment, tokens_of
from agentmonitor.cli.text import clean, cut

Row = dict[str, Any]
SORTS: dict[str, Callable[[Row], Any]] = {
    "active": lambda row: row["last_event_at"],
    "since": lambda row: row["state_since"],
    "tokens": tokens_of,
    "cost": lambda row: row["total_cost_usd"],
    "project": lambda row: row["project"] or "",
}
"""The orders that ``s`` goes through; all but the last begin with the largest."""
STATES = ("working", "permission", "input", "failed", "idle", "ended")
WINDOW_NAMES = 4
FULL = 0.8
"""From here on a context is nearly full."""
_REASONS = {"permission": "permission", "input": "input", "failed": "failed",
            "long_running": "long"}  # fmt: skip


def order(live: Row, sort: str, *, reverse: bool) -> list[Row]:
    """The sessions: first those that need somebody, the most urgent first, then by ``sort``."""
    urgent = {
        each["session_id"]: place for place, each in reversed(list(enumerate(live["attention"])))
    }
    rows = sorted(live["sessions"], key=SORTS[sort], reverse=(sort != "project") != reverse)
    return sorted(rows, key=lambda row: urgent.get(row["id"], len(urgent) + 1))


def view(
    live: Row,
    windows: Sequence[Row],
    contexts: dict[str, int],
    *,
    sort: str,
    reverse: bool,
    scroll: int,
    columns: int,
    lines: int,
    status: str,
) -> list[str]:
    """The screen's lines. ``contexts``: tokens of each session's last prompt; ``status``: what
    the last line says."""
    now = moment(live["at"])
    rows = order(live, sort, reverse=reverse)
    head = [_counts(live, columns), *_windows(windows, now, columns), ""]
    room = max(lines - len(head) - 2, 1)
    scroll = max(0, min(scroll, len(rows) - room))
    table = list(_table(live, rows, contexts, now).lines(columns))
    if not rows:
        table = [style("No session works or waits. 'agentmonitor tail' shows events.", "dim")]
        body = table
    else:
        body = [table[0], *table[1 + scroll : 1 + scroll + room]]
    fill = [""] * max(lines - len(head) - len(body) - 1, 0)
    arrow = "↑" if reverse else "↓"
    keys = f"q quit  s sort: {sort} {arrow}  r reverse  space pause  ↑↓ scroll"
    foot = cut(f"{keys}   {status}", columns)
    return [*head, *body, *fill, style(foot, "dim")]


def _counts(live: Row, columns: int) -> str:
    counts = live["counts"]
    told = [(f"{counts[each]:,} {each}", STYLES[each]) for each in STATES if counts.get(each)]
    parts = [("AgentMonitor", "bold"), *told]
    if live["attention"]:
        parts.append((f"{len(live['attention'])} need you", "bold red"))
    used, shown = 0, []
    for text, names in parts:
        used += len(text) + 2
        if used - 2 > columns:
            break
        shown.append(style(text, *names.split()))
    return "  ".join(shown)


def _windows(windows: Sequence[Row], now: datetime, columns: int) -> list[str]:
    """The limits that are known, in one line."""
    told: list[str] = []
    for window in windows:
        if window["used_percent"] is None or len(told) == WINDOW_NAMES:
            continue
        about = "" if window["source"] == "reported" else "~"
        ends = window["ends_at"]
        left = ""
        if ends is not None and moment(ends) > now:
            left = f", {duration((moment(ends) - now).total_seconds() * 1000)} left"
        name = f"{clean(window['agent_type'])} {clean(window['window'])}"
        told.append(f"{name} {about}{window['used_percent']:.0f}%{left}")
    return [style(cut("  ".join(told), columns), "dim")] if told else []


def _table(live: Row, rows: list[Row], contexts: dict[str, int], now: datetime) -> Table:
    reasons: dict[str, Row] = {}
    for each in live["attention"]:
        reasons.setdefault(each["session_id"], each)
    table = Table(
        Column("state"),
        Column("agent", optional=5),
        Column("project", flexible=True),
        Column("title", flexible=True, least=16, optional=3),
        Column("tool", flexible=True, least=16),
        Column("for", right=True),
        Column("tokens", right=True, optional=2),
        Column("context", right=True, optional=4),
        Column("cost", right=True, optional=1),
    )
    for row in rows:
        reason = reasons.get(row["id"])
        state = _REASONS[reason["reason"]] if reason else row["state"]
        tool, since = row["tool"], row["state_since"]
        what = " ".join(filter(None, (tool["name"], tool["detail"]))) if tool else ""
        if tool and not reason:
            since = tool["since"]
        if reason:
            what = " ".join(filter(None, (reason["tool"], reason["detail"] or reason["code"])))
            since = reason["since"]
        if row["subagents"]:
            working = sum(each["state"] != "ended" for each in row["subagents"])
            what = f"{what} +{working} sub-agents" if working else what
        table.add(
            (state, STYLES.get(state, "bold yellow")),
            row["agent_type"],
            row["project"],
            row["title"] or row["id"],
            what,
            _elapsed(max((now - moment(since)).total_seconds(), 0)),
            short(tokens_of(row)),
            _context(contexts.get(row["id"]), row.get("context_window")),
            cost_of(row),
            style="bold" if reason else None,
        )
    return table


def _context(tokens: int | None, window: int | None) -> Cell:
    """How full a context is. The tokens alone where the window is unknown, or cannot be right."""
    if tokens is None or window is None or tokens > window:
        return None if tokens is None else short(tokens)
    share = tokens / window
    return f"{share:.0%}", "yellow" if share >= FULL else ""


def _elapsed(seconds: float) -> str:
    return f"{seconds:.0f}s" if seconds < 60 else duration(seconds * 1000)


def stamp() -> str:
    """The time of day, here."""
    return datetime.now(UTC).astimezone().strftime("%H:%M:%S")
